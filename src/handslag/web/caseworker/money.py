"""Money: what is due, payment runs by two payers, the account of a case."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from stdnum import iso11649

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.queries import periods_of
from handslag.domain.payments.models import Booking, Payment, Run
from handslag.domain.payments.operations.account import LONGEST_REASON, book, book_income, reverse_booking
from handslag.domain.payments.operations.planning import hold_payment, resume_payment, unblock_payment
from handslag.domain.payments.operations.recoveries import book_ceded
from handslag.domain.payments.operations.runs import cancel_run, release_run, reserve_run
from handslag.domain.payments.policies import cut_off, first_pay_day
from handslag.domain.payments.queries import (
    CEDED,
    OTHER_HELP,
    OVERPAID,
    account_of,
    balance_of,
    file_of,
    file_refusal,
    newest_runs,
    payments_in,
    payments_waiting,
    protection_in,
    runs_on,
)
from handslag.domain.payments.states import BookingKind, RunState
from handslag.domain.people.queries import Seen, household_on, seen_by_staff
from handslag.domain.people.references import creditor_reference
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.days import is_banking_day, working_day_after
from handslag.kernel.months import Month
from handslag.rules.ch import codes as swiss
from handslag.rules.se.codes import INCOMES
from handslag.web.caseworker.case import case_name
from handslag.web.caseworker.pages import (
    attempt,
    base,
    form_key,
    language,
    page,
    require,
    the_door,
    today,
    typed,
    version_seen,
    who,
)
from handslag.web.caseworker.sheet import names_of
from handslag.web.caseworker.wording import ACCOUNTS, REFUSALS, STATES, refusal, why_blocked, why_refused
from handslag.web.entry.pages import desk_page
from handslag.web.ui import formats
from handslag.web.ui.forms import AmountField, DayField


def _shown(payment: Payment, member: Member) -> dict[str, Any]:
    """A payment as this member may see it: the payee's name only within her clearance."""
    masked = payment.payee is not None and payment.payee.protection_level > member.clearance
    return {
        "payment": payment,
        "name": _("Protected person") if masked else payment.payee_name,
        "month": Month.of(payment.period.since),
        "account": "" if masked else account_words(payment),
        "state": STATES["returned payment" if payment.state == "returned" else payment.state],
        "why": payment.blocked_reason if payment.state == "held" else why_blocked(payment.blocked_reason),
    }


def account_words(payment: Payment) -> str:
    """Where a payment goes: kind of account and number, or by slip."""
    number = f"{payment.clearing} {payment.account_number}".strip()
    kind = {"bankgiro": "BG ", "plusgiro": "PG ", "slip": _("payment slip")}.get(payment.account_kind, "")
    return f"{kind}{number}".strip()


@desk_page("payments")
def payments(request: HttpRequest, tenant: str) -> HttpResponse:
    """What is due and what is blocked, the runs, and the form that reserves the next."""
    return _payments(request)


def _payments(request: HttpRequest, trouble: str = "") -> HttpResponse:
    member = require(request, Role.PAYER)
    looked_at("payments")
    waiting = payments_waiting()
    planned = [p for p in waiting if p.state == "planned"]
    data = typed(request)
    day = data.get("execution_on", "") if data else ""
    first = first_pay_day(request.now)  # type: ignore[attr-defined]
    suggested = max([first, *[p.pay_on for p in planned[:1]]])
    return page(
        request,
        "payments.html",
        planned=[_shown(p, member) for p in planned],
        blocked=[_shown(p, member) for p in waiting if p.state != "planned"],
        first=first,
        until=cut_off(first),
        total=sum(p.amount for p in planned),
        runs=[(run, STATES[run.state]) for run in newest_runs()],
        day=day or suggested.isoformat(),
        trouble=trouble,
    )


@desk_page("payments")
@require_POST
def reserve(request: HttpRequest, tenant: str) -> HttpResponse:
    """Reserve everything due by `execution_on` for a run; leads to the run."""
    require(request, Role.PAYER)
    try:
        day = DayField().clean(request.POST.get("execution_on", ""))
        run = attempt(request, reserve_run, execution_on=day)
    except forms.ValidationError as wrong:
        return _payments(request, wrong.messages[0])
    except NotPossible as refused:
        return _payments(request, refusal(refused))
    except Conflict:
        return _payments(request, str(REFUSALS["conflict"]))
    return HttpResponseRedirect(f"{base(request)}/" + (f"runs/{run.id}/" if run.payments else "payments/"))


@desk_page("payments")
@require_POST
def unblock(request: HttpRequest, tenant: str, payment: UUID) -> HttpResponse:
    """Plan a blocked payment again: `version`."""
    require(request, Role.PAYER)
    try:
        attempt(request, unblock_payment, payment=payment, version=version_seen(request))
    except NotPossible as refused:
        return _payments(request, refusal(refused))
    except Conflict:
        return _payments(request, str(REFUSALS["conflict"]))
    return HttpResponseRedirect(f"{base(request)}/payments/")


@desk_page("payments")
@require_POST
def hold(request: HttpRequest, tenant: str, payment: UUID) -> HttpResponse:
    """Stop one payment: `version`, `reason`."""
    require(request, Role.PAYER)
    reason = request.POST.get("reason", "")
    return _done(request, hold_payment, payment=payment, version=version_seen(request), reason=reason)


@desk_page("payments")
@require_POST
def resume(request: HttpRequest, tenant: str, payment: UUID) -> HttpResponse:
    """Let a stopped payment go: `version`."""
    require(request, Role.PAYER)
    return _done(request, resume_payment, payment=payment, version=version_seen(request))


@desk_page("payments")
@require_POST
def alone(request: HttpRequest, tenant: str, payment: UUID) -> HttpResponse:
    """An emergency: reserve a run for this payment alone, on the first day that the bank can pay; leads to the run."""
    require(request, Role.PAYER)
    if not Payment.objects.filter(id=payment).exists():
        raise Hidden("payment", payment)
    day = first_pay_day(request.now)  # type: ignore[attr-defined]
    return _done(request, reserve_run, execution_on=day, payment=payment)


def _done(request: HttpRequest, verb: Any, **told: Any) -> HttpResponse:
    try:
        made = attempt(request, verb, **told)
    except NotPossible as refused:
        return _payments(request, refusal(refused))
    except Conflict:
        return _payments(request, str(REFUSALS["conflict"]))
    return HttpResponseRedirect(
        f"{base(request)}/" + (f"runs/{made.id}/" if isinstance(made, Run) and made.payments else "payments/")
    )


@desk_page("payments")
def tomorrow(request: HttpRequest, tenant: str) -> HttpResponse:
    """What is paid on the next banking day (`?day=`): in which run and how far that is, what isn't in a run yet,
    and what is blocked, with the reason."""
    member = require(request, Role.PAYER)
    looked_at("payments")
    country = the_door(request).the_tenant.country
    day, trouble = working_day_after(today(request), 1, country), ""
    if asked := request.GET.get("day"):
        try:
            day = DayField().clean(asked)
        except forms.ValidationError as wrong:
            trouble = wrong.messages[0]
    waiting = payments_waiting()
    due = [p for p in waiting if p.state == "planned" and p.pay_on <= day]
    runs = [
        (run, STATES[run.state], [_shown(p, member) for p in payments_in(run.id)], _is_refused(run))
        for run in runs_on(day)
    ]
    return page(
        request,
        "tomorrow.html",
        day=day,
        until=cut_off(day),
        late=request.now > cut_off(day),  # type: ignore[attr-defined]
        open_day=is_banking_day(day, country),
        runs=runs,
        sure=sum(run.total for run, _state, _rows, refused in runs if run.state != RunState.RESERVED and not refused),
        due=[_shown(p, member) for p in due],
        total=sum(p.amount for p in due),
        blocked=[_shown(p, member) for p in waiting if p.state != "planned" and p.pay_on <= day],
        later=sum(p.state != "planned" and p.pay_on > day for p in waiting),
        trouble=trouble,
    )


def _is_refused(run: Run) -> bool:
    return run.state == RunState.RELEASED and bool(file_refusal(run.id))


@desk_page("payment run")
def run(request: HttpRequest, tenant: str, run: UUID) -> HttpResponse:
    """A run: who reserved and released it, its payments, the file with digest, sum and count."""
    return _run(request, run)


def _run(request: HttpRequest, key: UUID, trouble: str = "", reason: str = "") -> HttpResponse:
    member = require(request, Role.PAYER)
    found = Run.objects.select_related("reserved_by", "released_by").filter(id=key).first()
    if found is None:
        raise Hidden("run", key)
    looked_at("run", found.id)
    file = file_of(found.id)
    rows = [_shown(p, member) for p in payments_in(found.id)]
    refused = [why_refused(one) for one in file_refusal(found.id)] if found.state == RunState.RELEASED else []
    at_fault = dict(refused)
    return page(
        request,
        "run.html",
        run=found,
        state=STATES[found.state],
        rows=[row | {"fault": at_fault.get(row["payment"].reference, "")} for row in rows],
        file=file,
        open_run=found.state in (RunState.RESERVED, RunState.RELEASED),
        late=found.state != RunState.SENT and today(request) > found.execution_on,
        reason=reason,
        withheld=file is not None and protection_in([file.document_id])[file.document_id] > member.clearance,
        own=found.reserved_by_id == member.id,
        trouble=trouble,
        refusal=refused,
        whole=[words for reference, words in refused if not reference],
    )


@desk_page("payment run")
@require_POST
def release(request: HttpRequest, tenant: str, run: UUID) -> HttpResponse:
    """Release a run that another payer reserved: `version`."""
    require(request, Role.PAYER)
    try:
        attempt(request, release_run, run=run, version=version_seen(request))
    except NotPossible as refused:
        return _run(request, run, refusal(refused))
    except Conflict:
        return _run(request, run, str(REFUSALS["conflict"]))
    return HttpResponseRedirect(f"{base(request)}/runs/{run}/")


@desk_page("payment run")
@require_POST
def cancel(request: HttpRequest, tenant: str, run: UUID) -> HttpResponse:
    """Give a run up whose file isn't written: `version`, for a released one `reason`."""
    require(request, Role.PAYER)
    reason = request.POST.get("reason", "")
    try:
        attempt(request, cancel_run, run=run, version=version_seen(request), reason=reason)
    except NotPossible as refused:
        return _run(request, run, refusal(refused), reason)
    except Conflict:
        return _run(request, run, str(REFUSALS["conflict"]))
    return HttpResponseRedirect(f"{base(request)}/payments/")


class IncomeForm(forms.Form):
    """Money that came in for a case."""

    period = forms.ChoiceField(label=gettext_lazy("For which month"))
    account_code = forms.ChoiceField(label=gettext_lazy("What it is"))
    person = forms.ChoiceField(label=gettext_lazy("Whose it is"), required=False)
    counterparty = forms.CharField(label=gettext_lazy("From whom"), max_length=120)
    amount = AmountField(label=gettext_lazy("Amount"))
    source = forms.CharField(label=gettext_lazy("What it rests on"), max_length=120)

    def __init__(self, data: Any, *, periods: list[tuple[str, str]], persons: list[tuple[str, str]], lang: str) -> None:
        super().__init__(data)
        self.fields["person"].choices = [("", _("The whole household")), *persons]  # type: ignore[attr-defined]
        self.fields["period"].choices = periods  # type: ignore[attr-defined]
        self.fields["account_code"].choices = [  # type: ignore[attr-defined]
            *((c, k.name[lang]) for c, k in INCOMES.items()),
            (CEDED, ACCOUNTS[CEDED]),
        ]


def _swiss_name(code: swiss.CostCode | swiss.IncomeCode) -> str:
    """A code in the language of the page."""
    return code.name.get((get_language() or "")[:2], code.name["en"])


def _swiss_months(case: Case, on: date) -> list[Month]:
    """The months that may be booked for a Swiss case, newest first: two years at most."""
    month, first = Month.of(on), Month.of(case.opened_on)
    return [month - n for n in range(24) if month - n >= first]


class BookForm(forms.Form):
    """What a Swiss case cost, or what came in for it, by account code."""

    use_required_attribute = False
    code = forms.ChoiceField(label=gettext_lazy("Account"))
    person = forms.ChoiceField(label=gettext_lazy("Whose it is"), required=False)
    month = forms.ChoiceField(label=gettext_lazy("For which month"))
    on = DayField(label=gettext_lazy("Day of the invoice or payment"))
    counterparty = forms.CharField(label=gettext_lazy("Paid to, or from whom"), max_length=120)
    amount = AmountField(label=gettext_lazy("Amount"))
    source = forms.CharField(
        label=gettext_lazy("Evidence"), help_text=gettext_lazy("For example the number of the invoice."),
        max_length=LONGEST_REASON,
    )  # fmt: skip

    def __init__(self, data: Any, months: list[Month], persons: list[tuple[str, str]]) -> None:
        super().__init__(data)
        kinds = ((BookingKind.EXPENSE, _("Expense"), swiss.COSTS), (BookingKind.INCOME, _("Income"), swiss.INCOMES))
        self.fields["code"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose …")),
            *((name, [(f"{kind} {code}", _swiss_name(row)) for code, row in codes.items()])
              for kind, name, codes in kinds),
        ]  # fmt: skip
        self.fields["person"].choices = [("", _("The whole household")), *persons]  # type: ignore[attr-defined]
        self.fields["month"].choices = [(str(one), formats.month(one.since)) for one in months]  # type: ignore[attr-defined]


@desk_page("case account")
def case_account(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """The account of a case like a bank statement: bookings, what settles them, corrections."""
    return _account(request, case)


def _account(
    request: HttpRequest,
    key: UUID,
    form: IncomeForm | BookForm | None = None,
    trouble: str = "",
    why: tuple[UUID | None, str] = (None, ""),
) -> HttpResponse:
    """`why`: the reason that was typed for correcting a booking, and which."""
    found, member = case_for_staff(key, **who(request))
    looked_at("case account", found.id)
    names = names_of(_seen_in(found, member, today(request)))
    rows, balance = [], 0
    for row in account_of(found.id):
        booking = row.booking
        balance += {"expense": booking.amount, "income": -booking.amount}.get(booking.kind, 0)
        rows.append(
            {
                "row": row,
                "month": Month.of(booking.period.since),
                "what": _account_name(found, booking.account_code),
                "whose": names.get(str(booking.person_id), "") if booking.person_id else "",
                "decision": booking.decision_line.decision if booking.decision_line_id else None,
                "payments": [
                    (p, amount, STATES["returned payment" if p.state == "returned" else p.state], _other(p))
                    for p, amount in row.payments
                ],
                "balance": balance,
                "claimed": booking.amount if booking.kind == "claim" else 0,
                "why": why[1] if why[0] == booking.id else "",
                "may_reverse": Role.CASEWORKER in member.roles
                and booking.reverses_id is None
                and booking.decision_line_id is None
                and booking.kind != "claim"
                and booking.account_code not in (OTHER_HELP, OVERPAID)
                and row.reversed_by is None
                and not row.settled,
            }
        )
    expenses, incomes = balance_of(found.id)
    return page(
        request,
        "account.html",
        case=found,
        reference=iso11649.format(creditor_reference(found.number)) if found.legal_order == "ch" else "",
        name=case_name(found),
        rows=rows,
        expenses=expenses,
        incomes=incomes,
        form=form or _booking_form(None, found, member, today(request)),
        book_at="book" if found.legal_order == "ch" else "income",
        may_book=Role.CASEWORKER in member.roles,
        trouble=trouble,
    )


def _account_name(case: Case, code: str) -> str:
    """What an account code is called."""
    if case.legal_order == "ch" and (found := swiss.COSTS.get(code) or swiss.INCOMES.get(code)):
        return _swiss_name(found)
    if case.legal_order != "ch" and code in INCOMES:
        return INCOMES[code].name[language()]
    return str(ACCOUNTS.get(code, ACCOUNTS["forsorjningsstod"]))


def _other(payment: Payment) -> str:
    """The name of a payee who isn't the person, else ""."""
    return payment.payee_name if payment.direct_id else ""


def _seen_in(case: Case, member: Member, on: date) -> dict[UUID, Seen]:
    """Who lives in the household in a month of the case (of a Swiss one: that may be booked), adults first; each as
    this member may see her."""
    periods: list[Any] = [*periods_of(case.id).values(), *(_swiss_months(case, on) if case.legal_order == "ch" else [])]
    if not periods:
        return {}
    living = household_on(case.household_id, min(p.since for p in periods), max(p.until for p in periods))
    return seen_by_staff(member, [one.person for one in living])


def _booking_form(data: Any, case: Case, member: Member, on: date) -> IncomeForm | BookForm:
    persons = [(str(key), one.name) for key, one in _seen_in(case, member, on).items() if not one.masked]
    if case.legal_order == "ch":
        return BookForm(data, _swiss_months(case, on), persons)
    periods = sorted(periods_of(case.id).values(), key=lambda p: p.since, reverse=True)
    months = [(str(p.id), formats.month(p.since)) for p in periods]
    return IncomeForm(data, periods=months, persons=persons, lang=language())


@desk_page("case account")
@require_POST
def income(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """Book money that came in."""
    found, member = case_for_staff(case, **who(request))
    require(request, Role.CASEWORKER)
    if found.legal_order == "ch":
        raise Hidden("case", case)
    form = _booking_form(request.POST, found, member, today(request))
    if not form.is_valid():
        return _account(request, case, form)
    data = form.cleaned_data
    try:
        if data["account_code"] == CEDED:
            told = {"authority": data["counterparty"], "amount": data["amount"], "source": data["source"]}
            period = UUID(data["period"])
            attempt(request, book_ceded, case=found.id, period=period, key=form_key(request), **told)
            return HttpResponseRedirect(f"{base(request)}/cases/{case}/account/")
        attempt(
            request,
            book_income,
            case=found.id,
            period=UUID(data["period"]),
            account_code=data["account_code"],
            counterparty=data["counterparty"],
            amount=data["amount"],
            source=data["source"],
            person=UUID(data["person"]) if data["person"] else None,
            key=form_key(request),
        )
    except NotPossible as refused:
        field = {"beyond granted": "amount", "whose income": "person"}.get(refused.code, refused.code)
        form.add_error(field if field in form.fields else None, refusal(refused))
        return _account(request, case, form)
    return HttpResponseRedirect(f"{base(request)}/cases/{case}/account/")


@desk_page("case account")
@require_POST
def book_by_code(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """Book an expense or income of a Swiss case by account code."""
    found, member = case_for_staff(case, **who(request))
    require(request, Role.CASEWORKER)
    if found.legal_order != "ch":
        raise Hidden("case", case)
    form = _booking_form(request.POST, found, member, today(request))
    if not form.is_valid():
        return _account(request, case, form)
    told = dict(form.cleaned_data)
    kind, _space, code = told.pop("code").partition(" ")
    told |= {"month": Month.parse(told["month"]), "person": UUID(told["person"]) if told["person"] else None}
    try:
        attempt(
            request, book, case=found.id, kind=BookingKind(kind), account_code=code, key=form_key(request), **told
        )
    except NotPossible as refused:
        field = {"whose income": "person", "day": "on", "booked already": "source", "account code": "code"}
        name = field.get(refused.code, refused.code)
        form.add_error(name if name in form.fields else None, str(_BOOKING.get(refused.code) or refusal(refused)))
        return _account(request, case, form)
    return HttpResponseRedirect(f"{base(request)}/cases/{case}/account/")


#: Why something isn't booked, where it is called otherwise than elsewhere.
_BOOKING = {
    "month": gettext_lazy("Choose a month from the opening of the case to this one."),
    "day": gettext_lazy("The day of the invoice or payment isn’t after today."),
    "counterparty": gettext_lazy("Write whom it was paid to, or whom it came from."),
}


@desk_page("case account")
@require_POST
def reverse(request: HttpRequest, tenant: str, case: UUID, booking: UUID) -> HttpResponse:
    """Correct a booking by its counter-booking: `reason`."""
    found, _member = case_for_staff(case, **who(request))
    if not Booking.objects.filter(id=booking, case=found).exists():
        raise Hidden("booking", booking)
    require(request, Role.CASEWORKER)
    reason = request.POST.get("reason", "")
    try:
        attempt(request, reverse_booking, booking=booking, reason=reason)
    except NotPossible as refused:
        return _account(request, case, trouble=refusal(refused), why=(booking, reason))
    return HttpResponseRedirect(f"{base(request)}/cases/{case}/account/")

"""To whom money goes beside the person: payees with two pairs of eyes, orders of direct payment, advances."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.decisions.queries import in_force
from handslag.domain.payments.models import Advance, DirectPayment, Payment
from handslag.domain.payments.operations.advances import confirm_advance, grant_advance, refuse_advance
from handslag.domain.payments.operations.payees import (
    NewPayee,
    confirm_payee,
    end_direct_payment,
    end_payee,
    order_direct_payment,
    record_payee,
)
from handslag.domain.payments.operations.planning import (
    orders_in_force,
    redirect_payment,
    resume_payment,
    unblock_payment,
)
from handslag.domain.payments.queries import (
    advances_awaited,
    advances_of,
    direct_kinds,
    direct_payments_of,
    payments_stuck,
)
from handslag.domain.payments.queries import payees as all_payees
from handslag.domain.payments.states import SECOND_PERSON, PayeeKind, PayeeState
from handslag.domain.people.qr_bill import BadQrBill, QrBill, read_qr_bill
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible, mandate
from handslag.domain.tenancy.states import Decides, Role
from handslag.kernel.months import Month
from handslag.rules.se.codes import CASE_COSTS
from handslag.web.caseworker.case import case_name
from handslag.web.caseworker.pages import (
    attempt,
    base,
    form_key,
    language,
    page,
    require,
    the_door,
    the_member,
    today,
    typed,
    version_seen,
    who,
)
from handslag.web.caseworker.wording import BILLS, PAYEE_KINDS, REFUSALS, STATES, refusal, why_blocked
from handslag.web.entry.pages import desk_page
from handslag.web.ui.formats import language_of_figures
from handslag.web.ui.forms import AmountField, read_month

ROLES = (Role.REGISTRAR, Role.CASEWORKER, Role.PAYER)
_BY_FIELD = {
    "name": "name",
    "account number": "number",
    "organisation number": "organisation_number",
    "amount": "amount",
    "ground": "ground",
    "reference": "reference",
    "reference qrr_needed": "reference",
    "reference qr_iban_needed": "reference",
    "reference check_digit": "reference",
    "two texts": "message",
    "message": "message",
    "payee name": "name",
    "months": "until",
    "payee": "payee",
    "ordered already": "besides",
}


class PayeeForm(forms.Form):
    """A company to be paid."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    kind = forms.ChoiceField(label=gettext_lazy("What it is"), choices=[(k, PAYEE_KINDS[k]) for k in PayeeKind.values])
    organisation_number = forms.CharField(
        label=gettext_lazy("Organisation number (if known)"), max_length=20, required=False
    )
    way = forms.ChoiceField(
        label=gettext_lazy("Paid by"),
        choices=[
            ("bankgiro", gettext_lazy("Bankgiro")),
            ("plusgiro", gettext_lazy("Plusgiro")),
            ("bban", gettext_lazy("Bank account")),
        ],
    )
    clearing = forms.CharField(label=gettext_lazy("Clearing number (bank account only)"), max_length=7, required=False)
    number = forms.CharField(label=gettext_lazy("Giro or account number"), max_length=34)

    def __init__(self, data: Any, *, country: str) -> None:
        super().__init__(data)
        if country == "CH":
            self.fields["way"].choices = [("iban", "IBAN")]  # type: ignore[attr-defined]
            self.fields["number"].label = _("IBAN or QR-IBAN")
            del self.fields["clearing"]

    def clean(self) -> dict[str, Any]:
        """An IBAN has no clearing number beside it."""
        return {"clearing": "", **(super().clean() or self.cleaned_data)}


@desk_page("payees")
def payees(request: HttpRequest, tenant: str) -> HttpResponse:
    """The payees, and the form that records another."""
    require(request, *ROLES)
    form = PayeeForm(typed(request), country=the_door(request).the_tenant.country)
    if request.method == "POST" and form.is_valid():
        try:
            attempt(request, record_payee, new=NewPayee(**form.cleaned_data), key=form_key(request))
        except NotPossible as refused:
            form.add_error(_BY_FIELD.get(refused.code), refusal(refused))
        else:
            return HttpResponseRedirect(f"{base(request)}/payees/")
    return _payees(request, form)


def _payees(request: HttpRequest, form: PayeeForm, trouble: str = "") -> HttpResponse:
    looked_at("payees")
    mine = the_member(request).id
    rows = [
        (payee, PAYEE_KINDS[payee.kind], STATES[f"payee {payee.state}"], payee.recorded_by_id != mine)
        for payee in all_payees()
    ]
    return page(request, "payees.html", rows=rows, form=form, trouble=trouble)


@desk_page("payees")
@require_POST
def confirm(request: HttpRequest, tenant: str, payee: UUID) -> HttpResponse:
    """A second person has checked the account: `version`."""
    return _step(request, confirm_payee, payee)


@desk_page("payees")
@require_POST
def end(request: HttpRequest, tenant: str, payee: UUID) -> HttpResponse:
    """Nothing more is paid there: `version`."""
    return _step(request, end_payee, payee)


def _step(request: HttpRequest, verb: Any, payee: UUID) -> HttpResponse:
    require(request, *ROLES)
    try:
        attempt(request, verb, payee=payee, version=version_seen(request))
    except NotPossible as refused:
        trouble = refusal(refused)
    except Conflict:
        trouble = str(REFUSALS["conflict"])
    else:
        return HttpResponseRedirect(f"{base(request)}/payees/")
    return _payees(request, PayeeForm(None, country=the_door(request).the_tenant.country), trouble)


class MonthField(forms.Field):
    """A month as 2026-03; the value is a Month, None when left empty."""

    default_error_messages = {"unclear": gettext_lazy("Write the month as year and month, for example 2026-03.")}

    def to_python(self, value: Any) -> Month | None:
        if not value or not value.strip():
            return None
        try:
            return read_month(value)
        except ValueError:
            raise forms.ValidationError(self.error_messages["unclear"], code="unclear") from None


class OrderForm(forms.Form):
    """An order to pay a part of the support straight to a payee."""

    payee = forms.ChoiceField(label=gettext_lazy("To whom"))
    cost_code = forms.ChoiceField(label=gettext_lazy("For what"))
    amount = AmountField(label=gettext_lazy("Amount each month"))
    reference = forms.CharField(
        label=gettext_lazy("OCR number"),
        help_text=gettext_lazy("As on the invoice, to a giro. Else write a message."),
        max_length=40,
        required=False,
    )
    message = forms.CharField(label=gettext_lazy("Message to the payee"), max_length=140, required=False)
    since = MonthField(label=gettext_lazy("From month"))
    until = MonthField(label=gettext_lazy("Until before month (empty: until further notice)"), required=False)
    ground = forms.CharField(label=gettext_lazy("What it rests on (whose wish, of when)"), max_length=200)
    besides = forms.BooleanField(label=gettext_lazy("This is to be paid as well"), required=False)

    def __init__(self, data: Any, *, lang: str, law: str, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        known = [(str(p.id), p.name) for p in all_payees() if p.state == PayeeState.CONFIRMED]
        self.fields["payee"].choices = known  # type: ignore[attr-defined]
        known_kinds = direct_kinds(law)
        if law == "se":
            known_kinds = {code: kind.name for code, kind in CASE_COSTS.items()}
        else:
            self.fields["reference"].label = _("Reference of the invoice (QRR or SCOR)")
            self.fields["reference"].help_text = _("As on the QR-bill. Else write a message.")
        self.fields["cost_code"].choices = [(code, name[lang]) for code, name in known_kinds.items()]  # type: ignore[attr-defined]


class BillForm(forms.Form):
    """The text in the code of a QR-bill, as a scanner reads it."""

    prefix = "bill"
    text = forms.CharField(
        label=gettext_lazy("Text of the QR code"),
        help_text=gettext_lazy("Scan the code of the bill into this field."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean_text(self) -> QrBill:
        """What the bill says, if it can be paid from here."""
        try:
            bill = read_qr_bill(self.cleaned_data["text"])
        except BadQrBill as fault:
            raise forms.ValidationError(str(BILLS[fault.code])) from None
        if bill.currency != "CHF":
            raise forms.ValidationError(str(BILLS["currency"]))
        return bill


class AdvanceForm(forms.Form):
    """An advance on a month that isn't decided yet."""

    prefix = "advance"
    month = MonthField(label=gettext_lazy("For which month"))
    amount = AmountField(label=gettext_lazy("Amount"))
    reasons = forms.CharField(label=gettext_lazy("Reasons"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)


@desk_page("direct payments")
def direct(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """What of a case's support goes straight to others, what was paid in advance; records another order."""
    found, _member = case_for_staff(case, **who(request))
    if request.POST.get("act") == "bill" and found.legal_order == "ch":
        require(request, Role.CASEWORKER)
        return _by_bill(request, case)
    form = _order_form(request, found.legal_order, typed(request) if request.method == "POST" else None)
    if request.method == "POST":
        require(request, Role.CASEWORKER)
        if form.is_valid():
            told = {**form.cleaned_data, "payee": UUID(form.cleaned_data["payee"])}
            try:
                attempt(request, order_direct_payment, case=found.id, key=form_key(request), **told)
            except NotPossible as refused:
                form.add_error(_BY_FIELD.get(refused.code), refusal(refused))
            else:
                return HttpResponseRedirect(f"{base(request)}/cases/{case}/direct/")
    return _direct(request, case, order=form)


def _by_bill(request: HttpRequest, case: UUID) -> HttpResponse:
    """The form of an order as a QR-bill says it; nothing is ordered yet."""
    form = BillForm(request.POST)
    if not form.is_valid():
        return _direct(request, case, bill=form)
    bill: QrBill = form.cleaned_data["text"]
    to = next((p for p in all_payees() if p.state == PayeeState.CONFIRMED and p.account_number == bill.iban), None)
    if to is None:
        form.add_error("text", str(BILLS["no payee"]))
        return _direct(request, case, bill=form)
    said = {
        "payee": str(to.id), "amount": bill.amount, "reference": bill.reference,
        "message": "" if bill.reference else bill.message,
    }  # fmt: skip
    return _direct(request, case, order=_order_form(request, "ch", None, said), bill=form, told=bill)


def _lang(law: str) -> str:
    """The language of the page, as the kinds of cost of a law are named in it."""
    return language_of_figures() if law == "ch" else language()


def _order_form(request: HttpRequest, law: str, data: Any, said: Any = None) -> OrderForm:
    """`said`: what stands in its fields from the beginning."""
    initial = {"since": str(Month.of(today(request)) + 1), **(said or {})}
    return OrderForm(data, lang=_lang(law), law=law, initial=initial)


def _direct(
    request: HttpRequest,
    case: UUID,
    order: OrderForm | None = None,
    advance: AdvanceForm | None = None,
    trouble: str = "",
    why: tuple[UUID | None, str] = (None, ""),
    bill: BillForm | None = None,
    told: QrBill | None = None,
) -> HttpResponse:
    """`why`: the reason that was typed for a payment or an advance, and which; `told`: the bill from which the order
    was filled in."""
    found, member = case_for_staff(case, **who(request))
    looked_at("direct payments", found.id)
    may_order = Role.CASEWORKER in member.roles
    month, awaited = Month.of(today(request)), advances_awaited(found.id)
    kinds = direct_kinds(found.legal_order)
    orders = [
        (row, kinds[row.cost_code][_lang(found.legal_order)], row.until is None or row.until > month.since)
        for row in direct_payments_of(found.id)
    ]
    return page(
        request,
        "direct.html",
        case=found,
        name=case_name(found),
        orders=orders,
        advances=[
            (row, left, row.id in awaited, row.id in awaited and left > 0 and in_force(row.period_id) is not None)
            for row, left in advances_of(found.id)
        ],
        too_late=REFUSALS["decided meanwhile"],
        why=why,
        order=order or _order_form(request, found.legal_order, None),
        bill=(bill or BillForm(None)) if found.legal_order == "ch" else None,
        told=told,
        advance=advance or AdvanceForm(None, initial={"month": str(month)}),
        may_order=may_order,
        may_grant=mandate(member, Decides.ADVANCE, 0, request.now) is not None,  # type: ignore[attr-defined]
        next_month=str(month + 1),
        trouble=trouble,
        blocked=[_blocked(payment, why) for payment in payments_stuck(found.id)] if may_order else [],
    )


def _blocked(payment: Payment, why: tuple[UUID | None, str]) -> dict[str, Any]:
    """A payment that doesn't move, why, and where it may go instead: (value, words)."""
    orders = orders_in_force(payment.case_id, payment.period.since) if payment.direct_id else []
    others = [(str(one.id), f"{one.payee.name} {one.reference or one.message}".strip()) for one in orders]
    return {
        "payment": payment,
        "why": payment.blocked_reason if payment.state == "held" else why_blocked(payment.blocked_reason),
        "held": payment.state == "held",
        "second": payment.blocked_reason == SECOND_PERSON,
        "to": [("", _("The applicant")), *others] if payment.direct_id else [],
        "open": why[0] == payment.id,
        "reason": why[1] if why[0] == payment.id else "",
    }


@desk_page("direct payments")
@require_POST
def let_go(request: HttpRequest, tenant: str, case: UUID, payment: UUID) -> HttpResponse:
    """A caseworker tries a blocked payment of her case again, or lets it go to somebody else: `version`; then also `to`
    (an order, empty for the applicant) and `reason`."""
    found, _member = case_for_staff(case, **who(request))
    require(request, Role.CASEWORKER)
    row = Payment.objects.filter(id=payment, case=found).first()
    if row is None:
        raise Hidden("payment", payment)
    reason = request.POST.get("reason", "")
    told: dict[str, Any] = {"payment": payment, "version": version_seen(request)}
    try:
        if "to" in request.POST:
            to = request.POST["to"]
            attempt(request, redirect_payment, order=UUID(to) if to else None, reason=reason, **told)
        else:
            attempt(request, resume_payment if row.state == "held" else unblock_payment, **told)
    except ValueError:
        raise Hidden("payment", payment) from None
    except (NotPossible, Conflict) as refused:
        trouble = refusal(refused) if isinstance(refused, NotPossible) else str(REFUSALS["conflict"])
        return _direct(request, case, trouble=trouble, why=(payment, reason))
    return HttpResponseRedirect(f"{base(request)}/cases/{case}/direct/")


@desk_page("direct payments")
@require_POST
def end_order(request: HttpRequest, tenant: str, case: UUID, order: UUID) -> HttpResponse:
    """The order holds for no month from `until` on: `version`, `until`."""
    found, _member = case_for_staff(case, **who(request))
    require(request, Role.CASEWORKER)
    if not DirectPayment.objects.filter(id=order, case=found).exists():
        raise Hidden("direct payment", order)
    try:
        until = read_month(request.POST.get("until", ""))
        attempt(request, end_direct_payment, order=order, version=version_seen(request), until=until)
    except ValueError:
        return _direct(request, case, trouble=_("Write the month as year and month, for example 2026-03."))
    except Conflict:
        return _direct(request, case, trouble=str(REFUSALS["conflict"]))
    return HttpResponseRedirect(f"{base(request)}/cases/{case}/direct/")


@desk_page("direct payments")
@require_POST
def advance(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """A decider grants an advance."""
    found, _member = case_for_staff(case, **who(request))
    require(request, Role.DECIDER, Role.CASEWORKER)
    form = AdvanceForm(request.POST)
    if not form.is_valid():
        return _direct(request, case, advance=form)
    try:
        attempt(request, grant_advance, case=found.id, key=form_key(request), **form.cleaned_data)
    except NotPossible as refused:
        field = {"amount": "amount", "reasons": "reasons", "sent already": None}.get(refused.code, "month")
        form.add_error(field, refusal(refused))
        return _direct(request, case, advance=form)
    return HttpResponseRedirect(f"{base(request)}/cases/{case}/direct/")


@desk_page("direct payments")
@require_POST
def let_leave(request: HttpRequest, tenant: str, case: UUID, advance: UUID) -> HttpResponse:
    """A second person lets an advance leave."""
    return _second(request, case, advance, confirm_advance)


@desk_page("direct payments")
@require_POST
def refuse(request: HttpRequest, tenant: str, case: UUID, advance: UUID) -> HttpResponse:
    """A second person doesn't let an advance leave: `reason`."""
    return _second(request, case, advance, refuse_advance, reason=request.POST.get("reason", ""))


def _second(request: HttpRequest, case: UUID, advance: UUID, verb: Any, **told: str) -> HttpResponse:
    found, _member = case_for_staff(case, **who(request))
    if not Advance.objects.filter(id=advance, case=found).exists():
        raise Hidden("advance", advance)
    try:
        attempt(request, verb, advance=advance, **told)
    except (NotPossible, Conflict) as refused:
        trouble = refusal(refused) if isinstance(refused, NotPossible) else str(REFUSALS["conflict"])
        return _direct(request, case, trouble=trouble, why=(advance, told.get("reason", "")))
    return HttpResponseRedirect(f"{base(request)}/cases/{case}/direct/")

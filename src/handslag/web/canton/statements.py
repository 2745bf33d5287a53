"""Settlements between municipality and canton: by window with their money, one with what is to be looked at first, and
what there is to claim, checked before it is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Subquery, Value
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from handslag.domain.accounts.models import Account
from handslag.domain.accounts.queries import Figures, paid_in
from handslag.domain.accounts.states import Side
from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import seal_message
from handslag.domain.exchange.permissions import messages_of
from handslag.domain.exchange.queries import name_of, own_address, partners
from handslag.domain.payments.models import Booking
from handslag.domain.people.models import Person
from handslag.domain.people.queries import full_name
from handslag.domain.register.policies import CANTON
from handslag.domain.register.queries import told_with
from handslag.domain.settlement.checks import Finding, Reading, late, reading
from handslag.domain.settlement.models import Answer, Line, Statement
from handslag.domain.settlement.operations import (
    Chosen,
    NewAnswer,
    Preview,
    accept_clean,
    answer_lines,
    changes,
    leave_out,
    preview,
    submit,
    to_send,
)
from handslag.domain.settlement.policies import regimes
from handslag.domain.settlement.queries import (
    NewLine,
    Stretch,
    Sums,
    expected,
    items_of,
    register_rows,
    standing,
    stretches_of,
    summaries,
    unclaimed,
)
from handslag.domain.settlement.states import LineKind, Outcome
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel import canonical
from handslag.kernel.ids import key_of, uuid7
from handslag.messages.conversation import read
from handslag.messages.payment_advice.build import announced
from handslag.messages.payment_advice.message import Advice
from handslag.messages.settlement.build import asking
from handslag.messages.settlement.message import Settlement
from handslag.rules.ch.codes import COSTS, INCOMES
from handslag.rules.ch.settlement import SUPPORT
from handslag.rules.settlement import Item, Regime, shared
from handslag.web.canton.assignments import is_canton
from handslag.web.canton.forms import AskLineForm, LeaveOutForm, LineAnswerForm
from handslag.web.canton.pages import names_of, page, require_register
from handslag.web.canton.timeline import picture
from handslag.web.canton.wording import (
    CHECKS,
    DECIDED,
    LINES,
    OUTCOMES,
    OVERTAKEN,
    PAYERS,
    REGIMES,
    STATUSES,
    WITHHELD,
    question_standing,
    refusal,
    statement_standing,
)
from handslag.web.desk.pages import CASE_ROLES, attempt, base, number_in, require, today, who
from handslag.web.entry.pages import desk_page

ROLES = (*CASE_ROLES, Role.PAYER)
#: So many lines, or statements, a page; so many findings at once: the next follow when these are answered.
A_PAGE, AT_ONCE = 100, 25
#: How far the picture goes beyond the days of a line.
AROUND = timedelta(days=21)
#: Which lines a figure is made of.
_SHOW = ("claimed", "open", "cut", "accepted")


def _last(until: date) -> date:
    return until - timedelta(days=1)


# -- all statements --------------------------------------------------------------------------------------------------


@desk_page("statements")
@require_safe
def statements(request: HttpRequest, tenant: str) -> HttpResponse:
    """Settlements with their money: of the canton those of a window, by municipality, with who hasn't sent one; of a
    municipality all of its own, with the windows that are still to be claimed. GET `since`: the window."""
    require_register(request)
    member = require(request, *ROLES)
    looked_at("statements")
    canton, on = is_canton(), today(request)
    names = {key: row.name for key, row in partners().items()}
    rows: list[dict[str, Any]] = []
    known, side = regimes(), Side.PAYER if canton else Side.CLAIMANT
    coming = {} if canton else announced()
    windows, chosen = _windows(known.values(), on, request.GET.get("since", "")) if canton else ([], None)
    for regime in known.values():
        found = Statement.objects.filter(side=side, fund=regime.code)
        if chosen:
            found, window = found.filter(since=chosen[0]), regime.window(chosen[0])
            sent = set(found.values_list("partner", flat=True))
            due = window[0] == chosen[0] and window[1] <= on
            missing = [(place, *window) for place in sorted(expected(regime, window) - sent)] if due else []
        else:
            payer = told_with([key for key in names if key.startswith(CANTON)])
            missing = [(payer, *one) for one in unclaimed(regime, own_address(), on) if payer]
        rows += [_unsent(regime, *one, names, on, canton) for one in missing]
        told = summaries(found.order_by("-since", "partner"))
        moved = paid_in(side, regime.code, {(one.statement.since, one.statement.until) for one in told})
        for one in told:
            row = one.statement
            figures = moved.get((row.partner, row.since, row.until), Figures())
            rows.append(_summary(regime, one, names, canton, figures, coming.get((row.partner, row.reference))))
    rows.sort(key=lambda one: (one["order"], -one["since"].toordinal(), one["name"]))
    shown = Paginator(rows, A_PAGE).get_page(number_in(request.GET.get("page", "1")) or 1)
    return page(
        request,
        "statements.html",
        rows=shown,
        canton=canton,
        total=_added(one["sums"] for one in rows),
        paid=sum(one["paid"] for one in rows),
        late=sum(one["late"] for one in rows),
        query=f"since={chosen[0]}&" if chosen else "",
        windows=[(since, _last(until), (since, until) == chosen) for since, until in windows],
        chosen=chosen[0] if chosen else None,
        may_send=Role.PAYER in member.roles,
    )


def _windows(known: Iterable[Regime], on: date, chosen: str) -> tuple[list[Stretch], Stretch]:
    """The windows that are over or were claimed, newest first, each first day once; and the chosen one."""
    over = [regime.window(regime.window(on)[0] - timedelta(days=1)) for regime in known]
    sent = Statement.objects.filter(side=Side.PAYER).values_list("since", "until").distinct()
    windows = sorted(dict(sorted({*over, *sent}, reverse=True)).items(), reverse=True)
    newest = max(over)
    return windows, next((one for one in windows if str(one[0]) == chosen), newest)


def _added(rows: Iterable[Sums]) -> Sums:
    several = list(rows)
    names = ("lines", "claimed", "open", "cut", "accepted")
    return Sums(*(sum(getattr(one, name) for one in several) for name in names))


def _unsent(
    regime: Regime, partner: str, since: date, until: date, names: Mapping[str, str], on: date, canton: bool
) -> dict[str, Any]:
    """A window that a municipality hasn't claimed yet."""
    due = regime.due_on(until)
    state, colour = statement_standing(None, canton)
    return {
        "url": "" if canton else f"statements/new/?{urlencode({'fund': regime.code, 'since': since})}",
        "name": names.get(partner, partner), "regime": REGIMES[regime.code], "since": since, "last": _last(until),
        "sums": Sums(0, 0, 0, 0, 0), "paid": 0, "coming": None, "due": due, "sent": None,
        "late": on > due, "state": state, "colour": colour,
        "order": 0 if on > due else 1,
    }  # fmt: skip


def _summary(
    regime: Regime, one: Any, names: Mapping[str, str], canton: bool, moved: Figures, coming: Advice | None
) -> dict[str, Any]:
    """A statement as a row of the list shows it: what the account says of its window (`moved`), and the payment that is
    still to arrive."""
    state, colour = statement_standing(one.open_lines, canton, one.refused, moved)
    return {
        "url": f"statements/{one.statement.id}/", "name": names.get(one.statement.partner, one.statement.partner),
        "regime": REGIMES[regime.code], "since": one.statement.since, "last": _last(one.statement.until),
        "sums": one.sums, "paid": moved.paid, "coming": coming,
        "due": regime.due_on(one.statement.until), "sent": one.first_sent,
        "late": late(regime, one.statement.until, one.first_sent), "state": state, "colour": colour,
        "order": 2 if one.open_lines else 3,
    }  # fmt: skip


# -- lines as they are shown -----------------------------------------------------------------------------------------


def _whose(person: Person, number: str, member: Member) -> dict[str, Any]:
    """A person as this member may see her: a protected one without name, number and days."""
    masked = person.protection_level > member.clearance
    opens = not masked and bool(member.roles & set(CASE_ROLES))
    return {
        "name": str(WITHHELD) if masked else full_name(person), "number": "" if masked else number, "masked": masked,
        "url": f"register/{person.id}/" if opens else "",
    }  # fmt: skip


def _what(line: Line | NewLine) -> str:
    """What a line claims, in words."""
    if line.kind == LineKind.DAYS:
        return str(STATUSES.get(line.status, line.status))
    if line.account_code == SUPPORT:
        return str(DECIDED)
    if code := COSTS.get(line.account_code) or INCOMES.get(line.account_code):
        names = code.name
        return names.get((get_language() or "")[:2], names["en"])
    return str(LINES[line.kind])


def _items(line: Line | NewLine) -> tuple[Item, ...]:
    return items_of(line.items) if isinstance(line, Line) else line.items


def _told(line: Line | NewLine, sources: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {
        "line": line, "what": _what(line), "since": line.since, "last": _last(line.until), "back": line.days < 0,
        "source": (sources or {}).get(line.cost, ""),
        "extract": [_item(one, (sources or {}).get(one.cost, "")) for one in _items(line)],
    }  # fmt: skip


def _item(item: Item, source: str) -> dict[str, Any]:
    """A booking of an extract: its days, what was booked, hers of it, and where it is shown."""
    whole = (item.until - item.since).days
    return {
        "since": item.since, "last": _last(item.until), "gross": item.gross, "heads": item.heads,
        "hers": shared([item]), "days": item.days if item.days < whole else None, "of": whole, "source": source,
    }  # fmt: skip


def _found(finding: Finding, line: Line | NewLine, law: str) -> dict[str, Any]:
    """What a check found: the reason with what it means, and what is proposed."""
    return {
        "reason": CHECKS[finding.reason], "code": finding.reason, "law": law, "days": finding.days,
        "amount": finding.amount, "cut": line.amount - finding.amount,
        "stretches": [(since, _last(until)) for since, until in finding.accepted],
    }  # fmt: skip


def _days(
    line: Line | NewLine, accepted: Iterable[Stretch] | None, where: Iterable[Any], status: Iterable[Any],
    names: Mapping[str, str], on: date, payer: str,
) -> dict[str, Any]:  # fmt: skip
    """The person's days around a line: municipality, who reimburses, status, what is claimed, and what is accepted or
    proposed of it. Days that `payer` doesn't reimburse are grey."""
    person = line.person_id if isinstance(line, Line) else line.person
    mine = [row for row in where if row.person_id == person]
    rows: list[tuple[int, str, date, date | None, Any]] = [
        *((0, "place", row.since, row.until, names.get(row.municipality, row.municipality)) for row in mine),
        *(
            (1, "payer" if row.payer == payer else "status", row.since, row.until, PAYERS[row.payer])
            for row in mine
            if row.payer
        ),
        *((2, "status", row.since, row.until, STATUSES[row.status]) for row in status if row.person_id == person),
        (3, "claimed", line.since, line.until, f"{line.since} – {_last(line.until)}"),
        *((4, "left", since, until, f"{since} – {_last(until)}") for since, until in accepted or ()),
    ]
    return picture(rows, line.since - AROUND, line.until + AROUND, on, 5)


# -- one statement ---------------------------------------------------------------------------------------------------


@desk_page("statement")
def statement(request: HttpRequest, tenant: str, statement: UUID) -> HttpResponse:
    """A settlement, what is to be looked at first. GET `show`: the lines of a figure; `line`: one of them with its
    person's days. POST at the canton, `act`: `accept` (all without finding; `although_late`) or `answer` (one line)."""
    require_register(request)
    member = require(request, *ROLES)
    account = Account.objects.filter(partner=OuterRef("partner"), side=OuterRef("side")).values("id")
    asked = (
        Message.objects.filter(
            kind="settlement", due_on__isnull=False, process=Concat(Value("settlement:"), OuterRef("reference"))
        )
        .values("process")
        .annotate(times=Count("id"))
        .values("times")
    )
    found = Statement.objects.annotate(account=Subquery(account), asked=Subquery(asked))
    row: Any = found.filter(id=statement).first()
    regime = regimes().get(row.fund) if row else None
    if row is None or regime is None:
        raise Hidden("statement", statement)
    looked_at("statement", row.id)
    payer = row.side == Side.PAYER
    one = key_of(request.GET.get("line", "") or request.POST.get("line", ""))
    trouble, although, form = "", request.POST.get("although_late", ""), None
    question: AskLineForm | None = None
    seen = reading(regime, row, row.partner if payer else "", [one] if one else [])
    if request.method == "POST":
        require(request, Role.DECIDER)
        act, line = request.POST.get("act"), next((each for each in seen.standing if each.id == one), None)
        try:
            if act == "accept":
                attempt(request, accept_clean, regime=regime, statement=row.id, although_late=although)
                return HttpResponseRedirect(f"{base(request)}/statements/{row.id}/")
            if act not in ("answer", "ask") or line is None:
                raise Conflict("line")
            if act == "ask":
                question = _ask_form(line, request.POST)
                if question.is_valid():
                    told = question.cleaned_data
                    new = asking(
                        key=told["key"], statement=row, lines={line.number: told["text"]}, answer_by=told["until"],
                        now=who(request)["now"],
                    )  # fmt: skip
                    sent = attempt(request, seal_message, new=new)
                    return HttpResponseRedirect(f"{base(request)}/questions/{sent.id}/")
                return _statement(request, regime, row, seen, member, one, form, question, trouble, although)
            form = LineAnswerForm(line, seen.findings.get(line.id), request.POST, auto_id=f"id_{line.id.hex}_%s")
            if form.is_valid():
                attempt(request, answer_lines, statement=row.id, answers=[_answer(form, line, seen)])
                return HttpResponseRedirect(f"{base(request)}/statements/{row.id}/")
        except Conflict:
            trouble = str(OVERTAKEN)
        except NotPossible as refused:
            if question is not None and refused.code == "answer by":
                question.add_error("until", refusal(refused))
            elif refused.code == "sent already":
                return HttpResponseRedirect(f"{base(request)}/statements/{row.id}/questions/")
            elif form is None or refused.code == "answered":
                trouble = refusal(refused)
            else:
                form.add_error(None, refusal(refused))
    return _statement(request, regime, row, seen, member, one, form, question, trouble, although)


def _ask_form(line: Line, data: Any = None) -> AskLineForm:
    return AskLineForm(data, initial={"key": uuid7()}, auto_id=f"id_q_{line.id.hex}_%s")


def _answer(form: LineAnswerForm, line: Line, seen: Reading) -> NewAnswer:
    """What was said of a line, when the form is valid."""
    told = form.cleaned_data
    finding = seen.findings.get(line.id)
    accepted: tuple[Stretch, ...] = ()
    if told["outcome"] == "proposed" and finding is not None:
        accepted, amount = finding.accepted, finding.amount
    elif told["outcome"] == Outcome.ACCEPTED:
        accepted, amount = ((line.since, line.until),) if line.kind == LineKind.DAYS else (), line.amount
    elif told["outcome"] == Outcome.CUT and line.kind == LineKind.DAYS:
        accepted = ((told["since"], told["last"] + timedelta(days=1)),)
        amount = (1 if line.days > 0 else -1) * (accepted[0][1] - accepted[0][0]).days * line.rate
    else:
        amount = (told["amount"] or 0) * (1 if line.amount > 0 else -1) if told["outcome"] == Outcome.CUT else 0
    full = amount == line.amount
    outcome = Outcome.ACCEPTED if full else Outcome.CUT if amount else Outcome.REFUSED
    return NewAnswer(
        line=line.id, outcome=outcome, reason="" if full else told["reason"], accepted=accepted, amount=amount,
        why=told["why"],
    )  # fmt: skip


def _statement(
    request: HttpRequest, regime: Regime, row: Any, seen: Reading, member: Member, one: UUID | None,
    form: LineAnswerForm | None, question: AskLineForm | None, trouble: str, although: str,
) -> HttpResponse:  # fmt: skip
    payer, on, name = row.side == Side.PAYER, today(request), name_of(row.partner)
    names = {row.partner: name}
    answers, lines_there = seen.answers, seen.standing
    acts = payer and Role.DECIDER in member.roles
    is_late = late(regime, row.until, seen.submissions[0].sent_on)
    first = [each for each in lines_there if each.id == one]
    if payer:
        first += [each for each in lines_there if each.id in seen.findings and each.id != one]
    else:
        less = (each for each in lines_there if each.id in answers and answers[each.id].outcome != Outcome.ACCEPTED)
        first += [each for each in less if each.id != one]
    clean = [each for each in lines_there if each.id not in answers and each.id not in seen.findings]
    show = request.GET.get("show", "")
    lines = sorted(
        (each for each in lines_there if _belongs(answers.get(each.id), show)),
        key=lambda each: (seen.numbers[each.person_id] or "", each.number),
    )
    shown = Paginator(lines, A_PAGE).get_page(number_in(request.GET.get("page", "1")) or 1)
    errors = next((each for each in (form, question) if each is not None and each.errors), None)
    last, added = seen.submissions[-1], Counter(each.submission_id for each in seen.lines)
    sources = {} if payer else _sources([*shown, *first[:AT_ONCE]], member)

    def drawn(each: Line) -> dict[str, Any]:
        answer = answers.get(each.id)
        return {
            **_told(each, sources), **_answered(answer),
            "whose": _whose(each.person, seen.numbers[each.person_id], member),
            "found": [CHECKS[code] for code in each.findings],
            "new": last.number > 1 and each.submission_id == last.id, "open": answer is None,
        }  # fmt: skip

    def card(each: Line) -> dict[str, Any]:
        finding, answer = seen.findings.get(each.id), answers.get(each.id)
        told = drawn(each)
        accepted = stretches_of(answer.accepted) if answer else finding.accepted if finding else None
        asked = form if form is not None and form.line.id == each.id else LineAnswerForm(
            each, finding, auto_id=f"id_{each.id.hex}_%s"
        )  # fmt: skip
        return {
            **told, "finding": _found(finding, each, regime.law) if finding else None,
            "picture": None if told["whose"]["masked"]
            else _days(each, accepted, seen.where, seen.status, names, on, regime.payer),
            "form": asked if acts and answer is None else None,
            "reclaim": acts and answer is not None and answer.amount > 0,
            "ask": (question if question is not None and each.id == one else _ask_form(each))
            if acts and answer is None else None,
        }  # fmt: skip

    return page(
        request,
        "statement.html",
        status=422 if errors else 409 if trouble else 200,
        row=row, name=name, payer=payer, regime=REGIMES[regime.code], law=regime.law, last=_last(row.until),
        currency=regime.currency, sums=seen.sums, late=is_late, due=regime.due_on(row.until),
        show=show if show in _SHOW else "",
        cards=[card(each) for each in first[:AT_ONCE]],
        more=max(0, len(first) - AT_ONCE),
        findings=len(seen.findings),
        proposed=sum(each.amount - seen.findings[each.id].amount for each in lines_there if each.id in seen.findings),
        clean=len(clean), clean_amount=sum(each.amount for each in clean),
        acts=acts, although=although,
        lines=[drawn(each) for each in shown], shown=shown,
        gone=[
            {**_told(each), "whose": _whose(each.person, seen.numbers[each.person_id], member)}
            for each in seen.lines if not last.refused and each.number in last.withdrawn
        ],
        submissions=[(each, added[each.id]) for each in seen.submissions],
        may_send=not payer and Role.PAYER in member.roles,
        errors=errors, trouble=trouble,
    )  # fmt: skip


def _belongs(answer: Answer | None, show: str) -> bool:
    """Whether a line is one that the figure `show` is made of."""
    if show == "open":
        return answer is None
    if show == "cut":
        return answer is not None and answer.outcome != Outcome.ACCEPTED
    return show != "accepted" or (answer is not None and answer.outcome != Outcome.REFUSED)


def _answered(answer: Answer | None) -> dict[str, Any]:
    if answer is None:
        return {"outcome": "", "colour": "info", "accepted": None, "because": "", "why": ""}
    colours: dict[str, str] = {Outcome.ACCEPTED: "success", Outcome.CUT: "warning", Outcome.REFUSED: "danger"}
    return {
        "outcome": OUTCOMES[answer.outcome], "colour": colours[answer.outcome], "accepted": answer.amount,
        "because": CHECKS[answer.reason] if answer.reason else "", "why": answer.why,
    }  # fmt: skip


def _sources(lines: Iterable[Line | NewLine], member: Member) -> dict[str, str]:
    """Where the bookings that lines rest on are shown, for whoever may open cases."""
    keys = {
        cost: key_of(cost.removeprefix("booking "))
        for each in lines for cost in (one.cost for one in (_items(each) or [each]))
    }  # fmt: skip
    if not member.roles & set(CASE_ROLES):
        return {}
    found = dict(Booking.objects.filter(id__in=[key for key in keys.values() if key]).values_list("id", "case_id"))
    return {cost: f"cases/{found[key]}/account/#{key}" for cost, key in keys.items() if key in found}


@desk_page("statement")
@require_safe
def questions(request: HttpRequest, tenant: str, statement: UUID) -> HttpResponse:
    """What was asked about lines of a settlement, newest first; each leads to its conversation."""
    require_register(request)
    member = require(request, *CASE_ROLES)
    row = Statement.objects.filter(id=statement).first()
    if row is None:
        raise Hidden("statement", statement)
    looked_at("statement", row.id)
    rows = messages_of(member).filter(
        kind="settlement", due_on__isnull=False, partner=row.partner, process=f"settlement:{row.reference}"
    )
    shown = [(one, *question_standing(one), _asked(one)) for one in rows.order_by("-created_at", "-id")]
    return page(request, "statement_questions.html", row=row, shown=shown)


def _asked(row: Message) -> list[str]:
    said = read(row)
    return [one.text for one in said.asked.questions] if isinstance(said, Settlement) and said.asked else []


# -- before it is sent -----------------------------------------------------------------------------------------------


@desk_page("statement")
def new(request: HttpRequest, tenant: str) -> HttpResponse:
    """What there is to claim with a window (GET `fund`, `since`, `partner`), what the checks found first. POST `act`:
    `send` (for each finding `content-N`, `choice-N` and `why-N`; `seen`) or `leave out` (`person`, `since`, `last`,
    `why`)."""
    require_register(request)
    member = require(request, *ROLES)
    regime, since = regimes().get(request.GET.get("fund", "")), _day(request.GET.get("since", ""))
    payers = {key: row.name for key, row in partners().items() if key.startswith(CANTON)}
    partner = request.GET.get("partner") or told_with([*payers])
    if regime is None or since is None or is_canton() or partner not in payers:
        raise Hidden("statement")
    window = regime.window(since)
    looked_at("statement")
    seen = preview(regime, partner, window[0], sent_on=today(request))
    there = Statement.objects.filter(side=Side.CLAIMANT, partner=partner, fund=regime.code, since=window[0]).first()
    whole = canonical.digest([line.told() for line in seen.lines])
    act, trouble, missing = request.POST.get("act"), "", set[str]()
    people = {row.id: row for row in Person.objects.filter(id__in={line.person for line in seen.lines})}
    numbers = {line.person: line.identifier for line in seen.lines}
    open_to = [
        (str(key), f"{full_name(people[key])}, {numbers[key]}") for key in numbers
        if people[key].protection_level <= member.clearance
    ]  # fmt: skip
    left = LeaveOutForm(open_to, request.POST if act == "leave out" else None, auto_id="id_out_%s")
    against, kept = _against(request)
    if request.method == "POST":
        require(request, Role.PAYER)
        asked = urlencode({"fund": regime.code, "since": window[0], "partner": partner})
        here = f"{base(request)}/statements/new/?{asked}"
        try:
            if act == "leave out":
                if left.is_valid():
                    told = left.cleaned_data
                    attempt(
                        request, leave_out, person=UUID(told["person"]), regime=regime, since=told["since"],
                        until=told["last"] + timedelta(days=1), why=told["why"],
                    )  # fmt: skip
                    return HttpResponseRedirect(here)
            elif act != "send" or request.POST.get("seen") != whole:
                raise Conflict("line")
            elif not (missing := {content for content, why in against.items() if not why}):
                sent = attempt(request, submit, regime=regime, partner=partner, since=window[0], against=against)
                return HttpResponseRedirect(f"{base(request)}/statements/{sent.statement_id}/")
        except Conflict:
            trouble = str(OVERTAKEN)
        except NotPossible as refused:
            if refused.code == "nothing changed" and there:
                return HttpResponseRedirect(f"{base(request)}/statements/{there.id}/")
            trouble = refusal(refused)
    return _new(request, regime, window, partner, payers, seen, there, people, member, left, kept, missing,
                whole, trouble)  # fmt: skip


def _against(request: HttpRequest) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """The lines to be sent in spite of their finding, with the reason; and what was chosen and typed for each."""
    kept = {}
    for name, content in request.POST.items():
        if name.startswith("content-"):
            n = name.removeprefix("content-")
            kept[str(content)] = (request.POST.get(f"choice-{n}", ""), request.POST.get(f"why-{n}", "").strip()[:1000])
    return {content: why for content, (choice, why) in kept.items() if choice == "all"}, kept


def _new(
    request: HttpRequest, regime: Regime, window: Stretch, partner: str, payers: Mapping[str, str], seen: Preview,
    there: Statement | None, people: Mapping[UUID, Person], member: Member, left: LeaveOutForm,
    kept: Mapping[str, tuple[str, str]], missing: set[str], whole: str, trouble: str,
) -> HttpResponse:  # fmt: skip
    on, names = today(request), names_of(request)
    found = {seen.lines[n].content for n in seen.findings}
    before = {row.content: row.why for row in standing(there.id) if row.why and row.content in found} if there else {}
    chosen: list[Chosen] = to_send(seen, before)
    added, gone = changes(there.id, chosen) if there else (chosen, [])
    new_ones = {one[0].content for one in added}
    concerned = {seen.lines[n].person for n in seen.findings}
    where, status = register_rows(window[1] + AROUND, concerned) if concerned else ([], [])
    clean = [line for n, line in enumerate(seen.lines) if n not in seen.findings]

    def drawn(line: NewLine) -> dict[str, Any]:
        whose = _whose(people[line.person], line.identifier, member)
        return {**_told(line, sources), "whose": whose, "new": bool(there) and line.content in new_ones}

    def card(n: int, finding: Finding) -> dict[str, Any]:
        line = seen.lines[n]
        told = drawn(line)
        choice, why = kept.get(line.content) or ("all" if line.content in before else "", before.get(line.content, ""))
        return {
            **told, "n": n, "finding": _found(finding, line, regime.law), "content": line.content,
            "all": choice == "all", "why": why, "missing": line.content in missing,
            "picture": None if told["whose"]["masked"]
            else _days(line, finding.accepted, where, status, names, on, regime.payer),
        }  # fmt: skip

    shown = Paginator(seen.lines, A_PAGE).get_page(number_in(request.GET.get("page", "1")) or 1)
    sources = _sources([*shown, *(seen.lines[n] for n in seen.findings)], member)
    cards = [card(n, finding) for n, finding in sorted(seen.findings.items())]
    return page(
        request,
        "statement_new.html",
        status=422 if missing or left.errors else 409 if trouble else 200,
        regime=REGIMES[regime.code], fund=regime.code, law=regime.law, currency=regime.currency, since=window[0],
        last=_last(window[1]), due=regime.due_on(window[1]), late=on > regime.due_on(window[1]),
        over=on >= window[1], partner=partner, name=payers[partner], there=there, seen=whole,
        claimed=sum(line.amount for line in seen.lines), total=sum(one[0].amount for one in chosen),
        proposed=sum(one["finding"]["cut"] for one in cards), clean=len(clean),
        clean_amount=sum(line.amount for line in clean), cards=cards,
        lines=[{**drawn(line), "found": n in seen.findings} for n, line in
               enumerate(seen.lines) if shown.start_index() <= n + 1 <= shown.end_index()],
        shown=shown, count=len(seen.lines),
        added=len(added), gone=[
            {**_told(each), "whose": _whose(each.person, "", member)} for each in gone
        ],
        changed=bool(added or gone),
        left=left, may_send=Role.PAYER in member.roles,
        errors=[(f"why-{one['n']}", refusal(NotPossible("why"))) for one in cards if one["missing"]] or (
            left if left.errors else None
        ),
        query=urlencode({"fund": regime.code, "since": window[0], "partner": partner}) + "&", trouble=trouble,
    )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

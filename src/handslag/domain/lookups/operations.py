"""Authorities asked, what they answered, and what a person says is wrong in it.

The call lies between asking and answering, outside any transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.permissions import case_for_citizen, case_for_staff
from handslag.domain.casefile.policies import is_urgent, require_worked_here
from handslag.domain.lookups.models import Dispute, DisputeAnswer, FetchedLine, LookUp, LookUpAnswer
from handslag.domain.lookups.queries import (
    authorities_asked,
    disputes_in,
    income_code,
    is_answered,
    marked_in,
    not_yet_paid,
    standings,
)
from handslag.domain.lookups.states import AnswerState, DisputeReason, Verdict
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month

PURPOSE = "Prövning av ekonomiskt bistånd"
LEGAL_BASIS = "15 kap. 10 § socialtjänstlagen (2025:400), förordningen (2008:975)"
#: As whom the office asks when nobody pressed anything.
AUTOMATIC = "Handslag, automatisk inhämtning"


class AuthoritiesAsked(Event):
    """The disclosure: what was asked, about whom, of whom, on which legal basis."""

    kind = "authorities asked"


class AuthoritiesAnswered(Event):
    kind = "authorities answered"


@dataclass(frozen=True)
class NewLine:
    """A payment as it came, minor units, half-open days."""

    benefit: str
    name: str
    paid_on: date
    amount: int
    gross: int | None = None
    planned: bool = False
    since: date | None = None
    until: date | None = None
    detail: str = ""


@dataclass(frozen=True)
class NewAnswer:
    """What one authority answered."""

    authority: str
    failed: bool = False
    source: str = ""
    code: str = ""
    message: str = ""
    secrecy: bool = False
    facts: list[list[str]] = field(default_factory=list)
    lines: tuple[NewLine, ...] = ()


@operation()
def ask_authorities(*, tenant: str | int, by: Actor, now: datetime, period: UUID) -> Done[list[LookUp]]:
    """Ask about each adult of the case, for the two months before a period: the authorities that haven't given a whole
    answer, and, when nobody pressed anything, while it isn't decided, those that have yet to say a benefit
    (`not_yet_paid`); when all have and a caseworker asks, all of them again.

    NotPossible("not connected") where the organisation asks nobody, ("nothing to ask") where nothing is missing,
    ("worked elsewhere") for a case of another case system: whoever works it asks.
    """
    found = Period.objects.filter(id=period).first()
    if found is None:
        raise Hidden("period", period)
    Case.objects.select_for_update().get(id=found.case_id)  # the case first, as by whoever decides
    found = Period.objects.select_for_update().get(id=period)
    case, member, name = _asker(found.case_id, by, now)
    require_worked_here(case)
    wanted = authorities_asked()
    if not wanted:
        raise NotPossible("not connected")
    have = {(one.person, one.authority) for one in standings(found.id) if not one.missing}
    if by.kind == "system" and found.last_decision_on is None:
        have -= not_yet_paid(found.id, acting_door().the_tenant.today(now))
    adults = case.adults
    lacking = {person: [a for a in wanted if (person, a) not in have] for person in adults}
    if not any(lacking.values()):
        if by.kind != "staff":
            raise NotPossible("nothing to ask")
        lacking = dict.fromkeys(adults, wanted)
    month = Month.of(found.since)
    asked = [
        LookUp.objects.create(
            case=case, period=found, person_id=person, since=(month - 2).since, until=month.since,
            authorities=authorities, purpose=PURPOSE, legal_basis=LEGAL_BASIS, member_id=member, asked_as=name,
            asked_at=now,
        )
        for person, authorities in lacking.items()
        if authorities
    ]  # fmt: skip
    told = [{"look_up": str(one.id), "person": str(one.person_id), "authorities": one.authorities} for one in asked]
    payload: dict[str, Any] = {
        "period": str(found.id), "asked": told, "legal_basis": LEGAL_BASIS, "purpose": PURPOSE, "as": name,
    }  # fmt: skip
    return Done(asked, AuthoritiesAsked(subject=case.id, payload=payload))


def _asker(case: UUID, by: Actor, now: datetime) -> tuple[Case, UUID | None, str]:
    """The case, and who asks: the caseworker in person, else the office by itself."""
    if by.kind == "staff":
        try:
            found, member = case_for_staff(case, by, now)
        except Hidden:  # entered on paper for a case that somebody else works: the office asks
            return Case.objects.get(id=case), None, AUTOMATIC
        if Role.CASEWORKER not in member.roles:
            return found, None, AUTOMATIC
        return found, member.id, member.name
    return (case_for_citizen(case, by) if by.kind == "citizen" else Case.objects.get(id=case)), None, AUTOMATIC


#: What tells the lines of an authority about a person in a period apart.
_ALIKE = ("benefit", "paid_on", "amount", "planned", "serial")


@operation()
def record_answers(
    *, tenant: str | int, by: Actor, now: datetime, look_up: UUID, answers: Sequence[NewAnswer]
) -> Done[list[LookUpAnswer]]:
    """Record what came, once: one answer of each authority asked, and the lines that weren't stored yet.

    NotPossible("recorded") the second time; Hidden where there is no such look-up.
    """
    asked = LookUp.objects.filter(id=look_up).first()
    if asked is None or by.kind != "system":
        raise Hidden("look-up", look_up)
    Case.objects.select_for_update().get(id=asked.case_id)  # the case first, as by whoever decides
    Period.objects.select_for_update().get(id=asked.period_id)
    if is_answered(asked.id):
        raise NotPossible("recorded")
    by_authority = {one.authority: one for one in answers}
    rows, stored = [], 0
    for authority in asked.authorities:
        said = by_authority.get(authority) or NewAnswer(authority, True, "HERE", "no answer")
        row = LookUpAnswer(
            look_up=asked, authority=authority, state=AnswerState.FAILED if said.failed else AnswerState.ANSWERED,
            source=said.source, code=said.code or ("failed" if said.failed else ""), message=said.message,
            facts=said.facts, secrecy=said.secrecy, answered_at=now,
        )  # fmt: skip
        new = _lines(asked, row, said.lines)
        row.save(force_insert=True)
        FetchedLine.objects.bulk_create(new)
        rows.append(row)
        stored += len(new)
    told = {
        "look_up": str(asked.id), "period": str(asked.period_id), "person": str(asked.person_id), "lines": stored,
        "states": {row.authority: row.state for row in rows}, "secrecy": any(row.secrecy for row in rows),
    }  # fmt: skip
    return Done(rows, AuthoritiesAnswered(subject=asked.case_id, payload=told))


def _lines(asked: LookUp, answer: LookUpAnswer, lines: Sequence[NewLine]) -> list[FetchedLine]:
    """Note on the answer which lines it holds; gives those that weren't stored yet. Payments that are alike are told
    apart by their serial."""
    before = FetchedLine.objects.filter(
        period_id=asked.period_id, person_id=asked.person_id, authority=answer.authority
    )
    there = {tuple(alike): key for key, *alike in before.values_list("id", *_ALIKE)}
    seen: Counter[tuple[Any, ...]] = Counter()
    held, new = [], []
    for line in lines:
        alike = line.benefit, line.paid_on, line.amount, line.planned
        seen[alike] += 1
        key = there.get((*alike, seen[alike]))
        if key is None:
            row = FetchedLine(
                answer=answer, period_id=asked.period_id, person_id=asked.person_id, authority=answer.authority,
                benefit=line.benefit, name=line.name, paid_on=line.paid_on, amount=line.amount, gross=line.gross,
                planned=line.planned, since=line.since, until=line.until, detail=line.detail, serial=seen[alike],
                income_code=income_code(answer.authority, line.benefit, line.name),
            )  # fmt: skip
            new.append(row)
            key = row.id
        held.append(str(key))
    answer.lines = held
    return new


class LineDisputed(Event):
    kind = "fetched line disputed"


class DisputeTakenBack(Event):
    kind = "dispute taken back"


class DisputeAnswered(Event):
    kind = "dispute answered"


#: Characters of what a person writes about a line, and of a caseworker's reason.
LONGEST_DISPUTE, LONGEST_WHY = 1000, 500


def _own_line(line: UUID, by: Actor) -> FetchedLine:
    """The line, if it is about the citizen who acts and nothing keeps it from her pages; its case is locked, so that
    nobody decides meanwhile. NotPossible("decided")."""
    found = FetchedLine.objects.filter(id=line).first()
    if found is None or by.kind != "citizen" or by.id != found.person_id:
        raise Hidden("line", line)
    period = Period.objects.only("case_id").get(id=found.period_id)
    case_for_citizen(period.case_id, by)
    if (found.person_id, found.authority) in marked_in(found.period_id):
        raise Hidden("line", line)
    Case.objects.select_for_update().get(id=period.case_id)
    if Period.objects.values_list("last_decision_on", flat=True).get(id=found.period_id) is not None:
        raise NotPossible("decided")
    return found


@operation()
def dispute_line(
    *, tenant: str | int, by: Actor, now: datetime, line: UUID, reason: str, text: str, amount: int | None
) -> Done[Dispute]:
    """The person says that a line fetched about her is wrong: a task for a caseworker, no change by itself.

    `amount` öre, what it should be. NotPossible("reason") for none that can be chosen, ("amount") where it is about
    the amount and none is said, ("text") where it says nothing, ("long text"), ("disputed") said so already,
    ("decided") once the month is decided: then it is an appeal.
    """
    found, said = _own_line(line, by), text.strip()
    if reason not in DisputeReason.values or reason == DisputeReason.BACK:
        raise NotPossible("reason")
    if reason == DisputeReason.AMOUNT and amount is None:
        raise NotPossible("amount")
    if reason == DisputeReason.OTHER and not said:
        raise NotPossible("text")
    if len(said) > LONGEST_DISPUTE:
        raise NotPossible("long text")
    before = disputes_in(found.period_id).get(found.id)
    if before is not None and (before.dispute.reason, before.dispute.text, before.dispute.amount) == (
        reason, said, amount,
    ):  # fmt: skip
        raise NotPossible("disputed")
    return _written(found, now, reason, said, amount, LineDisputed)


@operation()
def take_dispute_back(*, tenant: str | int, by: Actor, now: datetime, line: UUID) -> Done[Dispute]:
    """The person no longer says that it is wrong. NotPossible("not disputed") where she doesn't, or a caseworker has
    answered."""
    found = _own_line(line, by)
    before = disputes_in(found.period_id).get(found.id)
    if before is None or before.answer is not None:
        raise NotPossible("not disputed")
    return _written(found, now, DisputeReason.BACK, "", None, DisputeTakenBack)


def _written(
    line: FetchedLine, now: datetime, reason: str, text: str, amount: int | None, kind: type[Event]
) -> Done[Dispute]:
    row = Dispute.objects.create(
        line=line, period_id=line.period_id, person_id=line.person_id, reason=reason, text=text, amount=amount,
        made_at=now,
    )  # fmt: skip
    case = Period.objects.values_list("case_id", flat=True).get(id=line.period_id)
    told = {
        "dispute": str(row.id), "line": str(line.id), "period": str(line.period_id), "wrong": reason,
        "urgent": is_urgent(text),
    }  # fmt: skip
    return Done(row, kind(subject=case, payload=told))


@operation()
def answer_dispute(
    *, tenant: str | int, by: Actor, now: datetime, dispute: UUID, verdict: str, why: str
) -> Done[DisputeAnswer]:
    """A caseworker decides about a disputed line, with a reason that the person reads. The facts are hers to change.

    NotPossible("verdict"), ("no why"), ("long why"); Conflict if it was answered, or the person has said something
    else since.
    """
    found = Dispute.objects.select_related("line").filter(id=dispute).first()
    if found is None:
        raise Hidden("dispute", dispute)
    case_id = Period.objects.values_list("case_id", flat=True).get(id=found.period_id)
    case, member = case_for_staff(case_id, by, now, Role.CASEWORKER, lock=True)
    if (found.person_id, found.line.authority) in marked_in(found.period_id) and not member.clearance:
        raise Hidden("dispute", dispute)
    if verdict not in Verdict.values:
        raise NotPossible("verdict")
    if not why.strip():
        raise NotPossible("no why")
    if len(why.strip()) > LONGEST_WHY:
        raise NotPossible("long why")
    newest = disputes_in(found.period_id).get(found.line_id)
    if newest is None or newest.dispute.id != found.id or newest.answer is not None:
        raise Conflict("dispute", theirs=newest.dispute.text if newest else "")
    row = DisputeAnswer.objects.create(
        dispute=found, verdict=verdict, why=why.strip(), member_id=member.id, answered_at=now
    )
    told = {"dispute": str(found.id), "period": str(found.period_id), "verdict": verdict}
    return Done(row, DisputeAnswered(subject=case.id, payload=told))

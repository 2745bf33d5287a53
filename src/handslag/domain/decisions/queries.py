"""Decisions of a case, and what their letters say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Min, QuerySet

from handslag.domain.audit.models import Event, Payload, ReadEntry
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.queries import cases_worked_by
from handslag.domain.decisions.models import (
    Appeal,
    AppealFile,
    AppealPackage,
    Decision,
    Hearing,
    Letter,
    Order,
    OrderAppeal,
    PersonalLetter,
)
from handslag.domain.decisions.states import DecisionState, OrderKind, OrderState
from handslag.domain.documents.models import Document
from handslag.domain.entitlement.queries import stored_calculation
from handslag.domain.people.models import Address, Membership, Person
from handslag.domain.people.queries import address_on, protected_now
from handslag.domain.tasks.models import Notice
from handslag.domain.tasks.states import NoticeState
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.models import Organisation
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.kernel.days import banking_day_from
from handslag.kernel.months import Month
from handslag.rules.ch.facts import Sanction

TAKEN = (DecisionState.DECIDED, DecisionState.SERVED)
#: What a letter calls those who are under protection when it is written.
UNNAMED_ADULT = {
    "sv": "Sökande {n}", "en": "Applicant {n}", "de": "Gesuchstellende Person {n}", "fr": "Personne requérante {n}",
}  # fmt: skip
UNNAMED_CHILD = {"sv": "Barn {n}", "en": "Child {n}", "de": "Kind {n}", "fr": "Enfant {n}"}


def taken_decisions(case: UUID) -> list[Decision]:
    """The decisions taken in a case, newest first."""
    return list(
        Decision.objects.select_related("period", "sheet", "decided_by")
        .filter(case_id=case, state__in=TAKEN)
        .order_by("-decided_at")
    )


def in_force(period: UUID) -> Decision | None:
    """The decision in force on a period: the one taken that no other replaces; None where nothing is decided."""
    replaced = Decision.objects.filter(period_id=period, state__in=TAKEN, replaces__isnull=False).values("replaces_id")
    found = Decision.objects.select_related("sheet").filter(period_id=period, state__in=TAKEN)
    return found.exclude(id__in=replaced).first()


def decided_months(cases: Iterable[UUID]) -> dict[date, int]:
    """What is granted by the decisions in force in these cases, by the first day of the month (minor units)."""
    replaced = Decision.objects.filter(state__in=TAKEN, replaces__isnull=False).values("replaces_id")
    rows = Decision.objects.filter(case_id__in=list(cases), state__in=TAKEN).exclude(id__in=replaced)
    found: dict[date, int] = {}
    for since, amount in rows.values_list("period__since", "amount"):
        found[since] = found.get(since, 0) + amount
    return found


def in_force_on(cases: Iterable[UUID], since: date) -> dict[UUID, Decision]:
    """By case the decision in force on its period that begins on a day; cases without one aren't in it."""
    periods = Period.objects.filter(case_id__in=list(cases), since=since).values_list("case_id", "id")
    return {case: decision for case, period in periods if (decision := in_force(period)) is not None}


def replaced_by(decision: UUID) -> Decision | None:
    """The decision that replaces this one, if one was taken."""
    return Decision.objects.filter(replaces_id=decision, state__in=TAKEN).first()


#: What the chain calls it that a letter can't be set as PDF; it names the decision, or the letter to one person.
LETTER_REFUSED = "letter refused"


def letters_not_made(before: datetime) -> tuple[list[tuple[UUID, UUID]], list[tuple[UUID, UUID]]]:
    """Letters that should be made and aren't, each with its case: those of decisions that were taken before a moment,
    and those to one person. Without those that can't be set: a person was told, and sends them another way."""
    of_decisions = Letter.objects.filter(document=None, decision__decided_at__lt=before)
    letters = list(of_decisions.values_list("id", "decision__case_id", "decision_id"))
    personal = list(PersonalLetter.objects.filter(document=None).values_list("id", "case_id"))
    cases = {case for _, case, *_ in [*letters, *personal]}
    if not cases:
        return [], []
    events = Event.objects.filter(subject_id__in=cases, kind=LETTER_REFUSED)
    told = Payload.objects.filter(id__in=events.values("id")).values_list("body__decision", "body__letter")
    refused = {name for names in told for name in names}
    return (
        [(key, case) for key, case, decision in letters if str(decision) not in refused],
        [(key, case) for key, case in personal if str(key) not in refused],
    )


def appeals_not_packed(before: datetime) -> list[tuple[UUID, UUID]]:
    """Appeals that were sent to the court before a moment and whose package isn't made, each with its case."""
    sent = Appeal.objects.filter(manifest__isnull=False, ended_at__lt=before)
    return list(sent.exclude(id__in=AppealPackage.objects.values("appeal_id")).values_list("id", "case_id"))


def hearings_of(period: UUID) -> list[Hearing]:
    """Who was asked what she thinks before a decision on a period, newest first."""
    found = Hearing.objects.select_related("person", "asked_by", "noted_by").filter(period_id=period)
    return list(found.order_by("-asked_at", "-id"))


def hearings_for(person: UUID, cases: Collection[UUID]) -> list[Hearing]:
    """What a person is asked in these cases and hasn't answered, while nothing is decided since, oldest first."""
    found = Hearing.objects.select_related("period").filter(person_id=person, case_id__in=cases, answered_at=None)
    return [one for one in found.order_by("asked_at", "id") if not is_decided_since(one)]


def is_decided_since(hearing: Hearing) -> bool:
    """Whether what she was asked about was decided after that: then her answer comes too late for that decision."""
    if hearing.closed_at is not None:
        return True
    decided = Decision.objects.filter(period_id=hearing.period_id, decided_at__gt=hearing.asked_at)
    return decided.exists()


def not_heard(case: Case, period: UUID, before: Decision | None, today: date) -> list[UUID]:
    """The adults who weren't asked about a period, since the decision in force (`before`) was taken, or still have
    time to answer what they were asked last."""
    asked = Hearing.objects.filter(period_id=period).order_by("asked_at", "id")
    if before is not None:
        asked = asked.filter(asked_at__gte=before.decided_at)
    last = {one.person_id: one for one in asked}
    heard = {key for key, one in last.items() if one.answered_at or one.answer_by < today}
    return [key for key in case.adults if key not in heard]


def is_asked_since(periods: Collection[UUID], moment: datetime, today: date) -> bool:
    """Whether an adult was asked after a moment what she thinks about one of these periods, and still has time."""
    asked = Hearing.objects.filter(period_id__in=periods, asked_at__gt=moment)
    return asked.filter(answered_at=None, answer_by__gte=today).exists()


def orders_in(cases: Collection[UUID], person: UUID | None = None) -> list[Order]:
    """The conditions and reductions of these cases in whatever state, newest first; those that were decided on one
    person, if she is named."""
    found = Order.objects.select_related("person", "period", "condition").filter(case_id__in=cases)
    if person is not None:
        found = found.filter(person_id=person, state=OrderState.DECIDED)
    return list(found.order_by("-proposed_at", "-id"))


def conditions_over(case: UUID, today: date) -> list[Order]:
    """The conditions of a case whose day has passed and about which nobody has said anything since: they hold still,
    and nothing was reduced because of them."""
    rows = Order.objects.filter(case_id=case, kind=OrderKind.CONDITION, state=OrderState.DECIDED, ended_on=None)
    answered = Order.objects.filter(kind=OrderKind.REDUCTION, state=OrderState.DECIDED).values("condition_id")
    return list(rows.filter(due_on__lt=today).exclude(id__in=answered).order_by("due_on", "id"))


def orders_waiting(member: Member) -> list[Order]:
    """The proposed ones of the cases that a member of staff has a relation to, oldest first."""
    found = Order.objects.select_related("case__applicant", "case__co_applicant", "person", "proposed_by")
    waiting = found.filter(state=OrderState.PROPOSED, case_id__in=cases_worked_by(member).values("id"))
    return list(waiting.order_by("proposed_at", "id"))


def reductions_in(case: UUID, first: Month, months: int = 1, *, suspended: bool = False) -> list[Order]:
    """The reductions that were decided and hold in one of so many months of a case, by number; those that an appeal
    suspends only where `suspended` says so."""
    return _holding(OrderKind.REDUCTION, case, first, months, suspended)


def reduced_in(case: UUID, first: Month, months: int, *, together: bool) -> int:
    """How many per cent of the GBL the reductions of a case take in that one of so many months in which they take most:
    of all persons `together`, or of one. Those that an appeal suspends count."""
    rows = reductions_in(case, first, months, suspended=True)
    each = ([one.percent or 0 for one in rows if _runs(one, first + n, first + n)] for n in range(months))
    return max((sum(one) if together else max(one, default=0) for one in each), default=0)


def instalments_in(case: UUID, first: Month, months: int = 1, *, suspended: bool = False) -> list[Order]:
    """The instalments that were decided and aren't lifted in one of so many months of a case, likewise; whether
    anything is left to pay, the claim says."""
    return _holding(OrderKind.INSTALMENT, case, first, months, suspended)


def order_appeals(order: UUID) -> list[OrderAppeal]:
    """The appeals against an order, newest first: at most the first one runs."""
    rows = OrderAppeal.objects.select_related("noted_by", "ended_by").filter(order_id=order)
    return list(rows.order_by("-noted_at", "-id"))


def is_suspended(order: UUID) -> bool:
    """Whether an appeal that runs suspends an order."""
    return OrderAppeal.objects.filter(order_id=order, suspends=True, ended_on=None).exists()


def _holding(kind: OrderKind, case: UUID, first: Month, months: int, suspended: bool) -> list[Order]:
    rows = Order.objects.select_related("period", "person").filter(case_id=case, kind=kind, state=OrderState.DECIDED)
    if not suspended:
        rows = rows.exclude(id__in=OrderAppeal.objects.filter(suspends=True, ended_on=None).values("order_id"))
    last = first + (months - 1)
    return [row for row in rows.order_by("number") if _runs(row, first, last)]


def _runs(row: Order, first: Month, last: Month) -> bool:
    assert row.period is not None
    begun = Month.of(row.period.since)
    ends = [(begun + row.months).since if row.months else date.max, row.ended_on or date.max]
    return begun.since <= last.since and first.since < min(ends)


def sanctions_in(case: UUID, period: Period, people: Collection[str]) -> list[Sanction]:
    """What the reductions that hold in a period say to its budget, of those `people` (keys) who are in it."""
    return [
        Sanction(
            person=str(row.person_id), percent=row.percent, since=Month.of(row.period.since).since, months=row.months,
            order=row.number,
        )
        for row in reductions_in(case, Month.of(period.since))
        if row.period is not None and row.percent and row.months and str(row.person_id) in people
    ]  # fmt: skip


def proposal_of(period: UUID) -> Decision | None:
    """The open proposal of a period."""
    return (
        Decision.objects.select_related("sheet", "proposed_by")
        .filter(period_id=period, state=DecisionState.PROPOSED)
        .first()
    )


def proposals_for(member: Member) -> list[Decision]:
    """The open proposals of the cases that a member of staff has a relation to, oldest first."""
    return list(
        Decision.objects.select_related("case__applicant", "case__co_applicant", "period", "proposed_by")
        .filter(state=DecisionState.PROPOSED, case_id__in=cases_worked_by(member).values("id"))
        .order_by("proposed_at")
    )


def newest_decision(period: UUID) -> Decision | None:
    """The newest decision of a period, in whatever state."""
    return (
        Decision.objects.select_related("sheet", "proposed_by", "decided_by")
        .filter(period_id=period)
        .order_by("-proposed_at")
        .first()
    )


def month_name(day: date, language: str) -> str:
    """`mars 2026`, `March 2026`."""
    names = {
        "sv": [
            "januari",
            "februari",
            "mars",
            "april",
            "maj",
            "juni",
            "juli",
            "augusti",
            "september",
            "oktober",
            "november",
            "december",
        ],
        "en": [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),  # noqa: SIM905
        "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),  # noqa: SIM905
    }
    return f"{names[language][day.month - 1]} {day.year}"


#: An appeal must have come in within three weeks of the day on which she got the decision (44 § förvaltningslagen).
APPEAL_SPAN = timedelta(weeks=3)


def last_day(told_on: date) -> date:
    """The last day for an appeal by who got the decision on a day: the same day of the week three weeks later; where
    that is a Saturday, Sunday, public holiday, Midsummer Eve, Christmas Eve or New Year's Eve the next weekday
    (lagen (1930:173) om beräkning av lagstadgad tid)."""
    return banking_day_from(told_on + APPEAL_SPAN, acting_door().the_tenant.country)


@dataclass(frozen=True)
class Delivery:
    """What is stored of how a decision reached an adult: nothing of it proves the day alone, a person weighs it."""

    told_at: datetime | None
    """When a notice that there is something new left to her; None: none did."""
    opened_at: datetime | None
    """When she first opened a decision of the case on her pages after this one was taken; None: never."""


def delivery_of(decision: Decision, person: UUID) -> Delivery:
    """How a decision that was taken reached one adult of its case, as far as that is stored."""
    told = Notice.objects.filter(
        subject_id=decision.case_id, person_id=person, kind="decision", state=NoticeState.SENT,
        created_at__gte=decision.decided_at,
    )  # fmt: skip
    opened = ReadEntry.objects.filter(
        subject=decision.case_id, actor_kind="citizen", actor_id=person, outcome="read", at__gte=decision.decided_at,
        what__in=["decision", "decision letter"],
    )  # fmt: skip
    return Delivery(told.aggregate(at=Min("ended_at"))["at"], opened.aggregate(at=Min("at"))["at"])


def appeals_in(cases: Collection[UUID]) -> list[Appeal]:
    """The appeals in these cases, newest first."""
    found = Appeal.objects.select_related("person", "decision__period", "remedy").filter(case_id__in=cases)
    return list(found.order_by("-recorded_at", "-id"))


def appeals_on(period: UUID) -> list[Appeal]:
    """The appeals against any decision on a period: an appeal stands against what replaces the decision too (46 §)."""
    return list(Appeal.objects.filter(decision__period_id=period).order_by("recorded_at", "id"))


def appeal_files(appeal: UUID) -> list[Document]:
    """The files of an appeal, as they came."""
    rows = AppealFile.objects.select_related("document").filter(appeal_id=appeal)
    return [row.document for row in rows.order_by("document__created_at", "document_id")]


@dataclass(frozen=True)
class Unseen:
    """What of a letter isn't, or isn't any more, for somebody's eyes: people by key; the address."""

    people: frozenset[str]
    address: bool

    def __bool__(self) -> bool:
        return bool(self.people) or self.address


def unseen_by_staff(decision: Decision, letter: Mapping[str, Any], member: Member) -> Unseen:
    """What of a letter, written or about to be, is protected today above the clearance of a member of staff.

    `letter`: its content. `decision` may be unsaved.
    """
    lines = {UUID(line.person) for line in stored_calculation(decision.sheet).lines if line.person}
    inside = lines | {person.id for person in _adults(decision)}
    above = Person.objects.filter(id__in=inside, protection_level__gt=member.clearance).values_list("id", flat=True)
    return Unseen(frozenset(str(key) for key in above), _address_above(decision, letter, member.clearance))


def unseen_by_relative(decision: Decision, letter: Mapping[str, Any], viewer: UUID) -> Unseen:
    """What of a written letter is protected today from an adult of its case: those whom it names, if they are another,
    and the applicant's address. Who stands in it without a name was protected when it was written."""
    language, adults = letter["language"], _adults(decision)
    to = letter["recipient"][0].split(" & ")
    named = {p.id for n, p in enumerate(adults, 1) if UNNAMED_ADULT[language].format(n=n) not in to}
    lines = stored_calculation(decision.sheet).lines
    unnamed = {
        words[language].format(n=n) for words in (UNNAMED_ADULT, UNNAMED_CHILD) for n in range(1, len(lines) + 1)
    }
    named |= {
        UUID(line.person)
        for line, said in zip(lines, letter["sheet"], strict=True)
        if line.person and said["who"] not in unnamed
    }
    others = viewer != decision.case.applicant_id and _address_above(decision, letter, 0)
    return Unseen(frozenset(str(key) for key in protected_now(named, viewer)), others)


def letters_unseen(case: Case, member: Member) -> set[UUID]:
    """The documents of those letters of a case that a member of staff may not have, as `unseen_by_staff` says."""
    members = Membership.objects.filter(household_id=case.household_id, person__protection_level__gt=member.clearance)
    adults = case.adults
    theirs = Address.objects.filter(person_id__in=adults, protection_level__gt=member.clearance)
    if not (members.exists() or theirs.exists()):
        return set()
    found = _letters().filter(decision__case=case, document__isnull=False)
    unseen = {one.document_id for one in found if unseen_by_staff(one.decision, one.content, member)}
    personal = PersonalLetter.objects.filter(case=case, document__isnull=False).values_list("document_id", flat=True)
    return {key for key in unseen if key} | {key for key in personal if key and personal_letter_unseen(key, member)}


def letters_without_address(case: UUID) -> set[UUID]:
    """The documents of those letters of a case that tell no address of whom they are to."""
    letters = Letter.objects.filter(decision__case_id=case, document__isnull=False)
    personal = PersonalLetter.objects.filter(case_id=case, document__isnull=False)
    found = [*letters.values_list("document_id", "content"), *personal.values_list("document_id", "content")]
    return {key for key, content in found if key and len(content["recipient"]) == 1}


def personal_letter_unseen(document: UUID, member: Member) -> bool:
    """Whether a letter to one person tells an address that is protected today above a member's clearance, or, with the
    calculation of a decision, somebody who is."""
    letter = PersonalLetter.objects.get(document_id=document)
    if "sheet" in letter.content:
        decision = Decision.objects.select_related("sheet", "case__applicant", "case__co_applicant").get(
            case_id=letter.case_id, number=letter.content["number"]
        )
        if unseen_by_staff(decision, letter.content, member):
            return True
    theirs = Address.objects.filter(person_id=letter.person_id, protection_level__gt=member.clearance)
    return len(letter.content["recipient"]) > 1 and theirs.exists()


def letter_in(document: UUID) -> Letter:
    """The letter whose PDF a document is. Hidden where none is known: nobody can say who stands in it."""
    found = _letters().filter(document_id=document).first()
    if found is None:
        raise Hidden("document", document)
    return found


def _letters() -> QuerySet[Letter]:
    case = "decision__case"
    return Letter.objects.select_related("decision__sheet", f"{case}__applicant", f"{case}__co_applicant")


def _adults(decision: Decision) -> list[Person]:
    return [person for person in (decision.case.applicant, decision.case.co_applicant) if person is not None]


def _address_above(decision: Decision, letter: Mapping[str, Any], level: int) -> bool:
    """Whether the letter tells an address of the applicant, whose addresses are protected above `level` today."""
    theirs = Address.objects.filter(person_id=decision.case.applicant_id, protection_level__gt=level)
    return len(letter["recipient"]) > 1 and theirs.exists()


def letterhead(name: str, people: Sequence[Person], on: date) -> dict[str, Any]:
    """From whom a letter is and to whom, as its content says it: `organisation`, and `recipient` with `name` and the
    address of the first of `people`, where nothing of it, and none of them, is protected."""
    organisation = Organisation.objects.get(id=acting_door().the_tenant.id)
    address = None if any(person.protection_level for person in people) else address_on(people[0].id, on)
    if address is not None and address.protection_level:
        address = None
    return {
        "organisation": {
            "name": organisation.name,
            "address": organisation.address_lines,
            "telephone": organisation.telephone,
            "colour": organisation.colour,
        },
        "recipient": [name, *([*address.lines, f"{address.postcode} {address.city}"] if address else [])],
    }

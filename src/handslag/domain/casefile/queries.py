"""Reads on cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from handslag.domain.casefile.models import (
    AccessGrant,
    Case,
    CaseWarning,
    Message,
    Note,
    NoteDraft,
    Period,
    Transfer,
)
from handslag.domain.casefile.states import WarningKind, WarningState
from handslag.domain.exchange.models import Message as Sent
from handslag.domain.exchange.states import Business, Transport
from handslag.domain.people.models import Membership
from handslag.domain.people.queries import records_beside, records_of
from handslag.domain.tenancy.models import Deputy, RoleGrant, StaffMember
from handslag.domain.tenancy.permissions import Member
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month


def cases_of(person: UUID) -> list[Case]:
    """The cases in which a person is one of the two adults, open ones first, newest first."""
    return list(
        Case.objects.select_related("applicant", "co_applicant")
        .filter(Q(applicant_id=person) | Q(co_applicant_id=person))
        .order_by("-state", "-opened_on")
    )


def periods_of(case: UUID) -> dict[date, Period]:
    """The periods of a case by their first day."""
    return {period.since: period for period in Period.objects.filter(case_id=case)}


def period_in(case: UUID, month: Month) -> Period | None:
    """The period of a case for a calendar month."""
    return Period.objects.filter(case_id=case, since=month.since).first()


def period_before(period: Period) -> Period | None:
    """The period of the same case that ends where this one begins, or earlier."""
    return Period.objects.filter(case_id=period.case_id, until__lte=period.since).order_by("-since").first()


def cases_with(person: UUID, member: Member, now: datetime, *, alone: bool = False) -> list[Case]:
    """The cases that a person or her household is part of, as far as they are open to this member; by whichever record
    of hers, or by this one `alone`."""
    records = {person} if alone else records_of(person)
    homes = Membership.objects.filter(person_id__in=records).values("household_id")
    return list(
        cases_open_to(member, now)
        .select_related("applicant", "co_applicant", "caseworker")
        .filter(Q(applicant_id__in=records) | Q(co_applicant_id__in=records) | Q(household_id__in=homes))
        .order_by("-opened_on", "number")
    )


def cases_beside(case: Case) -> list[Case]:
    """The other cases of a case's adults, each alone or with whomever, by whichever record of theirs, newest first."""
    adults = set(case.adults)
    records = adults | records_beside(adults)
    hers = Q(applicant_id__in=records) | Q(co_applicant_id__in=records)
    return list(Case.objects.filter(hers).exclude(id=case.id).order_by("-opened_on", "number"))


def case_numbered(number: str, member: Member, now: datetime) -> Case | None:
    """The case with that number, as far as it is open to this member."""
    return cases_open_to(member, now).filter(number=number.strip().upper()).first()


def colleagues(member: Member, today: date) -> list[StaffMember]:
    """Who of her unit, herself included, works cases today, by name."""
    works = RoleGrant.objects.filter(role=Role.CASEWORKER, since__lte=today).exclude(until__lte=today)
    return list(
        StaffMember.objects.filter(unit_id=member.unit_id, active=True, id__in=works.values("member_id")).order_by(
            "name"
        )
    )


def deputies_around(member: Member, today: date) -> list[Deputy]:
    """Who stands in for her, and for whom she stands in, today or later; by day."""
    return list(
        Deputy.objects.select_related("member", "deputy")
        .filter(Q(member_id=member.id) | Q(deputy_id=member.id), until__gt=today)
        .order_by("since", "id")
    )


def access_taken(case: UUID, member: Member, now: datetime) -> AccessGrant | None:
    """The access that this member took to a case by herself, as long as it holds."""
    return _accesses(member, now).filter(case_id=case).order_by("since", "id").last()


def access_to_any(cases: QuerySet[Case], member: Member, now: datetime) -> AccessGrant | None:
    """The newest access that this member took by herself to one of these cases, as long as it holds."""
    return _accesses(member, now).filter(case__in=cases).order_by("since", "id").last()


def _accesses(member: Member, now: datetime) -> QuerySet[AccessGrant]:
    return AccessGrant.objects.filter(member_id=member.id, since__lte=now, until__gt=now)


def highest_protection(case: Case, today: date) -> int:
    """The highest protection level among the adults of a case and whoever lives in its household today."""
    home = Membership.objects.filter(household_id=case.household_id, since__lte=today).exclude(until__lte=today)
    levels = home.values_list("person__protection_level", flat=True)
    adults = [p.protection_level for p in (case.applicant, case.co_applicant) if p is not None]
    return max(map(int, [*levels, *adults]))


def has_relation(case: Case, member: Member) -> bool:
    """Whether a case is her unit's, her own, or of somebody whose deputy she is."""
    return case.unit_id == member.unit_id or case.caseworker_id in member.acts_for


def cases_worked_by(member: Member) -> QuerySet[Case]:
    """The cases that a member of staff has a relation to, without those of people above her clearance."""
    return Case.objects.filter(worked_by(member))


def cases_open_to(member: Member, now: datetime) -> QuerySet[Case]:
    """The same, and the cases that she opened by herself today."""
    taken = _accesses(member, now).values("case_id")
    return Case.objects.filter(worked_by(member) | (Q(id__in=taken) & adults_seen_by(member)))


def worked_by(member: Member, case: str = "") -> Q:
    """The condition that a member of staff has a relation to a case: her unit's, her own, or of somebody whose deputy
    she is; and that she may see its adults. `case`: the path to the case (`case__`) from another table."""
    related = Q(**{f"{case}unit_id": member.unit_id}) | Q(**{f"{case}caseworker_id__in": member.acts_for})
    return related & adults_seen_by(member, case)


def adults_seen_by(member: Member, case: str = "") -> Q:
    """The condition that neither adult of a case is protected above a member's clearance."""
    co_seen = Q(**{f"{case}co_applicant": None}) | Q(**{f"{case}co_applicant__protection_level__lte": member.clearance})
    return co_seen & Q(**{f"{case}applicant__protection_level__lte": member.clearance})


@dataclass(frozen=True, order=True)
class Cause:
    """Why a warning stands. `about`: the code of a cost or income, an authority, or nothing; `person`: of whom (a key
    of the household); amounts in minor units, 0 where there is none."""

    kind: WarningKind
    about: str = ""
    person: str = ""
    amount: int = 0
    amount_before: int = 0


def cause_of(row: CaseWarning) -> Cause:
    """The cause of a stored warning."""
    return Cause(WarningKind(row.kind), row.about, row.person, row.amount, row.amount_before)


def warnings_on(period: UUID) -> list[CaseWarning]:
    """The warnings on a period whose cause is there: open ones first, then those that a person has seen."""
    rows = CaseWarning.objects.select_related("acknowledged_by").filter(period_id=period)
    return list(rows.exclude(state=WarningState.CLOSED).order_by("state", "kind", "about", "person", "id"))


def open_warnings(period: UUID, *kinds: WarningKind) -> bool:
    """Whether a warning of these kinds waits for somebody to acknowledge it (before a decision, say)."""
    return CaseWarning.objects.filter(period_id=period, kind__in=kinds, state=WarningState.OPEN).exists()


def notes_of(case: UUID) -> list[Note]:
    """The notes of a case, newest first; each carries `additions`, oldest first."""
    rows = list(Note.objects.select_related("written_by").filter(case_id=case).order_by("-written_at", "-id"))
    for row in rows:
        row.additions = [one for one in reversed(rows) if one.adds_to_id == row.id]  # type: ignore[attr-defined]
    return [row for row in rows if row.adds_to_id is None]


def note_draft(case: UUID, member: Member) -> dict[str, str]:
    """What this member was writing in a case, as typed."""
    form = NoteDraft.objects.filter(case_id=case, member_id=member.id).values_list("form", flat=True).first()
    return dict(form or {})


def conversation(case: UUID, person: UUID) -> list[Message]:
    """What one adult of a case and the office wrote to each other, oldest first."""
    found = Message.objects.select_related("member").filter(case_id=case, person_id=person)
    return list(found.order_by("sent_at", "id"))


def unanswered(case: UUID) -> list[Message]:
    """What the adults of a case wrote since the office last wrote to each of them, oldest first."""
    found: dict[UUID, list[Message]] = {}
    for one in Message.objects.filter(case_id=case).order_by("sent_at", "id"):
        waiting = found.setdefault(one.person_id, [])
        if one.member_id is None:
            waiting.append(one)
        else:
            waiting.clear()
    return sorted((one for waiting in found.values() for one in waiting), key=lambda one: (one.sent_at, one.id))


@dataclass(frozen=True)
class Told:
    """What another municipality was told of a case, and what came of it: `state` is "", "taken over", "in part", "not
    taken over" or "recalled"; `left_at` is when it left."""

    transfer: Transfer
    left_at: datetime
    state: str


_CAME_OF: dict[str, str] = {
    Business.ACCEPTED: "taken over",
    Business.CHANGED: "in part",
    Business.REJECTED: "not taken over",
    Business.RECALLED: "recalled",
}


def told_of(cases: list[UUID], viewer: UUID) -> list[Told]:
    """What other municipalities were told of these cases, newest first; nothing that never left or didn't arrive. Only
    for who moves there, alone or along: where somebody moves is nobody else's business."""
    rows = {
        row.id: row
        for row in Transfer.objects.filter(case_id__in=cases)
        if row.person_id == viewer or ["member", str(viewer)] in row.items
    }
    newest = set(rows)
    while newest:  # what didn't arrive was said again by a message of its own
        said = Sent.objects.filter(instead_of_id__in=newest).values_list("id", "instead_of_id")
        again = {key: rows[first] for key, first in said if first}
        rows |= again
        newest = set(again)
    sent = Sent.objects.filter(id__in=rows, test=False, transport__in=[Transport.HANDED_OVER, Transport.DELIVERED])
    found = [
        Told(rows[row.id], row.handed_over_at, _CAME_OF.get(row.business, "")) for row in sent if row.handed_over_at
    ]
    return sorted(found, key=lambda one: (one.left_at, one.transfer.id), reverse=True)

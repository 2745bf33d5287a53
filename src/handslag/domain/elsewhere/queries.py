"""Reads on cases that are worked elsewhere: what that system said, what waits to be handed over to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, Max, Min, OuterRef, Q

from handslag.domain.casefile.models import Case
from handslag.domain.casefile.queries import worked_by
from handslag.domain.elsewhere.models import ForeignCase, HandOver, Switch
from handslag.domain.elsewhere.states import Group, HandOverState, LookUp
from handslag.domain.intake.models import Draft
from handslag.domain.intake.states import DraftState
from handslag.domain.people.models import Membership
from handslag.domain.people.states import HouseholdRole
from handslag.domain.tenancy.permissions import Member


def foreign_cases(cases: Collection[UUID]) -> dict[UUID, ForeignCase]:
    """Those of these cases that are worked elsewhere, each with its newest answer."""
    return {row.id: row for row in ForeignCase.objects.select_related("answer").filter(id__in=cases)}


def hand_overs_of(cases: Collection[UUID]) -> dict[UUID, HandOver]:
    """The hand-overs of these cases' applications, by application."""
    return {row.id: row for row in HandOver.objects.filter(case_id__in=cases)}


def hand_overs_seen_by(member: Member, since: datetime) -> list[HandOver]:
    """What waits or is parked in the cases that this member of staff sees, and what has ended after `since`; what needs
    a person first, newest first."""
    ours = HandOver.objects.select_related("case__applicant", "case__co_applicant").filter(worked_by(member, "case__"))
    live = ours.filter(Q(ended_at=None) | Q(ended_at__gte=since)).order_by("-created_at", "-id")
    return sorted(live[:500], key=lambda row: (row.state != HandOverState.PARKED, row.state != HandOverState.WAITING))


def due_hand_overs(now: datetime, most: int = 100) -> list[UUID]:
    """The applications whose turn it is to be handed over, oldest first."""
    waiting = HandOver.objects.filter(state=HandOverState.WAITING, next_try_at__lte=now)
    return list(waiting.order_by("next_try_at", "id").values_list("id", flat=True)[:most])


def to_ask(now: datetime, every: timedelta, most: int = 200) -> list[UUID]:
    """The open cases whose system wasn't asked for so long, those never asked first."""
    cases = Case.objects.filter(worked_in__isnull=False, state="open").values("id")
    asked = ForeignCase.objects.filter(id__in=cases).filter(Q(asked_at=None) | Q(asked_at__lte=now - every))
    return list(asked.order_by("asked_at", "id").values_list("id", flat=True)[:most])


@dataclass
class Open:
    """What is open of a unit and group of clients: followed cases; of these, applications begun and not sent, on their
    way to the other system, and not delivered. `here`: cases that are worked here, in the unit that answers for it."""

    followed: int = 0
    begun: int = 0
    waiting: int = 0
    parked: int = 0
    here: int = 0


@dataclass
class Health:
    """How the connection does, as its traffic shows: when it was asked and answered last, how many open cases' newest
    look-up failed and how; when something was delivered last, what waits (since when), what a person has to look at."""

    asked_at: datetime | None = None
    answered_at: datetime | None = None
    failed: int = 0
    troubles: list[str] = field(default_factory=list)
    delivered_at: datetime | None = None
    waiting: int = 0
    waiting_since: datetime | None = None
    parked: int = 0


def open_by_switch(units: dict[str, str]) -> dict[tuple[str, str], Open]:
    """What is open of each unit (there) and group; `units`: its name there and here."""
    found = {(unit, group): Open() for unit in units for group in Group.values}
    children = Membership.objects.filter(household=OuterRef("household"), until=None, role=HouseholdRole.CHILD)
    cases = Case.objects.filter(state="open").annotate(children=Exists(children))
    foreign = dict(ForeignCase.objects.filter(id__in=cases.values("id")).values_list("id", "unit_name"))
    over = HandOver.objects.filter(case__in=foreign, ended_at=None).values_list("case", "state")
    begun = Draft.objects.filter(case__in=foreign, state__in=(DraftState.OPEN, DraftState.SIGNING))
    drafts, states = Counter(begun.values_list("case", flat=True)), Counter(over)
    told = cases.values_list("id", "worked_in", "unit__name", "children", "co_applicant")
    for case, worked_in, here, with_children, second in told:
        group = Group.CHILDREN if with_children else Group.COUPLE if second else Group.SINGLE
        if worked_in is None:
            for unit in units:
                found[unit, group].here += units[unit] == here
        elif (place := found.get((foreign.get(case, ""), group))) is not None:
            place.followed += 1
            place.begun += drafts[case]
            place.waiting += states[case, HandOverState.WAITING]
            place.parked += states[case, HandOverState.PARKED]
    return found


def health() -> Health:
    """How the connection to the other case system does."""
    open_ones = ForeignCase.objects.filter(id__in=Case.objects.filter(state="open").values("id"))
    failed = open_ones.filter(outcome=LookUp.FAILED)
    answered = Q(outcome__in=(LookUp.ANSWERED, LookUp.UNKNOWN))
    asked = ForeignCase.objects.aggregate(
        at=Max("asked_at"), answered=Max("asked_at", filter=answered), kept=Max("answer__answered_at")
    )
    live, delivered = Q(state=HandOverState.WAITING), Q(state=HandOverState.DELIVERED)
    over = HandOver.objects.aggregate(
        delivered=Max("ended_at", filter=delivered),
        waiting=Count("id", filter=live),
        since=Min("created_at", filter=live),
        parked=Count("id", filter=Q(state=HandOverState.PARKED)),
    )
    return Health(
        asked_at=asked["at"],
        answered_at=max(filter(None, (asked["answered"], asked["kept"])), default=None),
        failed=failed.count(),
        troubles=list(failed.order_by("trouble").values_list("trouble", flat=True).distinct()[:5]),
        delivered_at=over["delivered"],
        waiting=over["waiting"],
        waiting_since=over["since"],
        parked=over["parked"],
    )


def switches() -> list[Switch]:
    """All that was ever switched or wanted so: what waits to be confirmed first, then newest first."""
    known = Switch.objects.select_related("entered_by", "settled_by").order_by("-entered_at", "-id")
    return sorted(known, key=lambda row: row.outcome != "")

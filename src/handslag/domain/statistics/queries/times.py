"""How long a renewal takes, step by step and team by team, as the chain and the read log tell it: never by person.

Two steps are measured as the clock goes, nights included; two as the minutes in which somebody of the office works on
the case: moments (something done, a page opened) at most ten minutes apart are one sitting, which lasts from its first
moment to its last and a minute more. Whoever it was: the moments of all are one row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final, NamedTuple
from uuid import UUID

from handslag.domain.audit.models import Event, ReadEntry
from handslag.domain.casefile.models import Case
from handslag.domain.statistics.models import Baseline
from handslag.domain.statistics.states import Step

SUBMITTED, TAKEN, PROPOSED, DECIDED = "application submitted", "inbox taken", "decision proposed", "decision taken"
#: Moments further apart belong to two sittings.
SITTING: Final = timedelta(minutes=10)
#: No renewal is looked for further back than so long before its decision.
LONGEST: Final = timedelta(days=180)
#: No team is shown with fewer renewals, or with fewer people at work in them: it would tell of one of them.
FEWEST_RENEWALS, FEWEST_PEOPLE = 5, 3


class Moment(NamedTuple):
    """Something that happened to a case, or a look at it (`kind` empty): when, and which member of staff (none: a
    citizen, or the product)."""

    at: datetime
    kind: str
    staff: UUID | None


@dataclass(frozen=True)
class Renewal:
    """One application from the day it came to its decision: minutes by step, and who of the office had a part in it."""

    minutes: Mapping[Step, float]
    people: frozenset[UUID]


@dataclass(frozen=True)
class Team:
    """A team's median minutes by step over so many renewals; none where that would tell of somebody."""

    name: str
    renewals: int
    medians: Mapping[Step, float] | None


def renewals_in(moments: Iterable[Moment], since: datetime) -> list[Renewal]:
    """The renewals of one case that were decided from `since` on. A decision without an application before it (a
    change, a second one on the same) is none, nor is one that nobody took."""
    row = sorted(moments, key=lambda moment: moment.at)
    found = []
    submitted = taken = proposed = None
    for moment in row:
        if moment.kind == SUBMITTED:
            submitted, taken, proposed = moment.at, None, None
        elif moment.kind == TAKEN and submitted is not None and taken is None:
            taken = moment.at
        elif moment.kind == PROPOSED and submitted is not None:
            proposed = moment.at
        elif moment.kind == DECIDED:
            if submitted is not None and proposed is not None and moment.at >= since:
                found.append(_renewal(row, submitted, taken or proposed, proposed, moment.at))
            submitted = taken = proposed = None
    return found


def _renewal(
    row: Sequence[Moment], submitted: datetime, taken: datetime, proposed: datetime, decided: datetime
) -> Renewal:
    own = [moment for moment in row if moment.staff is not None and submitted <= moment.at <= decided]
    return Renewal(
        {
            Step.WAITS: (taken - submitted) / timedelta(minutes=1),
            Step.WORKED: _worked([moment.at for moment in own if moment.at <= proposed]),
            Step.DECIDED: _worked([moment.at for moment in own if moment.at > proposed]),
            Step.WHOLE: (decided - submitted) / timedelta(minutes=1),
        },
        frozenset(moment.staff for moment in own if moment.staff is not None),
    )


def _worked(moments: Sequence[datetime]) -> float:
    minutes = 0.0
    for before, at in zip([None, *moments], moments, strict=False):
        together = before is not None and at - before <= SITTING
        minutes += (at - before) / timedelta(minutes=1) if together and before is not None else 1.0
    return minutes


def by_team(renewals: Iterable[tuple[str, Renewal]]) -> tuple[list[Team], Team]:
    """Each team by name, and all together. Where a team is left out, all together are shown without their number:
    the difference would tell it."""
    groups: dict[str, list[Renewal]] = defaultdict(list)
    for team, renewal in renewals:
        groups[team].append(renewal)
    teams = [_team(name, groups[name]) for name in sorted(groups)]
    whole = _team("", [one for group in groups.values() for one in group])
    if any(team.medians is None for team in teams):
        whole = Team("", 0, whole.medians)
    return teams, whole


def _team(name: str, renewals: Sequence[Renewal]) -> Team:
    people = frozenset[UUID]().union(*(one.people for one in renewals))
    if len(renewals) < FEWEST_RENEWALS or len(people) < FEWEST_PEOPLE:
        return Team(name, 0, None)
    return Team(name, len(renewals), {step: median(one.minutes[step] for one in renewals) for step in Step})


def renewals_measured(since: datetime) -> list[tuple[str, Renewal]]:
    """The renewals decided from a moment on, each with the unit of its case. Cases worked elsewhere have none."""
    decided = Event.objects.filter(kind=DECIDED, at__gte=since).values("subject_id")
    cases = dict(Case.objects.filter(id__in=decided, worked_in=None).values_list("id", "unit__name"))
    moments: dict[UUID, list[Moment]] = defaultdict(list)
    first = since - LONGEST
    happened = Event.objects.filter(subject_id__in=cases, at__gte=first)
    for case, at, kind, by, actor in happened.values_list("subject_id", "at", "kind", "actor_kind", "actor_id"):
        moments[case].append(Moment(at, kind, actor if by == "staff" else None))
    looked = ReadEntry.objects.filter(subject__in=cases, at__gte=first, actor_kind="staff", outcome="read")
    for subject, at, actor in looked.values_list("subject", "at", "actor_id"):
        if subject is not None:
            moments[subject].append(Moment(at, "", actor))
    return [(cases[case], one) for case, row in moments.items() for one in renewals_in(row, since)]


def baselines(today: date) -> dict[Step, Baseline]:
    """What the organisation says each step took before, by step: the newest that counts today."""
    rows = Baseline.objects.select_related("entered_by").filter(since__lte=today).order_by("since", "entered_at", "id")
    return {Step(row.step): row for row in rows}

"""The checks of a statement, over its lines as columns: the same before it is sent and where it is received."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import OuterRef, Subquery

from handslag.domain.accounts.states import Side
from handslag.domain.people.models import Identifier
from handslag.domain.register.models import Responsibility, Standing
from handslag.domain.settlement.models import Answer, Counted, Line, Statement
from handslag.domain.settlement.queries import (
    NUMBER,
    NewLine,
    Register,
    Stretch,
    Sums,
    answers_on,
    claimed,
    register_of,
    register_rows,
    submissions_of,
    within,
    without,
)
from handslag.domain.settlement.states import LineKind, Outcome, Reason
from handslag.rules.settlement import Column, Regime, Runs, covered, runs


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found on the line at a `place` of the list, and what it proposes to accept of it."""

    place: int
    reason: Reason
    accepted: tuple[Stretch, ...]
    days: int
    amount: int


@dataclass(frozen=True)
class Known:
    """What the lines are checked against: the register of whoever checks, and (person, partner, since, until) of the
    days that are settled there."""

    register: Register
    counted: list[tuple[UUID, str, date, date]]


def late(regime: Regime, until: date, sent_on: date) -> bool:
    """Whether a statement on the window that ends before `until` is sent after its last day."""
    return sent_on > regime.due_on(until)


def check(regime: Regime, claimant: str, lines: Sequence[NewLine], known: Known) -> list[Finding]:
    """What is to be looked at, by line: at most one finding for each, of the first check that takes something from it.
    What isn't named is clean. A line whose finding is proposed to be accepted in full has a rate to be looked at."""
    checked = _Columns(regime, claimant, lines, known)
    bad = np.zeros(len(lines), dtype=bool)
    for column in checked.columns():
        bad |= column
    found = (checked.finding(int(place)) for place in np.flatnonzero(bad))
    return [one for one in found if one is not None]


@dataclass(frozen=True)
class Reading:
    """A statement as a page shows it: its submissions, all its lines (also withdrawn ones) in order with the person's
    number, answers and findings by line, and what the register says of the people it is about (see `reading`)."""

    submissions: list[Any]
    lines: list[Line]
    gone: set[int]
    numbers: dict[UUID, str]
    answers: dict[UUID, Answer]
    findings: dict[UUID, Finding]
    where: list[Responsibility]
    status: list[Standing]

    @property
    def standing(self) -> list[Line]:
        """The lines that no later submission withdrew, of what wasn't refused."""
        return [row for row in self.lines if row.number not in self.gone]

    @property
    def sums(self) -> Sums:
        """As `sums_of`."""
        lines = self.standing
        answered = sum(row.amount for row in lines if row.id in self.answers)
        accepted, total = sum(one.amount for one in self.answers.values()), sum(row.amount for row in lines)
        return Sums(len(lines), total, total - answered, answered - accepted, accepted)


def reading(regime: Regime, statement: Statement, claimant: str = "", also: Collection[UUID] = ()) -> Reading:
    """All of a statement in at most seven queries, whatever its size. With a `claimant` what isn't answered is checked
    (see `operations.review`). The register is read for the people of what is checked, or else of what wasn't accepted
    in full, and of `also` (keys of lines)."""
    submissions = submissions_of([statement.id])
    refused = {one.id for one in submissions if one.refused}
    gone = {number for one in submissions if not one.refused for number in one.withdrawn}
    number = Identifier.objects.filter(person_id=OuterRef("person_id"), type=NUMBER).order_by("-id").values("value")[:1]
    found: list[Any] = list(
        Line.objects.filter(statement=statement)
        .select_related("statement", "person", "corrects__statement")
        .annotate(number_of=Subquery(number))
        .order_by("number")
    )
    gone |= {row.number for row in found if row.submission_id in refused}
    numbers = {row.person_id: row.number_of for row in found}
    answers = answers_on(statement.id)
    open_ = [row for row in found if row.number not in gone and row.id not in answers]
    less = [row for row in found if row.id in answers and answers[row.id].outcome != Outcome.ACCEPTED]
    people = {row.person_id for row in (open_ if claimant else less)}
    about = people | {row.person_id for row in found if row.id in also}
    where, status = register_rows(statement.until, about) if about else ([], [])
    if not claimant or not people:
        return Reading(submissions, found, gone, numbers, answers, {}, where, status)
    ours = statement.side == Side.CLAIMANT
    counted = [
        (row.person_id, claimant if ours else row.partner, row.since, row.until)
        for row in Counted.objects.filter(side=statement.side, person_id__in=people)
    ]
    known = Known(register_of(statement.until, where, status), counted)
    checked = check(regime, claimant, [claimed(row, numbers) for row in open_], known)
    findings = {open_[one.place].id: one for one in checked}
    return Reading(submissions, found, gone, numbers, answers, findings, where, status)


class _Columns:
    def __init__(self, regime: Regime, claimant: str, lines: Sequence[NewLine], known: Known) -> None:
        self.regime, self.lines = regime, lines
        self.person = {person: n for n, person in enumerate({one.person for one in lines})}
        self.status = {name: n for n, name in enumerate(regime.statuses)}
        others = len(self.status)
        self.where = [(who, a, b) for who, place, a, b in known.register.where if place == claimant]
        self.stand = [(who, name, a, b) for who, name, _, a, b in known.register.status if name in self.status]
        self.paid = [
            (who, name, a, min(b, self._ends(name, entry)))
            for who, name, entry, a, b in known.register.status
            if name in self.status and a < self._ends(name, entry)
        ]
        self.own = known.register.own
        self.counted = [(who, a, b) for who, _, a, b in known.counted]
        self.ours = [(who, a, b) for who, partner, a, b in known.counted if partner == claimant]
        self.of = {
            "where": _by(self.where), "ours": _by(self.ours), "counted": _by(self.counted),
            "own": _by(self.own),
            "stand": _by(((who, name), a, b) for who, name, a, b in self.stand),
            "paid": _by(((who, name), a, b) for who, name, a, b in self.paid),
        }  # fmt: skip
        self.places: dict[UUID, list[int]] = {}
        for n, one in enumerate(lines):
            self.places.setdefault(one.person, []).append(n)
        self.whose = self._runs((one.person, one.since, one.until) for one in lines)
        table = [
            (self.person[one.person] * (others + 1) + self.status.get(one.status, others), a, b, 1)
            for one, a, b in zip(lines, self.whose.since.tolist(), self.whose.until.tolist(), strict=True)
        ]
        self.with_status = runs(table)
        kinds = np.array([one.kind for one in lines], dtype=object)
        self.days = np.array([one.days for one in lines], dtype=np.int64)
        self.is_days = kinds == LineKind.DAYS

    def _ends(self, status: str, entry: date) -> date:
        years = self.regime.years.get(status)
        return self.regime.later(entry, years) if years else date.max

    def _runs(self, rows: Iterable[tuple[UUID, date, date]]) -> Runs:
        return runs([(self.person[who], a.toordinal(), b.toordinal(), 1) for who, a, b in rows if who in self.person])

    def _by_status(self, rows: Iterable[tuple[UUID, str, date, date]]) -> Runs:
        wide = len(self.status) + 1
        return runs(
            [
                (self.person[who] * wide + self.status[name], a.toordinal(), b.toordinal(), 1)
                for who, name, a, b in rows
                if who in self.person
            ]
        )

    def columns(self) -> list[Column]:
        """For each check which lines it says something of."""
        regime, length = self.regime, self.whose.until - self.whose.since
        plus, minus = self.is_days & (self.days > 0), self.is_days & (self.days < 0)
        back = Runs(*(column[minus] for column in self.whose))
        added = Runs(*(column[plus] for column in self.whose))
        here, paid = covered(self.whose, self._runs(self.where)), covered(self.with_status, self._by_status(self.paid))
        settled = covered(self.whose, self._runs(self.counted)) - covered(self.whose, back)
        ours = covered(self.whose, self._runs(self.ours))
        rates: dict[date, int] = {}
        for one in self.lines:
            if one.kind == LineKind.DAYS and one.days > 0 and one.since not in rates:
                rates[one.since] = regime.rate_on(one.since)
        wrong = [one.kind == LineKind.DAYS and one.days > 0 and one.rate != rates[one.since] for one in self.lines]
        return [
            plus & ((here < length) | (paid < length)),  # where she is, her status, and for how many years
            plus & (covered(self.whose, self._runs(self.own)) > 0),  # own earnings were told
            plus & ((settled > 0) | (covered(self.whose, added) > length)),  # no day twice
            minus & ((ours < length) | (covered(self.whose, back) > length)),  # only what counts is given back
            self.is_days & (np.abs(self.days) != length),
            np.array(wrong, dtype=bool),
            ~self.is_days & ((here == 0) | (paid == 0)),  # inside support
        ]

    def finding(self, place: int) -> Finding | None:
        """Which check takes something from a line, and what is left of it; None for the first of two with the same
        days."""
        line = self.lines[place]
        if line.kind != LineKind.DAYS:
            return Finding(place=place, reason=Reason.NO_CLAIM_PERIOD, accepted=(), days=0, amount=0)
        left: list[Stretch] = [(line.since, line.until)]
        if line.days < 0:
            mine = within(left, self.of["ours"].get(line.person, []))
            return self._left(place, Reason.ALREADY_SETTLED, mine, line.rate)
        reason: Reason | None = None
        for code, days in (
            (Reason.OTHER_MUNICIPALITY, self.of["where"].get(line.person, [])),
            (Reason.WRONG_STATUS, self.of["stand"].get((line.person, line.status), [])),
            (Reason.SEVEN_YEARS_REACHED, self.of["paid"].get((line.person, line.status), [])),
        ):
            fitting = within(left, days)
            if _length(fitting) < _length(left):
                reason, left = reason or code, fitting
        if _length(fitting := without(left, self.of["own"].get(line.person, []))) < _length(left):
            reason, left = reason or Reason.INCOME_MISSING, fitting
        own = [(n, self.lines[n]) for n in self.places[line.person] if self.lines[n].kind == LineKind.DAYS]
        given = [(one.since, one.until) for _, one in own if one.days < 0]
        taken = without(self.of["counted"].get(line.person, []), given)
        taken += [(one.since, one.until) for n, one in own if n < place and one.days > 0]
        if _length(fitting := without(left, taken)) < _length(left):
            reason, left = reason or Reason.DUPLICATE_DAY, fitting
        rate = self.regime.rate_on(line.since)
        if reason is None and (line.rate, line.days) == (rate, _length(left)):
            return None
        return self._left(place, reason or Reason.RATE_WRONG, left, rate)

    def _left(self, place: int, reason: Reason, left: list[Stretch], rate: int) -> Finding:
        sign = -1 if self.lines[place].days < 0 else 1
        days = sign * _length(left)
        return Finding(place=place, reason=reason, accepted=tuple(left), days=days, amount=days * rate)


def _by(rows: Iterable[tuple[Any, date, date]]) -> dict[Any, list[Stretch]]:
    found: dict[Any, list[Stretch]] = {}
    for key, since, until in rows:
        found.setdefault(key, []).append((since, until))
    return found


def _length(these: Iterable[Stretch]) -> int:
    return sum((until - since).days for since, until in these)

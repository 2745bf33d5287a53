"""The checks of a statement, over its lines as columns: the same before it is sent and where it is received."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.db.models import Case, Exists, Max, OuterRef, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Greatest

from handslag.domain.accounts.states import Side
from handslag.domain.funding.models import Approval, ApprovalTerms, Tariff
from handslag.domain.funding.queries import TURNS, Turn, terms_on, turns_in
from handslag.domain.people.models import Identifier
from handslag.domain.register.models import Notice, Responsibility, Standing
from handslag.domain.register.states import What
from handslag.domain.settlement.models import DAYS, Answer, Claim, Counted, Line, ReclaimLine, Statement
from handslag.domain.settlement.queries import (
    NUMBER,
    NewLine,
    Register,
    Stretch,
    Sums,
    answers_on,
    claimed,
    left_of,
    length,
    register_of,
    register_rows,
    settled_lines,
    submissions_of,
    within,
    without,
)
from handslag.domain.settlement.states import IN_FORCE, LineKind, Outcome, Reason
from handslag.rules.ch.payers import LUMP_SUM
from handslag.rules.settlement import Column, Item, Items, Regime, Runs, covered, faults, runs, shared, sums


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found on the line at a `place` of the list, and what it proposes to accept of it."""

    place: int
    reason: Reason
    accepted: tuple[Stretch, ...]
    days: int
    amount: int
    items: tuple[Item, ...] = ()


class Approved(NamedTuple):
    """A cost that was approved, what it was changed to (`turns`), and how much of it other statements `used`."""

    row: Approval
    turns: Sequence[Turn]
    used: int

    def left(self, line: NewLine, billed_on: date, used: int) -> int | None:
        """What is left for a line that is billed on a day, after what was `used` of it here; None where none of its
        days was ever approved."""
        terms = terms_on(self.row, self.turns, billed_on)
        if not (self.row.since < line.until and line.since < max(self.row.until, terms.until)):
            return None
        return max(terms.amount - self.used - used, 0) if line.since < terms.until else 0


@dataclass(frozen=True)
class Known:
    """What the lines are checked against: the register of whoever checks, and (person, partner, since, until) of the
    days that are settled there. `ended`: since when a claim to the net cost is over by itself; `elsewhere`: the
    bookings that another fund reimburses; `approved`: what was approved of a kind of cost (`Approved`) by person and
    kind; `needing`: the places of lines that are reimbursed only with an approval; `billed`: the day on which each line
    was sent, by its place (as `billed_on` where it isn't named); `back`: what is left of settled lines that were
    claimed back, by their reference."""

    register: Register
    counted: list[tuple[UUID, str, date, date]]
    ended: Mapping[UUID, date] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()
    approved: Mapping[tuple[UUID, str], Sequence[Approved]] = field(default_factory=dict)
    needing: frozenset[int] = frozenset()
    billed: Mapping[int, date] = field(default_factory=dict)
    back: Mapping[str, int] = field(default_factory=dict)
    billed_on: date = date.max


def known_of(
    regime: Regime, side: Side, claimant: str, register: Register, people: Collection[UUID], lines: Sequence[NewLine]
) -> Known:
    """What lines of these people are checked against."""
    if regime.incomes:
        claims = Notice.objects.filter(person_id__in=people, what=What.CLAIM, value=claimant, until__isnull=False)
        ended: dict[UUID, date] = {}
        for row in claims.order_by("until"):
            ended[row.person_id] = row.until  # type: ignore[assignment]
        costs = {item.cost for one in lines for item in one.items}
        other = Claim.objects.filter(side=side, cost__in=costs).exclude(fund=regime.code)
        return Known(register, [], ended, frozenset(other.values_list("cost", flat=True)))
    rows = Counted.objects.filter(side=side, person_id__in=people)
    ours = side == Side.CLAIMANT
    return Known(register, [(row.person_id, claimant if ours else row.partner, row.since, row.until) for row in rows])


def late(regime: Regime, until: date, sent_on: date) -> bool:
    """Whether a statement on the window that ends before `until` is sent after its last day."""
    return sent_on > regime.due_on(until)


def check(regime: Regime, claimant: str, lines: Sequence[NewLine], known: Known) -> list[Finding]:
    """What is to be looked at, by line: at most one finding for each, of the first check that takes something from it.
    What isn't named is clean. A line whose finding is proposed to be accepted in full has a rate to be looked at."""
    kind = _Extracts if regime.incomes else _Columns
    checked: _Columns | _Extracts = kind(regime, claimant, lines, known)
    bad = np.zeros(len(lines), dtype=bool)
    for column in checked.columns():
        bad |= column
    found = [one for place in np.flatnonzero(bad) if (one := checked.finding(int(place))) is not None]
    if known.back:
        found = sorted([*found, *_by_reclaim(lines, {one.place for one in found}, known)], key=lambda one: one.place)
    if not known.approved and not known.needing:
        return found
    clean = sorted(set(range(len(lines))) - {one.place for one in found})
    return sorted([*found, *_by_approval(lines, clean, known)], key=lambda one: one.place)


def _by_reclaim(lines: Sequence[NewLine], before: Collection[int], known: Known) -> Iterator[Finding]:
    """Which of the lines (but those found `before`) give back of a settled cost more than is left of it, since some of
    it was claimed back."""
    left = dict(known.back)
    for place, line in enumerate(lines):
        if place in before or line.amount >= 0 or line.kind == LineKind.DAYS or line.corrects not in left:
            continue
        given = min(-line.amount, left[line.corrects])
        left[line.corrects] -= given
        if given < -line.amount:
            yield Finding(place=place, reason=Reason.ALREADY_SETTLED, accepted=(), days=0, amount=-given)


def back_for(side: Side, partner: str, lines: Iterable[NewLine]) -> dict[str, int]:
    """What is left of the settled lines that these give back of and that were claimed back, by their reference."""
    cited = {one.corrects for one in lines if one.amount < 0 and one.kind != LineKind.DAYS} - {""}
    rows = {line.id: reference for reference, line in settled_lines(side, partner, cited).items()}
    gone = dict(
        ReclaimLine.objects.filter(line_id__in=rows, reclaim__state__in=IN_FORCE).values_list("line_id", "amount")
    ) if rows else {}  # fmt: skip
    left = left_of(list(gone)) if gone else {}
    return {rows[key]: max(0, left.get(key, 0) - amount) for key, amount in gone.items()}


def _by_approval(lines: Sequence[NewLine], places: Iterable[int], known: Known) -> Iterator[Finding]:
    """Which of these lines cost more than what was approved for their days, each approval used up in their order, and
    which have none although they need one."""
    used = {key: [0] * len(rows) for key, rows in known.approved.items()}
    for place in places:
        line = lines[place]
        if line.kind != LineKind.COST or line.amount <= 0:
            continue
        key = (line.person, line.account_code)
        day = known.billed.get(place, known.billed_on)
        rest, fitting = line.amount, False
        for n, one in enumerate(known.approved.get(key, ())):
            left = one.left(line, day, used[key][n])
            if left is None:
                continue
            fitting = True
            used[key][n] += min(rest, left)
            rest -= min(rest, left)
        if rest and (fitting or place in known.needing):
            reason = Reason.APPROVAL_EXCEEDED if fitting else Reason.APPROVAL_MISSING
            yield Finding(place=place, reason=reason, accepted=(), days=0, amount=line.amount - rest)


def approved_for(
    side: Side, partner: str, people: Collection[UUID], statement: UUID | None
) -> dict[tuple[UUID, str], list[Approved]]:
    """What was approved by whoever pays (`side`: ours) for people, by person and kind of cost, with what it was changed
    to, and what other statements than this one got of it: one query."""
    got = Answer.objects.filter(
        line__statement__side=side,
        line__person_id=OuterRef("person_id"),
        line__account_code=OuterRef("account_code"),
        line__kind=LineKind.COST,
        line__since__lt=OuterRef("last"),
        line__until__gt=OuterRef("since"),
    )
    later = ApprovalTerms.objects.filter(approval_id=OuterRef("id")).order_by().values("approval_id")
    last = Greatest("until", Subquery(later.annotate(last=Max("until")).values("last")))
    if statement is not None:
        got = got.exclude(line__statement_id=statement)
    used = got.order_by().values("line__account_code").annotate(all=Sum("amount")).values("all")
    rows = Approval.objects.filter(person_id__in=people, payer=side == Side.PAYER, partner=partner).annotate(last=last)
    found: dict[tuple[UUID, str], list[Approved]] = {}
    for row in rows.annotate(used=Coalesce(Subquery(used), 0), turns=TURNS).order_by("since", "id"):
        found.setdefault((row.person_id, row.account_code), []).append(Approved(row, turns_in(row.turns), row.used))
    return found


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
    """All of a statement in at most seven queries, one more where a cost was approved or has to be, whatever its size.
    With a `claimant` what isn't answered is checked (see `operations.review`). The register is read for the people of
    what is checked, or else of what wasn't accepted in full, and of `also` (keys of lines)."""
    submissions = submissions_of([statement.id])
    refused = {one.id for one in submissions if one.refused}
    gone = {number for one in submissions if not one.refused for number in one.withdrawn}
    number = Identifier.objects.filter(person_id=OuterRef("person_id"), type=NUMBER).order_by("-id").values("value")[:1]
    ruled = Tariff.objects.filter(account_code=OuterRef("account_code"), since__lte=OuterRef("since"))
    needs = ruled.order_by("-since", "-at", "-id").values("needs_approval")[:1]
    granted = Approval.objects.filter(person_id=OuterRef("person_id"), account_code=OuterRef("account_code"))
    others = Claim.objects.exclude(fund=statement.fund).exclude(cost=DAYS).filter(
        side=statement.side, partner=statement.partner, cost=OuterRef("cost")
    )  # fmt: skip
    found: list[Any] = list(
        Line.objects.filter(statement=statement)
        .select_related("person", "corrects__statement")
        .annotate(
            number_of=Subquery(number),
            needs=Case(When(kind=LineKind.COST, then=Subquery(needs))),
            approved=Case(When(kind=LineKind.COST, then=Exists(granted)), default=Value(False)),
            by_others=Case(When(kind=LineKind.COST, then=Exists(others)), default=Value(False)),
        )
        .order_by("number")
    )
    for row in found:
        row.statement = statement
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
    lines = [claimed(row, numbers) for row in open_]
    register = register_of(statement.until, where, status)
    known = known_of(regime, Side(statement.side), claimant, register, people, lines)
    known = replace(
        known, back=back_for(Side(statement.side), statement.partner, lines),
        elsewhere=known.elsewhere.union(row.cost for row in open_ if row.by_others),
    )  # fmt: skip
    payer = statement.side == Side.PAYER
    needing = frozenset(n for n, row in enumerate(open_) if payer and row.needs and row.kind == LineKind.COST)
    if needing or any(row.approved for row in open_):
        approved = approved_for(Side(statement.side), statement.partner, people, statement.id)
        sent = {one.id: one.sent_on for one in submissions}
        billed = {n: sent[row.submission_id] for n, row in enumerate(open_)}
        known = replace(known, approved=approved, needing=needing, billed=billed)
    checked = check(regime, claimant, lines, known)
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
        self.elsewhere = np.array([one.cost in known.elsewhere for one in lines], dtype=bool)

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
            self.elsewhere,  # no cost by two funds
        ]

    def finding(self, place: int) -> Finding | None:
        """Which check takes something from a line, and what is left of it; None for the first of two with the same
        days."""
        line = self.lines[place]
        if line.kind != LineKind.DAYS:
            code = Reason.DUPLICATE_INVOICE if self.elsewhere[place] else Reason.NO_CLAIM_PERIOD
            return Finding(place=place, reason=code, accepted=(), days=0, amount=0)
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
            if length(fitting) < length(left):
                reason, left = reason or code, fitting
        if length(fitting := without(left, self.of["own"].get(line.person, []))) < length(left):
            reason, left = reason or Reason.INCOME_MISSING, fitting
        own = [(n, self.lines[n]) for n in self.places[line.person] if self.lines[n].kind == LineKind.DAYS]
        given = [(one.since, one.until) for _, one in own if one.days < 0]
        taken = without(self.of["counted"].get(line.person, []), given)
        taken += [(one.since, one.until) for n, one in own if n < place and one.days > 0]
        if length(fitting := without(left, taken)) < length(left):
            reason, left = reason or Reason.DUPLICATE_DAY, fitting
        rate = self.regime.rate_on(line.since)
        if reason is None and (line.rate, line.days) == (rate, length(left)):
            return None
        return self._left(place, reason or Reason.RATE_WRONG, left, rate)

    def _left(self, place: int, reason: Reason, left: list[Stretch], rate: int) -> Finding:
        sign = -1 if self.lines[place].days < 0 else 1
        days = sign * length(left)
        return Finding(place=place, reason=reason, accepted=tuple(left), days=days, amount=days * rate)


class _Extracts:
    """The checks of lines that are extracts of the case account, over their bookings as columns."""

    def __init__(self, regime: Regime, claimant: str, lines: Sequence[NewLine], known: Known) -> None:
        self.regime, self.lines, self.known, self.claimant = regime, lines, known, claimant
        person = {who: n for n, who in enumerate({one.person for one in lines})}
        paid = [(who, a, b) for who, place, payer, a, b in known.register.paid if (place, payer) == (
            claimant, regime.payer)]  # fmt: skip
        self.paid = _by(paid)
        self.items = in_columns(lines, [person[one.person] for one in lines])
        named = [one.cost in known.elsewhere for line in lines for one in line.items]
        open_ = runs([(person[who], a.toordinal(), b.toordinal(), 1) for who, a, b in paid if who in person])
        self.said = faults(self.items, np.array(named, dtype=bool), open_)
        self.wrong = np.array([one.amount for one in lines], dtype=np.int64) != sums(self.items, len(lines))

    def columns(self) -> list[Any]:
        """For each check which lines it says something of."""
        found = [np.zeros(len(self.lines), dtype=bool) for _ in range(3)]
        for column, items in zip(found, (self.said.outside, self.said.twice, self.said.split), strict=True):
            column[self.items.line[items]] = True
        return [*found, self.wrong]

    def finding(self, place: int) -> Finding | None:
        """Which check takes something from a line, and what is left of it."""
        line, here = self.lines[place], np.flatnonzero(self.items.line == place)
        reason: Reason | None = None
        left = []
        for n, item in zip(here.tolist(), line.items, strict=True):
            if self.said.outside[n]:
                reason = reason or self._outside(line.person, (item.since, item.until))
            if self.said.twice[n]:
                reason = reason or Reason.DUPLICATE_INVOICE
            elif self.said.split[n]:
                reason = reason or Reason.SPLIT_WRONG
            elif days := int(self.said.left[n]):
                left.append(item._replace(days=days))
        low, high = sorted((0, line.amount))
        amount = min(max(shared(left), low), high)
        reason = reason or Reason.SPLIT_WRONG
        return Finding(place=place, reason=reason, accepted=(), days=0, amount=amount, items=tuple(left))

    def _outside(self, person: UUID, days: Stretch) -> Reason:
        """Why no claim is open on some of these days."""
        first = without([days], self.paid.get(person, []))[-1][0]
        if any(who == person and place != self.claimant and a <= first < b
               for who, place, a, b in self.known.register.where):  # fmt: skip
            return Reason.OTHER_MUNICIPALITY
        if (ended := self.known.ended.get(person)) is not None and ended <= first:
            return Reason.TEN_YEARS_REACHED
        by = [payer for who, _, payer, a, b in self.known.register.paid if who == person and a <= first < b]
        return Reason.WRONG_STATUS if LUMP_SUM.intersection(by) else Reason.NO_CLAIM_PERIOD


def in_columns(lines: Sequence[NewLine], people: Sequence[int]) -> Items:
    """The bookings in lines as columns; `people`: whose each line is, as a number."""
    items = [(n, one) for n, line in enumerate(lines) for one in line.items]
    costs: dict[str, int] = {}
    table = np.array(
        [(n, people[n], costs.setdefault(one.cost, len(costs)), one.since.toordinal(), one.until.toordinal(), one.days,
          one.gross, one.whole, one.common, one.heads) for n, one in items], dtype=np.int64,
    ).reshape(-1, len(Items._fields))  # fmt: skip
    return Items(*(np.ascontiguousarray(column) for column in table.T))


def _by(rows: Iterable[tuple[Any, date, date]]) -> dict[Any, list[Stretch]]:
    found: dict[Any, list[Stretch]] = {}
    for key, since, until in rows:
        found.setdefault(key, []).append((since, until))
    return found


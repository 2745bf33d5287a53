"""Sequences of what becomes of people, told by messages, and what is settled of it meanwhile, for tests: each person is
a sequence, and has a twin of whom the same is told in another order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Q

from handslag.domain.accounts.queries import account_of, figures_of
from handslag.domain.accounts.states import Side as Account
from handslag.domain.exchange.models import Message
from handslag.domain.people.models import Identifier
from handslag.domain.register.models import Contradiction, Responsibility, Standing
from handslag.domain.settlement.models import Answer, Counted, Line, Statement, Submission
from handslag.domain.settlement.operations import (
    NewAnswer,
    accept_clean,
    answer_lines,
    content_of,
    preview,
    receive_submission,
    review,
    submit,
)
from handslag.domain.settlement.queries import standing, stretches_of, sums_of
from handslag.domain.settlement.states import Outcome
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.assignment.message import Arrival, Assigned
from handslag.messages.mutation.message import Agreed
from handslag.rules.ch.settlement import ASYLUM
from tests.canton import Canton, somebody
from tests.exchange import Side
from tests.office import TEST

#: The windows that are settled, one after the other, and how many people one message carries.
WINDOWS, FAMILY = (date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)), 20
END = date(2026, 10, 1)
LATE = "Zusammen geprüft."
Days = set[tuple[str, date]]
#: Says something; gives what answers it once it has arrived, if anything does.
Tell = Callable[[], Callable[[], Any] | None]


class Mixed(Canton):
    """A canton in whose offices jobs are done in a drawn order."""

    random = Random(0)

    def _jobs(self, side: Side) -> list[tuple[Any, Callable[[], None]]]:
        found = super()._jobs(side)
        self.random.shuffle(found)
        return found


@dataclass
class Family:
    """People of whom messages speak together: those who stay, and those who move to the other municipality and back.
    `told`: what is told of them, in this order."""

    stay: list[Assigned]
    move: list[Assigned]
    told: list[Tell] = field(default_factory=list)


@dataclass
class Settling:
    """So many pairs of sequences between a canton and two municipalities; `counts` says what happened."""

    canton: Mixed
    random: Random
    counts: Counter[str]
    against: float = 0.6
    sent: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    def play(self, pairs: int) -> None:
        """All of it. AssertionError where something doesn't hold."""
        families = [one for _ in range(-(-pairs // FAMILY)) for one in self._families(min(pairs, FAMILY))]
        self._told([one.told.pop(0) for one in families])
        for n, since in enumerate(WINDOWS):
            share = 6 * n // 3, 6 * (n + 1) // 3
            for at in range(*share):
                self._told([one.told[at] for one in families])
            self._arrive()
            self._settled(since, patient=n != 1)
        self.against = 0.0
        for patient in (True, False):  # first one gives back what the other waits for
            assert any(not self._settled(*WINDOWS, patient=patient) for _ in range(4)), "it doesn't come to an end"
        self._at_the_end(families)

    # -- what is told ------------------------------------------------------------------------------------------------

    def _families(self, size: int) -> Iterator[Family]:
        """A family, and its twin."""
        draw, first = self.random, self.canton.places[0]
        several = [
            somebody(
                n, status=draw.choice(["N", "F-A", "S"]), status_since=WINDOWS[0],
                entry_on=draw.choice([WINDOWS[0], date(2019, 1, 20), date(2019, 8, 9)]),
            )
            for n in range(1, size + 1)
        ]  # fmt: skip
        arrive, there = [self._day(120) for _ in several], size // 2
        moves, back = self._some(several[there:]), self._some(several[there:])
        days = [self._day() for _ in range(6)]
        stay = [self._some(several[:there]) for _ in range(4)]
        orders = [draw.sample(range(6), 6) for _ in range(2)]
        earned, gone = days[0] + timedelta(days=draw.choice([9, 40])), draw.choice(["departure", "death"])
        moved, again = ([self._day() for _ in several] for _ in range(2))
        for order in orders:
            twin = {one.number: replaced(one) for one in several}
            mine = {one.number: twin[one.number].person.identifier for one in several}

            def named(rows: Iterable[Assigned], mine: dict[int, str] = mine) -> list[str]:
                return [mine[one.number] for one in rows]

            told: list[Tell] = [
                partial(self._moves, [twin[o.number] for o in moves], 1, moved, self.canton.places[0].address),
                partial(self._moves, [twin[o.number] for o in back], 0, again, self.canton.places[1].address),
                partial(self._tells, first, self.canton.side, "earnings", named(stay[0]), days[0], last_on=earned),
                partial(self._tells, first, self.canton.side, gone, named(stay[1]), days[1]),
                partial(self._tells, self.canton.side, first, "status", named(stay[2]), days[2], status="B-R",
                        entry_on=WINDOWS[0]),
                partial(self._tells, first, self.canton.side, "disappearance", named(stay[3]), days[3]),
            ]  # fmt: skip
            here = partial(self._moves, list(twin.values()), 0, arrive, "")
            yield Family(
                [twin[one.number] for one in several[:there]], [twin[one.number] for one in several[there:]],
                [here, *(told[n] for n in order)],
            )  # fmt: skip

    def _day(self, within: int = 260) -> date:
        return WINDOWS[0] + timedelta(days=self.random.randrange(within))

    def _some(self, of: list[Assigned]) -> list[Assigned]:
        return [one for one in of if self.random.random() < 0.5]

    def _told(self, tells: list[Tell]) -> None:
        """Each of these is told, and what it asks for answered."""
        then = [answer for tell in tells if (answer := tell())]
        self.canton.settle()
        for answer in then:
            answer()
        self.canton.settle()

    def _moves(self, who: list[Assigned], to: int, days: list[date], left: str) -> Callable[[], Any] | None:
        """They are assigned to a municipality, and arrive, each on her day."""
        if not who:
            return None
        several = [_numbered(one, n) for n, one in enumerate(who, 1)]
        asked = self.canton.assigned(to, *several, arrival_on=min(days), moves_from=left)
        came = [
            Arrival(number=n, arrived_on=days[one.number - 1], accommodation="apartment")
            for n, one in enumerate(who, 1)
        ]
        return partial(self.canton.answered, to, asked, *came)

    def _tells(self, by: Side, to: Side, change: str, who: list[str], on: date, **more: Any) -> None:
        if who:
            self.canton.told(by, to, change, *who, on=on, **more)

    def _arrive(self) -> None:
        """Everything arrives; what no register agrees to by itself a person agrees to."""
        self.canton.settle()
        waits = True
        while waits:
            waits = False
            for side in (self.canton.side, *self.canton.places):
                for row in side.rows(Message, kind="mutation", direction="in", action="5", business=""):
                    with acting(side.office.slug, TEST, "look"):
                        count = len(_persons(row))
                    self.canton.agreed(side, row, *(Agreed(number=n) for n in range(1, count + 1)))
                    waits = True
            self.canton.settle()

    # -- what is settled ---------------------------------------------------------------------------------------------

    def _settled(self, *windows: date, patient: bool) -> bool:
        """Both municipalities submit what there is to these windows, the canton accepts what is clean, and unless it
        waits for what isn't, cuts it as proposed. Whether anything moved."""
        sent = [
            (place, row) for place in self.canton.places for since in windows if (row := self._submitted(place, since))
        ]  # fmt: skip
        moved = bool(sent)
        if moved:
            self.canton.settle()
        for place, row in sent:
            self._not_twice(place, row)
        for statement in self.canton.side.rows(Statement, side="payer"):
            act = self.canton.pair.act(self.canton.side, "bo")
            try:
                accept_clean(**act, regime=ASYLUM, statement=statement.id, although_late=LATE)
                moved = True
            except NotPossible as refusal:
                if refusal.code != "no lines":
                    raise
            if not patient:
                moved |= self._cut(statement)
        if moved:
            self.canton.settle()
            self._sums_are_ledgers()
        return moved

    def _submitted(self, place: Side, since: date) -> Submission | None:
        act = {**self.canton.pair.act(place, "ulla"), "regime": ASYLUM, "partner": self.canton.side.address}
        with acting(place.office.slug, TEST, "look"):
            seen = preview(ASYLUM, self.canton.side.address, since)
        against = {seen.lines[n].content: "Der Entscheid ist angefochten." for n in seen.findings
                   if self.random.random() < self.against}  # fmt: skip
        try:
            row = submit(**act, since=since, against=against)
        except NotPossible as refusal:
            if refusal.code not in ("no lines", "nothing changed"):
                raise
            return None
        self.counts["submissions"] += 1
        self.counts["withdrawn"] += len(row.withdrawn)
        self.sent[row.id] = {**act, "since": since, "against": against}
        return row

    def _not_twice(self, place: Side, row: Submission) -> None:
        """What was submitted is there, and neither is submitted nor received once more."""
        with pytest.raises(NotPossible, match="nothing changed"):
            submit(**{**self.sent[row.id], **self.canton.pair.act(place, "ulla")})
        with acting(place.office.slug, TEST, "look"):
            told = content_of(Submission.objects.select_related("statement").get(id=row.id))
        with pytest.raises(NotPossible, match="received"):
            receive_submission(
                tenant=self.canton.side.office.slug, by=TEST, now=self.canton.pair.now, regime=ASYLUM,
                partner=place.address, content=told,
            )  # fmt: skip

    def _cut(self, statement: Statement) -> bool:
        with acting(self.canton.side.office.slug, TEST, "look"):
            found = review(ASYLUM, statement)
        answers = [
            NewAnswer(
                line=line,
                outcome=Outcome.CUT if one.amount else Outcome.REFUSED, reason=one.reason, accepted=one.accepted,
                amount=one.amount, why="Das Register sagt es anders.",
            )
            for line, one in found.items()
        ]  # fmt: skip
        if answers:
            answer_lines(**self.canton.pair.act(self.canton.side, "bo"), statement=statement.id, answers=answers)
            self.counts["cut"] += len(answers)
        return bool(answers)

    # -- what holds --------------------------------------------------------------------------------------------------

    def _sums_are_ledgers(self) -> None:
        """The sum of the lines is the header's and the ledger's, at both sides, and no day counts twice."""
        for place in self.canton.places:
            told = []
            for side, partner, account in (
                (place, self.canton.side, Account.CLAIMANT), (self.canton.side, place, Account.PAYER),
            ):  # fmt: skip
                with acting(side.office.slug, TEST, "look"):
                    total = Counter[str]()
                    for statement in Statement.objects.filter(side=account, partner=partner.address):
                        sums = sums_of(statement.id)
                        last = Submission.objects.filter(statement=statement).order_by("-number")[0]
                        assert (last.lines, last.total) == (sums.lines, sums.claimed), "the header"
                        assert sum(row.amount for row in standing(statement.id)) == sums.claimed
                        total.update(claimed=sums.claimed, cut=sums.cut, accepted=sums.accepted)
                    row = account_of(partner.address, account)
                    if row is None:
                        told.append((0, 0, 0))
                        assert not total["claimed"]
                        continue
                    got = figures_of(row.id)["CHF"]
                    told.append((got.claimed, got.cut, got.accepted))
                    assert told[-1] == (total["claimed"], total["cut"], total["accepted"]), "the ledger"
            assert told[0] == told[1], "both ledgers"
        days = [one for one, _ in self._counted(self.canton.side)]
        assert len(days) == len(set(days)), "a day twice"

    def _counted(self, side: Side) -> list[tuple[tuple[str, date], str]]:
        """The days that count at a side, by whose number, and whose they are."""
        with acting(side.office.slug, TEST, "look"):
            numbers = dict(Identifier.objects.filter(type="zemis").values_list("person_id", "value"))
            return [
                ((numbers[row.person_id], day), row.partner)
                for row in Counted.objects.all() for day in _days(row.since, row.until)
            ]  # fmt: skip

    def _register(self, side: Side) -> tuple[dict[tuple[str, date], str], Days]:
        """Of the days of lump sums whose they are, and the days that are contradicted."""
        with acting(side.office.slug, TEST, "look"):
            numbers = dict(Identifier.objects.filter(type="zemis").values_list("person_id", "value"))
            before = Q(since__lt=END)
            paid = {
                (numbers[row.person_id], day): row.municipality
                for row in Responsibility.objects.filter(before, payer="KSA-AK")
                for day in _days(row.since, row.until)
            }  # fmt: skip
            open_ = {
                (numbers[row.person_id], day)
                for row in Contradiction.objects.filter(before) for day in _days(row.since, row.until)
            }  # fmt: skip
            return paid, open_

    def _at_the_end(self, families: list[Family]) -> None:
        """What counts is what would count if only the register of the end had been settled."""
        paid, open_ = self._register(self.canton.side)
        counted = dict(self._counted(self.canton.side))
        cut: Days = set()
        with acting(self.canton.side.office.slug, TEST, "look"):
            numbers = dict(Identifier.objects.filter(type="zemis").values_list("person_id", "value"))
            assert not Line.objects.exclude(id__in=Answer.objects.values("line_id")).filter(
                id__in=[row.id for one in Statement.objects.all() for row in standing(one.id)]
            ), "an open line"  # fmt: skip
            for answer in Answer.objects.exclude(outcome="accepted").select_related("line"):
                claimed = set(_days(answer.line.since, answer.line.until))
                kept = {day for since, until in stretches_of(answer.accepted) for day in _days(since, until)}
                cut |= {(numbers[answer.line.person_id], day) for day in claimed - kept}
            statuses = {
                (numbers[row.person_id], row.since, row.until, row.status, row.entry_on)
                for row in Standing.objects.all()
            }  # fmt: skip
        for key, place in counted.items():
            assert paid.get(key) == place or key in open_, f"{key} counts for {place}, and is {paid.get(key)}'s"
        theirs = {place.address: self._register(place)[0] for place in self.canton.places}
        left = {key for key, place in paid.items() if theirs[place].get(key) == place and key not in counted}
        assert left <= cut, f"{sorted(left - cut)[:5]} of {len(left - cut)} count for nobody"
        self.counts["days"] += len(counted)
        self.counts["contradicted"] += len(open_)
        for place in self.canton.places:  # what the municipality has counted the canton has too
            mine = {key for key, _ in self._counted(place)}
            assert mine == {key for key, whose in counted.items() if whose == place.address}
        for one, twin in zip(families[::2], families[1::2], strict=True):
            for a, b in zip([*one.stay, *one.move], [*twin.stay, *twin.move], strict=True):
                mine, same = (
                    [
                        sorted((day, whose) for (who, day), whose in paid.items() if who == number),
                        sorted(day for who, day in open_ if who == number),
                        sorted(map(str, (row[1:] for row in statuses if row[0] == number))),
                    ]
                    for number in (a.person.identifier, b.person.identifier)
                )
                assert mine == same, f"the order mattered: {mine} and {same}"


def replaced(one: Assigned) -> Assigned:
    """The same with another number."""
    return somebody(one.number, status=one.status, status_since=one.status_since, entry_on=one.entry_on)


def _numbered(one: Assigned, number: int) -> Assigned:
    return Assigned(**{name: getattr(one, name) for name in one.__struct_fields__} | {"number": number})


def _persons(row: Message) -> list[Any]:
    from handslag.messages.mutation.notices import change_in

    return change_in(row).persons


def _days(since: date, until: date | None) -> list[date]:
    last = min(until or END, END)
    return [since + timedelta(days=n) for n in range((last - since).days)]

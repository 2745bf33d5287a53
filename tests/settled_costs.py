"""What families cost under section 44, booked, countered and booked again in drawn sequences and settled meanwhile, for
tests: each family is a sequence."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from random import Random
from typing import Any
from uuid import UUID

import pytest

from handslag.domain.accounts.queries import account_of, figures_of
from handslag.domain.accounts.states import Side as Account
from handslag.domain.casefile.operations import open_case
from handslag.domain.payments.operations.account import book, reverse_booking
from handslag.domain.payments.states import BookingKind
from handslag.domain.people.operations.persons import form_household
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.settlement.models import Answer, Statement
from handslag.domain.settlement.operations import accept_clean, preview, submit, to_send
from handslag.domain.settlement.policies import regimes
from handslag.domain.settlement.queries import standing, sums_of
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel.months import Month
from handslag.messages.assignment.message import Arrival
from handslag.messages.case_notification.message import Accepted
from handslag.rules.settlement import Regime
from tests.canton import Canton, somebody
from tests.exchange import Side
from tests.office import TEST

BEGIN, Q2, Q3 = date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)
LATE = "Zusammen geprüft."


@dataclass
class Family:
    """Somebody whom the canton reimburses, and who else lives with her; `stands`: the bookings that aren't countered,
    each with what it costs (an income below 0) and whether it is hers alone."""

    number: str
    person: UUID
    heads: int
    case: UUID
    stands: dict[UUID, tuple[int, bool]] = field(default_factory=dict)

    @property
    def cost(self) -> Fraction:
        """Her part of what stands, in minor units."""
        return sum((Fraction(amount, 1 if own else self.heads) for amount, own in self.stands.values()), Fraction())


@dataclass
class Costs:
    canton: Canton
    random: Random
    counts: Counter[str]

    @property
    def here(self) -> Side:
        return self.canton.places[0]

    def play(self, families: int, times: int) -> None:
        """So many families; the quarter before is settled, then this one `times` times, with bookings of both drawn
        before each."""
        for side in (self.canton.side, self.here):
            set_policy(**side.office.by(TEST), name="section_44_months", value=3)
        several = self._families(families)
        with acting(self.here.office.slug, TEST, "look"):
            regime = regimes()["section 44"]
        for since in (Q2, *[Q3] * times):
            for one in several:
                for _ in range(self.random.randrange(4)):
                    self._books(one)
            self._settled(regime, since)
        self._at_the_end(regime, several)

    def _families(self, count: int) -> list[Family]:
        """Assigned, arrived, notified and accepted, all together; some with one or two others."""
        canton, act = self.canton, self.canton.pair.act(self.here, "rut")
        people = [somebody(status="B-R") for _ in range(count)]
        asked = [canton.assigned(0, one, arrival_on=BEGIN) for one in people]
        canton.settle()
        for told in asked:
            canton.answered(0, told, Arrival(number=1, arrived_on=BEGIN, accommodation="apartment"))
        canton.settle()
        numbers = [one.person.identifier for one in people]
        asked = [canton.notified(self.here, one, supported_since=BEGIN, why="Spät.") for one in numbers]
        canton.settle()
        for told in asked:
            canton.accepted(told, Accepted(number=1, last_on=date(2035, 12, 31)))
        canton.settle()
        made = []
        for number in numbers:
            key, heads = canton.person(number, self.here).id, self.random.randrange(1, 4)
            others = [self.here.office.person("Emma", "Müller", "19860302", account=None)[0] for _ in range(heads - 1)]
            members = [(key, "adult"), *zip(others, ("adult", "child"), strict=False)]
            home = form_household(**act, members=members, since=BEGIN)
            case = open_case(
                **act, applicant=key, co_applicant=others[0] if others else None, household=home.id,
                unit=self.here.office.units["Försörjningsstöd"], caseworker=None, opened_on=BEGIN,
            )  # fmt: skip
            made.append(Family(number, key, heads, case.id))
        return made

    def _books(self, one: Family) -> None:
        """Something is booked, or what stands countered."""
        act, draw = self.canton.pair.act(self.here), self.random
        if one.stands and draw.random() < 0.4:
            wrong = draw.choice(list(one.stands))
            reverse_booking(**act, booking=wrong, reason="falsch gebucht")
            del one.stands[wrong]
            self.counts["countered"] += 1
            return
        income, own = draw.random() < 0.3, draw.random() < 0.5
        month, amount = draw.randrange(1 if income else 4, 10), draw.randrange(1_00, 2_000_00)
        row = book(
            **act, case=one.case, kind=BookingKind.INCOME if income else BookingKind.EXPENSE, month=Month(2026, month),
            on=date(2026, 9, draw.randrange(1, 31)), account_code="PENSION" if income else "BASIC_OTHER",
            counterparty="SVA Musterwil", amount=amount, source="Beleg", person=one.person if own else None,
        )  # fmt: skip
        one.stands[row.id] = (-amount if income else amount, own)
        self.counts["booked"] += 1

    def _settled(self, regime: Regime, since: date) -> None:
        """Ulla submits what there is, once; the canton accepts what is clean."""
        told: dict[str, Any] = {"regime": regime, "partner": self.canton.side.address, "since": since, "against": {}}
        submit(**self.canton.pair.act(self.here, "ulla"), **told)
        self.canton.settle()
        with pytest.raises(NotPossible, match="nothing changed"):
            submit(**self.canton.pair.act(self.here, "ulla"), **told)
        (statement,) = self.canton.side.rows(Statement, side="payer", fund=regime.code, since=since)
        accept_clean(
            **self.canton.pair.act(self.canton.side, "bo"), regime=regime, statement=statement.id, although_late=LATE
        )
        self.canton.settle()
        self.counts["settled"] += 1

    def _at_the_end(self, regime: Regime, several: list[Family]) -> None:
        """What was accepted of each is what stands; lines, headers and both ledgers say the same; nothing is left."""
        sums = []
        for side, partner, account in (
            (self.here, self.canton.side, Account.CLAIMANT), (self.canton.side, self.here, Account.PAYER),
        ):  # fmt: skip
            amounts: dict[str, list[int]] = defaultdict(list)
            parts: dict[str, Fraction] = defaultdict(Fraction)
            claimed: list[tuple[str, str]] = []
            with acting(side.office.slug, TEST, "look"):
                rows = list(Statement.objects.filter(side=account, fund=regime.code))
                lines = [line for row in rows for line in standing(row.id)]
                assert sum(line.amount for line in lines) == sum(sums_of(row.id).accepted for row in rows)
                assert Answer.objects.filter(outcome="accepted", line__in=lines).count() == len(lines)
                for line in lines:
                    amounts[line.share].append(line.amount)
                    for item in line.items or ():
                        claimed.append((item["cost"], line.share))
                        parts[line.share] += item["whole"] + Fraction(item["common"], item["heads"])
                ledger = account_of(partner.address, account)
                assert ledger is not None
                figures = figures_of(ledger.id)["CHF"]
            assert figures.claimed == figures.accepted == sum(line.amount for line in lines)
            assert len(claimed) == len(set(claimed)), "a booking twice"
            for one in several:
                assert parts[one.number] == one.cost, f"{one.number}: {parts[one.number]} and not {one.cost}"
                assert abs(sum(amounts[one.number]) - one.cost) <= Fraction(len(amounts[one.number]), 2)
            self.counts["corrected"] += sum(line.corrects_id is not None for line in lines)
            sums.append((figures, dict(amounts)))
        assert sums[0] == sums[1]
        with acting(self.here.office.slug, TEST, "look"):
            assert to_send(preview(regime, self.canton.side.address, Q3), {}) == []

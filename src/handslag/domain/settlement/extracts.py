"""What there is to claim of a case account by heads, in columns: from the bookings of all households at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, UUIDField, Value
from django.db.models.functions import Cast, Coalesce, RPad, Substr
from numpy.typing import NDArray

from handslag.domain.accounts.states import Side
from handslag.domain.payments.models import Booking
from handslag.domain.payments.states import BookingKind
from handslag.domain.people.models import Membership
from handslag.domain.settlement.models import Answer, Claim, LeftOut
from handslag.domain.tenancy.columns import columns_of, places
from handslag.rules.settlement import Column, Homes, Items, Regime, Runs, covered, heads_of, runs, sums

_NOBODY: Final = UUID(int=0)
_BOOKING: Final = "booking "


@dataclass(frozen=True)
class Extracts:
    """Lines in columns: whose (a place in `people`), `income` or expense, the account's `code`, and the `first` day of
    its window (an ordinal), with its `amount` in minor units and the key of the settled line that it `corrects` (empty:
    none). `items`: their bookings; `cost` is a place in `bookings`, which are keys."""

    people: list[UUID]
    person: Column
    income: NDArray[np.bool_]
    code: list[str]
    first: Column
    amount: Column
    corrects: NDArray[Any]
    items: Items
    bookings: NDArray[Any]


def booking_of(cost: str) -> UUID:
    """The booking that a cost names (see `Line.cost`)."""
    return UUID(cost.removeprefix(_BOOKING))


def key_of(value: bytes) -> UUID:
    """A key from a column of keys."""
    return UUID(bytes=value.ljust(16, b"\0"))


def extracts_of(
    regime: Regime, partner: str, whose: Any, begins: Mapping[UUID, date], shares: Mapping[UUID, str], floor: date,
    until: date,
) -> Extracts:  # fmt: skip
    """A line for each person, account and window: what was booked for months from `floor` on and before `until`, and
    incomes that were received since for earlier months, without what is claimed from `partner` already. `whose`: the
    keys of people, as a queryset; `shares`: what a person's part of a booking is called; `begins`: from which day hers
    is claimed."""
    everyone, home, who, since, ends = _homes(whose)
    mine, first = np.zeros((2, len(everyone)), dtype=np.int64)
    for key, at in zip(shares, places(everyone, _column(shares)).tolist(), strict=True):
        if at >= 0:
            mine[at], first[at] = 1, begins[key].toordinal()
    rows = _bookings(regime, whose, floor, until)
    booked = dict(zip(_BOOKED, columns_of(rows, tuple(_BOOKED.values())), strict=True))
    houses = np.unique(home)
    place, person, heads = heads_of(
        places(houses, booked["home"]), booked["since"], booked["until"],
        _in_order(np.searchsorted(houses, home), who, since, ends),
    )  # fmt: skip
    alone = places(everyone, booked["person"])
    alone[booked["person"] == b""] = -2  # everybody's
    start = np.maximum(booked["since"][place], first[person])
    end = booked["until"][place]
    days = np.maximum(end - start, 0)
    days -= covered(Runs(person, np.minimum(start, end), end, np.ones_like(days)), _left_out(regime, everyone))
    own = alone[place] == person
    keep = (mine[person] > 0) & (days > 0) & (own | (alone[place] == -2))
    claims = _Claims(regime, partner, until, whose, everyone, shares)
    keep &= ~claims.taken(booked["id"], place, person)
    keep &= ~np.isin(booked["reverses"], claims.cost[~claims.ours])[place]  # given back where it was claimed
    place, person, heads, days, own = (column[keep] for column in (place, person, heads, days, own))

    gross = np.where(booked["income"], -booked["amount"], booked["amount"])[place]
    whole, common, heads = np.where(own, gross, 0), np.where(own, 0, gross), np.where(own, 1, heads)
    decided = np.flatnonzero(booked["decided"][place] & ~own)
    for n, parts in _granted(booked["id"][place[decided]], everyone[person[decided]]):
        whole[decided[n]], common[decided[n]], heads[decided[n]] = parts

    codes, code = np.unique(booked["code"], return_inverse=True)
    days_of, which = np.unique(booked["since"], return_inverse=True)
    begun = [regime.window(date.fromordinal(day))[0].toordinal() for day in days_of.tolist()]
    windows = np.array(begun, dtype=np.int64)
    table = np.stack([person, booked["income"][place], code[place], windows[which[place]]])
    order = np.lexsort((*_ordered(booked["id"])[:, place], booked["booked_at"][place], *table[::-1]))
    table, place = table[:, order], place[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (table[:, 1:] != table[:, :-1]).any(axis=0)
    items = Items(
        line=np.cumsum(new) - 1, person=person[order], cost=place, since=booked["since"][place],
        until=booked["until"][place], days=days[order], gross=gross[order], whole=whole[order], common=common[order],
        heads=heads[order],
    )  # fmt: skip
    lines = table[:, new]
    names = [name.decode().rstrip() for name in codes.tolist()]
    return Extracts(
        [key_of(key) for key in everyone.tolist()], lines[0], lines[1].astype(bool), [names[n] for n in lines[2]],
        lines[3], sums(items, lines.shape[1]), claims.corrected(booked["reverses"], items, lines.shape[1]), items,
        booked["id"],
    )  # fmt: skip


def _column(keys: Collection[UUID]) -> NDArray[Any]:
    return np.array([key.bytes for key in keys], dtype="S16")


def _ordered(keys: NDArray[Any]) -> NDArray[Any]:
    """Keys as two columns of numbers that are ordered as they are, what decides last first."""
    return np.ascontiguousarray(keys).view(">u8").reshape(-1, 2).astype(np.uint64).T[::-1]


def _homes(whose: Any) -> tuple[NDArray[Any], NDArray[Any], Column, Column, Column]:
    """Everybody who lives in a household with one of these people on any day, as a sorted column of keys; and each stay
    there: the household's key, who (a place in that column), from when until before when."""
    theirs = Membership.objects.filter(person_id__in=whose).values("household_id")
    rows = Membership.objects.filter(household_id__in=theirs)
    ends = Coalesce("until", Value(date.max))
    home, person, since, until = columns_of(
        rows.annotate(ends=ends).values_list("household_id", "person_id", "since", "ends"),
        ("uuid", "uuid", "date", "date"),
    )
    everyone, who = np.unique(person, return_inverse=True)
    return everyone, home, who, since, until


def _in_order(home: Column, who: Column, since: Column, until: Column) -> Homes:
    order = np.argsort(home, kind="stable")
    return Homes(home[order], who[order], since[order], until[order])


_BOOKED: Final = {
    "id": "uuid", "home": "uuid", "person": "uuid", "income": "bool", "code": "code", "amount": "int", "since": "date",
    "until": "date", "decided": "bool", "reverses": "uuid", "booked_at": "instant",
}  # fmt: skip


def _bookings(regime: Regime, whose: Any, floor: date, until: date) -> Any:
    """The rows of what is read of a booking, as `_BOOKED` names it."""
    theirs = Membership.objects.filter(person_id__in=whose).values("household_id")
    late = Q(kind=BookingKind.INCOME) & (Q(on__gte=floor) | Q(on=None, booked_at__date__gte=floor))
    nobody = Value(_NOBODY, UUIDField())
    rows = Booking.objects.filter(
        Q(kind=BookingKind.EXPENSE, account_code__in=regime.accounts)
        | Q(kind=BookingKind.INCOME, account_code__in=regime.incomes),
        Q(period__since__gte=floor) | late, case__household_id__in=theirs, period__until__lte=until,
    )  # fmt: skip
    return rows.annotate(
        alone=Coalesce("person_id", nobody),
        income=_truth(kind=BookingKind.INCOME),
        code=RPad("account_code", 24),
        decided=_truth(decision_line__isnull=False),
        back=Coalesce("reverses_id", nobody),
    ).values_list(
        "id", "case__household_id", "alone", "income", "code", "amount", "period__since", "period__until", "decided",
        "back", "booked_at",
    )  # fmt: skip


def _truth(**said: Any) -> ExpressionWrapper[Any]:
    return ExpressionWrapper(Q(**said), output_field=BooleanField())


def _left_out(regime: Regime, everyone: NDArray[Any]) -> Runs:
    """The days that aren't claimed of these people, each once."""
    stretches = LeftOut.objects.filter(fund=regime.code).order_by("person_id", "since")
    told = list(stretches.values_list("person_id", "since", "until"))
    at = places(everyone, _column([person for person, _, _ in told])).tolist()
    found: list[tuple[int, int, int, int]] = []
    for person, (_, since, until) in zip(at, told, strict=True):
        first, last = since.toordinal(), until.toordinal()
        if found and found[-1][0] == person:
            first = max(first, found[-1][2])
        if person >= 0 and first < last:
            found.append((person, first, last, 1))
    return runs(found)


class _Claims:
    """What is claimed already of bookings: of which (`cost`), by whom (a place in `everyone`), and in which `line`."""

    def __init__(
        self, regime: Regime, partner: str, until: date, whose: Any, everyone: NDArray[Any], shares: Mapping[UUID, str]
    ) -> None:
        claims = Claim.objects.filter(side=Side.CLAIMANT, partner=partner, cost__startswith=_BOOKING)
        rows = claims.annotate(
            booking=Cast(Substr("cost", len(_BOOKING) + 1), UUIDField()),
            ours=_truth(fund=regime.code),
            done=Exists(Answer.objects.filter(line_id=OuterRef("line_id"))),
        ).filter(Q(done=True) | ~Q(line__statement__until=until) | Q(ours=False))
        named = rows.values_list("booking", "person_id", "line_id", "ours", "done")
        self.cost, person, self.line, self.ours, self.done = columns_of(named, ("uuid", "uuid", "uuid", "bool", "bool"))
        self.many, self.who = len(everyone), places(everyone, person)
        mine = claims.filter(fund=regime.code, share__in=shares.values()).exclude(person_id__in=whose)
        by_share = {share: key for key, share in shares.items()}  # another record may have had her number
        for record, share in mine.values_list("person_id", "share").distinct():
            self.who[person == record.bytes] = places(everyone, _column([by_share[share]]))[0]

    def taken(self, bookings: NDArray[Any], place: Column, person: Column) -> NDArray[np.bool_]:
        """Of a booking (its place) and a person: whether that part is claimed, or another fund has all of it."""
        costs = np.unique(self.cost)
        at, claimed = places(costs, bookings)[place], np.searchsorted(costs, self.cost)
        whole = np.zeros(len(costs) + 1, dtype=bool)
        whole[claimed[~self.ours]] = True
        parts = claimed * self.many + self.who
        return whole[at] | ((at >= 0) & np.isin(at * self.many + person, parts[self.ours & (self.who >= 0)]))

    def corrected(self, reverses: NDArray[Any], items: Items, lines: int) -> NDArray[Any]:
        """For each line the settled one that an item of it (the last) counters a booking of; empty where there is none.
        """
        found = np.zeros(lines, dtype="S16")
        back = reverses[items.cost]
        some = np.flatnonzero(back != b"")
        costs = np.unique(back[some])
        at = places(costs, self.cost)
        settled = np.flatnonzero(self.done & self.ours & (at >= 0) & (self.who >= 0))
        keys = at[settled] * self.many + self.who[settled]
        order = np.argsort(keys)
        hit = places(keys[order], np.searchsorted(costs, back[some]) * self.many + items.person[some])
        found[items.line[some[hit >= 0]]] = self.line[settled[order[hit[hit >= 0]]]]
        return found


def _granted(bookings: NDArray[Any], people: NDArray[Any]) -> Iterator[tuple[int, tuple[int, int, int]]]:
    """Of bookings of what a decision granted, as its sheet charges it on, by place: what is whose alone, what is
    divided, and by how many heads. Where the sheet says nothing of a person it stays by the heads of the household."""
    keys = [key_of(one) for one in bookings.tolist()]
    rows = Booking.objects.filter(id__in=set(keys)).select_related("decision_line__decision__sheet")
    there = {row.id: row for row in rows.iterator()}
    for n, (key, person) in enumerate(zip(keys, people.tolist(), strict=True)):
        row = there[key]
        assert row.decision_line is not None
        turned = -1 if (row.kind == BookingKind.INCOME) != (row.amount < 0) else 1
        for line in row.decision_line.decision.sheet.body["lines"]:
            if line["code"] == "SHARE" and line["person"] == str(key_of(person)):
                told = line["params"]
                whole, common, parts = told["need"] - told["own"] - told["reduced"], told["common"], told["heads"]
                if told.get("basic"):  # and a part of the GBL of her level
                    common, parts = common * told["sharing"] + told["basic"] * parts, parts * told["sharing"]
                if abs(whole + Fraction(common, parts) - line["amount"]) > Fraction(1, 2):
                    whole, common, parts = line["amount"], 0, 1  # limited by what is granted
                yield n, (turned * whole, turned * common, parts)
                break

"""The message `social_statistics`, version 1: a month of social assistance for the federal office of statistics (BFS):
dossiers with their persons, what is known of both, and the bookings of the case account."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Header, Uuid

Amount = Annotated[int, Meta(ge=-(10**15), le=10**15, description="Rappen; negative in a counter-booking")]
Sum = Annotated[int, Meta(ge=-(10**15), le=10**15, description="Rappen, counter-bookings off")]
Place = Annotated[int, Meta(ge=1, le=999)]


class Variable(Struct, frozen=True, kw_only=True):
    """What is known of a dossier or person, by the name of the table; what isn't known isn't told."""

    name: Annotated[str, Meta(pattern="^[A-Za-z][A-Za-z0-9_]{0,39}$")]
    value: Annotated[str, Meta(min_length=1, max_length=80)]


class Person(Struct, frozen=True, kw_only=True):
    """A person of a dossier, by a code that is the same in each month and by no name."""

    number: Place
    key: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    variables: list[Variable] = []


class Booked(Struct, frozen=True, kw_only=True):
    """A booking of the case account for a period of the month."""

    reference: Annotated[Uuid, Meta(description="of the booking: whoever sent it finds it by that")]
    account_code: Annotated[str, Meta(min_length=1, max_length=24)]
    category: Annotated[str, Meta(pattern="^[A-Z0-9_.]{0,24}$", description="of the table; none: not known")] = ""
    since: date
    until: Annotated[date, Meta(description="the day after the last")]
    person: Annotated[Place, Meta(description="whose it is; none: the household's")] | None = None
    direction: Literal["expense", "income"]
    amount: Amount

    def __post_init__(self) -> None:
        if self.until <= self.since:
            raise ValueError("a booking has days")


class Dossier(Struct, frozen=True, kw_only=True):
    """A case that has bookings in the month, or ends in it."""

    dossier: Annotated[str, Meta(min_length=1, max_length=20, description="its number, the same over the years")]
    variables: list[Variable] = []
    persons: Annotated[list[Person], Meta(min_length=1)]
    bookings: list[Booked] = []

    def __post_init__(self) -> None:
        if [one.number for one in self.persons] != list(range(1, len(self.persons) + 1)):
            raise ValueError("persons are numbered from 1")
        if any(one.person is not None and one.person > len(self.persons) for one in self.bookings):
            raise ValueError("a booking is of a person of its dossier")


class Totals(Struct, frozen=True, kw_only=True):
    """The sums of all bookings."""

    expense: Sum
    income: Sum


class SocialStatistics(Struct, frozen=True, kw_only=True):
    """The delivery of a month. With action 1 the first that arrives of it; with action 4 the whole month anew, instead
    of the delivery that `header.reference` names."""

    message: Literal["social_statistics"]
    version: Literal[1]
    header: Header
    month: Annotated[str, Meta(pattern=r"^(19|20)\d\d-(0[1-9]|1[0-2])$")]
    number: Annotated[int, Meta(ge=1, le=9999, description="of the delivery of this month, as its sender counts")]
    table: Annotated[
        str, Meta(min_length=1, max_length=40, description="which version of the table of names and codes it follows")
    ]
    dossiers: Annotated[list[Dossier], Meta(min_length=1)]
    totals: Totals

    def __post_init__(self) -> None:
        if (self.header.action, self.header.reference is not None) not in (("1", False), ("4", True)):
            raise ValueError("the first delivery of a month is new; another corrects the one that it names")
        for direction in ("expense", "income"):
            booked = (one for each in self.dossiers for one in each.bookings if one.direction == direction)
            if sum(one.amount for one in booked) != getattr(self.totals, direction):
                raise ValueError(f"totals.{direction} isn't the sum of the bookings")

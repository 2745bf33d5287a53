"""The port for data of other authorities: one question about one person, one answer or error per authority.

An implementation never raises for what the outside does: a time-out, a fault and nonsense are answers of state
`failed`, so that "the look-up failed" can't be mistaken for "there is nothing". It uses the network: call it outside
any transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol, TypeVar

Authority = Literal["AF", "CSN", "FK", "PM", "SKV", "SO", "TNS", "MIV"]
AUTHORITIES: tuple[Authority, ...] = ("AF", "CSN", "FK", "PM", "SKV", "SO", "TNS", "MIV")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, about whom, by whom, on which legal basis.

    key       the look-up's own id, the same when it is asked again; comes back with the answer
    person    12 digits
    since, until  half-open days
    asked_by  the caseworker, or the job that asks by itself
    actor     the office's id at LEFI
    """

    key: str
    person: str = field(repr=False)
    case: str
    organisation_number: str
    organisation: str
    asked_by: str
    since: date
    until: date
    authorities: tuple[str, ...]
    purpose: str
    legal_basis: str
    actor: str


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of one benefit, öre. `amount`: what reached the person; `planned`: not paid yet;
    `since`, `until`: the half-open days that it is for, where the authority says so."""

    benefit: str
    name: str
    paid_on: date
    amount: int = field(repr=False)
    gross: int | None = field(default=None, repr=False)
    planned: bool = False
    since: date | None = None
    until: date | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one authority answered. `source` of a failure: SSBT (the composite service), BT (the authority) or
    HERE (we: no connection, not understood, about somebody else). `facts`: what isn't a payment, as (label, value).
    `secrecy`: the authority marks the person as protected."""

    authority: str
    failed: bool = False
    source: str = ""
    code: str = ""
    message: str = ""
    payments: tuple[Payment, ...] = field(default=(), repr=False)
    facts: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    secrecy: bool = False


Config = TypeVar("Config", contravariant=True)


class Authorities(Protocol[Config]):
    """An implementation; `config` says where and as whom."""

    def fetch(self, config: Config, question: Question) -> Sequence[Answer]:
        """One answer for each authority asked, in the order of AUTHORITIES."""

    def ping(self, config: Config) -> Sequence[Answer]:
        """Which authorities can be reached now."""

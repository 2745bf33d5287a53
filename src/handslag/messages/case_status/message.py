"""The message `case_status`, version 1: how a case stands, as the person may see it. Amounts are minor units."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

MonthText = Annotated[str, Meta(pattern=r"^(19|20)\d\d-(0[1-9]|1[0-2])$")]
Amount = Annotated[int, Meta(ge=-(10**12), le=10**12)]
Short = Annotated[str, Meta(max_length=200)]
Long = Annotated[str, Meta(max_length=10_000)]
Reference = Annotated[str, Meta(min_length=1, max_length=80)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class Status(Struct, frozen=True, kw_only=True):
    """Where an application (by the id that it was handed over with) is."""

    application: str
    state: Literal["received", "under review", "supplement requested", "decided", "paid", "closed", "withdrawn"]
    since: date
    expected_by: date | None = None


class Line(Struct, frozen=True, kw_only=True):
    """A line of the calculation behind a decision, with its section of law."""

    text: Short
    amount: Amount
    section: Short = ""


class Decision(Struct, frozen=True, kw_only=True):
    """A decision that the person has been told of, with its calculation and how to appeal."""

    reference: Reference
    application: str | None
    month: MonthText
    outcome: Literal["granted", "partly granted", "refused", "dismissed"]
    amount: Annotated[int, Meta(ge=0, le=10**12)]
    currency: Currency
    decided_on: date
    legal_basis: Short
    reasons: Long
    appeal: Long
    lines: Annotated[list[Line], Meta(max_length=200)]


class Payment(Struct, frozen=True, kw_only=True):
    """A payment, planned or made. `identifier` says whose account it is, where it is a person's."""

    reference: Reference
    decision: Reference | None
    month: MonthText
    on: date
    amount: Annotated[int, Meta(gt=0, le=10**12)]
    currency: Currency
    kind: Short
    state: Literal["planned", "sent", "paid", "stopped", "returned"]
    way: Literal["account", "slip", "bankgiro", "plusgiro"]
    payee: Short
    identifier: Annotated[str, Meta(max_length=40)] | None = None
    account_end: Annotated[str, Meta(max_length=4)] = ""


class CaseStatus(Struct, frozen=True, kw_only=True):
    """How a case stands."""

    message: Literal["case_status"]
    version: Literal[1]
    case: Reference
    caseworker: Annotated[str, Meta(max_length=120)]
    statuses: Annotated[list[Status], Meta(max_length=500)]
    decisions: Annotated[list[Decision], Meta(max_length=500)]
    payments: Annotated[list[Payment], Meta(max_length=2000)]

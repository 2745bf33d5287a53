"""The message `client`, version 1: the answer to "is this person known"."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Name = Annotated[str, Meta(max_length=120)]


class Person(Struct, frozen=True, kw_only=True):
    """Somebody of the household."""

    identifier_type: Literal["personnummer", "samordningsnummer"]
    identifier: Annotated[str, Meta(min_length=10, max_length=13)]
    given_name: Name
    family_name: Name
    role: Literal["adult", "child"]
    email: Annotated[str, Meta(max_length=254)] = ""
    telephone: Annotated[str, Meta(max_length=40)] = ""


class Client(Struct, frozen=True, kw_only=True):
    """A person with an open case: its number, unit and caseworker, and the household with the applicant first.

    `protected`: somebody in the household is; names may then be left out.
    """

    message: Literal["client"]
    version: Literal[1]
    case: Annotated[str, Meta(min_length=1, max_length=80)]
    unit: Annotated[str, Meta(min_length=1, max_length=120)]
    caseworker: Name
    protected: bool
    household: Annotated[list[Person], Meta(max_length=30)]

"""The message `application`, version 1. Fields that aren't known here are tolerated and kept by whoever receives it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Uuid = Annotated[str, Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256, hexadecimal")]
Name = Annotated[str, Meta(max_length=120)]
Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$", description="UTC")]


class Person(Struct, frozen=True, kw_only=True):
    """Somebody of the household. `person` is the key by which the document names her."""

    person: Uuid
    identifier_type: Annotated[str, Meta(min_length=1, max_length=20)]
    identifier: Annotated[str, Meta(min_length=1, max_length=40)]
    given_name: Name
    family_name: Name
    role: Literal["adult", "child"]


class Signer(Struct, frozen=True, kw_only=True):
    """An adult who signed: by whom vouched, when."""

    person: Uuid
    method: Literal["eid", "paper"]
    issuer: Annotated[str, Meta(max_length=200)]
    signed_at: Moment


class Receipt(Struct, frozen=True, kw_only=True):
    """The receipt that the applicant has; `signature` is a compact JWS (ES256) over the canonical `body`."""

    number: Annotated[str, Meta(min_length=1, max_length=20)]
    body: dict[str, Any]
    key_id: Annotated[str, Meta(min_length=1, max_length=64)]
    signature: Annotated[str, Meta(min_length=1)]


class Application(Struct, frozen=True, kw_only=True):
    """An accepted application. `id` never names another one: the same id with the same digest is the same message."""

    message: Literal["application"]
    version: Literal[1]
    id: Uuid
    case: Annotated[str, Meta(min_length=1, max_length=80, description="the case's number at the receiver")]
    kind: Annotated[str, Meta(description="renewal, supplementary, new or service")]
    month: Annotated[str, Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    channel: Literal["online", "paper", "phone", "counter"]
    language: Annotated[str, Meta(max_length=12)]
    received_at: Moment
    caseworker: Annotated[Name, Meta(description="linked to the person at the receiver, as it said; may be empty")]
    household: Annotated[list[Person], Meta(min_length=1)]
    signers: Annotated[list[Signer], Meta(min_length=1, max_length=2)]
    document: Annotated[dict[str, Any], Meta(description="exactly what was signed; amounts in minor units")]
    digest: Annotated[Digest, Meta(description="of the document in canonical form (RFC 8785)")]
    receipt: Receipt

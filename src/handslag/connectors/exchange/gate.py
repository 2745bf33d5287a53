"""What comes from another installation and what goes there, opened and closed: both ways of asking, calling and being
called, use it. What is let in was encrypted to us and signed by a registered partner; it is put where the courier
puts things, for the job that looks at every arrival.
"""

from __future__ import annotations

import hashlib
import json
from codecs import BOM_UTF8
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from django.conf import settings
from joserfc import jws
from joserfc.errors import JoseError

from handslag.domain.exchange.frame import (
    LARGEST,
    SIGNED,
    Unreadable,
    digest_of,
    framed_in,
    moment,
    named_key,
    opened,
)
from handslag.domain.exchange.models import Envelope, Partner
from handslag.domain.exchange.operations.courier import Sealed, put_in
from handslag.domain.exchange.operations.partners import ends_earlier, register_partner
from handslag.domain.exchange.queries import encrypted_to, keys_of, own_address, own_keys
from handslag.domain.exchange.states import Code
from handslag.domain.exchange.wrap import KeyFile, Request, key_file, unwrapped, wrapped
from handslag.domain.tenancy.door import acting, acting_door, system
from handslag.domain.tenancy.keys import ended_keys, exchange_key, sign_content, signed_by_all
from handslag.kernel import canonical
from handslag.kernel.ids import uuid7
from handslag.messages.as_xml import sealed_text

BY = system("exchange")
T = TypeVar("T")


class NoPartner(Unreadable):
    """From nobody who is registered."""


class UnknownKey(Unreadable):
    """From a partner, by a key that it hasn't told us of, or that has ended."""


def unverified(text: str, kind: type[T]) -> T:
    """What a signed text says, before it is believed: only to know whose keys to hold it against. Unreadable."""
    try:
        return msgspec.json.decode(_content(text), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(Code.CONTENT, f"not a signed text: {type(error).__name__}", final=False) from error


def _content(text: str) -> bytes:
    try:
        return jws.extract_compact(text.encode("ascii"), registry=SIGNED).payload
    except (JoseError, ValueError) as error:
        raise Unreadable(Code.CONTENT, f"not a signed text: {type(error).__name__}", final=False) from error


def let_in(tenant: str | int, envelope: str, now: datetime) -> str:
    """Put an encrypted envelope into the inbox; gives the digest of its content. The same again changes nothing.

    Unreadable; NoPartner; UnknownKey.
    """
    with acting(tenant, BY, "open envelope") as door:
        here, one = door.the_tenant.id, _opened(envelope, now)
    put_in(here, [one], now)
    return one.digest


def let_in_unread(tenant: str | int, envelope: str, now: datetime) -> str:
    """Put what `let_in` doesn't believe into the inbox all the same, under what it says of itself: it is looked at
    again, and set aside for a person. Gives the digest of its content. Unreadable for what can't even be decrypted."""
    with acting(tenant, BY, "open envelope") as door:
        here, us = door.the_tenant.id, own_address()
        said = said_by(unwrapped(envelope, exchange_key))
    put_in(here, [Sealed(uuid7(), recipient=us, **said)], now)
    return str(said["digest"])


def _opened(envelope: str, now: datetime) -> Sealed:
    return believed(unwrapped(envelope, exchange_key), now)


def believed(plain: bytes, now: datetime) -> Sealed:
    """What came as XML, or as a sealed text, when a registered partner signed it for us. Unreadable; NoPartner;
    UnknownKey."""
    sealed = _sealed(plain)
    key_id = named_key(sealed)
    sender = framed_in(_content(sealed)).header.sender
    jwk = key_of(sender, key_id, now)
    seen = opened(sealed, jwk, key_id)
    if len(seen.content) > LARGEST:
        raise Unreadable(Code.TOO_LARGE, "larger than any message", final=False)
    if seen.framed.header.recipient != own_address():
        raise Unreadable(Code.NOT_FOR_US, "for somebody else", final=False)
    return Sealed(uuid7(), sender, own_address(), UUID(seen.framed.header.id), seen.digest, sealed)


def said_by(plain: bytes) -> dict[str, Any]:
    """Who says that it sent what came, under which id and with which content, before anything of it is believed: to
    look at it again later. Unreadable."""
    sealed = _sealed(plain)
    content = _content(sealed)
    header = framed_in(content).header
    return {"sender": header.sender, "message_id": UUID(header.id), "digest": digest_of(content), "sealed": sealed}


def _sealed(plain: bytes) -> str:
    if plain.removeprefix(BOM_UTF8).lstrip().startswith(b"<"):
        return sealed_text(plain)
    if b"\0" in plain:
        raise Unreadable(Code.CONTENT, "not a signed text: holds U+0000", final=False)
    return plain.decode("ascii", "replace")


def key_of(sender: str, key_id: str, now: datetime) -> dict[str, Any]:
    """The signing key of a registered partner. NoPartner, UnknownKey."""
    if not Partner.objects.filter(address=sender).exists():
        raise NoPartner(Code.SIGNATURE, "from no partner of ours", final=False)
    jwk = keys_of(sender, now).get(key_id)
    if jwk is None or jwk.get("use", "sig") != "sig":
        raise UnknownKey(Code.SIGNATURE, "by a key that we don't know", final=False)
    return jwk


def closed(envelope: Envelope, now: datetime) -> str:
    """An envelope of ours, encrypted to its receiver. Unreadable where that has told no key for it."""
    jwk = encrypted_to(envelope.recipient, now)
    if jwk is None:
        raise Unreadable(Code.SIGNATURE, "no key to encrypt to", final=False)
    return wrapped(seal_of(envelope), jwk)


def seal_of(envelope: Envelope) -> str:
    """The seal under which an envelope of ours leaves: a fresh one of the same content where its key has ended since,
    as nobody would believe the first."""
    if named_key(envelope.sealed) not in (ended := ended_keys()):
        return envelope.sealed
    return sign_content(jws.extract_compact(envelope.sealed.encode("ascii"), registry=SIGNED).payload, ended)[1]


def asked(partner: Partner, collected: list[str], now: datetime) -> str:
    """The signed request by which we collect what waits for us at a partner."""
    told = Request(
        handslag="collect",
        sender=own_address(),
        recipient=partner.address,
        id=str(uuid7()),
        sent_at=moment(now),
        collected=collected,
    )
    return sign_content(canonical.dumps(msgspec.to_builtins(told)), ended_keys())[1]


def own_file(now: datetime) -> str:
    """The key file of the organisation behind the door: signed by each of its keys, so that whoever knows one of them
    believes it."""
    tenant = acting_door().the_tenant
    told = {
        "handslag": "keys",
        "version": 1,
        "organisation": own_address(),
        "name": tenant.name,
        "url": f"{settings.API_ORIGIN}/api/v1/exchange/{tenant.slug}",
        "made_at": moment(now),
        "keys": own_keys(),
    }
    return json.dumps(signed_by_all(told))


def print_of_keys() -> str:
    """Which keys of ours a partner has to know, and which have ended, as one word."""
    told = sorted(" ".join(filter(None, (key["kid"], key["until"]))) for key in own_keys())
    return hashlib.sha256(" ".join(told).encode()).hexdigest()


def learn(tenant: str | int, text: str, now: datetime) -> KeyFile:
    """Note the new keys of a registered partner, and which end, vouched for by one that we know; it stays called as
    whoever registered it compared. Unreadable; NoPartner."""
    with acting(tenant, BY, "learn keys"):
        sender = key_file(text)[0].organisation
        partner = Partner.objects.filter(address=sender).first()
        if partner is None:
            raise NoPartner(Code.SIGNATURE, "from no partner of ours", final=False)
        known = keys_of(sender, now)
        file, vouched_by = key_file(text, known)
        if file.organisation != sender:
            raise Unreadable(Code.CONTENT, "key file of two organisations", final=False)
        news = {key.kid for key in file.keys} - keys_of(sender).keys() or ends_earlier(file)
    if not news:
        return file
    named = msgspec.structs.replace(file, name=partner.name)
    register_partner(tenant=tenant, by=BY, now=now, file=named, vouched_by=vouched_by, url=partner.url)
    return file

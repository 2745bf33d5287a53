"""What goes between installations: a sealed text, encrypted to its receiver (JWE); key files; signed requests."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey
from msgspec import Meta, Struct

from handslag.domain.exchange.frame import LARGEST, Address, Moment, Unreadable, moment_of
from handslag.domain.exchange.states import Code

ALG, ENC = "ECDH-ES+A256KW", "A256GCM"
#: Signed and encrypted a message is base64 twice.
LARGEST_WRAPPED = 2 * LARGEST


class _Roomy(JWERegistry):
    """One recipe and nothing else, for texts up to our own limit: the library's is 65,536."""

    max_ciphertext_length = LARGEST_WRAPPED


_ENCRYPTED = _Roomy(algorithms=[ALG, ENC])
#: A request is as old as two clocks may differ, at most.
APART = timedelta(hours=2)
#: Keys in a key file.
MOST_KEYS = 50
#: A moment with its zone.
Instant = Annotated[datetime, Meta(tz=True)]


class Key(Struct, frozen=True, kw_only=True):
    """A public key of an organisation on P-256, and from and until when it is used."""

    kid: Annotated[str, Meta(max_length=64)]
    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: Annotated[str, Meta(max_length=60)]
    y: Annotated[str, Meta(max_length=60)]
    use: Literal["sig", "enc"]
    since: Instant
    until: Instant | None = None

    @property
    def jwk(self) -> dict[str, Any]:
        """The key as it is noted."""
        return {name: getattr(self, name) for name in ("kid", "kty", "crv", "x", "y", "use")}


class KeyFile(Struct, frozen=True, kw_only=True):
    """What an organisation says of itself: who it is, where its installation is reached, its keys."""

    handslag: Literal["keys"]
    version: Literal[1]
    organisation: Address
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    url: Annotated[str, Meta(max_length=300, pattern="^(https?://[!-~]+)?$")]
    made_at: Moment
    keys: Annotated[list[Key], Meta(min_length=1, max_length=MOST_KEYS)]


class Request(Struct, frozen=True, kw_only=True):
    """What a partner asks for: what waits for it. `collected`: digests of what it has got and needs no more."""

    handslag: Literal["collect"]
    sender: Address
    recipient: Address
    id: Annotated[str, Meta(min_length=8, max_length=64, pattern="^[ -~]+$")]
    sent_at: Moment
    collected: Annotated[list[Annotated[str, Meta(max_length=64, pattern="^[ -~]*$")]], Meta(max_length=1000)] = []


def wrapped(sealed: str, jwk: Mapping[str, Any]) -> str:
    """A sealed text, encrypted to the key of its receiver (compact JWE)."""
    key = ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
    head = {"alg": ALG, "enc": ENC, "kid": jwk["kid"], "cty": "JOSE"}
    return jwe.encrypt_compact(head, sealed.encode(), key, registry=_ENCRYPTED)


def unwrapped(text: str, key_of: Callable[[str], ECKey | None]) -> bytes:
    """What was encrypted to us. Unreadable for what is too large, or made in any other way than `wrapped` makes it."""
    if len(text) > LARGEST_WRAPPED:
        raise Unreadable(Code.TOO_LARGE, "larger than any message", final=False)
    try:
        first = text.partition(".")[0]
        head = msgspec.json.decode(urlsafe_b64decode(first + "=" * (-len(first) % 4)), type=dict[str, Any])
        if set(head) != {"alg", "enc", "kid", "epk", "cty"} or (head["alg"], head["enc"]) != (ALG, ENC):
            raise ValueError("encrypted in another way")
        kid = str(head["kid"])
        key = key_of(kid) if kid.isprintable() else None
        if key is None:
            raise ValueError("encrypted to no key of ours")
        return jwe.decrypt_compact(text, key, registry=_ENCRYPTED).plaintext or b""
    except (JoseError, ValueError, TypeError, KeyError, msgspec.MsgspecError, RecursionError) as error:
        raise Unreadable(Code.SIGNATURE, f"encryption: {error}", final=False) from error


def signed_body(text: str, keys: Mapping[str, Mapping[str, Any]]) -> bytes:
    """What was signed by one of these keys, ES256 and nothing else. Unreadable."""
    try:
        head = jws.extract_compact(text.encode("ascii")).headers()
        jwk = keys.get(str(head.get("kid", "")))
        if jwk is None or jwk.get("use", "sig") != "sig":
            raise ValueError("signed by no known key")
        key = ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
        return jws.deserialize_compact(text.encode("ascii"), key, algorithms=["ES256"]).payload
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Unreadable(Code.SIGNATURE, f"signature: {error}", final=False) from error


def key_file(text: str, known: Mapping[str, Mapping[str, Any]] | None = None) -> tuple[KeyFile, str]:
    """A key file and the id of the key that vouches for it: one of those `known`, else one of its own. A key's id is
    its thumbprint (RFC 7638), so that nobody can put another key under it. Unreadable."""
    try:
        texts = msgspec.json.decode(text, type=list[str])
        for each in texts[:MOST_KEYS]:
            kid = str(jws.extract_compact(each.encode("ascii")).headers().get("kid", ""))
            payload = jws.extract_compact(each.encode("ascii")).payload
            told = msgspec.json.decode(payload, type=KeyFile)
            own = {key.kid: key.jwk for key in told.keys}
            keys = known if known is not None else own
            if kid not in keys:
                continue
            if any(ECKey.import_key(jwk).thumbprint() != kid_ for kid_, jwk in own.items()):
                raise ValueError("a key is not what its id says")
            _can_be_noted(told)
            signed_body(each, keys)
            return told, kid
    except Unreadable:
        raise
    except (JoseError, ValueError, TypeError, KeyError, OverflowError, msgspec.MsgspecError, RecursionError) as error:
        raise Unreadable(Code.CONTENT, f"key file: {error}", final=False) from error
    raise Unreadable(Code.SIGNATURE, "key file: signed by no known key", final=False)


def _can_be_noted(told: KeyFile) -> None:
    """ValueError for what no table can hold: a key that stands there twice, a moment before or after all calendars; and
    for a name that would write something else on a page or a terminal than it is."""
    moment_of(told.made_at)
    if len({key.kid for key in told.keys}) < len(told.keys):
        raise ValueError("a key stands there twice")
    if not told.name.isprintable():
        raise ValueError("the name holds a sign that can't be seen")
    for key in told.keys:
        for at in filter(None, (key.since, key.until)):
            at.astimezone(UTC)


def in_time(sent_at: str, now: datetime) -> None:
    """Unreadable for what was sent longer ago, or later, than clocks may differ."""
    if abs(now - moment_of(sent_at)) > APART:
        raise Unreadable(Code.TOO_OLD, "sent at another time", final=False)

"""What every message has, whatever it is about: a header in the words of eCH-0058, sealed as a signed text.

Outside the installation an organisation is `kind:type:code` (`municipality:kommunkod:9901`), never a key of ours.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry
from msgspec import Meta, Struct

from handslag.domain.exchange.states import Code
from handslag.kernel import canonical

if TYPE_CHECKING:
    from handslag.domain.tenancy.door import TenantRef
    from handslag.domain.tenancy.models import Organisation

Uuid = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Moment = Annotated[
    str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$", description="UTC, `2026-03-01T12:00:00Z`")
]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256, hexadecimal")]
Address = Annotated[
    str, Meta(pattern=r"^[a-z_]{1,24}:[A-Za-z]{1,24}:[0-9A-Za-z.-]{1,60}$", description="kind:type:code")
]
Token = Annotated[str, Meta(pattern=r"^\S+( \S+)*$")]

#: More than any message without attachments needs; what is larger isn't even looked at.
LARGEST = 1_000_000
#: The same when it is signed: base64, with header and signature.
LARGEST_SEALED = LARGEST * 4 // 3 + 2_000
#: Lists and objects in each other, the message itself counted: three times what any of ours needs.
DEEPEST = 32
#: U+0000 as JSON writes it: no column of the database holds it.
_NUL = re.compile(rb"(?<!\\)(\\\\)*\\u0000")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
#: A text (to the end, where it never ends), a bracket, or what stands between them.
_PIECE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]|[^"\[\]{}]+', re.DOTALL)


class _Roomy(JWSRegistry):
    """ES256 and nothing else, for texts up to our own limit: the library's is 128,000."""

    max_payload_length = LARGEST_SEALED


#: How every signed text of a message is read.
SIGNED = _Roomy(algorithms=["ES256"])


class Software(Struct, frozen=True, kw_only=True):
    """What the sender works with (sendingApplication)."""

    manufacturer: Annotated[Token, Meta(min_length=1, max_length=30)]
    product: Annotated[Token, Meta(min_length=1, max_length=30)]
    version: Annotated[Token, Meta(min_length=1, max_length=10, description="productVersion")]


class Header(Struct, frozen=True, kw_only=True):
    """Who says what kind of thing to whom, about which other message (eCH-0058 v5, headerType)."""

    sender: Annotated[Address, Meta(description="senderId: kind:type:code")]
    recipient: Annotated[Address, Meta(description="recipientId: kind:type:code")]
    id: Annotated[Uuid, Meta(description="messageId: named by the sender, for ever this content")]
    reference: Annotated[Uuid, Meta(description="referenceMessageId: the message that this one is about")] | None = None
    process: Annotated[
        Token, Meta(min_length=1, max_length=128, description="businessProcessId: the same from first to last message")
    ]
    our_case: (
        Annotated[Token, Meta(min_length=1, max_length=50, description="ourBusinessReferenceId: case of the sender")]
        | None
    ) = None
    software: Annotated[Software, Meta(description="sendingApplication")]
    sent_at: Annotated[Moment, Meta(description="messageDate")]
    action: Annotated[
        Literal["1", "3", "4", "5", "6", "8", "9", "10", "12"],
        Meta(
            description="action: 1 new, 3 recall, 4 correction, 5 request, 6 response, 8 negative report, "
            "9 positive report, 10 forward, 12 reminder"
        ),
    ]
    test: Annotated[
        bool, Meta(description="testDeliveryFlag: nothing may follow from it; answers and receipts have it too")
    ] = False
    response_expected: Annotated[bool, Meta(description="responseExpected")] = False
    closed: Annotated[bool, Meta(description="businessCaseClosed: the last message of its process")] = False

    def __post_init__(self) -> None:
        """ValueError where a line ends behind one of these: here `$` matches before it, in JSON Schema it doesn't."""
        told = (self.sender, self.recipient, self.id, self.reference or "", self.sent_at)
        if any(one.endswith("\n") for one in told):
            raise ValueError("a line ends behind an address, an id or a moment")


class Report(Struct, frozen=True, kw_only=True):
    """What is said of a message: of its way (transport) or of its matter (business)."""

    of: Annotated[Uuid, Meta(description="the message")]
    digest: Annotated[Digest, Meta(description="of its content, exactly as received")]
    machine: Literal["transport", "business"]
    state: Literal["delivered", "rejected", "in check"]
    code: Annotated[str, Meta(pattern="^[0-9]{3}$")]
    text: Annotated[str, Meta(max_length=500)] = ""


class Receipt(Struct, frozen=True, kw_only=True):
    """A receipt: one per recipient and message, bound to the content's digest. Nothing is said of a receipt."""

    message: Literal["receipt"]
    version: Literal[1]
    header: Header
    report: Report


class Reply(Struct, frozen=True, kw_only=True):
    """What an answer, of whatever kind of message, says of the matter that it answers."""

    of: Annotated[Uuid, Meta(description="the message that is answered")]
    digest: Annotated[Digest, Meta(description="of its content, exactly as received")]
    state: Literal["accepted", "accepted with changes", "rejected", "question"]
    code: Annotated[str, Meta(pattern="^[A-Z_]{0,24}$", description="why it is rejected")] = ""
    until: Annotated[date, Meta(description="by when a question should be answered")] | None = None


class Framed(Struct, frozen=True, kw_only=True):
    """As much of any message as one needs to know what it is."""

    message: Annotated[str, Meta(pattern="^[a-z_]{1,24}$")]
    version: Annotated[int, Meta(ge=1, le=99)]
    header: Header
    reply: Reply | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """As much of what is asked, in whatever kind of message, as one needs to know by when."""

    answer_by: date | None = None


class Awaiting(Struct, frozen=True, kw_only=True):
    """A message that waits for an answer."""

    asked: Asked


class Unreadable(ValueError):
    """What arrived can't be taken in. `final`: it never will be, and the sender is told `code`."""

    def __init__(self, code: Code, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.code, self.reason, self.final = code, reason, final


@dataclass(frozen=True)
class Opened:
    """A seal that held: the content as it was signed, its digest and what it is. `fault`: why it must not be kept."""

    content: bytes
    digest: str
    framed: Framed
    key_id: str
    fault: str


def address_of(organisation: Organisation | TenantRef) -> str:
    """What an organisation is called outside."""
    return f"{organisation.kind}:{organisation.code_type}:{organisation.code}"


@cache
def software() -> Software:
    """Ourselves."""
    return Software(manufacturer="Handslag", product="Handslag", version=version("handslag")[:10])


def moment(at: datetime) -> str:
    """A moment as messages write it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment_of(text: str) -> datetime:
    """The moment that a message writes. Unreadable for one that doesn't exist (30 February, 24:00)."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Unreadable(Code.CONTENT, f"no such moment: {text}", final=True) from error


def digest_of(content: bytes) -> str:
    """The digest that both sides hold."""
    return hashlib.sha256(content).hexdigest()


def named_key(sealed: str) -> str:
    """The key id that a sealed text names, before anything in it is believed. Unreadable."""
    if len(sealed) > LARGEST_SEALED:
        raise Unreadable(Code.TOO_LARGE, "larger than any message", final=True)
    try:
        return str(jws.extract_compact(sealed.encode("ascii"), registry=SIGNED).headers().get("kid", ""))
    except (JoseError, ValueError) as error:
        raise Unreadable(Code.SIGNATURE, "not a signed text", final=False) from error


def unsealed(sealed: str, jwk: dict[str, Any], key_id: str) -> bytes:
    """The bytes that were signed by the P-256 key `jwk`. Unreadable when the seal doesn't hold."""
    try:
        if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
            raise ValueError("not a public key of P-256")
        public = ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
        found = jws.deserialize_compact(sealed.encode("ascii"), public, registry=SIGNED)
        if found.headers() != {"alg": "ES256", "kid": key_id}:
            raise ValueError("its header says more than algorithm and key")
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(Code.SIGNATURE, f"signature: {error}", final=False) from error
    return found.payload


def opened(sealed: str, jwk: dict[str, Any], key_id: str) -> Opened:
    """What was signed by the P-256 key `jwk`. Unreadable when the seal doesn't hold or the frame is none."""
    content = unsealed(sealed, jwk, key_id)
    return Opened(content, digest_of(content), framed_in(content), key_id, fault_in(content))


def framed_in(content: bytes) -> Framed:
    """What a message is, also where it must not be kept: who sent it is told so. Unreadable where nobody can tell."""
    try:
        return msgspec.json.decode(content, type=Framed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:  # without what can't be read: halves of signs, and what lies too deep
        text, kept, depth = _SURROGATE.sub(r"\\ufffd", content.decode()), [], 0
        for piece in _PIECE.findall(text):
            depth -= piece in ("]", "}")
            if depth < DEEPEST:
                kept.append(piece)
            depth += piece in ("[", "{")
        return msgspec.json.decode("".join(kept), type=Framed)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(Code.CONTENT, str(error), final=False) from error


def fault_in(content: bytes) -> str:
    """Why a message must not be kept, "" for nothing: it isn't the one text that JSON and XML both give of it (RFC
    8785, no numbers but whole ones up to 2**53 - 1), it is too deep, or holds U+0000."""
    deep = f"more than {DEEPEST} levels"
    try:
        value = msgspec.json.decode(content)
        if _deeper(value, DEEPEST):
            return deep
        if canonical.dumps(value) != content:
            return "not in canonical form (RFC 8785)"
    except RecursionError:
        return deep
    except (ValueError, TypeError, msgspec.MsgspecError) as error:
        return f"not in canonical form (RFC 8785, whole numbers only): {error}"
    return "holds U+0000, which can't be kept" if rb"\u0000" in content and _NUL.search(content) else ""


def _deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects lie in each other on more than so many levels."""
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return within is not None and (levels == 0 or any(_deeper(one, levels - 1) for one in within))

"""The words of sedex, the federal post between authorities of Switzerland: who takes part, what a message is called
there, and what its receipts say (docs.sedex.admin.ch, "sedex Receipts" and "receipt versions")."""

from __future__ import annotations

import re
from enum import Enum
from uuid import UUID

#: Who takes part, as eCH-0090 writes it (`T` before it: a test); never sedex itself.
PARTICIPANT = re.compile(r"T?[1-9]-[0-9A-Z]+-[0-9]+")
#: Types of messages: 0-99999 belong to eCH and the federal office, nn00000-nn99999 to the canton nn.
HIGHEST_TYPE = 2_699_999
HIGHEST_FEDERAL = 99_999
#: The code of the step by which we put a message into the outbox of the sedex client.
PUT_OUT = 0


class Effect(Enum):
    """What a receipt makes of the message."""

    ARRIVED = "in the receiver's inbox at sedex"
    ON_ITS_WAY = "sedex has it"
    THERE = "sedex had it already: given twice after a crash"
    SOON = "not fetched yet, and not kept for much longer"
    EXPIRED = "never fetched"
    REFUSED = "refused for good"
    AGAIN = "trouble on the way: given again"


#: Every code of a receipt.
CODES: dict[int, Effect] = {
    100: Effect.ARRIVED,
    200: Effect.REFUSED,  # the envelope doesn't follow its schema
    201: Effect.THERE,  # duplicate message id
    202: Effect.REFUSED,  # no payload
    203: Effect.REFUSED,  # too old to send
    204: Effect.EXPIRED,
    300: Effect.REFUSED,  # unknown sender
    301: Effect.REFUSED,  # unknown recipient
    302: Effect.REFUSED,  # unknown physical sender
    303: Effect.REFUSED,  # invalid type
    304: Effect.REFUSED,  # invalid class
    310: Effect.REFUSED,  # not allowed to send
    311: Effect.REFUSED,  # not allowed to receive
    312: Effect.REFUSED,  # certificate not valid
    313: Effect.REFUSED,  # other recipients not allowed
    320: Effect.EXPIRED,  # what 204 was called in version 1
    330: Effect.REFUSED,  # too large
    400: Effect.AGAIN,  # network
    401: Effect.AGAIN,  # hub
    402: Effect.AGAIN,  # folder
    403: Effect.AGAIN,  # logging service
    404: Effect.AGAIN,  # authorisation service
    500: Effect.AGAIN,  # internal error
    501: Effect.AGAIN,  # error while receiving
    601: Effect.ON_ITS_WAY,
    701: Effect.SOON,
}


def effect_of(code: int) -> Effect:
    """What a receipt of this code makes of a message; of a code that isn't in the list by its hundreds."""
    by_hundred = {2: Effect.REFUSED, 3: Effect.REFUSED, 4: Effect.AGAIN, 5: Effect.AGAIN}
    return CODES.get(code) or by_hundred.get(code // 100, Effect.ON_ITS_WAY)


def named(message: UUID, attempt: int) -> str:
    """What a message is called at sedex, where an id is good once: its own id, from the second try on with the try."""
    return str(message) if attempt == 1 else f"{message.hex}-{attempt}"


def meant(name: str) -> tuple[UUID, int] | None:
    """The message and the try that sedex speaks of; None for what isn't named as ours are."""
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name):
        return UUID(name), 1
    found = re.fullmatch(r"([0-9a-f]{32})-([1-9][0-9]{0,2})", name)
    return (UUID(found[1]), int(found[2])) if found and int(found[2]) > 1 else None

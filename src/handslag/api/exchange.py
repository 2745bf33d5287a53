"""Messages from and for other installations over HTTPS: `envelopes` takes one, `collect` gives what waits, `keys` swaps
key files. Nothing is believed but what a registered partner has signed, and nothing opened before its size is known.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import wraps
from typing import Any

import msgspec
from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from handslag.api.problems import coded_problem, only
from handslag.connectors.exchange.gate import (
    BY,
    NoPartner,
    UnknownKey,
    closed,
    key_of,
    learn,
    let_in,
    own_file,
    unverified,
)
from handslag.domain.exchange.frame import Unreadable, named_key
from handslag.domain.exchange.models import Envelope, Partner
from handslag.domain.exchange.operations.courier import OFFERED
from handslag.domain.exchange.operations.partners import record_meeting, record_passed
from handslag.domain.exchange.queries import own_address, waiting_for
from handslag.domain.exchange.states import Code
from handslag.domain.exchange.wrap import APART, LARGEST_WRAPPED, Request, in_time, signed_body
from handslag.domain.tenancy.door import UnknownTenant, acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel import clock

#: Bytes of envelopes that one answer gives.
MOST_BYTES = 8_000_000


Answered = Callable[[str, str, datetime], object]


def _post(answered: Answered) -> Callable[..., HttpResponse]:
    """A view of `answered(organisation, text, now)`: its answer as JSON. 401 by a key that we don't know, 403 from
    nobody that we know, 404, 413, 422."""

    @csrf_exempt
    @only("POST")
    @wraps(answered)
    def view(request: HttpRequest, tenant: str) -> HttpResponse:
        try:
            if int(request.headers.get("Content-Length") or 0) > LARGEST_WRAPPED:
                raise Unreadable(Code.TOO_LARGE, "larger than any message", final=False)
            text = request.body.decode("ascii")
            return HttpResponse(
                msgspec.json.encode(answered(tenant, text, clock.now())), content_type="application/json"
            )
        except UnknownTenant:
            return coded_problem(404, "No such organisation.", Code.NOT_FOR_US)
        except (UnicodeDecodeError, RequestDataTooBig):
            return coded_problem(422, "Not a signed or encrypted text.", Code.CONTENT)
        except UnknownKey as error:
            return coded_problem(401, error.reason, error.code)
        except NoPartner as error:
            return coded_problem(403, error.reason, error.code)
        except Unreadable as error:
            return coded_problem(413 if error.code == Code.TOO_LARGE else 422, error.reason, error.code)

    return view


@_post
def envelopes(tenant: str, text: str, now: datetime) -> object:
    """Take an envelope: encrypted to us, signed by a partner. What becomes of it, receipts say."""
    return {"digest": let_in(tenant, text, now)}


@_post
def keys(tenant: str, text: str, now: datetime) -> object:
    """Note a partner's new keys, which one that we know vouches for; answers with our key file."""
    learn(tenant, text, now)
    with acting(tenant, BY, "key file"):
        return msgspec.Raw(own_file(now).encode())


@_post
def collect(tenant: str, text: str, now: datetime) -> object:
    """Note what a partner has collected, and give it what waits, encrypted to it, oldest first. A request is good
    once."""
    with acting(tenant, BY, "collect"):
        asked = unverified(text, Request)
        key_id = named_key(text)
        asked = msgspec.json.decode(signed_body(text, {key_id: key_of(asked.sender, key_id, now)}), type=Request)
        if asked.recipient != own_address():
            raise Unreadable(Code.NOT_FOR_US, "for somebody else", final=False)
        in_time(asked.sent_at, now)
        if not cache.add(f"collect:{asked.sender}:{asked.id}", 1, 2 * APART.total_seconds()):
            raise Unreadable(Code.OTHER_CONTENT, "asked before", final=False)
        partner = Partner.objects.get(address=asked.sender)
        found = Envelope.objects.filter(recipient=asked.sender, digest__in=asked.collected)
        done = list(found.values_list("id", flat=True))
    told: dict[str, Any] = {"tenant": tenant, "by": BY, "now": now, "partner": partner.id}
    with suppress(NotPossible):
        if done:
            record_passed(**told, envelopes=done)
        else:
            record_meeting(**told)
    with acting(tenant, BY, "what waits"):
        given: list[str] = []
        for envelope in waiting_for(partner, now - OFFERED):
            given.append(closed(envelope, now))
            if sum(map(len, given)) > MOST_BYTES:
                break
        return given

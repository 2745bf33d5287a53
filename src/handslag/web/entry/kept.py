"""What somebody had typed when their session was over: kept for them until they have logged in again.

The posted fields lie in the (new, anonymous) session row, encrypted under the installation's key and bound to the
page they were meant for. Only that page, after a new log-in, gets them back; if it is known who was logged in
before, only for that same person. Nothing goes to the browser's storage.
"""

from __future__ import annotations

import base64
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.http import HttpRequest, QueryDict

from handslag.domain.tenancy import keys

#: More than any of our forms; what is larger is not kept.
LARGEST = 200_000
_NAME = "kept"


def keep(request: HttpRequest, who: UUID | None) -> None:
    """Keep what `request` posted. `who` was logged in before, as far as that is known.

    Call it only behind the check of the form's token (a view always is), outside any door.
    """
    fields = request.POST.copy()
    fields.pop("csrfmiddlewaretoken", None)
    plain = fields.urlencode().encode()
    if len(plain) > LARGEST:
        return
    request.session[_NAME] = {
        "path": request.path,
        "who": str(who) if who else None,
        "sealed": base64.b64encode(keys.seal(plain, f"kept {request.path}")).decode(),
    }


def take(request: HttpRequest, who: UUID) -> QueryDict | None:
    """What was kept for the page that `request` now gets, for `who`; it is given once. None if there is nothing."""
    found = request.session.get(_NAME)
    if request.method != "GET" or not found or found["path"] != request.path:
        return None
    del request.session[_NAME]
    if found["who"] not in (None, str(who)):
        return None
    try:
        return QueryDict(keys.unseal(base64.b64decode(found["sealed"]), f"kept {request.path}"))
    except InvalidTag:
        return None


def carry(request: HttpRequest) -> dict[str, object]:
    """What a log-in takes over from the anonymous session into the new one."""
    return {_NAME: request.session[_NAME]} if _NAME in request.session else {}

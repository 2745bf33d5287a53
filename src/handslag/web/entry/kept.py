"""What somebody had typed when their session was over: kept for them until they have logged in again.

The posted fields lie in the (new, anonymous) session row, encrypted under the installation's key and bound to the
page they were meant for. Only that page, after a new log-in, gets them back; if it is known who was logged in
before, only for that same person. Nothing goes to the browser's storage, and nothing is sent by itself.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

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
        "back": _came_from(request),
    }


def take(request: HttpRequest, who: UUID) -> QueryDict | None:
    """What was kept for the page that `request` now gets, for `who`; it is given once. None if there is nothing."""
    found = request.session.get(_NAME)
    if not found or found["path"] != request.path:
        return None
    if request.method == "POST" and "shown" in found:
        del request.session[_NAME]  # sent from the page of `show`: that answer has it now
    if request.method != "GET":
        return None
    del request.session[_NAME]
    request.kept_as = found  # type: ignore[attr-defined]
    if found["who"] not in (None, str(who)):
        return None
    try:
        return QueryDict(keys.unseal(base64.b64decode(found["sealed"]), f"kept {request.path}"))
    except InvalidTag:
        return None


def carry(request: HttpRequest) -> dict[str, object]:
    """What a log-in takes over from the anonymous session into the new one."""
    return {_NAME: request.session[_NAME]} if _NAME in request.session else {}


def show(request: HttpRequest, fields: QueryDict, who: UUID) -> HttpResponse:
    """A page with what `take` gave, for an address that doesn't show it itself: it isn't saved; to read, to copy, to
    send again. It can be loaded again until it is sent."""
    found: dict[str, Any] = request.kept_as  # type: ignore[attr-defined]
    request.session[_NAME] = {**found, "who": str(who), "shown": True}
    labels, read, hidden = _labels(), [], []
    for name, values in fields.lists():
        for value in map(str, values):
            words = labels.get(name.rpartition("-")[2], name.replace("_", " "))
            if name in _MACHINE or not value.strip() or _is_id(value):
                hidden.append((name, value))
            else:
                read.append((words, name, value, min(20, value.count("\n") + len(value) // 50 + 1)))
    told = {"read": read, "hidden": hidden, "path": found["path"], "back": found.get("back", "")}
    response = render(request, "entry/kept.html", told)
    response.headers["Cache-Control"] = "no-store"
    return response


#: Fields that say which button and which version, nothing that somebody typed.
_MACHINE = frozenset({"version", "act", "key", "drop", "what"})


def _labels() -> dict[str, str]:
    """What the last part of a field's name means."""
    return {
        "text": gettext("Text"),
        "note": gettext("Note"),
        "reason": gettext("Reasons"),
        "reasons": gettext("Reasons"),
        "kind": gettext("Kind"),
        "code": gettext("Kind"),
        "amount": gettext("Amount"),
        "counterparty": gettext("From whom"),
        "source": gettext("What it rests on"),
        "reference": gettext("Reference"),
        "month": gettext("Month"),
        "at": gettext("When"),
        "day": gettext("Day"),
        "execution_on": gettext("Day"),
        "since": gettext("From"),
        "until": gettext("Until"),
        "last": gettext("Last day"),
        "name": gettext("Name"),
        "number": gettext("Number"),
    }


def _is_id(value: str) -> bool:
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False


def _came_from(request: HttpRequest) -> str:
    """The page of ours that held the form, without its query; "" where it isn't said."""
    found = urlsplit(request.headers.get("Referer", ""))
    ours = found.netloc == request.get_host() and url_has_allowed_host_and_scheme(found.path, None)
    return found.path if ours else ""

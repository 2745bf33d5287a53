"""What somebody had typed when their session was over: kept for them until they have logged in again.

The posted fields lie in the (new, anonymous) session row, encrypted under the installation's key and bound to the
page they were meant for. Only that page, after a new log-in, gets them back; if it is known who was logged in
before, only for that same person, acting for whom she then acted. Nothing goes to the browser's storage, and nothing
is sent by itself.
"""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.html import escape
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from handslag.domain.tenancy import keys
from handslag.domain.tenancy.door import Actor

#: More than any of our forms; what is larger is not kept.
LARGEST = 200_000
#: Pages for which something is kept at once in one browser; the oldest goes first.
MOST = 5
_NAME = "kept"


def keep(request: HttpRequest, who: Actor | None) -> None:
    """Keep what `request` posted, beside what was kept for other pages. `who` was logged in before, and acted for whom
    she did, as far as that is known.

    Call it only behind the check of the form's token (a view always is), outside any door.
    """
    plain = _sent(request).urlencode().encode()
    if len(plain) > LARGEST:
        return
    _put(
        request,
        {
            "path": request.path,
            **_named(who),
            "sealed": base64.b64encode(keys.seal(plain, f"kept {request.path}")).decode(),
            "back": _came_from(request),
        },
    )


def _sent(request: HttpRequest) -> QueryDict:
    """What was posted, without the form's token."""
    fields = request.POST.copy()
    fields.pop("csrfmiddlewaretoken", None)
    return fields


def take(request: HttpRequest, who: Actor) -> QueryDict | None:
    """What was kept for the page that `request` now gets, for `who`, who acts for the same person as she did; it is
    given once, and stays for whoever it is meant for. None if there is nothing."""
    found = next((one for one in _all(request) if one["path"] == request.path and _is_for(one, who)), None)
    if found is None:
        return None
    if request.method == "POST" and "shown" in found:
        _drop(request, found)  # sent from the page of `show`: that answer has it now
    if request.method != "GET":
        return None
    _drop(request, found)
    try:
        given = QueryDict(keys.unseal(base64.b64decode(found["sealed"]), f"kept {request.path}"))
    except InvalidTag:
        return None
    request.kept_as = found  # type: ignore[attr-defined]
    return given


def put_back(request: HttpRequest) -> None:
    """What `take` gave, if it gave something, wasn't shown: keep it again."""
    if hasattr(request, "kept_as"):
        _put(request, request.kept_as)


def waiting(request: HttpRequest, who: Actor, surely: bool = False) -> str:
    """The page for which something that `who` typed waits, the newest; "" where nothing does. `surely`: not what
    somebody unknown typed."""
    paths = [one["path"] for one in _all(request) if _is_for(one, who) and not (surely and one["who"] is None)]
    return paths[-1] if paths else ""


def carry(request: HttpRequest) -> dict[str, object]:
    """What a log-in takes over from the anonymous session into the new one."""
    return {_NAME: request.session[_NAME]} if _NAME in request.session else {}


def _named(who: Actor | None) -> dict[str, str | None]:
    if who is None or who.through is None:
        return {"who": str(who.id) if who else None, "for": None}
    return {"who": str(who.through), "for": str(who.id)}


def _is_for(found: dict[str, Any], who: Actor) -> bool:
    named = _named(who)
    return found["who"] is None or all(found[name] == named[name] for name in named)


def _all(request: HttpRequest) -> list[dict[str, Any]]:
    """What is kept, the oldest first."""
    found = request.session.get(_NAME, [])
    return found if isinstance(found, list) else []


def _put(request: HttpRequest, one: dict[str, Any]) -> None:
    same = ("path", "who", "for")
    others = [other for other in _all(request) if any(other[name] != one[name] for name in same)]
    request.session[_NAME] = [*others, one][-MOST:]


def _drop(request: HttpRequest, found: dict[str, Any]) -> None:
    left = [one for one in _all(request) if one is not found]
    if left:
        request.session[_NAME] = left
    else:
        del request.session[_NAME]


def show(request: HttpRequest, fields: QueryDict, who: Actor) -> HttpResponse:
    """A page with what `take` gave, for an address that doesn't show it itself: it isn't saved; to read, to copy, to
    send again. It can be loaded again until it is sent."""
    found: dict[str, Any] = request.kept_as  # type: ignore[attr-defined]
    _put(request, {**found, **_named(who), "shown": True})
    read, hidden = _split(fields)
    told = {"read": read, "hidden": hidden, "path": found["path"], "back": found.get("back", "")}
    response = render(request, "entry/kept.html", told)
    response.headers["Cache-Control"] = "no-store"
    return response


def unsent(request: HttpRequest, over: bool) -> HttpResponse | None:
    """The page for a representative whose form wasn't taken, with what she typed to read and to copy; None where she
    typed nothing. `over`: she may not act for that person any more; else what she may do is to see."""
    read = typed(request)
    if over and not read:
        return None
    response = render(request, "entry/unsent.html", {"over": over, "read": read}, status=403)
    response.headers["Cache-Control"] = "no-store"
    return response


def typed(request: HttpRequest) -> list[tuple[str, str, str, int]]:
    """What somebody typed into the form that `request` posts: in words, the field, its value, lines to show it in."""
    return _split(request.POST)[0] if request.method == "POST" else []


def unshown(request: HttpRequest, response: HttpResponse) -> list[tuple[str, str, str, int]]:
    """What of `typed` doesn't stand on the page that answers it: in a field, between two tags, or, if it is too long
    for that to be chance, within a sentence."""
    read = typed(request)
    if not read:
        return []
    standing = re.findall(r'\bvalue="([^"]*)"|>([^<]*)<', response.content.decode())
    fields = [_squeezed("".join(one)) for one in standing]

    def stands(text: str) -> bool:
        return text in fields or (len(text) >= _LONG and any(text in one for one in fields))

    return [one for one in read if not stands(_squeezed(escape(one[2])))]


def _squeezed(text: str) -> str:
    """The text without its blanks: a page may show it in other lines."""
    return "".join(text.split())


def not_as(request: HttpRequest) -> HttpResponse:
    """The page for a form of before a log-in in another window: who is logged in now, and what was typed, to send as
    her, or to copy."""
    read, hidden = _split(_sent(request))
    request.person = str(request.user)  # type: ignore[attr-defined]
    told = {"read": read, "hidden": hidden, "path": request.get_full_path(), "back": _came_from(request)}
    told |= {"person": str(request.user), "files": bool(request.FILES)}
    response = render(request, "entry/kept.html", told, status=403)
    response.headers["Cache-Control"] = "no-store"
    return response


def _split(fields: QueryDict) -> tuple[list[tuple[str, str, str, int]], list[tuple[str, str]]]:
    """What somebody typed (in words, the field, its value, lines to show it in), and what only the machine reads."""
    labels, read, hidden = _labels(), [], []
    for name, values in fields.lists():
        for value in map(str, values):
            words = labels.get(name.rpartition("-")[2], name.replace("_", " "))
            if name in _MACHINE or not value.strip() or value == _TICKED or _is_id(value):
                hidden.append((name, value))
            else:
                read.append((words, name, value, min(20, value.count("\n") + len(value) // 50 + 1)))
    return read, hidden


#: A text of so many characters doesn't stand within another by chance.
_LONG = 12
#: What a ticked box says.
_TICKED = "on"
#: Fields that say which button and which version, nothing that somebody typed.
_MACHINE = frozenset({"version", "act", "key", "drop", "what", "csrfmiddlewaretoken"})


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
        "why": gettext("Why"),
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

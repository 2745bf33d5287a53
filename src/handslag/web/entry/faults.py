"""Pages for when it doesn't go on: not found, not allowed, token lost, database away. None of them asks anything."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.shortcuts import render
from django.utils import translation

from handslag.web.entry import kept

#: What a connection that is gone raises.
AWAY = (OperationalError, InterfaceError)
#: What Django says of a form whose token was replaced, as every log-in does.
_REPLACED = "CSRF token from POST incorrect."
log = structlog.get_logger("web")


def away(request: HttpRequest, trouble: Exception) -> HttpResponse:
    """503 in the person's language, with everything that was posted and a button that posts it again."""
    log.error("database away", error=type(trouble).__name__, counter=getattr(request, "counter", ""))
    request.away = True  # type: ignore[attr-defined]
    language = translation.get_language_from_request(request)
    with translation.override(language):
        if _wants_json(request):
            return JsonResponse({"status": "away"}, status=503)
        return render(request, "entry/away.html", _again(request), status=503)


def at_once(request: HttpRequest) -> HttpResponse:
    """409: two did the same at the same moment, of whom one was in time; nothing that was typed is lost."""
    if _wants_json(request):
        return JsonResponse({"status": "at once"}, status=409)
    return render(request, "entry/at_once.html", _again(request), status=409)


def token_lost(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its token, or with that of before a log-in in another window. What came from our own page
    can be sent again, by staff after they have read as whom; nothing of others can."""
    if _wants_json(request):
        return JsonResponse({"status": "token"}, status=403)
    ours = request.headers.get("Origin") in (f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS)
    again = _again(request) if ours and reason in (REASON_NO_CSRF_COOKIE, _REPLACED) else {"posted": []}
    if again["posted"] and request.user.is_authenticated:
        return kept.not_as(request)
    return render(request, "entry/token_lost.html", again, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: not there, or not for this person."""
    return render(request, "entry/not_found.html", status=404)


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: more than we take at once, or nothing that a form of ours sends."""
    large = isinstance(exception, (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent))
    if _wants_json(request):
        return JsonResponse({"status": "too large" if large else "refused"}, status=400)
    return render(request, "entry/refused.html", {"large": large}, status=400)


def broken(request: HttpRequest) -> HttpResponse:
    """500: our mistake, said so."""
    return render(request, "entry/broken.html", _again(request), status=500)


def _again(request: HttpRequest) -> dict[str, object]:
    fields = request.POST.lists() if request.method == "POST" else ()
    return {
        "method": request.method,
        "path": request.get_full_path(),
        "token": request.POST.get("csrfmiddlewaretoken", "") if request.method == "POST" else "",
        "posted": [
            (name, value)
            for name, values in fields
            for value in values
            if name != "csrfmiddlewaretoken" and isinstance(value, str)
        ],
    }


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")

"""Each counter is an origin of its own: the first label of the host name chooses its addresses."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from handslag.domain.tenancy.door import at_large, current_door
from handslag.web.entry.health import REQUESTS, SECONDS

Next = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger("web")


#: What a label may say: a client's own words must not become labels.
_METHODS = {"GET": "GET", "POST": "POST", "HEAD": "HEAD"}


class Hosts:
    """Choose the urls by host name; refuse to begin with a door left open; answer when the database is away."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if current_door() is not None:
            raise RuntimeError("a door was left open by the request before")
        counter = request.get_host().split(":")[0].split(".")[0]
        if counter not in settings.COUNTERS or request.path == "/health":
            counter = "health"
        request.counter = counter  # type: ignore[attr-defined]
        request.urlconf = settings.COUNTERS[counter]
        began = time.perf_counter()
        response = self.get_response(request)
        REQUESTS.labels(counter, _METHODS.get(request.method or "", "other"), response.status_code).inc()
        SECONDS.labels(counter).observe(time.perf_counter() - began)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        if not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self' "
    + " ".join(settings.FORM_ACTIONS)
)


class Away:
    """The database is gone for a moment: say so in the person's language and keep what they typed.

    The page that this answers with carries everything that was posted, and a button that posts it again.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        except (OperationalError, InterfaceError) as trouble:
            return self.process_exception(request, trouble) or HttpResponse(status=503)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page, for an error of the connection; None for any other exception."""
        if not isinstance(exception, (OperationalError, InterfaceError)):
            return None
        log.error("database away", error=type(exception).__name__, path_kind=request.counter)  # type: ignore[attr-defined]
        request.session_lost = True  # type: ignore[attr-defined]
        posted = [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name != "csrfmiddlewaretoken" and isinstance(value, str)
        ]
        return render(request, "entry/away.html", {"posted": posted, "method": request.method}, status=503)


class LogIn:
    """Know the member of staff before any door opens; let allauth's own pages run behind the door at_large."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = AnonymousUser()
        if request.counter not in ("desk", "files"):  # type: ignore[attr-defined]
            return self.get_response(request)
        if request.session.get("_auth_user_id"):
            with at_large("who is it"):
                request.user = get_user(request)
        if request.path.startswith(settings.LOGIN_URL):
            with at_large("log-in"):
                return self.get_response(request)
        return self.get_response(request)


def context(request: HttpRequest) -> dict[str, Any]:
    """What every template may use: the counter, the organisation behind the door, who acts."""
    door = current_door()
    return {
        "counter": getattr(request, "counter", ""),
        "organisation": getattr(request, "organisation", None),
        "member": door.memory.get("member") if door else None,
    }

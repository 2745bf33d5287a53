"""Each counter is an origin of its own: the first label of the host name chooses its addresses."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.middleware.locale import LocaleMiddleware
from django.utils.translation import get_language

from handslag.domain.tenancy.door import at_large, current_door
from handslag.web.entry.faults import AWAY, away
from handslag.web.entry.health import REQUESTS, SECONDS
from handslag.web.entry.pages import speak
from handslag.web.entry.staff import own_provider, write_log_ins

Next = Callable[[HttpRequest], HttpResponse]


#: The methods that we answer; another one would reach views that think it harmless, and figures as a label.
SERVED = ("GET", "HEAD", "POST")


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
        served = request.method in SERVED
        response = self.get_response(request) if served else HttpResponseNotAllowed(SERVED)
        REQUESTS.labels(counter, request.method if served else "other", response.status_code).inc()
        SECONDS.labels(counter).observe(time.perf_counter() - began)
        response.headers.setdefault("Content-Security-Policy", content_security_policy(request))
        if not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def content_security_policy(request: HttpRequest) -> str:
    """The policy of a page. `request.form_actions`: origins beside our own that its forms may lead to."""
    allowed = " ".join(["'self'", *getattr(request, "form_actions", ())])
    return f"default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action {allowed}"


class Languages(LocaleMiddleware):
    """The language of a page as Django finds it; one that only some organisations offer gives way until the door of one
    that does is open, but for applicants' own on their pages and the others at the desk, all of which is translated."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.wanted = get_language()  # type: ignore[attr-defined]
        own = request.counter == "apply"  # type: ignore[attr-defined]
        if (request.wanted in settings.LANGUAGES_OF_APPLICANTS) != own:  # type: ignore[attr-defined]
            speak(request, ())


class WithoutNul:
    """Take U+0000 out of everything that is sent to us, before any view reads it: no text of a person has it, no
    database column can hold it, and the rest of what was typed stays."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "%00" in query or "\0" in query:
            request.META["QUERY_STRING"] = query.replace("%00", "+").replace("\0", "+")
            request.__dict__.pop("GET", None)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        """The same for what is posted, once the form's token has been looked at."""
        if request.method != "POST" or not any("\0" in text for _, texts in request.POST.lists() for text in texts):
            return
        posted = QueryDict(mutable=True, encoding=request.POST.encoding)
        for name, texts in request.POST.lists():
            posted.setlist(name.replace("\0", ""), [text.replace("\0", "") for text in texts])
        posted._mutable = False
        request.POST = posted  # type: ignore[assignment]


class Away:
    """The database is gone for a moment: say so in the person's language and keep what they typed."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page, for an error of the connection; None for any other exception."""
        return away(request, exception) if isinstance(exception, AWAY) else None


class LogIn:
    """Know the member of staff before any door opens; let allauth's own pages run behind the door at_large."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = AnonymousUser()
        if request.counter != "desk":  # type: ignore[attr-defined]
            return self.get_response(request)
        try:
            if request.session.get("_auth_user_id"):
                with at_large("who is it"):
                    request.user = get_user(request)
        except AWAY as trouble:
            return away(request, trouble)
        if request.path.startswith(settings.LOGIN_URL):
            try:
                choosing = request.path in (settings.LOGIN_URL, settings.LOGIN_URL + "again/")
                request.own_provider = own_provider(request) if choosing else ""  # type: ignore[attr-defined]
            except AWAY as trouble:
                return away(request, trouble)
            with at_large("log-in", writing=request.method == "POST"):
                response = self.get_response(request)
            try:
                write_log_ins(request)
            except AWAY as trouble:
                return away(request, trouble)
            return response
        return self.get_response(request)

"""The style guide: every component in every state, as its own small site.

    PYTHONPATH=src python tests/web/ui/styleguide.py 8100     then open / (?lang=sv|en|ar, ?scheme=light|dark)

The tests run it as a process of its own, under the policy of the product (default-src 'self').
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from pathlib import Path
from socketserver import ThreadingMixIn
from types import SimpleNamespace
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

HERE = Path(__file__).parent


def policy(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        from django.utils import translation

        language = request.GET.get("lang", "en")
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = get_response(request)
        response["Content-Security-Policy"] = "default-src 'self'"
        return response

    return middleware


def frame(request: HttpRequest) -> dict[str, Any]:
    from handslag.web.ui.site import Link, Site

    desk = request.path.startswith("/desk")
    return {
        "scheme": request.GET.get("scheme", "auto"),
        "site": Site(
            organisation="Ekeby kommun",
            home_url="/",
            service="" if desk else "Ekonomiskt bistånd",
            person="Maria Öberg" if desk else "Petra Nilsson",
            signout_url="/signout",
            language_url="/language",
            languages=(("sv", "Svenska"), ("en", "English"), ("ar", "العربية")),
            nav=(
                Link("Inbox", "/desk/inbox", current="inbox" in request.path, count=12),
                Link("Cases", "/desk/case", current="case" in request.path),
                Link("Payments", "/desk/payments"),
            )
            if desk
            else (),
            search_url="/desk/search" if desk else "",
            help_url="/help",
            help_phone="0123 456 00",
            help_hours="8–16",
            footer=(Link("Accessibility", "/a"), Link("Your personal data", "/b")),
        ),
    }


def example_form(data: dict[str, str] | None = None) -> forms.Form:
    from handslag.web.ui.forms import AmountField, DayField

    class Income(forms.Form):
        kind = forms.ChoiceField(
            label="What kind of income?",
            choices=[("", "Choose"), ("wage", "Wage"), ("benefit", "Benefit from an authority")],
        )
        amount = AmountField(label="Amount after tax", help_text="What reached your account in February.")
        day = DayField(label="Day it was paid", help_text="For example 2026-02-25")
        same = forms.ChoiceField(
            label="Will it be the same in March?",
            widget=forms.RadioSelect,
            choices=[("yes", "Yes, the same"), ("no", "No, it changes"), ("unknown", "I don’t know")],
        )
        who = forms.MultipleChoiceField(
            label="Who does it concern?",
            widget=forms.CheckboxSelectMultiple,
            choices=[("p", "Petra"), ("j", "Johan")],
            required=False,
        )
        words = forms.CharField(
            label="Anything we should know?", widget=forms.Textarea(attrs={"rows": 3}), required=False
        )
        honour = forms.BooleanField(label="What I have told is complete and true.")

    return Income(data)


def other_form() -> forms.Form:
    from handslag.web.ui.forms import AmountField

    class Other(forms.Form):
        bill = forms.FileField(label="Photo of the bill", help_text="Picture or PDF, at most 10 MB")
        email = forms.EmailField(
            label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "username"}), required=False
        )
        password = forms.CharField(
            label="Password", widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
        )
        fixed = AmountField(label="Fetched from Försäkringskassan", initial=125000, disabled=True)
        hidden = forms.CharField(widget=forms.HiddenInput, initial="1")

    return Other()


PAGES = {
    "": "start", "income": "income", "errors": "income", "check": "check", "decision": "decision",
    "receipt": "receipt", "components": "components", "desk/inbox": "inbox", "desk/case": "case",
    "desk/confirm": "confirm", "desk/empty": "empty",
}  # fmt: skip


def page(request: HttpRequest, name: str = "") -> HttpResponse:
    from django.core.paginator import Paginator
    from django.shortcuts import render

    wrong = {"amount": "four thousand", "day": "31/2 2026", "honour": ""}
    steps = ["Changes", "Income", "Costs", "Check", "Sign"]
    here = {"income": 1, "errors": 1, "check": 3}.get(name, 0)
    answers = request.POST.dict() if request.method == "POST" else None
    forms_shown = {"income": example_form(answers), "errors": example_form(wrong)}
    context = {
        "form": forms_shown.get(name),
        "other": other_form(),
        "steps": [
            {"label": label, "url": "#", "state": "done" if n < here else "current" if n == here else "todo"}
            for n, label in enumerate(steps)
        ],
        "views": [
            SimpleNamespace(label="Mine", url="#a", count=12, current=True),
            SimpleNamespace(label="Unit", url="#b", count=31, current=False),
            SimpleNamespace(label="Due today", url="#c", count=4, current=False),
            SimpleNamespace(label="Waiting for applicant", url="#d", count=9, current=False),
        ],
        "received": datetime.datetime(2026, 2, 27, 18, 4, tzinfo=datetime.UTC),
        "pages": Paginator(range(90), 20).page(2),
    }
    return render(request, f"{PAGES[name]}.html", context)


def saved(request: HttpRequest) -> HttpResponse:
    conflict = "conflict" in request.POST.get("words", "")
    return JsonResponse({"version": 2}, status=409 if conflict else 200)


def urlpatterns() -> list[Any]:
    from django.urls import path

    return [path(name, page, {"name": name}) for name in PAGES] + [path("saved", saved)]


class Urls:
    """A lazy urlconf: settings must stand before django.urls is read."""

    @property
    def urlpatterns(self) -> list[Any]:
        return urlpatterns()


def configure() -> None:
    settings.configure(
        DEBUG=True,
        SECRET_KEY="style guide only",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=Urls(),
        INSTALLED_APPS=[
            "django.contrib.staticfiles",
            "django_cotton.apps.SimpleAppConfig",
            "handslag.web.ui",
        ],
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware", f"{__name__}.policy"],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [HERE / "templates"],
                "OPTIONS": {
                    "loaders": [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                    "builtins": ["django_cotton.templatetags.cotton"],
                    "context_processors": ["django.template.context_processors.request", f"{__name__}.frame"],
                },
            }
        ],
        FORM_RENDERER="handslag.web.ui.forms.Renderer",
        STATIC_URL="/static/",
        LANGUAGES=[("sv", "Svenska"), ("en", "English"), ("ar", "العربية")],
        LANGUAGE_CODE="en",
        USE_TZ=True,
        TIME_ZONE="Europe/Stockholm",
    )
    django.setup()


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def serve(port: int) -> None:
    """Serve on the loopback address until stopped; prints the address once it listens."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.wsgi import get_wsgi_application

    configure()
    with make_server("127.0.0.1", port, StaticFilesHandler(get_wsgi_application()), Server, Quiet) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

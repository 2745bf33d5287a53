"""The screens of an application in their order: those of its form, then checking and signing."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import get_language, gettext

from handslag.domain.intake.forms import Form, form_of
from handslag.domain.intake.models import Application, Draft


@dataclass
class Step:
    """A step of the way of an application: `state` is done, now or next."""

    title: str
    at: str = ""
    state: str = "next"
    more: str = ""
    url: str = ""


def form_behind(draft: Draft | Application) -> Form:
    """The form that a draft was begun with, or an application made by, in the version of that day."""
    return form_of(draft.form, draft.form_version)


def reading() -> str:
    """The reader's language, as forms have it."""
    return (get_language() or "sv")[:2]


def labels(form: Form) -> dict[str, str]:
    """What each screen is called, by its code."""
    words = form.words(reading())
    asked = {screen.code: words.screens[screen.code].label for screen in form.screens}
    return {**asked, "check": gettext("Check"), "sign": gettext("Sign")}


def steps(tenant: str, draft: Draft, here: str) -> list[dict[str, str]]:
    """The stepper: what is behind can be gone back to, unless it is fixed for signing."""
    named = labels(form_behind(draft))
    at = list(named).index(here)
    return [
        {
            "label": label,
            "state": "done" if number < at else "current" if number == at else "todo",
            "url": reverse("step", args=[tenant, draft.id, name]) if number < at and here != "sign" else "",
        }
        for number, (name, label) in enumerate(named.items())
    ]


def beside(form: Form, step: str, way: int) -> str:
    """The screen that follows (1) or comes before (-1); nothing before the first."""
    order = list(labels(form))
    at = order.index(step) + way
    return order[at] if at >= 0 else ""

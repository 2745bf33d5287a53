"""The five screens of a renewal, in their order."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext

from handslag.domain.intake.models import Draft

ORDER = ("household", "income", "costs", "check", "sign")


def labels() -> dict[str, str]:
    """What each screen is called."""
    return {
        "household": gettext("Changes"),
        "income": gettext("Income"),
        "costs": gettext("Costs"),
        "check": gettext("Check"),
        "sign": gettext("Sign"),
    }


def steps(tenant: str, draft: Draft, here: str) -> list[dict[str, str]]:
    """The stepper: what is behind can be gone back to, unless it is fixed for signing."""
    at = ORDER.index(here)
    return [
        {
            "label": label,
            "state": "done" if number < at else "current" if number == at else "todo",
            "url": reverse("step", args=[tenant, draft.id, name]) if number < at and here != "sign" else "",
        }
        for number, (name, label) in enumerate(labels().items())
    ]


def after(step: str) -> str:
    """The screen that follows."""
    return ORDER[ORDER.index(step) + 1]

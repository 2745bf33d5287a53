"""What every page of this counter shares: that of all of staff's pages, with templates of its own."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from handslag.web.desk import pages
from handslag.web.desk.pages import (
    CASE_ROLES,
    attempt,
    base,
    form_key,
    form_keys,
    language,
    number_in,
    require,
    rows_in,
    text_in,
    the_door,
    the_member,
    today,
    typed,
    version_seen,
    who,
)

__all__ = [
    "CASE_ROLES",
    "attempt",
    "base",
    "form_key",
    "form_keys",
    "language",
    "number_in",
    "page",
    "require",
    "rows_in",
    "text_in",
    "the_door",
    "the_member",
    "today",
    "typed",
    "version_seen",
    "who",
]


def page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    """Render a page of this counter with the navigation of all of staff's. Call it inside the door."""
    return pages.page(request, f"caseworker/{template}", status, **context)

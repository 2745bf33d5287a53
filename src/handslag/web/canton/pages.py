"""A page of this counter."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from handslag.web.desk import pages


def page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    """Render a page of this counter with the navigation of all of staff's. Call it inside the door."""
    return pages.page(request, f"canton/{template}", status, **context)

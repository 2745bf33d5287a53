"""A page of this counter, and what its pages share."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from handslag.domain.exchange.queries import own_address, partners
from handslag.domain.tenancy.permissions import Hidden
from handslag.web.desk import pages
from handslag.web.desk.pages import the_door


def page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    """Render a page of this counter with the navigation of all of staff's. Call it inside the door."""
    return pages.page(request, f"canton/{template}", status, **context)


def require_register(request: HttpRequest) -> None:
    """Hidden outside of Switzerland: nobody else has a register."""
    if the_door(request).the_tenant.country != "CH":
        raise Hidden("register")


def names_of(request: HttpRequest) -> dict[str, str]:
    """The names of who can be written to, and ours, by address."""
    names = {address: row.name for address, row in partners().items()}
    return names | {own_address(): the_door(request).the_tenant.name}

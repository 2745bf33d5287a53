"""The frame of every page: whose counter it is, who is signed in, languages, help. Never asks the database."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext

from handslag.domain.tenancy.door import TenantRef, current_door
from handslag.domain.tenancy.permissions import Member
from handslag.web.entry.pages import shared_seconds
from handslag.web.ui.site import Site

#: What a page says where no organisation is known.
PRODUCT = "Handslag"
#: Path that takes the choice of a language, on every host.
LANGUAGE_URL = "/language/"


def context(request: HttpRequest) -> dict[str, Any]:
    """`site` for the layouts, besides `counter`, `organisation` (TenantRef or None) and `member` (staff or None).

    A counter's views may set on the request: `person` (name of the citizen), `nav` (tuple of ui Link),
    `search_url`, `help_url`, `footer`, `keys` (False: single-letter shortcuts off), `notice` (title
    and paragraphs). Everything else comes from the door, so that an error page needs no query.
    """
    counter = getattr(request, "counter", "")
    organisation: TenantRef | None = getattr(request, "organisation", None)
    door = current_door()
    member: Member | None = door.memory.get("member") if door else None
    person = getattr(request, "person", "") or (member.name if member else "")
    home = f"/{organisation.slug}/" if organisation else "/"
    shared = shared_seconds(request) if counter == "apply" and organisation else 0
    return {
        "counter": counter,
        "organisation": organisation,
        "member": member,
        "site": Site(
            organisation=organisation.name if organisation else PRODUCT,
            home_url=home,
            theme_url=f"/{organisation.slug}/theme.css" if organisation else "",
            service=gettext("Financial support") if counter == "apply" and organisation else "",
            person=person,
            signout_url=(f"{home}log-out/" if counter == "apply" else settings.LOGOUT_URL) if person or shared else "",
            leave_after=shared,
            language_url="" if getattr(request, "away", False) else LANGUAGE_URL,
            languages=_languages(organisation, counter),
            nav=getattr(request, "nav", ()),
            search_url=getattr(request, "search_url", ""),
            help_url=getattr(request, "help_url", "") or _help(request, home),
            help_phone=organisation.telephone if organisation else "",
            footer=getattr(request, "footer", ()),
            keys=getattr(request, "keys", True),
            notice=getattr(request, "notice", ()),
            training=organisation is not None and organisation.training,
        ),
    }


def _help(request: HttpRequest, home: str) -> str:
    """Where a citizen finds help on the page that she sees; before she has chosen an organisation the choice of one."""
    if getattr(request, "counter", "") != "apply":
        return ""
    page = request.resolver_match.url_name if request.resolver_match else None
    return home if home == "/" else f"{home}help/" + (f"?page={page}" if page else "")


def _languages(organisation: TenantRef | None, counter: str) -> tuple[tuple[str, str], ...]:
    offered = organisation.languages if organisation else []
    if counter != "apply":
        offered = [code for code in offered if code not in settings.LANGUAGES_OF_APPLICANTS]
    return tuple(
        (code, name)
        for code, name in settings.LANGUAGES
        if code in offered or (not offered and code not in settings.LANGUAGES_WHERE_OFFERED)
    )

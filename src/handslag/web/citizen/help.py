"""Help on every page: the area that the page belongs to, whom one can ask, what happens next."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from handslag.domain.casefile.queries import cases_of
from handslag.domain.people.models import Person
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.models import Organisation
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import setting
from handslag.rules.yaml_files import shipped
from handslag.web.citizen.person import me
from handslag.web.citizen.steps import reading
from handslag.web.entry.pages import citizen_at, citizen_page, open_page

FOLDER: Final = Path(__file__).with_name("help_texts")


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that people ask, and the answer."""

    q: str
    a: str


class Area(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The help on one area in one language."""

    title: str
    asked: list[Asked]


class Areas(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """areas.yaml: which pages belong to which area; when somebody last read the help against the pages."""

    checked_on: date
    areas: dict[str, list[str]]


@cache
def areas() -> Areas:
    """The areas with their pages."""
    return msgspec.convert(shipped(FOLDER / "areas.yaml"), Areas)


@cache
def texts(language: str) -> dict[str, Area]:
    """The help by area for a reader of `language`; in Swedish where there is none in hers."""
    file = FOLDER / f"texts.{language}.yaml"
    found = shipped(file if file.exists() else FOLDER / "texts.sv.yaml")
    return msgspec.convert(found, dict[str, Area])


def help_page(request: HttpRequest, tenant: str, area: str = "") -> HttpResponse:
    """The help on an area, or on the page that is named in the query: to everybody, logged in or not."""
    view = _mine if citizen_at(request, tenant) else _anybodys
    return view(request, tenant=tenant, area=area)


@open_page("help")
def _anybodys(request: HttpRequest, tenant: str, area: str) -> HttpResponse:
    return _shown(request, tenant, area, None)


@citizen_page("help")
def _mine(request: HttpRequest, tenant: str, area: str) -> HttpResponse:
    try:
        person = me(request)
    except Hidden:  # protected since she logged in: the help is there for her as for anybody
        return _shown(request, tenant, area, None)
    return _shown(request, tenant, area, person)


def _shown(request: HttpRequest, tenant: str, area: str, person: Person | None) -> HttpResponse:
    page, known = request.GET.get("page", ""), areas().areas
    about = area or next((name for name, pages in known.items() if page in pages), "")
    if area and area not in known:
        raise Http404
    found = texts(reading())
    own = {name: setting(name) for name in ("decision_days", "signature_days", "payment_day")}
    cases = [case for case in cases_of(person.id) if case.state == "open"] if person else []
    contact, organisation = setting("contact"), Organisation.objects.get(id=acting_door().the_tenant.id)
    units = contact.get("units", {})
    mine = {case.unit.name for case in cases}
    telephones = {name: number for name, number in units.items() if name in mine or not mine}
    if not telephones and organisation.telephone:
        telephones = {"": organisation.telephone}
    facts = {
        "title": found[about].title if about else "",
        "asked": [(one.q, one.a.format(**own)) for one in found[about].asked] if about else [],
        "others": [
            {"title": text.title, "url": reverse("help-about", args=[tenant, name])}
            for name, text in found.items()
            if name != about
        ],
        "logged_in": person is not None,
        "cases": cases,
        "caseworkers": [case.caseworker.name for case in cases if case.caseworker],
        "telephones": telephones,
        "hours": contact.get("hours", ""),
        "address": organisation.address_lines,
        "decision_days": own["decision_days"],
    }
    return render(request, "citizen/help.html", facts)

"""Whose pages these are, and how she and others are called on them."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from handslag.domain.people.models import Person
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.permissions import Hidden
from handslag.web.ui.formats import day


def me(request: HttpRequest) -> Person:
    """The citizen behind the door, whom a representative may act for; Hidden once she is protected: then a person
    serves her, not a page."""
    by = acting_door().the_actor
    assert by.id is not None
    person = Person.objects.get(id=by.id)
    if person.protection_level:
        raise Hidden("my pages", person.id)
    request.person = full_name(person)  # type: ignore[attr-defined]
    if by.through is not None:
        agent = request.representation.representative  # type: ignore[attr-defined]
        request.person, request.acting_for = full_name(agent), full_name(person)  # type: ignore[attr-defined]
    return person


def name_of(person: Person, viewer: UUID) -> str:
    """The name of another adult of the case; a protected person's is not shown."""
    return gettext("The other adult") if person.protection_level and person.id != viewer else full_name(person)


def member_facts(member: dict[str, str | None], viewer: UUID) -> dict[str, str]:
    """A member of a household as a page shows it, from the document that is signed."""
    you = member["person"] == str(viewer)
    born = day(date.fromisoformat(member["birth_on"])) if member["birth_on"] else ""
    role = gettext("you") if you else gettext("adult") if member["role"] == "adult" else gettext("child")
    unnamed = gettext("The other adult") if member["role"] == "adult" else gettext("One of the household")
    return {
        "person": str(member["person"]),
        "name": member["name"] or unnamed,
        "role": role,
        "born": gettext("born %(day)s") % {"day": born} if born else "",
    }


def who_represents(agent: Person) -> str:
    """How a representative is called on the pages of whom she acts for; one under protection has no name there."""
    if agent.protection_level:
        return gettext("Your representative")
    return gettext("%(name)s, for you") % {"name": full_name(agent)}


GROUNDS = {
    "god_man": gettext_lazy("god man"),
    "forvaltare": gettext_lazy("förvaltare"),
    "fullmakt": gettext_lazy("by power of attorney"),
}


def representatives(shown: dict[str, Any], viewer: UUID) -> list[tuple[str, str, str]]:
    """Who signs a document for whom, on what ground: names as they stand in it."""
    names = {one["person"]: member_facts(one, viewer)["name"] for one in shown["household"]}
    return [
        (one["name"], names.get(person, ""), str(GROUNDS[one["ground"]]))
        for person, one in (shown.get("representatives") or {}).items()
    ]

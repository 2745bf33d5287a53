"""A person as eCH-0044 names her: number, names and day of birth; never an address."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.ech.frame import PERSON, below, texts
from handslag.messages.question.message import Person


def put_person(place: etree._Element, told: Person) -> None:
    """Write a person (personIdentificationLightType)."""
    if told.identifier_type == "ahvn13":
        below(place, "vn", told.identifier.replace(".", ""), PERSON)
    local = below(place, "localPersonId", None, PERSON)
    below(local, "personIdCategory", told.identifier_type, PERSON)
    below(local, "personId", told.identifier, PERSON)
    below(place, "officialName", (told.family_name or told.given_name)[:100], PERSON)
    below(place, "firstName", (told.given_name or told.family_name)[:100], PERSON)
    if told.birth_on is not None:
        below(below(place, "dateOfBirth", None, PERSON), "yearMonthDay", told.birth_on, PERSON)


def take_person(place: etree._Element) -> dict[str, Any]:
    """Read her again. `vn` isn't signed, so it may say nothing else than the number that is: ValueError."""
    (local,) = place.findall(f"{{{PERSON}}}localPersonId")
    number = texts(local, PERSON, "personIdCategory", "personId")
    vn = texts(place, PERSON, "vn").get("vn")
    if number["personIdCategory"] == "ahvn13" and vn not in (None, number["personId"].replace(".", "")):
        raise ValueError("vn is another number")
    names = texts(place, PERSON, "officialName", "firstName")
    born = [texts(day, PERSON, "yearMonthDay")["yearMonthDay"] for day in place.findall(f"{{{PERSON}}}dateOfBirth")]
    return {
        "identifier_type": number["personIdCategory"],
        "identifier": number["personId"],
        "given_name": names["firstName"],
        "family_name": names["officialName"],
        **({"birth_on": born[0]} if born else {}),
    }

"""The same message as XML, in the frame of eCH, as it goes by sedex. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.ech.frame import Form, below, put_fields, take_fields
from handslag.messages.social_statistics.message import SocialStatistics, Variable

OWN = "urn:handslag:message:social_statistics:1"
#: Fields and their elements, in order.
_HEAD = (("month", "month"), ("number", "number"), ("table", "table"))
_DOSSIER = (("dossier", "number"),)
_PERSON = (("number", "number"), ("key", "key"))
_BOOKED = (("reference", "reference"), ("account_code", "accountCode"), ("category", "category"), ("since", "since"),
           ("until", "until"), ("person", "person"), ("direction", "direction"), ("amount", "amount"))  # fmt: skip
_TOTALS = (("expense", "expense"), ("income", "income"))
_NUMBERS = {"number", "person", "amount", "expense", "income"}


def _taken(place: etree._Element, fields: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    told = take_fields(place, fields, OWN)
    return {field: int(value) if field in _NUMBERS else value for field, value in told.items()}


def _put_variables(place: etree._Element, told: list[Variable]) -> None:
    for one in told:
        below(place, "variable", one.value, OWN).set("name", one.name)


def _take_variables(place: etree._Element) -> list[dict[str, str]]:
    return [{"name": one.get("name", ""), "value": one.text or ""} for one in place.findall(f"{{{OWN}}}variable")]


def _put(root: etree._Element, told: SocialStatistics) -> None:
    put_fields(root, told, _HEAD, OWN)
    for each in told.dossiers:
        place = below(root, "dossier", None, OWN)
        put_fields(place, each, _DOSSIER, OWN)
        _put_variables(place, each.variables)
        for person in each.persons:
            of = below(place, "person", None, OWN)
            put_fields(of, person, _PERSON, OWN)
            _put_variables(of, person.variables)
        for booked in each.bookings:
            put_fields(below(place, "booking", None, OWN), booked, _BOOKED, OWN)
    put_fields(below(root, "totals", None, OWN), told.totals, _TOTALS, OWN)


def _take(root: etree._Element) -> dict[str, Any]:
    (totals,) = root.findall(f"{{{OWN}}}totals")
    dossiers = [
        {
            **_taken(place, _DOSSIER),
            "variables": _take_variables(place),
            "persons": [
                {**_taken(one, _PERSON), "variables": _take_variables(one)} for one in place.findall(f"{{{OWN}}}person")
            ],
            "bookings": [_taken(one, _BOOKED) for one in place.findall(f"{{{OWN}}}booking")],
        }
        for place in root.findall(f"{{{OWN}}}dossier")
    ]
    return {**_taken(root, _HEAD), "dossiers": dossiers, "totals": _taken(totals, _TOTALS)}


FORM = Form("social_statistics", 1, SocialStatistics, _put, _take)

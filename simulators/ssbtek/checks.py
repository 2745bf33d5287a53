"""The question, checked as strictly as the service's own rules are."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SSBT = "http://schema.forsakringskassan.se/integration/ssbt/10"
PARTS = ("AF", "CSN", "FK", "SKV", "SO", "TNS", "MIV")
_FK = (
    "ABB", "AP", "AS", "BOB", "BST", "BTI", "DPE", "EJO", "ET", "FP", "FSJP", "GP", "HE", "MABB", "MEK", "NP", "OMV",
    "PJOB", "PROG", "RBE", "SA", "SBP", "SJP", "TFP", "US", "VB", "YL",
)  # fmt: skip
GROUPS = {*("FK:" + code for code in _FK), "PM:AP", "PM:BTI", "PM:EF"}
GENERAL = (
    ("frageTidpunkt", False), ("korrelationsid", False), ("fraganSkallInkluderasISvaret", True), ("ingivare", True),
    ("personidentitet", True), ("arendeidentitet", True), ("tidsperiod", True), ("personuppgiftsbitrade", False),
    ("syfte", True), ("lagtext", True),
)  # fmt: skip


class Refused(ValueError):
    """The question isn't in order; the text says why."""


@dataclass(frozen=True)
class Asked:
    key: str
    person: str
    case: str
    sender: str
    name: str
    caseworker: str
    since: date
    last: date
    purpose: str
    law: str
    parts: tuple[str, ...]
    lefi: dict[str, Any]


def read(body: bytes) -> Asked | None:
    """The question in a message; None for a ping. Refused says what is wrong."""
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise Refused("inte välformad XML") from error
    if root.tag != f"{{{SOAP}}}Envelope" or len(root) != 1 or root[0].tag != f"{{{SOAP}}}Body" or len(root[0]) != 1:
        raise Refused("inte ett SOAP 1.1-meddelande")
    asked = root[0][0]
    if asked.tag == f"{{{SSBT}}}testaBastjanstInformation":
        return None
    if asked.tag != f"{{{SSBT}}}hamtaBastjanstInformation":
        raise Refused("okänd operation")
    general, special = _exactly(asked, "generellaFrageparametrar", "specifikaFrageparametrar")
    found = _general(general)
    sender = _texts(found["ingivare"], "organisationsnummer", "namn", "handlaggare")
    days = _texts(found["tidsperiod"], "fromDatum", "tomDatum")
    if not re.fullmatch(r"\d{4}[2-9]\d{7}", sender[0]):
        raise Refused("organisationsnummer")
    person, case = (found[name].text or "" for name in ("personidentitet", "arendeidentitet"))
    if not re.fullmatch(r"\d{12}", person) or not case:
        raise Refused("personidentitet eller arendeidentitet")
    law = found["lagtext"].text or ""
    if "2025:400" not in law or not re.search(r"15 kap", law):
        raise Refused("lagtext är inte gällande rätt")
    try:
        since, last = (date.fromisoformat(day) for day in days)
    except ValueError as error:
        raise Refused("tidsperiod") from error
    if not since <= last or (last - since).days > 731:
        raise Refused("tidsperiod högst två år")
    parts = _exactly(special, *PARTS)
    wanted = []
    lefi: dict[str, Any] = {}
    for name, part in zip(PARTS, parts, strict=True):
        if part.get("inkludera") not in ("true", "false", "1", "0"):
            raise Refused(f"{name}: inkludera")
        if part.get("inkludera") in ("true", "1"):
            wanted.append(name)
            if name == "FK":
                lefi = _lefi(part, person)
        elif len(part):
            raise Refused(f"{name}: inget innehåll när den inte inkluderas")
    if not wanted:
        raise Refused("ingen bastjänst efterfrågad")
    key = found["korrelationsid"].text or "" if "korrelationsid" in found else ""
    return Asked(
        key, person, case, sender[0], sender[1], sender[2], since, last, found["syfte"].text or "", law,
        tuple(wanted), lefi,
    )  # fmt: skip


def _general(general: etree._Element) -> dict[str, etree._Element]:
    order = [name for name, _ in GENERAL]
    names = [etree.QName(one).localname for one in general]
    if any(etree.QName(one).namespace != SSBT for one in general) or not set(names) <= set(order):
        raise Refused("generellaFrageparametrar")
    if names != sorted(names, key=order.index) or any(needed and name not in names for name, needed in GENERAL):
        raise Refused("generellaFrageparametrar: ordning")
    return dict(zip(names, general, strict=True))


def _exactly(parent: etree._Element, *names: str) -> list[etree._Element]:
    if [one.tag for one in parent] != [f"{{{SSBT}}}{name}" for name in names]:
        raise Refused(etree.QName(parent).localname)
    return list(parent)


def _texts(parent: etree._Element, *names: str) -> list[str]:
    found = [(one.text or "").strip() for one in _exactly(parent, *names)]
    if not all(found):
        raise Refused(etree.QName(parent).localname)
    return found


def _lefi(part: etree._Element, person: str) -> dict[str, Any]:
    (question,) = _exactly(part, "fraga")
    names = [etree.QName(one).localname for one in question]
    if names not in (["version", "aktorsid", "lefiJsonFraga"], ["aktorsid", "lefiJsonFraga"]) or not question[-2].text:
        raise Refused("FK: fraga")
    try:
        asked = json.loads(base64.b64decode(question[-1].text or "", validate=True))
    except ValueError as error:
        raise Refused("FK: lefiJsonFraga") from error
    known = {"personnummer", "period", "formansinformation", "ansprak", "beslut", "preliminaraUtbetalningar",
             "utbetalningar", "ovrigInformation"}  # fmt: skip
    if not isinstance(asked, dict) or not set(asked) <= known or asked.get("personnummer") != person:
        raise Refused("FK: lefiJsonFraga")
    for name in ("utbetalningar", "preliminaraUtbetalningar"):
        groups = asked.get(name, [])
        if not set(groups) <= GROUPS or len(groups) != len(set(groups)):
            raise Refused(f"FK: {name}")
    if set(asked.get("period", {})) != {"from", "tom"}:
        raise Refused("FK: period")
    return asked

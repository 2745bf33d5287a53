"""The question as SSBTEK wants it. Order and names of the elements are the service's."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Final

from lxml import etree

from handslag.connectors.authorities.port import Question

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SSBT: Final = "http://schema.forsakringskassan.se/integration/ssbt/10"

#: The benefit groups of LEFI v9 that can be income of a household.
_FK: Final = (
    "ABB", "AP", "AS", "BOB", "BST", "BTI", "DPE", "EJO", "ET", "FP", "FSJP", "GP", "HE", "MABB", "MEK", "NP", "OMV",
    "PJOB", "PROG", "RBE", "SA", "SBP", "SJP", "TFP", "US", "VB", "YL",
)  # fmt: skip
FK_GROUPS: Final = tuple(f"FK:{code}" for code in _FK)
PM_GROUPS: Final = ("PM:AP", "PM:BTI", "PM:EF")
_PARTS: Final = ("AF", "CSN", "FK", "SKV", "SO", "TNS", "MIV")


def question_xml(question: Question) -> bytes:
    """The whole SOAP message. `until` becomes the last day, as the service counts."""
    last = (question.until - timedelta(days=1)).isoformat()
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP, "ssbt": SSBT})
    asked = _under(_under(root, "Body", SOAP), "hamtaBastjanstInformation")
    general = _under(asked, "generellaFrageparametrar")
    _under(general, "korrelationsid", text=question.key)
    _under(general, "fraganSkallInkluderasISvaret", text="false")
    sender = _under(general, "ingivare")
    _under(sender, "organisationsnummer", text=question.organisation_number)
    _under(sender, "namn", text=question.organisation)
    _under(sender, "handlaggare", text=question.asked_by)
    _under(general, "personidentitet", text=question.person)
    _under(general, "arendeidentitet", text=question.case)
    days = _under(general, "tidsperiod")
    _under(days, "fromDatum", text=question.since.isoformat())
    _under(days, "tomDatum", text=last)
    _under(general, "syfte", text=question.purpose)
    _under(general, "lagtext", text=question.legal_basis)
    special = _under(asked, "specifikaFrageparametrar")
    for part in _PARTS:
        wanted = part in question.authorities or (part == "FK" and "PM" in question.authorities)
        one = _under(special, part)
        one.set("inkludera", "true" if wanted else "false")
        if part == "FK" and wanted:
            lefi = _under(one, "fraga")
            _under(lefi, "version", text="v9")
            _under(lefi, "aktorsid", text=question.actor)
            _under(lefi, "lefiJsonFraga", text=base64.b64encode(_lefi(question, last)).decode())
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def ping_xml() -> bytes:
    """The message that asks which authorities can be reached."""
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP, "ssbt": SSBT})
    _under(_under(root, "Body", SOAP), "testaBastjanstInformation")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _lefi(question: Question, last: str) -> bytes:
    paid = [*(FK_GROUPS if "FK" in question.authorities else ()), *(PM_GROUPS if "PM" in question.authorities else ())]
    asked: dict[str, object] = {
        "personnummer": question.person,
        "period": {"from": question.since.isoformat(), "tom": last},
        "preliminaraUtbetalningar": paid,
        "utbetalningar": paid,
    }
    if "FK" in question.authorities:
        asked["ovrigInformation"] = ["FK:GEPI"]
    return json.dumps(asked, ensure_ascii=False).encode()


def _under(parent: etree._Element, name: str, space: str = SSBT, text: str | None = None) -> etree._Element:
    made = etree.SubElement(parent, f"{{{space}}}{name}")
    made.text = text
    return made

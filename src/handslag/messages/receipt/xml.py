"""A receipt as XML, in the frame of eCH; see `schema.xsd`."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.ech.frame import Form, below, texts
from handslag.messages.receipt.message import Receipt

OWN = "urn:handslag:message:receipt:1"
_REPORT = ("of", "digest", "machine", "state", "code", "text")


def _put(root: etree._Element, receipt: Receipt) -> None:
    report = below(root, "report", None, OWN)
    for name in _REPORT:
        if value := getattr(receipt.report, name):
            below(report, name, value, OWN)


def _take(root: etree._Element) -> dict[str, Any]:
    (report,) = root.findall(f"{{{OWN}}}report")
    return {"report": texts(report, OWN, *_REPORT)}


FORM = Form("receipt", 1, Receipt, _put, _take)

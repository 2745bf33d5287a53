"""What the profiles of pain.001.001.09 share: how texts stand in it, and the proof of a file against the ISO schema."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any, cast

from lxml import etree

from handslag.connectors.bank.port import PaymentFile, Problem, SchemaRefused

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_IDENTIFIER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9/\-?:().,'+ ]*[A-Za-z0-9/\-?:().,'+])?")


def identifier_ok(text: str, length: int) -> bool:
    """Whether a text can be an id: plain characters, no more than `length`."""
    return len(text) <= length and bool(_IDENTIFIER.fullmatch(text)) and "//" not in text


def escaped(text: str) -> str:
    """A text as it stands in XML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def amount_of(minor: int) -> str:
    """Minor units as the file writes them."""
    return f"{minor // 100}.{minor % 100:02d}"


@cache
def schema() -> etree.XMLSchema:
    """The ISO schema of pain.001.001.09, as the installed library sepaxml carries it."""
    source = resources.files("sepaxml") / "schemas" / "pain.001.001.09.xsd"
    return etree.XMLSchema(etree.fromstring(source.read_bytes()))


def prove(content: bytes, file: PaymentFile) -> None:
    """Validates `content` against the ISO schema, reads it back, compares ids, amounts, counts and sums
    with `file`. Raises SchemaRefused; its text names the line and the rule, never a value."""

    def texts(name: str) -> list[str]:
        return [element.text or "" for element in tree.iter(f"{{{NAMESPACE}}}{name}")]

    try:
        tree = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError as error:
        raise SchemaRefused([Problem("", f"line {error.lineno}", "not_well_formed", "the file isn't XML")]) from None
    if not schema().validate(tree):
        last = cast(Any, schema().error_log).last_error
        where, rule = (f"line {last.line}", last.type_name) if last else ("file", "invalid")
        raise SchemaRefused([Problem("", where, rule, "the file breaks the ISO schema")])
    amounts = [_minor(text) for text in texts("InstdAmt")]
    counts = [int(text) for text in texts("NbOfTxs")]
    sums = [_minor(text) for text in texts("CtrlSum")]
    rows = dict(zip(texts("EndToEndId"), amounts, strict=True))
    ids_agree = len(amounts) == len(rows) and rows == {p.end_to_end_id: p.amount for p in file.payments}
    counts_agree = counts[0] == sum(counts[1:]) == len(amounts)
    sums_agree = sums[0] == sum(sums[1:]) == sum(amounts)
    if not (ids_agree and counts_agree and sums_agree):
        raise SchemaRefused([Problem("", "payments", "sum", "the file doesn't add up to its payments")])


def _minor(text: str | None) -> int:
    crowns, _, ore = (text or "").partition(".")
    return int(crowns) * 100 + int(ore.ljust(2, "0"))

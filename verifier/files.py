"""The file store: what lies there is what the documents say; and what a payment file says of itself."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from verifier.database import Connection, Row
from verifier.invariants import by_id, grouped
from verifier.report import Report

_HEAD, _CHUNK, _TAG = 36, 65536, 16
#: A file that no document names is swept; until then it may be one that is just being recorded.
ORPHAN_SECONDS = 3600


class Altered(ValueError):
    """The stored bytes are not what was written."""


def opened(key: bytes, file_id: UUID, sealed: bytes) -> bytes:
    """The plain bytes of a sealed file (HSF1: AES-256-GCM chunks of 64 KiB, HKDF key per file); Altered."""
    if sealed[:4] != b"HSF1" or len(sealed) < _HEAD + _TAG:
        raise Altered("no sealed file")
    own = HKDF(SHA256(), 32, sealed[4:_HEAD], b"handslag file 1" + file_id.bytes).derive(key)
    cipher, plain = AESGCM(own), []
    chunks = [sealed[at : at + _CHUNK + _TAG] for at in range(_HEAD, len(sealed), _CHUNK + _TAG)]
    for number, chunk in enumerate(chunks):
        nonce = number.to_bytes(11, "big") + bytes([number == len(chunks) - 1])
        try:
            plain.append(cipher.decrypt(nonce, chunk, None))
        except InvalidTag:
            raise Altered(f"chunk {number} is altered") from None
    return b"".join(plain)


def sealed_size(size: int) -> int:
    """How long the sealed file of `size` plain bytes is."""
    return _HEAD + size + _TAG * max(1, -(-size // _CHUNK))


def check_files(connection: Connection, report: Report, folder: Path, keys: Sequence[bytes]) -> None:
    """I13: the store holds exactly the documents; with keys at hand, their bytes have their digests, and payment
    files say what their runs say (I7)."""
    documents = by_id(connection, "documents_document")
    run_files = grouped(by_id(connection, "payments_runfile").values(), "document_id")
    runs = by_id(connection, "payments_run")
    payments = grouped((p for p in by_id(connection, "payments_payment").values() if p["run_id"]), "run_id")
    present = dict(_stored(folder))
    for key, row in documents.items():
        report.count("files")
        place = present.pop(row["store_key"], None)
        if place is None:
            report.broken("I13", "documents_document", key, "its file is gone")
            continue
        sealed = place.read_bytes()
        if len(sealed) != sealed_size(row["size"]):
            report.broken("I13", "documents_document", key, "its file is longer or shorter than what was written")
        if not keys:
            continue
        plain = _opened_by_any(report, keys, row, sealed)
        for run_file in run_files.get(key, []) if plain is not None else []:
            run = runs.get(run_file["run_id"])
            if run is not None and plain is not None:
                check_payment_file(report, run_file, run, payments.get(run["id"], []), plain)
    for name, place in present.items():
        if time.time() - place.stat().st_mtime > ORPHAN_SECONDS:
            report.broken("I13", "documents_document", name, "lies in the store, but no document names it")


def _stored(folder: Path) -> Iterator[tuple[str, Path]]:
    for place in folder.glob("??/*"):
        yield place.name, place


def _opened_by_any(report: Report, keys: Sequence[bytes], row: Row, sealed: bytes) -> bytes | None:
    trouble = "no key opens it"
    for key in keys:
        try:
            plain = opened(key, UUID(row["store_key"]), sealed)
        except (Altered, ValueError) as error:
            trouble = str(error)
            continue
        if (hashlib.sha256(plain).hexdigest(), len(plain)) != (row["digest"], row["size"]):
            report.broken("I13", "documents_document", row["id"], "its bytes do not have its digest and size")
        return plain
    report.broken("I13", "documents_document", row["id"], f"its file: {trouble}")
    return None


def check_payment_file(report: Report, run_file: Row, run: Row, payments: list[Row], content: bytes) -> None:
    """I7: sums and numbers as the file states them, and its transfers one by one, are those of the run."""
    try:
        stated = read_pain001(content)
    except (ElementTree.ParseError, InvalidOperation, ValueError) as error:
        report.broken("I7", "payments_runfile", run_file["id"], f"can't be read as a payment file: {error}")
        return
    for count, total in stated["sums"]:
        if (count, total) != (run["payments"], run["total"]):
            report.broken(
                "I7",
                "payments_runfile",
                run_file["id"],
                f"the file says {count} payments, {total}; the run {run['total']}",
            )
    planned = sorted((p["reference"], p["amount"]) for p in payments)
    if sorted(stated["transfers"]) != planned:
        report.broken("I7", "payments_runfile", run_file["id"], "the file's transfers are not the run's payments")
    for payment in payments:
        account = payment["clearing"] + payment["account_number"]
        digits = "".join(c for c in account if c.isalnum())
        own = "".join(c for c in payment["account_number"] if c.isalnum())
        written = stated["accounts"].get(payment["reference"], "")
        if written and written not in (digits, own) and not digits.endswith(written):
            report.broken("I7", "payments_payment", payment["id"], "the file pays into another account")


def read_pain001(content: bytes) -> dict[str, Any]:
    """Of a pain.001 file: (number, sum in minor units) of its header and of its parts together, its transfers as
    (end-to-end id, amount), and the account of each. ValueError for a document type declaration."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise ValueError("a document type declaration")
    root = ElementTree.fromstring(content)
    header = _one(root, "GrpHdr")
    parts = list(_all(root, "PmtInf"))
    sums = [(int(_text(header, "NbOfTxs")), _minor(_text(header, "CtrlSum")))]
    stated = [part for part in parts if any(_local(child) == "CtrlSum" for child in part)]
    if len(stated) == len(parts):
        sums.append(
            (
                sum(int(_text(part, "NbOfTxs")) for part in parts),
                sum(_minor(_text(part, "CtrlSum")) for part in parts),
            )
        )
    transfers, accounts = [], {}
    for transfer in _all(root, "CdtTrfTxInf"):
        reference, amount = _text(transfer, "EndToEndId"), _minor(_text(transfer, "InstdAmt"))
        transfers.append((reference, amount))
        number = next((_id(account) for account in _all(transfer, "CdtrAcct")), "")
        accounts[reference] = "".join(c for c in number if c.isalnum())
    sums.append((len(transfers), sum(amount for _, amount in transfers)))
    return {"sums": sums, "transfers": transfers, "accounts": accounts}


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _all(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (child for child in element.iter() if _local(child) == name)


def _one(element: ElementTree.Element, name: str) -> ElementTree.Element:
    found = next(_all(element, name), None)
    if found is None:
        raise ValueError(f"no {name}")
    return found


def _text(element: ElementTree.Element, name: str) -> str:
    return (_one(element, name).text or "").strip()


def _id(account: ElementTree.Element) -> str:
    texts = [(child.text or "").strip() for child in account.iter() if _local(child) in ("Id", "IBAN")]
    return next((text for text in texts if text), "")


def _minor(text: str) -> int:
    amount = Decimal(text) * 100
    if amount != int(amount):
        raise ValueError(f"{text} is no amount of two decimals")
    return int(amount)


KeysByTenant = Mapping[int, Sequence[bytes]]

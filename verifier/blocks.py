"""Signed blocks: Merkle trees (RFC 6962) over the heads of chains, each signed and chained to the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from verifier.canonical import NotCanonical, encode
from verifier.chain import Chain, digest_of
from verifier.database import Connection, Row, moment, rows
from verifier.report import Report
from verifier.signatures import BadSignature, signed_by_us
from verifier.stored import fields

#: A finding: an event older than this that no signed block covers. They are signed each minute.
UNSIGNED_FOR = timedelta(minutes=15)


def merkle_root(leaves: list[bytes]) -> str:
    """RFC 6962, 2.1, from the leaves upwards: pairs are joined, an odd one moves up as it is."""
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    if not level:
        return hashlib.sha256(b"").hexdigest()
    while len(level) > 1:
        joined = [
            hashlib.sha256(b"\x01" + level[place] + level[place + 1]).digest() for place in range(0, len(level) - 1, 2)
        ]
        level = joined + ([level[-1]] if len(level) % 2 else [])
    return level[0].hex()


def signing_keys(connection: Connection) -> dict[str, Row]:
    """The tenant's published signing keys by key id."""
    found = rows(connection, "SELECT * FROM tenancy_key WHERE use = 'signing'")
    return {row["key_id"]: row for row in found}


def signed_payload(keys: Mapping[str, Row], key_id: str, signature: str, at: datetime) -> bytes:
    """What was signed by the key that was in use at that moment; BadSignature."""
    key = keys.get(key_id)
    if key is None:
        raise BadSignature(f"no published key {key_id}")
    if at < key["since"] or (key["until"] is not None and at >= key["until"]):
        raise BadSignature(f"key {key_id} was not in use then")
    return signed_by_us(signature, fields(key["public_jwk"]), key_id)


def check_blocks(
    connection: Connection,
    report: Report,
    chain: Chain,
    keys: Mapping[str, Row],
    now: datetime,
    published: Mapping[str, str],
) -> None:
    """Numbers without gap, links, signatures, roots, leaves; against `published` roots by block number."""
    leaves: dict[UUID, list[Row]] = {}
    for leaf in rows(connection, "SELECT * FROM audit_blockleaf ORDER BY block_id, place"):
        leaves.setdefault(leaf["block_id"], []).append(leaf)
    previous, number = "", 0
    signed: dict[UUID, int] = {}
    roots: dict[str, str] = {}
    for block in rows(connection, "SELECT * FROM audit_block ORDER BY number"):
        report.count("blocks")
        body = _body(block)
        if block["number"] != number + 1:
            report.broken(
                "block", "audit_block", block["id"], f"block {number + 1} is missing before {block['number']}"
            )
        elif block["previous"] != previous:
            report.broken("block", "audit_block", block["id"], "does not follow the block before it")
        try:
            if signed_payload(keys, block["key_id"], block["signature"], block["at"]) != encode(body):
                report.broken("block", "audit_block", block["id"], "is not what was signed")
        except (BadSignature, NotCanonical) as error:
            report.broken("block", "audit_block", block["id"], str(error))
        _check_leaves(report, chain, block, leaves.pop(block["id"], []), signed)
        previous, number = digest_of({**body, "signature": block["signature"]}), block["number"]
        roots[str(number)] = block["root"]
    for strays in leaves.values():
        for leaf in strays:
            report.broken("block", "audit_blockleaf", leaf["id"], "belongs to a block that is gone")
    for told, root in published.items():
        if roots.get(told) != root:
            report.broken(
                "I10", "audit_block", told, f"block {told} was published with root {root}, here is {roots.get(told)}"
            )
    if number:
        report.roots[report.tenant] = {str(number): roots[str(number)]}
    for subject, (seq, at) in chain.newest.items():
        if signed.get(subject, 0) < seq and now - at > UNSIGNED_FOR:
            text = (
                f"event {seq} of {moment(at)} is in no signed block: one is gone, or the worker has signed none since"
            )
            report.broken("I10", "audit_subject", subject, text)


def _body(block: Row) -> dict[str, Any]:
    return {
        "number": block["number"],
        "at": moment(block["at"]),
        "leaves": block["leaves"],
        "root": block["root"],
        "previous": block["previous"],
    }


def _root_of(leaves: list[Row]) -> str:
    try:
        return merkle_root([encode([str(leaf["subject_id"]), leaf["seq"], leaf["head"]]) for leaf in leaves])
    except NotCanonical as error:
        return f"({error})"


def _check_leaves(report: Report, chain: Chain, block: Row, leaves: list[Row], signed: dict[UUID, int]) -> None:
    if len(leaves) != block["leaves"] or [leaf["place"] for leaf in leaves] != list(range(len(leaves))):
        report.broken("block", "audit_block", block["id"], f"has {len(leaves)} leaves, says {block['leaves']}")
    elif _root_of(leaves) != block["root"]:
        report.broken("block", "audit_block", block["id"], "its leaves do not give its root")
    for leaf in leaves:
        found = chain.hashes.get((leaf["subject_id"], leaf["seq"]))
        if found != leaf["head"]:
            text = f"block {block['number']} saw event {leaf['seq']} as its head, which "
            text += "isn't there" if found is None else "is another one"
            report.broken("block", "audit_subject", leaf["subject_id"], text)
            report.broken("block", "audit_blockleaf", leaf["id"], "its chain does not have that head")
        if leaf["seq"] <= signed.get(leaf["subject_id"], 0):
            report.broken("block", "audit_blockleaf", leaf["id"], "an earlier block went further")
        signed[leaf["subject_id"]] = max(signed.get(leaf["subject_id"], 0), leaf["seq"])

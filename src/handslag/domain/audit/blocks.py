"""Signed blocks over the heads of chains: a Merkle tree (RFC 6962) whose signed root can leave the installation."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from django.db import connection

from handslag.domain.audit.models import Block, BlockLeaf
from handslag.domain.tenancy.door import Actor, acting, writing
from handslag.domain.tenancy.keys import sign
from handslag.kernel import canonical


def leaf_hash(data: bytes) -> bytes:
    """RFC 6962, 2.1: SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + data).digest()


def tree_hash(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1: the Merkle tree hash of a list of leaf contents; of the empty list SHA-256 of nothing."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


_MOVED = """
SELECT s.id, s.seq, s.head FROM audit_subject s
LEFT JOIN LATERAL (SELECT l.seq FROM audit_blockleaf l WHERE l.tenant_id = s.tenant_id AND l.subject_id = s.id
                   ORDER BY l.seq DESC LIMIT 1) seen ON true
WHERE s.seq > coalesce(seen.seq, 0) ORDER BY s.id LIMIT %s
"""

#: Leaves of one block at the most; the job goes on with the next block at once.
MOST_LEAVES = 10_000


def sign_block(*, tenant: str | int, by: Actor, now: datetime) -> Block | None:
    """Sign the heads that moved since the last block; None if none did. The audit's own write: it has no event."""
    with acting(tenant, by, "sign_block") as door, writing(door):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('handslag block'), %s)", [door.the_tenant.id])
            cursor.execute(_MOVED, [MOST_LEAVES])
            moved = cursor.fetchall()
        if not moved:
            return None
        last = Block.objects.order_by("-number").first()
        previous = canonical.digest(block_body(last) | {"signature": last.signature}) if last else ""
        contents = [canonical.dumps([str(subject), seq, head]) for subject, seq, head in moved]
        block = Block(
            number=last.number + 1 if last else 1,
            at=now,
            leaves=len(moved),
            root=tree_hash(contents).hex(),
            previous=previous,
        )
        block.key_id, block.signature = sign(block_body(block))
        block.save(force_insert=True)
        BlockLeaf.objects.bulk_create(
            BlockLeaf(block=block, place=place, subject_id=subject, seq=seq, head=head)
            for place, (subject, seq, head) in enumerate(moved)
        )
        return block


def block_body(block: Block) -> dict[str, object]:
    """What the signature of a block is over."""
    return {
        "number": block.number,
        "at": block.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "leaves": block.leaves,
        "root": block.root,
        "previous": block.previous,
    }

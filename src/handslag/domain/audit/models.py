"""The event chain (the only history), signed blocks over it, and the log of reads and refusals."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from handslag.domain.tenancy.constraints import wall
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Subject(TenantRow):
    """The anchor: stands for a case, a person, a run ...; its chain, tasks and documents refer to it.

    `seq` and `head` are the number and hash of the newest event of its chain.
    """

    uncommitted: ClassVar[dict[str, str]] = {
        "seq": "the number of its newest event: checked against the chain",
        "head": "the hash of its newest event: checked against the chain",
    }

    kind = models.CharField(max_length=24)
    seq = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, default="")

    class Meta:
        constraints = wall("audit_subject")


class Event(TenantRow):
    """One thing that happened to a subject. Never changed.

    `commitment` is HMAC-SHA256(salt, canonical payload); `hash` chains every other column to the event before.
    """

    uncommitted: ClassVar[dict[str, str]] = {
        "*": "is the chain",
    }

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    subject = TenantFK(Subject)
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=60)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=12)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    purpose = models.CharField(max_length=120)
    because = models.UUIDField(null=True, help_text="the event that this one reacts to")
    commitment = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            *wall("audit_event", "subject", append_only=True),
            models.UniqueConstraint(fields=["tenant", "subject", "seq"], name="event_once_per_place"),
        ]


class Payload(TenantRow):
    """What the event says, with the salt of its commitment. Same key as the event; only `eraser` may delete it."""

    uncommitted: ClassVar[dict[str, str]] = {
        "*": "is committed to by its event",
    }

    grants: ClassVar[dict[str, str]] = {**WRITTEN_ONCE, "eraser": "SELECT, DELETE"}

    salt = models.BinaryField()
    body = models.JSONField()

    class Meta:
        constraints = wall("audit_payload", erasable=True)


class Block(TenantRow):
    """A signed statement about the heads of chains: Merkle root (RFC 6962) over its leaves, chained to the last."""

    uncommitted: ClassVar[dict[str, str]] = {
        "*": "is signed",
    }

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    leaves = models.PositiveIntegerField()
    root = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, help_text="SHA-256 of the block before, in its signed form")
    key_id = models.CharField(max_length=64)
    signature = models.TextField(help_text="JWS (ES256) over number, at, leaves, root, previous")

    class Meta:
        constraints = [
            *wall("audit_block", append_only=True),
            models.UniqueConstraint(fields=["tenant", "number"], name="block_once_per_number"),
        ]


class BlockLeaf(TenantRow):
    """The head of one chain as a block saw it."""

    uncommitted: ClassVar[dict[str, str]] = {
        "*": "is under the block's root",
    }

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    block = TenantFK(Block)
    place = models.PositiveIntegerField()
    subject = TenantFK(Subject)
    seq = models.PositiveIntegerField()
    head = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["tenant", "subject", "seq"])]
        constraints = [
            *wall("audit_blockleaf", "block", "subject", append_only=True),
            models.UniqueConstraint(fields=["tenant", "block", "place"], name="leaf_once_per_place"),
        ]


class ReadEntry(TenantRow):
    """Somebody looked, or was refused. Written after the request's own transaction, before its answer leaves."""

    uncommitted: ClassVar[dict[str, str]] = {
        "*": "looks and refusals are no history of a subject: append-only, in no chain",
    }

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=12)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    purpose = models.CharField(max_length=120)
    outcome = models.CharField(max_length=8, choices=[("read", "read"), ("refused", "refused")])
    what = models.CharField(max_length=60)
    subject = models.UUIDField(null=True, help_text="no key: a refused look may name a subject that doesn't exist")
    reason = models.CharField(
        max_length=400, default="", help_text="why she looked at what isn't hers, in her own words; empty: it is hers"
    )

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "subject", "at"]),
            models.Index(fields=["tenant", "actor_id", "at"]),
        ]
        constraints = wall("audit_readentry", append_only=True)

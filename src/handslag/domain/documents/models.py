"""Files with their digest and provenance; the dated texts that acts used."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from handslag.domain.audit.models import Subject
from handslag.domain.documents.states import Provenance, RetentionClass, ScanState
from handslag.domain.tenancy.constraints import wall
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Document(TenantRow):
    """A file of a subject. Its bytes lie encrypted in the store under `store_key`; `digest` is of the plain ones."""

    subject = TenantFK(Subject)
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    provenance = models.CharField(max_length=16, choices=Provenance.choices)
    retention = models.CharField(max_length=24, choices=RetentionClass.choices)
    content_type = models.CharField(max_length=80, help_text="found from the content, never from the name")
    size = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    store_key = models.CharField(max_length=80)
    scan_state = models.CharField(max_length=12, choices=ScanState.choices)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "subject"]),
            models.Index(
                fields=["tenant", "created_at"], condition=models.Q(scan_state="waiting"), name="document_to_scan"
            ),
        ]
        constraints = [
            *wall("documents_document", "subject"),
            models.UniqueConstraint(fields=["tenant", "store_key"], name="document_once_per_file"),
        ]


class Text(TenantRow):
    """A text of legal effect as an act used it (signing text, letter, remedies): kept by its digest, never changed."""

    uncommitted: ClassVar[dict[str, str]] = {
        "*": "named by the digest of its own words",
    }

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    digest = models.CharField(max_length=64)
    key = models.CharField(max_length=80)
    language = models.CharField(max_length=12)
    body = models.TextField()

    class Meta:
        constraints = [
            *wall("documents_text", append_only=True),
            models.UniqueConstraint(fields=["tenant", "digest"], name="text_once_per_digest"),
        ]

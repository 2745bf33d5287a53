"""Documents recorded, texts kept."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.documents.models import Document, Text
from handslag.domain.documents.queries import DatedText
from handslag.domain.documents.states import ScanState
from handslag.domain.tenancy.door import Actor, acting_door


class DocumentRecorded(Event):
    kind = "document recorded"


def keep_text(text: DatedText) -> Text:
    """The stored row of a dated text, made at its first use in this tenant (inside an operation)."""
    row, _ = Text.objects.get_or_create(
        digest=text.digest, defaults={"key": text.key, "language": text.language, "body": text.body}
    )
    return row


@operation()
def record_document(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    key: UUID,
    subject: UUID,
    kind: str,
    title: str,
    provenance: str,
    retention: str,
    content_type: str,
    size: int,
    digest: str,
    store_key: str,
) -> Done[Document]:
    """Record a file that already lies, encrypted and synced, in the store under `store_key`.

    `key` is chosen before the file is written, so that a repeated job finds its own work: recording it
    again with the same digest changes nothing but the chain.
    """
    found = Document.objects.filter(id=key).first()
    if found is None:
        found = Document.objects.create(
            id=key,
            subject_id=subject,
            kind=kind,
            title=title,
            provenance=provenance,
            retention=retention,
            content_type=content_type,
            size=size,
            digest=digest,
            store_key=store_key,
            created_at=now,
            created_by=acting_door().the_actor.id,
            scan_state=ScanState.OWN if provenance == "system" else ScanState.WAITING,
        )
    return Done(
        found,
        DocumentRecorded(subject=subject, payload={"document": str(key), "kind": kind, "digest": found.digest}),
    )

"""Documents recorded, texts kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.documents.models import Document, Text
from handslag.domain.documents.queries import DatedText
from handslag.domain.documents.states import Provenance, ScanState
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible


class DocumentRecorded(Event):
    kind = "document recorded"


class DocumentScanned(Event):
    kind = "document scanned"


def keep_text(text: DatedText) -> Text:
    """The stored row of a dated text, made at its first use in this tenant (inside an operation)."""
    row, _ = Text.objects.get_or_create(
        digest=text.digest, defaults={"key": text.key, "language": text.language, "body": text.body}
    )
    return row


@dataclass(frozen=True)
class StoredFile:
    """A file that lies, encrypted and synced, in the tenant's store under `key`; digest and size of the plain bytes."""

    key: UUID
    digest: str
    size: int
    content_type: str


@operation()
def record_document(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    subject: UUID,
    kind: str,
    title: str,
    provenance: str,
    retention: str,
    file: StoredFile,
) -> Done[Document]:
    """Record a stored file as a document of a subject."""
    document = Document.objects.create(
        id=file.key,
        subject_id=subject,
        kind=kind,
        title=title,
        provenance=provenance,
        retention=retention,
        content_type=file.content_type,
        size=file.size,
        digest=file.digest,
        store_key=str(file.key),
        created_at=now,
        created_by=acting_door().the_actor.id,
        scan_state=ScanState.OWN if provenance == Provenance.SYSTEM else ScanState.WAITING,
    )
    payload = {"document": str(document.id), "kind": kind, "digest": file.digest}
    return Done(document, DocumentRecorded(subject=subject, payload=payload))


@operation()
def record_scan(
    *, tenant: str | int, by: Actor, now: datetime, document: UUID, clean: bool, detail: str
) -> Done[Document]:
    """Record the scanner's verdict on a file that waits for it: from now on it can be opened, or never.
    NotPossible("scanned already")."""
    found = Document.objects.select_for_update(of=("self",)).filter(id=document).first()
    if found is None or by.kind != "system":
        raise Hidden("document", document)
    if found.scan_state != ScanState.WAITING:
        raise NotPossible("scanned already")
    found.scan_state = ScanState.CLEAN if clean else ScanState.INFECTED
    found.save(update_fields=["scan_state"])
    payload = {"document": str(found.id), "state": found.scan_state, "detail": detail[:200]}
    return Done(found, DocumentScanned(subject=found.subject_id, payload=payload))

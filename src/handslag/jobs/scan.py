"""The virus scan of what came from outside: read in a transaction, judged outside it, recorded in another.

Without a scanner (HANDSLAG_CLAMD), or while it is away, files stay locked; nobody can unlock one by hand.
"""

from __future__ import annotations

from uuid import UUID

import structlog
from django.conf import settings

from handslag.connectors.scan.port import for_tenant
from handslag.connectors.store.port import StoreFault
from handslag.domain.documents.models import Document
from handslag.domain.documents.operations import record_scan
from handslag.domain.documents.states import ScanState
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.keys import file_key
from handslag.jobs.acts import store_of
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock

log = structlog.get_logger("scan")
BY = system("virus scan")


@tasks.task(name="scan_document", retry=AWAY)
def scan_document(tenant: int, document: str) -> None:
    """Let the scanner judge one file. Judged before, or no scanner to ask: does nothing; the sweep asks again."""
    if not settings.CLAMD:
        return
    with acting(tenant, BY, "scan_document"):
        found = Document.objects.get(id=UUID(document))
        if found.scan_state != ScanState.WAITING:
            return
        key = file_key()
    try:
        verdict = for_tenant(settings.CLAMD).scan(store_of(tenant, key).read(UUID(found.store_key)))
    except StoreFault as fault:
        log.error("file not readable", tenant=tenant, document=document, error=type(fault).__name__)
        return
    if verdict.state == "unreachable":
        log.warning("scanner away", tenant=tenant, document=document, reason=verdict.detail)
        return
    record_scan(
        tenant=tenant,
        by=BY,
        now=clock.now(),
        document=found.id,
        clean=verdict.state == "clean",
        detail=verdict.detail,
    )

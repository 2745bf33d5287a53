"""What jobs share: the system as actor, the tenant's file store, the tenants to go through."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError

from handslag.connectors.store.port import FileStore, for_tenant
from handslag.domain.tenancy.door import at_large
from handslag.domain.tenancy.models import Organisation

log = structlog.get_logger("jobs")
Outcome = TypeVar("Outcome")


def tenants() -> list[int]:
    """The ids of all active tenants."""
    with at_large("jobs of all tenants"):
        return list(
            Organisation.objects.filter(is_tenant=True, active=True).order_by("id").values_list("id", flat=True)
        )


class TenantsFailed(Exception):
    """A job got through for some organisations and not for these; it counts as failed, so `handslag status` says so."""


def each_tenant(job: str, work: Callable[[int], Outcome]) -> list[Outcome]:
    """Do a job's `work` for every active tenant; gives what it gave. One tenant's failure doesn't end the others' turn:
    it is logged, and told at the end by TenantsFailed. A database that is away ends it at once."""
    done, failed = [], []
    for tenant in tenants():
        try:
            done.append(work(tenant))
        except (OperationalError, InterfaceError):
            raise
        except Exception as trouble:
            failed.append(tenant)
            log.error("not done for a tenant", job=job, tenant=tenant, error=type(trouble).__name__, at=_where(trouble))
    if failed:
        raise TenantsFailed(f"{job}: not done for {len(failed)} organisations: {', '.join(map(str, failed))}")
    return done


def _where(trouble: Exception) -> str:
    """File and line that raised, without what the error says: that may be somebody's."""
    last = traceback.extract_tb(trouble.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def store_of(tenant: int, key: bytes) -> FileStore:
    """The file store of a tenant; `key` is its file key."""
    return for_tenant(Path(settings.DATA) / "files" / str(tenant), key)

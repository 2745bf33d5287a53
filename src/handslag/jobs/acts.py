"""What jobs share: the system as actor, the tenant's file store, the tenants to go through."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from handslag.connectors.store.port import FileStore, for_tenant
from handslag.domain.tenancy.door import at_large
from handslag.domain.tenancy.models import Organisation


def tenants() -> list[int]:
    """The ids of all active tenants."""
    with at_large("jobs of all tenants"):
        return list(
            Organisation.objects.filter(is_tenant=True, active=True).order_by("id").values_list("id", flat=True)
        )


def store_of(tenant: int, key: bytes) -> FileStore:
    """The file store of a tenant; `key` is its file key."""
    return for_tenant(Path(settings.DATA) / "files" / str(tenant), key)

"""A confirmed import goes into the register and on the accounts."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from handslag.domain.imports.operations import carry
from handslag.domain.people.permissions import IMPORTED
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock


@tasks.task(name="carry_import", retry=AWAY)
def carry_import(tenant: int, brought: str) -> None:
    """Carry a confirmed import. Does nothing the second time."""
    with suppress(NotPossible):
        carry(tenant=tenant, by=IMPORTED, now=clock.now(), brought=UUID(brought))

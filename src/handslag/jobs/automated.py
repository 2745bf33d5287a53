"""Unchanged renewals granted in full without a person, where an organisation has delegated that: off otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

from handslag.domain.decisions.operations.automated import may_be_unchanged
from handslag.domain.tenancy.door import acting, system
from handslag.jobs.acts import each_tenant
from handslag.jobs.queue import tasks
from handslag.kernel import clock

BY = system("automated grants")


@tasks.periodic(cron="*/10 * * * *")
@tasks.task(name="grant_unchanged", queueing_lock="grant_unchanged")
def grant_unchanged(timestamp: int) -> None:
    """Every ten minutes. No job has the privilege to decide: for each organisation in which something may be granted so
    it runs the command that does, in a process of its own."""

    def grant(tenant: int) -> None:
        with acting(tenant, BY, "grant_unchanged") as door:
            slug, waiting = door.the_tenant.slug, may_be_unchanged(clock.now())
        if waiting:
            told = {name: value for name, value in os.environ.items() if name != "HANDSLAG_ROLE"}
            line = [sys.executable, "-m", "handslag.cli.main", "organisation", "grant-unchanged", slug]
            subprocess.run(line, env=told, check=True, capture_output=True, timeout=600)

    each_tenant("grant_unchanged", grant)

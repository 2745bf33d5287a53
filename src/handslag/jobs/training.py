"""An organisation for training, emptied and filled anew when its administrator asks for it."""

from __future__ import annotations

import os
import subprocess
import sys

from handslag.domain.tenancy.door import acting, system
from handslag.jobs.queue import tasks

BY = system("training")


@tasks.task(name="reset_training")
def reset_training(tenant: int, asked_by: str) -> None:
    """Runs the command that resets it: each step of that is a process in a role of its own, and only one may delete."""
    with acting(tenant, BY, "reset_training") as door:
        slug = door.the_tenant.slug
    told = {name: value for name, value in os.environ.items() if name != "HANDSLAG_ROLE"}
    line = [sys.executable, "-m", "handslag.cli.main", "organisation", "reset", slug, "--asked-by", asked_by]
    subprocess.run(line, env=told, check=True, capture_output=True, timeout=600)

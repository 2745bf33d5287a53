"""`handslag worker`."""

from typing import Annotated

import typer

from handslag.cli.errors import told_plainly
from handslag.ops.installation import acting_as


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do what waits, then end.")] = False,
    concurrency: Annotated[int, typer.Option(help="How many jobs at a time.", min=1, max=64)] = 2,
) -> None:
    """Run scheduled and queued work until SIGTERM."""
    with told_plainly(), acting_as("worker"):
        from django.core.management import call_command

        call_command("procrastinate", "worker", f"--concurrency={concurrency}", *(["--one-shot"] if once else []))

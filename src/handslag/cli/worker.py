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
        import asyncio

        from handslag.jobs.queue import work

        asyncio.run(work(concurrency=concurrency, once=once))

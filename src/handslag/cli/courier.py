"""`handslag courier`."""

from typing import Annotated

import typer

from handslag.cli.errors import told_plainly
from handslag.ops.installation import acting_as


def courier(
    once: Annotated[bool, typer.Option("--once", help="Carry what waits, then end.")] = False,
) -> None:
    """Carry sealed messages between the organisations of this installation until SIGTERM."""
    with told_plainly(), acting_as("courier"):
        from handslag.jobs.courier import run

        run(once=once)

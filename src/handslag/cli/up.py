"""`handslag up`."""

from typing import Annotated

import typer

from handslag.cli.errors import told_plainly
from handslag.ops import supervisor


def up(
    production: Annotated[
        bool,
        typer.Option(
            "--production",
            help="On the server of DATABASE_URL; no development e-ID, demo data, example norms.",
        ),
    ] = False,
) -> None:
    """Run the whole product until Ctrl-C or SIGTERM; nothing is left running."""
    with told_plainly():
        supervisor.up(supervisor.plan_from_environment(production=production, say=lambda line: print(line, flush=True)))

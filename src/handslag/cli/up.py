"""`handslag up`."""

from typing import Annotated

import typer

from handslag.cli.errors import told_plainly
from handslag.ops import supervisor

app = typer.Typer(add_completion=False)


@app.command()
def up(
    production: Annotated[
        bool,
        typer.Option(help="On the server of DATABASE_URL; no development e-ID, demo data, example norms."),
    ] = False,
) -> None:
    """Run the whole product until Ctrl-C or SIGTERM; nothing is left running."""
    with told_plainly():
        supervisor.up(
            supervisor.plan_from_environment(production=production, say=lambda line: print(line, flush=True))
        )

"""`handslag journey`: one application from registering the people to the payment file, over HTTP."""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)

LOG_INS = {
    "registrar": "rut",
    "caseworker": "hanna",
    "decider": "bo",
    "payer": "ulla",
    "second_payer": "erik",
}
#: Draws of new numbers before it is given up: nearly all numbers of these birth days are taken.
MOST_DRAWS = 20


@app.command()
def journey(
    application: Annotated[
        Path, typer.Option(help="The application file (docs/reference/application.md; examples/).", show_default=False)
    ],
    base_url: Annotated[
        str, typer.Option(help="Where the web server listens; its host names are apply, desk and files there.")
    ] = "http://127.0.0.1:8000",
    apply_url: Annotated[
        str | None, typer.Option(help="Origin of the citizens' pages, where it isn't apply before that host.")
    ] = None,
    desk_url: Annotated[
        str | None, typer.Option(help="Origin of the staff's pages, where it isn't desk before that host.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Draw new personal numbers for the people of the file.")
    ] = False,
    organisation: Annotated[str | None, typer.Option(help="Short name; goes before the file's.")] = None,
    password: Annotated[
        str | None, typer.Option(envvar="HANDSLAG_JOURNEY_PASSWORD", help="Of the staff; else the demonstration's.")
    ] = None,
    totp_secret: Annotated[
        str | None, typer.Option(envvar="HANDSLAG_JOURNEY_TOTP_SECRET", help="Of the staff; else the demonstration's.")
    ] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep receipt, letter and payment file in this folder.")] = None,
    patience: Annotated[float, typer.Option(help="Seconds to wait for what the worker makes.", min=1)] = 60.0,
) -> None:
    """Drive one application through the running product as the people who would do it, then `handslag verify`.

    Exit code 1, with step, address and the page's own words, at the first step that fails; 2 for a faulty file.
    """
    from handslag.demo import log_ins
    from handslag.journey.application import ApplicationError, read, with_new_numbers
    from handslag.journey.browser import Stuck
    from handslag.journey.chain import Failed, Journey, LogIn, Office
    from handslag.kernel import clock

    try:
        file = read(application)
    except ApplicationError as error:
        for problem in error.problems:
            typer.echo(f"{application}: {problem}", err=True)
        raise typer.Exit(2) from error
    tenant = organisation or file.organisation or log_ins.ORGANISATION
    origins = {name: url.rstrip("/") for name, url in (("apply", apply_url), ("desk", desk_url)) if url}

    def usual(part: str) -> LogIn:
        login = log_ins.address_of(LOG_INS[part], tenant)
        return LogIn(login, password or log_ins.PASSWORD, totp_secret or log_ins.TOTP_SECRET)

    with tempfile.TemporaryDirectory(prefix="handslag-journey-") as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        way = Journey(file, Office.of(file, usual), tenant, base_url, folder, typer.echo, patience, origins)
        typer.echo(f"{file.title or application.stem}: {tenant} at {' and '.join(origins.values()) or base_url}")
        try:
            draws = 0
            while fresh and (draws == 0 or way.known()):
                if draws == MOST_DRAWS:
                    raise Failed("New numbers are drawn", Stuck(base_url, "all numbers drawn are registered already"))
                way.application = with_new_numbers(file, clock.now().date(), random.SystemRandom())
                draws += 1
            way.run()
        except Failed as failed:
            typer.echo(f"\nFAILED: {failed.step}\n  at {failed.stuck.where}\n  {failed.stuck.told}", err=True)
            raise typer.Exit(1) from failed
        except Stuck as stuck:
            typer.echo(f"\nFAILED: new numbers are drawn\n  at {stuck.where}\n  {stuck.told}", err=True)
            raise typer.Exit(1) from stuck
        shown = folder / "receipts-shown.json"
        shown.write_text(json.dumps({tenant: [way.receipt_shown()]}), encoding="utf-8")
        typer.echo("    handslag verify")
        sys.stdout.flush()
        verify = [sys.executable, "-m", "handslag.cli.main", "verify", "--tenant", tenant, "--receipts", str(shown)]
        if subprocess.run(verify, check=False).returncode:
            typer.echo("\nFAILED: handslag verify", err=True)
            raise typer.Exit(1)
    typer.echo("The whole journey holds.")

"""`handslag forms`: the forms of this installation; `--publish FOLDER` checks a version's folder and pins it."""

import os
from pathlib import Path
from typing import Annotated

import typer


def forms(
    publish: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Check the folder of a version and pin it.", show_default=False),
    ] = None,
) -> None:
    """List the published forms by which applications are taken, or publish one. Needs no database.

    Exit code 1 with the file and the fault when a folder is no form, or isn't what was published.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handslag.config.settings")
    from handslag.domain.intake import forms as data

    try:
        shown = [data.publish(publish.resolve())] if publish is not None else list(data.forms().values())
    except data.FormError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for form in shown:
        typer.echo(
            f"{form.name} {form.version}  {form.kind}  {', '.join(form.texts)}  {form.digests['form.yaml'][:12]}"
        )

"""`handslag backup`."""

from pathlib import Path
from typing import Annotated

import typer

from handslag.cli.errors import told_plainly
from handslag.kernel import clock
from handslag.ops.backup import back_up, checked
from handslag.ops.installation import installed


def backup(
    folder: Annotated[Path, typer.Argument(help="Where the backup's folder is written.")],
    check: Annotated[bool, typer.Option("--check", help="FOLDER is a backup: look whether it is whole.")] = False,
) -> None:
    """Write database, files and a manifest into a folder of its own, while the product runs. Reads as the role backup.
    secrets.json is not in it: keep a copy elsewhere."""
    with told_plainly():
        if check:
            manifest = checked(folder)
            print(f"whole: made {manifest['made_at']}, {len(manifest['tenants'])} organisations")
            return
        with installed() as installation:
            print(back_up(installation, folder, clock.now(), lambda text: print(text, flush=True)))

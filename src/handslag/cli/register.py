"""`handslag register`: a canton's register from another system."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handslag.cli.errors import told_plainly
from handslag.ops.installation import acting_as

if TYPE_CHECKING:
    from handslag.domain.imports.models import Import
    from handslag.domain.imports.queries import Checked

app = typer.Typer(add_completion=False, no_args_is_help=True)
Slug = Annotated[str, typer.Argument(help="Short name of the canton's office.", show_default=False)]
Files = Annotated[
    list[Path],
    typer.Argument(help="Tables as CSV, or a workbook (xlsx); the first line of each names its columns.", exists=True),
]
Number = Annotated[str, typer.Argument(help="Number of the import.", show_default=False)]
For = Annotated[str, typer.Option("--for", help="E-mail of the registrar who answers for it.", show_default=False)]


@contextmanager
def _working() -> Iterator[None]:
    with told_plainly(), acting_as("web"):
        from handslag.domain.imports.checks import WrongTables
        from handslag.domain.tenancy.door import UnknownTenant
        from handslag.domain.tenancy.permissions import Hidden
        from handslag.domain.tenancy.policies import Conflict, NotPossible
        from handslag.kernel.tables import TableError

        try:
            yield
        except UnknownTenant as error:
            sys.exit(f"there is no organisation {error}")
        except (TableError, WrongTables) as error:
            sys.exit(f"the files can't be read: {error}")
        except Hidden as error:
            sys.exit(f"there is no such {error.what}")
        except Conflict as error:
            sys.exit(f"the import is {error.theirs}: that can't be done any more")
        except NotPossible as error:
            sys.exit(f"that can't be done: {error.code}")


def _read(files: list[Path]) -> tuple[list[Checked], list[dict[str, str]]]:
    from handslag.domain.imports.checks import read
    from handslag.kernel.tables import tables

    contents = [(path.name, path.read_bytes()) for path in files]
    sent = [(f"{name} {sheet}".strip(), rows) for name, text in contents for sheet, rows in tables(text).items()]
    return read(sent), [{"name": name, "digest": hashlib.sha256(text).hexdigest()} for name, text in contents]


def _registrar(slug: str, mail: str) -> tuple[object, int]:
    """The key and clearance of the registrar with this e-mail."""
    from handslag.domain.people.permissions import IMPORTED
    from handslag.domain.tenancy.door import acting, at_large
    from handslag.domain.tenancy.models import RoleGrant, StaffMember, StaffUser

    with at_large("who answers"):
        user = StaffUser.objects.filter(email=mail.strip().lower()).first()
    with acting(slug, IMPORTED, "who answers"):
        found = StaffMember.objects.filter(user_id=user.id, active=True).first() if user else None
        if found is None or not RoleGrant.objects.filter(member=found, role="registrar").exists():
            sys.exit(f"--for: {mail} is no registrar there")
        return found.id, found.clearance


def _tell(rows: list[Checked], totals: dict[str, dict[str, int]]) -> None:
    for row in rows:
        for code, column in row.faults:
            print(f"{row.table} line {row.line}: {code}{f' ({column})' if column else ''}")
    for part, sums in totals.items():
        print(f"{part}: " + ", ".join(f"{name} {value}" for name, value in sums.items()) + " (money in Rappen)")


@app.command()
def verify(slug: Slug, files: Files, registrar: For) -> None:
    """Verify the files: every row that wouldn't be taken with its line and reason, and the totals. Writes nothing."""
    with _working():
        from handslag.domain.imports.checks import check
        from handslag.domain.imports.queries import totals
        from handslag.domain.people.permissions import IMPORTED
        from handslag.domain.register.policies import require_canton
        from handslag.domain.tenancy.door import acting
        from handslag.kernel import clock

        _key, clearance = _registrar(slug, registrar)
        rows, _files = _read(files)
        with acting(slug, IMPORTED, "verify") as door:
            require_canton()
            check(rows, clearance, door.the_tenant.today(clock.now()))
        _tell(rows, totals(rows))


@app.command("import")
def import_(slug: Slug, files: Files, registrar: For) -> None:
    """Verify the files and import them: another registrar confirms that on the page of the import, and only then they
    are in the register."""
    with _working():
        from handslag.domain.imports import operations
        from handslag.domain.people.permissions import IMPORTED
        from handslag.domain.tenancy.door import acting
        from handslag.kernel import clock

        key, _clearance = _registrar(slug, registrar)
        rows, told = _read(files)
        act = {"tenant": slug, "by": IMPORTED, "now": clock.now(), "member": key}
        with acting(slug, IMPORTED, "import register"):
            row: Import = operations.verify(**act, rows=rows, files=told)  # type: ignore[arg-type]
            operations.bring_in(**act, brought=row.id, version=row.version)  # type: ignore[arg-type]
        _tell(rows, row.totals)
        print(f"imported as {row.number}; a second registrar confirms it")


@app.command()
def undo(slug: Slug, number: Number, registrar: For) -> None:
    """Undo an import that nobody has confirmed: nothing is left of it but its events."""
    with _working():
        from handslag.domain.imports import operations
        from handslag.domain.imports.queries import imports
        from handslag.domain.people.permissions import IMPORTED
        from handslag.domain.tenancy.door import acting
        from handslag.kernel import clock

        key, _clearance = _registrar(slug, registrar)
        with acting(slug, IMPORTED, "undo"):
            found = imports().filter(number=number).first()
        if found is None:
            sys.exit(f"there is no import {number}")
        operations.undo(
            tenant=slug,
            by=IMPORTED,
            now=clock.now(),
            brought=found.id,
            version=found.version,
            member=key,  # type: ignore[arg-type]
        )
        print(f"{number} is undone")

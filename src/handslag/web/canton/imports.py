"""The register that a canton brings from another system: verified, imported, confirmed by a second, or undone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from handslag.domain.audit.operations import looked_at
from handslag.domain.imports.checks import WrongTables, read
from handslag.domain.imports.models import Import
from handslag.domain.imports.operations import bring_in, confirm, undo, verify
from handslag.domain.imports.permissions import require_import_sight
from handslag.domain.imports.queries import Checked, imports, in_the_ledger, rejected
from handslag.domain.imports.states import COLUMNS, MONEY, ImportState, Table
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.tables import TableError, tables
from handslag.web.canton.assignments import is_canton
from handslag.web.canton.pages import page
from handslag.web.canton.wording import FAULTS, FIGURES, IMPORT_STATES, OVERTAKEN, TABLES, UNREADABLE, refusal
from handslag.web.desk.pages import attempt, base, form_key, number_in, require, version_seen
from handslag.web.entry.pages import desk_page
from handslag.web.entry.uploads import shown_name, too_large

#: So many rejected rows a page.
A_PAGE = 100
_COLOURS = {"verified": "warning", "imported": "warning", "confirmed": "info", "carried": "success"}


def _registrar(request: HttpRequest) -> Member:
    if not is_canton():
        raise Hidden("import")
    return require(request, Role.REGISTRAR)


@desk_page("imports")
def listed(request: HttpRequest, tenant: str) -> HttpResponse:
    """Every import that wasn't undone. POST `files`: verify a register, which is put beside ours."""
    member = _registrar(request)
    looked_at("imports")
    trouble = ""
    if request.method == "POST":
        try:
            rows, files = _read(request)
            made = attempt(request, verify, rows=rows, files=files, key=form_key(request))
            return HttpResponseRedirect(f"{base(request)}/register/imports/{made.id}/")
        except (TableError, WrongTables) as wrong:
            trouble = str(UNREADABLE[wrong.code]) % {"file": getattr(wrong, "told", "")}
        except NotPossible as refused:
            trouble = refusal(refused)
    return page(
        request,
        "imports.html",
        status=422 if trouble else 200,
        rows=[_shown(one) for one in imports() if one.brought_by.clearance <= member.clearance],
        columns=[(TABLES[table], ";".join(names)) for table, names in COLUMNS.items()],
        trouble=trouble,
        errors=[("id_files", trouble)] if trouble else [],
    )


def _read(request: HttpRequest) -> tuple[list[Checked], list[dict[str, str]]]:
    """The rows of the files that were sent, and what is kept of each. TableError, WrongTables."""
    large = too_large(request)
    if large:
        raise WrongTables("size", large[0].title)
    sent, files = [], []
    for file in request.FILES.getlist("files"):
        content, name = file.read(), shown_name(file.name or "")
        files.append({"name": name, "digest": hashlib.sha256(content).hexdigest()})
        sent += [(f"{name} {sheet}".strip(), rows) for sheet, rows in tables(content).items()]
    return read(sent), files


def _shown(row: Import) -> dict[str, Any]:
    return {"row": row, "state": IMPORT_STATES[row.state], "colour": _COLOURS[row.state]}


@desk_page("import")
def brought(request: HttpRequest, tenant: str, brought: UUID) -> HttpResponse:
    """One import with its totals and the rows that aren't taken. POST `act` (`bring in`, `confirm`, `undo`) with
    `version`."""
    member = _registrar(request)
    row = imports().filter(id=brought).first()
    if row is None:
        raise Hidden("import", brought)
    require_import_sight(member, row)
    looked_at("import", row.id)
    acts: dict[str, Callable[..., Any]] = {"bring in": bring_in, "confirm": confirm, "undo": undo}
    act, trouble = acts.get(request.POST.get("act", "")), ""
    if request.method == "POST" and act is not None:
        home = f"{base(request)}/register/imports/"
        try:
            attempt(request, act, brought=row.id, version=version_seen(request))
            return HttpResponseRedirect(home if act is undo else f"{home}{row.id}/")
        except Conflict:
            trouble = str(OVERTAKEN)
        except NotPossible as refused:
            trouble = refusal(refused)
        row.refresh_from_db()
    shown = Paginator(rejected(row.id), A_PAGE).get_page(number_in(request.GET.get("page", "1")) or 1)
    after = in_the_ledger(row.number) if row.state == ImportState.CARRIED else None
    parts = ("file", "rejected", "taken")
    mine, theirs = row.brought_by_id == member.id, row.brought_by_id != member.id
    return page(
        request,
        "import.html",
        status=409 if trouble else 200,
        **_shown(row),
        trouble=trouble,
        counts=[(TABLES[table], [row.totals[part][table] for part in parts]) for table in Table],
        money=[
            (FIGURES[name], [row.totals[part][name] for part in parts], after[name] if after else None)
            for name in MONEY
        ],
        unread=row.totals["file"]["unread"],
        carried=after is not None,
        shown=shown,
        faults=[(one, TABLES[one.table], [_fault(one.told, *fault) for fault in one.faults]) for one in shown],
        may_bring=mine and row.state == ImportState.VERIFIED,
        may_confirm=theirs and row.state == ImportState.IMPORTED,
        may_undo=row.state in (ImportState.VERIFIED, ImportState.IMPORTED),
    )


def _fault(told: dict[str, Any], code: str, column: str) -> tuple[str, str, str]:
    """What is wrong in which column, and what stands there; money as it would be typed."""
    value = told.get(column, "")
    if isinstance(value, int):
        value = f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02}"
    return column, str(value)[:80], str(FAULTS.get(code, code)) or _("wrong")

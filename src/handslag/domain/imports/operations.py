"""An import from its verified files into the register, in one piece, or away again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from handslag.domain.accounts.operations import NewEntry, Source, post
from handslag.domain.accounts.states import Move, Rests, Side
from handslag.domain.audit.models import Subject
from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.imports.checks import check
from handslag.domain.imports.models import Import, Row
from handslag.domain.imports.permissions import require_import_sight
from handslag.domain.imports.queries import Checked, in_the_ledger, reference_of, totals
from handslag.domain.imports.states import MONEY, ImportState, Table
from handslag.domain.people.operations.persons import NewPerson
from handslag.domain.register.operations import NewNotice, note_imported
from handslag.domain.register.policies import require_canton
from handslag.domain.register.states import What
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.operations import new_id, next_reference
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel import canonical
from handslag.rules.ch.settlement import ASYLUM

#: People that go into the register together: the chain commits to so many by one event.
TOGETHER = 200


class ImportVerified(Event):
    """A register was brought: its files were read and checked."""

    kind = "import verified"


class RegisterImported(Event):
    """Whoever brought it says that it is as it should be: a second person looks at it."""

    kind = "register imported"


class ImportConfirmed(Event):
    """A second person confirms an import, which then goes into the register."""

    kind = "import confirmed"


class ImportCarried(Event):
    """An import is in the register and on the accounts, with the totals of the files."""

    kind = "import carried"


class ImportUndone(Event):
    """An import was undone: nothing is left of it but its events."""

    kind = "import undone"


def _bring(who: Actor, now: datetime, member: UUID | None) -> StaffMember:
    """The registrar who answers for an import: herself, or whom the command names."""
    if who.kind == "system":
        found = StaffMember.objects.filter(id=member).first() if member else None
        if found is None:
            raise Hidden("staff", member)
        return found
    return StaffMember.objects.get(id=require_role(who, now, Role.REGISTRAR).id)


@operation()
def verify(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    rows: Sequence[Checked],
    files: list[dict[str, str]],
    member: UUID | None = None,
    key: UUID | None = None,
) -> Done[Import]:
    """Check rows that were read (`checks.read`) and put them beside the register. `member`: for whom the system does
    it; `key`: that of the form.

    NotPossible("not the canton").
    """
    require_canton()
    brings = _bring(by, now, member)
    check(rows, brings.clearance, acting_door().the_tenant.today(now))
    sums = totals(rows)
    row = Import.objects.create(
        id=open_subject("import", new_id(Subject, key)),
        number=next_reference("import", now),
        files=files,
        totals=sums,
        state=ImportState.VERIFIED,
        brought_by_id=brings.id,
        brought_at=now,
    )
    Row.objects.bulk_create(
        (
            Row(of_id=row.id, table=one.table, line=one.line, told=one.told, faults=[list(f) for f in one.faults])
            for one in rows
        ),
        batch_size=2_000,
    )
    payload = {"number": row.number, "files": [one["digest"] for one in files], "totals": sums, "for": str(brings.id)}
    return Done(row, ImportVerified(subject=row.id, payload=payload))


@operation()
def bring_in(
    *, tenant: str | int, by: Actor, now: datetime, brought: UUID, version: int, member: UUID | None = None
) -> Done[Import]:
    """Who brought an import has seen its faults and totals, and gives it to a second person. NotPossible("nothing to
    take")."""
    brings = _bring(by, now, member)
    row = _locked(brought, version, ImportState.VERIFIED)
    if row.brought_by_id != brings.id:
        raise NotForThem("who brought it", row.id)
    if not any(row.totals["taken"][table] for table in Table.values):
        raise NotPossible("nothing to take")
    row.state, row.version = ImportState.IMPORTED, row.version + 1
    row.save(update_fields=["state", "version"])
    return Done(row, RegisterImported(subject=row.id, payload={"number": row.number, "for": str(brings.id)}))


@operation()
def confirm(*, tenant: str | int, by: Actor, now: datetime, brought: UUID, version: int) -> Done[Import]:
    """Another registrar than who brought it confirms an import: from now on it goes into the register, as a whole.

    NotPossible("second pair of eyes"), ("changed since") where rows that could be taken can't be any more.
    """
    member = require_role(by, now, Role.REGISTRAR)
    row = _locked(brought, version, ImportState.IMPORTED)
    require_import_sight(member, row)
    if row.brought_by_id == member.id:
        raise NotForThem("second pair of eyes", row.id)
    again = [Checked(Table(one.table), one.line, one.told) for one in taken(row)]
    check(again, row.brought_by.clearance, acting_door().the_tenant.today(now))
    if any(one.faults for one in again):
        raise NotPossible("changed since")
    row.state, row.confirmed_by_id, row.confirmed_at = ImportState.CONFIRMED, member.id, now
    row.version += 1
    row.save(update_fields=["state", "confirmed_by", "confirmed_at", "version"])
    return Done(row, ImportConfirmed(subject=row.id, payload={"number": row.number, "import": str(row.id)}))


@operation()
def carry(*, tenant: str | int, by: Actor, now: datetime, brought: UUID) -> Done[Import]:
    """Put a confirmed import into the register and on the accounts: all of it, with the totals of its rows to the cent,
    or nothing. The system does it; NotPossible("carried") the second time."""
    if by.kind != "system":
        raise Hidden("import", brought)
    row = Import.objects.select_for_update(of=("self",)).get(id=brought)
    if row.state != ImportState.CONFIRMED:
        raise NotPossible("carried")
    rows = taken(row)
    claims: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in rows:
        if one.table == Table.CLAIMS:
            claims[one.told["number"]].append(one.told)
    people = [one.told for one in rows if one.table == Table.PERSONS]
    for chunk in (people[n : n + TOGETHER] for n in range(0, len(people), TOGETHER)):
        notices = [new for n, told in enumerate(chunk, 1) for new in _notices(n, told, claims[told["number"]])]
        note_imported(
            tenant=tenant, by=by, now=now, imported=row.id, unit=row.brought_by.unit_id,
            people=[_person(told) for told in chunk], notices=notices,
        )  # fmt: skip
    items: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in rows:
        if one.table == Table.ITEMS:
            items[one.told["municipality"]].append(one.told)
    for place, told in sorted(items.items()):
        source = Source(
            rests_on=Rests.STATEMENT, reference=reference_of(row.number), content=canonical.digest({"items": told})
        )
        entries = [entry for one in told for entry in _entries(one)]
        post(tenant=tenant, by=by, now=now, partner=place, side=Side.PAYER, source=source, entries=entries)
    after, before = in_the_ledger(row.number), {column: row.totals["taken"][column] for column in MONEY}
    if after != before:
        raise RuntimeError(f"import {row.number}: {before} became {after}")
    row.state, row.version = ImportState.CARRIED, row.version + 1
    row.save(update_fields=["state", "version"])
    payload = {"number": row.number, "people": len(people), "before": before, "after": after}
    return Done(row, ImportCarried(subject=row.id, payload=payload))


@operation()
def undo(
    *, tenant: str | int, by: Actor, now: datetime, brought: UUID, version: int, member: UUID | None = None
) -> Done[None]:
    """Undo an import that isn't confirmed: nothing is left of it but its events. Conflict afterwards."""
    _bring(by, now, member)
    row = _locked(brought, version, ImportState.VERIFIED, ImportState.IMPORTED)
    payload = {"number": row.number, "was": row.state, "totals": row.totals}
    Row.objects.filter(of_id=row.id).delete()
    Import.objects.filter(id=row.id).delete()
    return Done(None, ImportUndone(subject=row.id, payload=payload))


def taken(row: Import) -> list[Row]:
    """The rows of an import that are taken, by table and line."""
    return list(Row.objects.filter(of_id=row.id, faults=[]).order_by("table", "line"))


def _locked(key: UUID, version: int, *states: ImportState) -> Import:
    require_canton()
    found = Import.objects.select_for_update(of=("self",)).select_related("brought_by").filter(id=key).first()
    if found is None:
        raise Hidden("import", key)
    if found.version != version or found.state not in states:
        raise Conflict("import", theirs=found.state)
    return found


def _person(told: dict[str, Any]) -> NewPerson:
    return NewPerson(
        identifier_type="zemis",
        identifier=told["number"],
        given_name=told["given_name"],
        family_name=told["family_name"],
        birth_on=date.fromisoformat(told["birth_on"]),
        country="CH",
    )


def _notices(number: int, told: dict[str, Any], claims: Sequence[dict[str, Any]]) -> Iterator[NewNotice]:
    """What a row says of somebody: where she is from which day on, her status, until when whose claim is accepted."""
    day = date.fromisoformat
    yield NewNotice(number=number, what=What.MUNICIPALITY, value=told["municipality"], day=day(told["since"]))
    yield NewNotice(
        number=number, what=What.STATUS, value=told["status"], day=day(told["status_since"]),
        entry_on=day(told["entry_on"]),
    )  # fmt: skip
    for one in claims:
        yield NewNotice(
            number=number, what=What.CLAIM, value=one["municipality"], day=day(one["since"]),
            until=day(one["last_on"]) + timedelta(days=1),
        )  # fmt: skip


def _entries(told: dict[str, Any]) -> Iterator[NewEntry]:
    """What moves an open item to where its money lies."""
    cites = Source(rests_on=Rests.STATEMENT, reference=told["reference"], content=canonical.digest(told))
    for move in (Move.CLAIMED, Move.CUT, Move.ACCEPTED, Move.PAID):
        if told[move.value]:
            yield NewEntry(
                move=move, amount=told[move.value], currency=ASYLUM.currency, regime=told["regime"],
                since=date.fromisoformat(told["since"]),
                until=date.fromisoformat(told["last_on"]) + timedelta(days=1), cites=cites,
            )  # fmt: skip

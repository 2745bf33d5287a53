"""A canton brings its register from another system: every fault named, the money equal to the cent, confirmed by a
second person or undone without a trace."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from django.apps import apps

from handslag.domain.audit.models import Event, Payload
from handslag.domain.imports import operations
from handslag.domain.imports.checks import WrongTables, read
from handslag.domain.imports.models import Import, Row
from handslag.domain.imports.operations import bring_in, carry, confirm, undo, verify
from handslag.domain.imports.queries import Checked, in_the_ledger
from handslag.domain.imports.states import COLUMNS, MONEY, Fault, Table
from handslag.domain.people.operations.persons import set_protection
from handslag.domain.people.permissions import IMPORTED
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.register.models import Notice, Responsibility
from handslag.domain.register.queries import days_stored
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.kernel.tables import TableError, tables
from tests.bed import Database
from tests.brought import Brought, brought, found_in, unnamed, workbook
from tests.canton import Canton, open_canton
from tests.exchange import Side
from tests.office import TEST, Office


@pytest.fixture(scope="module")
def canton(database: Database) -> Canton:
    side, *places = [Side(office) for office in open_canton(database)]
    side.office.admit("zoe", "Zoe Zweite", "registrar")
    return Canton(database, side, places)


def rows_in(files: Sequence[tuple[str, bytes]]) -> list[Checked]:
    return read([(name, rows) for name, content in files for rows in tables(content).values()])


def files_of(files: Sequence[tuple[str, bytes]]) -> list[dict[str, str]]:
    return [{"name": name, "digest": "0" * 64} for name, _content in files]


def act(canton: Canton, who: str = "rut") -> dict[str, Any]:
    return canton.pair.act(canton.side, who)


def verified(canton: Canton, made: Brought) -> tuple[Import, list[Checked]]:
    rows = rows_in(made.files())
    return verify(**act(canton), rows=rows, files=files_of(made.files())), rows


def counted(office: Office) -> dict[str, int]:
    """How many rows each table of the canton has, but for the chain's."""
    with acting(office.slug, TEST, "count"):
        return {
            model.__name__: model._default_manager.count()
            for model in apps.get_models()
            if hasattr(model, "uncommitted") and model.__module__.startswith("handslag.domain.")
            and not model.__module__.startswith("handslag.domain.audit.")
            and model.__name__ not in ("Counter",)
        }  # fmt: skip


def test_a_register_of_two_hundred_people_is_verified_undone_and_brought_again(canton: Canton) -> None:
    places = [place.address for place in canton.places]
    made = brought(Random("two hundred"), places, 200, each=True)
    office, before = canton.side.office, counted(canton.side.office)
    row, rows = verified(canton, made)

    # every fault is named at its line, and nothing else is
    assert unnamed(made, found_in(rows)) == []
    assert {code for code, _column in made.wrong.values()} == set(Fault) - {
        Fault.KNOWN, Fault.NAME, Fault.NOT_HERE, Fault.POSTED
    }  # fmt: skip
    with acting(office.slug, TEST, "look"):
        stored = {(one.table, one.line) for one in Row.objects.filter(of=row.id).exclude(faults=[])}
    assert stored == set(made.wrong)
    sums = row.totals
    assert sums["taken"]["persons"] + sums["rejected"]["persons"] == sums["file"]["persons"] == 201
    assert all(sums["taken"][name] + sums["rejected"][name] == sums["file"][name] for name in (*MONEY, "unread"))

    # undone without a trace but the audit's, which names nobody; not by somebody else's seat, nor by an old look
    with pytest.raises(Conflict):
        undo(**act(canton), brought=row.id, version=9)
    with pytest.raises(NotAllowed):
        undo(**act(canton, "hanna"), brought=row.id, version=1)
    row = bring_in(**act(canton), brought=row.id, version=1)
    undo(**act(canton), brought=row.id, version=row.version)
    assert counted(office) == before
    with acting(office.slug, TEST, "look"):
        events = list(Event.objects.filter(subject=row.id).order_by("seq"))
        told = str([one.body for one in Payload.objects.filter(id__in=[one.id for one in events])])
    assert [one.kind for one in events] == ["import verified", "register imported", "import undone"]
    assert "Haile" not in told and "21000" not in told

    # brought again; who brought it doesn't confirm it, and a second registrar does
    row, _rows = verified(canton, made)
    with pytest.raises(Conflict):
        confirm(**act(canton, "zoe"), brought=row.id, version=row.version)
    row = bring_in(**act(canton), brought=row.id, version=row.version)
    with pytest.raises(NotForThem):
        confirm(**act(canton), brought=row.id, version=row.version)
    with pytest.raises(NotAllowed):
        confirm(**act(canton, "hanna"), brought=row.id, version=row.version)
    row = confirm(**act(canton, "zoe"), brought=row.id, version=row.version)
    with pytest.raises(Conflict):
        undo(**act(canton), brought=row.id, version=row.version)
    with pytest.raises(Hidden):
        carry(**act(canton), brought=row.id)
    carry(tenant=office.slug, by=IMPORTED, now=canton.pair.now, brought=row.id)
    with pytest.raises(NotPossible, match="carried"):
        carry(tenant=office.slug, by=IMPORTED, now=canton.pair.now, brought=row.id)

    # in the register by day, with payer, and on the accounts to the cent
    taken = {column: row.totals["taken"][column] for column in MONEY}
    right = [one for n, one in enumerate(made.rows[Table.PERSONS], 2) if (Table.PERSONS, n) not in made.wrong]
    with acting(office.slug, TEST, "look"):
        assert in_the_ledger(row.number) == taken
        assert Notice.objects.filter(imported=row.id, what="municipality").count() == len(right)
        for one in right[:20]:
            person = person_by_identifier("zemis", one["number"])
            assert person is not None and person.family_name == one["family_name"]
            where, status, opened = days_stored(person.id)
            assert (where[0].municipality, str(where[0].since)) == (one["municipality"], one["since"])
            assert [stands.status for stands in status] == [one["status"]]
            assert opened == []
        claims = {
            one["number"] for n, one in enumerate(made.rows[Table.CLAIMS], 2) if (Table.CLAIMS, n) not in made.wrong
        }
        paid = Responsibility.objects.filter(payer="KSA-ÖS").values("person").distinct().count()
        assert paid == len(claims)

    # a second time nothing of it is taken
    again, rows = verified(canton, made)
    assert again.totals["taken"] == dict.fromkeys(again.totals["taken"], 0)
    codes = found_in(rows)
    assert codes[Table.PERSONS, _line(made, Table.PERSONS)] == {"KNOWN"}
    assert codes[Table.ITEMS, _line(made, Table.ITEMS)] == {"POSTED"}
    with pytest.raises(NotPossible, match="nothing to take"):
        bring_in(**act(canton), brought=again.id, version=1)
    undo(**act(canton), brought=again.id, version=1)


def _line(made: Brought, table: Table) -> int:
    return next(n for n in range(2, 100) if (table, n) not in made.wrong)


def test_a_workbook_is_read_and_what_is_known_here_is_not_taken_again(canton: Canton) -> None:
    office, place = canton.side.office, canton.places[0].address
    header, claims = list(COLUMNS[Table.PERSONS]), list(COLUMNS[Table.CLAIMS])

    def row(number: str, family: str = "Haile") -> list[Any]:
        return [number, "Lemlem", family, 33_000, place, "2024-05-01", "B-R", 45_292, "01.01.2024"]

    book = workbook({
        "Personen": [header, row("31000001.0"), row("31000002.0"), row("31000003.0"), [], row("31000004.0")],
        "Leer": [], "Ansprüche": [claims, ["31000001.0", place, 45_413, "2033-12-31"]],
    })  # fmt: skip
    rows = rows_in([("register.xlsx", book)])
    told = next(one.told for one in rows if one.table == Table.PERSONS)
    assert (told["birth_on"], told["status_since"], told["entry_on"]) == ("1990-05-07", "2024-01-01", "2024-01-01")
    assert [one.line for one in rows if one.table == Table.PERSONS] == [2, 3, 4, 6]
    assert next(one.told["since"] for one in rows if one.table == Table.CLAIMS) == "2024-05-01"
    made = verify(**act(canton), rows=rows, files=[])
    made = bring_in(**act(canton), brought=made.id, version=1)
    made = confirm(**act(canton, "zoe"), brought=made.id, version=made.version)

    # in one piece or not at all: where the money differs, nothing of it is left
    with acting(office.slug, TEST, "look"):
        assert person_by_identifier("zemis", "31000001.0") is None
    carry(tenant=office.slug, by=IMPORTED, now=canton.pair.now, brought=made.id)
    assert [stretch[3] for stretch in canton.days("31000001.0")[0]] == ["KSA-ÖS", "municipality"]

    # somebody known here by another name, or above her clearance, isn't taken
    key = canton.person("31000002.0").id
    set_protection(**act(canton), person=key, version=1, level=2, address_level=2)
    again = [
        Checked(one.table, one.line, {**one.told, "family_name": "Tekle"})
        for one in rows if one.table == Table.PERSONS
    ]  # fmt: skip
    verify(**act(canton), rows=again, files=[])
    codes = found_in(again)
    assert codes[Table.PERSONS, 3] == {"NOT_HERE"}
    assert codes[Table.PERSONS, 2] == {"KNOWN"}

    for files, code in (
        ([("a.csv", b"name;amount\n1;2\n")], "columns"), ([("a.xlsx", b"PK nothing")], "workbook"),
        ([("a.csv", b"\0\1")], "text"), ([("a.csv", b'number;municipality;since;last_on\n"1;2')], "quotes"),
        ([("a.csv", ";".join(claims).encode())], "empty"),
        ([("a.csv", ";".join(claims).encode() + b"\n1;2;3;4"), ("b.csv", ";".join(claims).encode())], "twice"),
    ):  # fmt: skip
        with pytest.raises((TableError, WrongTables)) as refused:
            rows_in(files)
        assert refused.value.code == code

    # a municipality has no register to bring
    here = canton.places[0]
    with pytest.raises(NotPossible, match="not the canton"):
        verify(**canton.pair.act(here, "rut"), rows=again, files=[])


def test_where_the_ledger_differs_nothing_of_an_import_is_left(canton: Canton, monkeypatch: Any) -> None:
    made = brought(Random("differs"), [canton.places[1].address], 8)
    for one in made.rows[Table.PERSONS] + made.rows[Table.CLAIMS]:
        one["number"] = "4" + one["number"]
    for one in made.rows[Table.ITEMS]:
        one["reference"] = "R" + one["reference"]
    row, rows = verified(canton, made)
    assert found_in(rows) == {}
    row = bring_in(**act(canton), brought=row.id, version=1)
    row = confirm(**act(canton, "zoe"), brought=row.id, version=row.version)
    before = counted(canton.side.office)
    monkeypatch.setattr(operations, "in_the_ledger", lambda number: dict.fromkeys(MONEY, 1))
    with pytest.raises(RuntimeError, match=row.number):
        carry(tenant=canton.side.office.slug, by=IMPORTED, now=canton.pair.now, brought=row.id)
    assert counted(canton.side.office) == before


def migrated(canton: Canton, random: Random, people: int, share: float, seconds: Counter[str]) -> list[str]:
    """A register of so many people with faults in a share of its rows, verified, undone, verified again, confirmed and
    carried; what doesn't hold. `seconds`: how long each took."""
    made, office = brought(random, [one.address for one in canton.places], people, share), canton.side.office
    before, began = counted(office), time.monotonic()

    def took(what: str) -> None:
        nonlocal began
        seconds[f"seconds to {what}"], began = int(time.monotonic() - began), time.monotonic()

    row, rows = verified(canton, made)
    took("verify")
    wrong, sums = unnamed(made, found_in(rows)), row.totals
    seconds["rows"], seconds["rejected"] = len(rows), len(found_in(rows))
    undo(**act(canton), brought=row.id, version=row.version)
    took("undo")
    if counted(office) != before:
        wrong.append("something is left of what was undone")
    row, _rows = verified(canton, made)
    row = bring_in(**act(canton), brought=row.id, version=row.version)
    row = confirm(**act(canton, "zoe"), brought=row.id, version=row.version)
    began = time.monotonic()
    carry(tenant=office.slug, by=IMPORTED, now=canton.pair.now, brought=row.id)
    took("carry")
    with acting(office.slug, TEST, "look"):
        if (ledger := in_the_ledger(row.number)) != {name: sums["taken"][name] for name in MONEY}:
            wrong.append(f"the ledger holds {ledger}")
        if (there := Notice.objects.filter(what="municipality").count()) != sums["taken"]["persons"]:
            wrong.append(f"{there} people are in the register")
    for name in (*MONEY, "persons", "claims", "items"):
        if sums["taken"][name] + sums["rejected"][name] != sums["file"][name]:
            wrong.append(f"{name} doesn't add up")
    again, _rows = verified(canton, made)
    if any(again.totals["taken"].values()):
        wrong.append("something would be taken twice")
    return wrong

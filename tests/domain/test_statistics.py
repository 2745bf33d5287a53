"""The files for Socialstyrelsen: from the bookings, equal to them, whole for a year, made anew and marked delivered."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from handslag.domain.audit.models import Event
from handslag.domain.decisions.queries import in_force
from handslag.domain.payments.models import Booking
from handslag.domain.payments.operations.account import reverse_booking
from handslag.domain.payments.operations.advances import confirm_advance, grant_advance, refuse_advance
from handslag.domain.payments.queries import advances_awaited
from handslag.domain.people.operations.persons import follow_person
from handslag.domain.people.permissions import CASE_SYSTEM
from handslag.domain.statistics.operations import Told, make_statistics_file, mark_delivered, record_statistics
from handslag.domain.statistics.queries import build, causes, layout
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotForThem
from handslag.kernel.months import Month
from tests.office import TEST, Folder, Office, open_office, refused

SPENT = """
SELECT coalesce(sum(CASE b.kind WHEN 'expense' THEN b.amount ELSE -b.amount END), 0)
FROM payments_booking b JOIN casefile_period p ON (p.tenant_id, p.id) = (b.tenant_id, b.period_id)
WHERE p.since >= %s AND p.since < %s
AND (b.kind, b.account_code) IN (('expense', 'forsorjningsstod'), ('expense', 'forskott'), ('income', 'forskott'))
"""


@pytest.fixture
def office(connect: Any) -> Office:
    return open_office(connect)


def later(office: Office) -> dict[str, Any]:
    """A registrar in the month after this one."""
    first = office.now.replace(day=1, hour=9)
    after = first.replace(month=first.month % 12 + 1, year=first.year + first.month // 12)
    return {**office.act("rut"), "now": after}


def booked(office: Office, month: Month) -> int:
    """What is booked as support for a month, by a statement of its own."""
    with acting(office.slug, TEST, "look"), connection.cursor() as cursor:
        cursor.execute(SPENT, [month.since, month.until])
        return int(cursor.fetchone()[0])


def built(office: Office, month: Month) -> Any:
    with acting(office.slug, TEST, "look"):
        return build(month)


def lines(text: str) -> list[list[str]]:
    assert text == "" or text.endswith("\r\n")
    return [line.split("\t") for line in text.split("\r\n")[:-1]]


def recorded(folder: Folder, month: Month, cause: str = "LANGUAGE", who: str = "hanna", **more: Any) -> None:
    told = [Told(by.id, cause, **{"refugee": False, "born_abroad": True, **more}) for by in folder.citizens if by.id]
    record_statistics(**folder.office.act(who), case=folder.case.id, month=month, told=told)


def test_a_couple_with_children_as_the_file_says_it(office: Office) -> None:
    month = office.month
    young, old = f"{month.year - 15}0710", f"{month.year - 17}0210"
    folder = office.case(
        ("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"),
        children=(("Sara", "Åberg", young), ("Ali", "Åberg", old)),
    )  # fmt: skip
    folder.applied()
    decision = folder.decided()
    alone = office.case(("Nils", "Ensam", "19900101"))
    alone.applied()
    recorded(folder, month, "FULL_TIME_INCOME")
    file = make_statistics_file(**later(office), month=month)
    (row,) = lines(file.households)
    ages = [month.year - 1985, month.year - 1983, 17]
    assert row[:6] == [
        str(month.year),
        f"{month.number:02}",
        office.slug[:4],
        "",
        "1",
        str(round(decision.amount / 100)),
    ]
    assert row[6:12] == [folder.numbers[0], "1", "0", "1", sex(folder.numbers[0]), row[11]]
    assert row[12:18] == [folder.numbers[1], "2", "0", "1", sex(folder.numbers[1]), row[17]]
    assert row[19:23] == ["3", "", "", sex(row[18])] and row[18].startswith(old) and len(row) == 24
    assert [int(row[n]) for n in (11, 17, 23)] in (ages, [ages[0], ages[1] - 1, 17])
    assert lines(file.causes) == [
        [str(month.year), f"{month.number:02}", office.slug[:4], number, "FULL_TIME_INCOME"[:30]]
        for number in folder.numbers
    ]
    # Single: the columns of the co-applicant are there and empty. Who was granted nothing isn't in it.
    alone.decided()
    again = make_statistics_file(**later(office), month=month)
    assert again.number == 2 and again.lines == 2
    single = lines(again.households)[1]
    assert single[6] == alone.numbers[0] and single[12:] == [""] * 6 and len(single) == 18
    widths = [c["length"] for c in (*layout()["households"], *layout()["person"], *layout()["person"])]
    assert all(len(cell) <= width for cell, width in zip(single, widths, strict=True))


def sex(number: str) -> str:
    return "1" if int(number[10]) % 2 else "2"


def test_totals_are_what_is_booked_and_what_is_decided_whatever_happens(office: Office) -> None:
    """Three cases, decided, changed up and down, with advances before: after each step the files say what is booked for
    the month, by a statement of its own, and what the decisions in force grant with open advances."""
    chance = random.Random(20261126)
    folders = [office.case((name, "Fallet", f"198{n}0303")) for n, name in enumerate(("Ada", "Bea", "Cia"))]
    open_advances: dict[UUID, int] = defaultdict(int)
    decided: set[UUID] = set()

    def check() -> None:
        told = built(office, office.month)
        assert told.amount == booked(office, office.month)
        with acting(office.slug, TEST, "look"):
            granted = sum(row.amount for f in folders if f.case.id in decided and (row := in_force(f.period().id)))
        assert told.amount == granted + sum(open_advances.values())
        assert told.kronor == sum(int(row[5]) for row in lines(told.households))
        assert abs(told.kronor * 100 - told.amount) <= 50 * told.lines
        assert told.households == built(office, office.month).households

    advanced = folders[0]
    grant_advance(
        **office.act("bo"), case=advanced.case.id, month=office.month, amount=1_234_56, reasons="Maten räcker inte."
    )
    open_advances[advanced.case.id] = 1_234_56
    check()
    for folder in folders:
        folder.applied()
        folder.decided()
        decided.add(folder.case.id)
        open_advances.pop(folder.case.id, None)
        check()
    for _ in range(5):
        folder = chance.choice(folders)
        folder.changed(chance.randrange(100_000, 1_215_000), "36")
        check()
    # An advance that a person takes back is in neither.
    late = office.case(("Dea", "Fallet", "19870303"))
    grant_advance(
        **office.act("bo"), case=late.case.id, month=office.month, amount=700_00, reasons="Maten räcker inte."
    )
    open_advances[late.case.id] = 700_00
    check()
    with acting(office.slug, TEST, "look"):
        (standing,) = Booking.objects.filter(case=late.case)
    reverse_booking(**office.act("bo"), booking=standing.id, reason="Bokat på fel ärende.")
    del open_advances[late.case.id]
    check()


def test_an_advance_counts_once_a_second_person_has_confirmed_it(office: Office) -> None:
    office.admit("vera", "Vera Vaksam", "decider", "caseworker")
    folder, other = office.case(), office.case(("Eva", "Ek", "19700101"))
    told = {"month": office.month, "reasons": "Ingen mat i huset i dag."}
    waits = []
    for one in (folder, other):
        grant_advance(**office.act("bo"), case=one.case.id, **told, amount=300_000)
        grant_advance(**office.act("bo"), case=one.case.id, **told, amount=400_000)
        with acting(office.slug, TEST, "look"):
            waits += advances_awaited(one.case.id)
    assert (built(office, office.month).lines, built(office, office.month).amount) == (2, 600_000)
    confirm_advance(**office.act("vera"), advance=waits[0])
    refuse_advance(**office.act("vera"), advance=waits[1], reason="Mat finns till fredag.")
    assert built(office, office.month).amount == booked(office, office.month) == 1_000_000


def test_december_is_the_whole_year(office: Office) -> None:
    folder = office.case()
    for month in (office.month, office.month - 1):
        folder.on_paper(month)
        folder.decided(month)
    december = Month(office.month.year, 12)
    year = built(office, december)
    single = [built(office, Month(december.year, n)) for n in range(1, 12)]
    this_year = [m for m in (office.month, office.month - 1) if m.year == december.year]
    assert year.lines == len(this_year) and year.amount == sum(booked(office, m) for m in this_year)
    if office.month.number < 12:
        assert year.households == "".join(one.households for one in single)
        assert year.causes == "".join(one.causes for one in single)


def test_made_corrected_delivered_and_rebuilt_equal(office: Office, connect: Any) -> None:
    folder = office.case()
    folder.applied()
    refused("month not over", make_statistics_file, **office.act("rut"), month=office.month)
    rut = later(office)
    refused("nothing granted", make_statistics_file, **rut, month=office.month)
    folder.decided()
    first = make_statistics_file(**rut, month=office.month)
    again = built(office, office.month)
    assert (again.households, again.causes, again.digest) == (first.households, first.causes, first.digest)
    assert again.lacking == [(folder.case.number, office.month, "cause"), (folder.case.number, office.month, "origin")]
    refused("same file", make_statistics_file, **rut, month=office.month)
    recorded(folder, office.month, "SICK_NONE")
    refused("cause", record_statistics, **office.act("hanna"), case=folder.case.id, month=office.month,
            told=[Told(folder.case.applicant_id, "LAZY", None, None)])  # fmt: skip
    second = make_statistics_file(**rut, month=office.month)
    assert (second.number, built(office, office.month).lacking) == (2, [])
    assert second.digest != first.digest and second.causes_digest != first.causes_digest
    refused("delivered how", mark_delivered, **rut, file=second.id, version=1, how=" ")
    done = mark_delivered(**rut, file=second.id, version=1, how="Kvittens 4711")
    with pytest.raises(Conflict):
        mark_delivered(**rut, file=second.id, version=done.version, how="Kvittens 4712")
    with acting(office.slug, TEST, "look"):
        kinds = Event.objects.filter(subject_id=second.id).order_by("seq").values_list("kind", flat=True)
        assert list(kinds) == ["statistics file made", "statistics file delivered"]
    # By registrars of this organisation, cleared for everybody in it.
    for who in ("hanna", "ulla", "alva"):
        with pytest.raises(NotAllowed):
            make_statistics_file(**{**rut, "by": office.staff[who]}, month=office.month)
    theirs = open_office(connect, "theirs")
    with pytest.raises(Hidden):
        mark_delivered(**theirs.act("rut"), file=first.id, version=1, how="Kvittens 1")
    strange = Told(office.case(("Annan", "Person", "19700101")).case.applicant_id, "LANGUAGE", None, None)
    with pytest.raises(Hidden):
        record_statistics(**office.act("hanna"), case=folder.case.id, month=office.month, told=[strange])
    follow_person(
        **office.by(CASE_SYSTEM), person=folder.case.applicant_id, given_name="Hemlig", family_name="Skyddad", email="",
        telephone="", protected=True,
    )  # fmt: skip
    recorded(folder, office.month, "LANGUAGE", who="bo")
    with pytest.raises(NotForThem, match="protected file"):
        make_statistics_file(**rut, month=office.month)
    office.admit("klara", "Klara Klarerad", "registrar", clearance=3)
    third = make_statistics_file(**{**rut, "by": office.staff["klara"]}, month=office.month)
    assert third.protection > 0 and third.number == 3
    with pytest.raises(Hidden):
        mark_delivered(**rut, file=third.id, version=1, how="Kvittens 4713")


def test_every_cause_fits_its_column_and_each_is_named_in_both_languages() -> None:
    width = next(c["length"] for c in layout()["causes"] if c["name"] == "Orsak")
    for code, name in causes().items():
        assert len(code) <= width and set(name) == {"sv", "en"}
    assert layout()["status"] == "uncertain" and layout()["open"]
    assert [c["name"] for c in layout()["households"]] == ["Ar", "Manad", "Kommun", "Distrikt", "Barn15", "Sbel"]
    assert len(layout()["households"]) + 2 * len(layout()["person"]) == 18

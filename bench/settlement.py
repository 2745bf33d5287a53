"""A canton's year of settlements, from registers and case accounts to both ledgers, against writing the same lines.

    python -m bench.settlement [--municipalities 4] [--people 156] [--others 125] [--quarters 4] [--kill] [--keep]

Each municipality claims each quarter of `--people` people each under the asylum regime, and each half-year what was
booked for `--others` (section 44); the claim crosses as messages, the canton checks it against its own register,
accepts it, and the decisions cross back and are noted: all by the operations and jobs of the product, in one process
and one connection, PostgreSQL with fsync. From the second quarter on a tenth of the people has left already a month
before its end, so that settled days are given back in the next one; of the others a tenth has a cost that is booked
only after the half-year. The floor inserts the same lines on both sides by executemany, a transaction for each claim
and side. Goal: at most ten times as long.
`--kill`: the process that works is killed in the middle and started again; it ends as the register says, without it.
A year of 160 municipalities, 25,000 asylum persons and 20,000 others: `--municipalities 160`. `--keep` writes
docs/evidence/bench_settlement.json.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

GOAL = 10
ENTRY = date(2024, 1, 1)
QUARTERS = (date(2025, 1, 1), date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1), date(2026, 1, 1))
RATE = 36_00


def leaves(number: int, quarters: int) -> date | None:
    """When somebody of a municipality has left, if she has: a month before a quarter ends, and it is told after."""
    if quarters == 1 or number % 10:
        return None
    return QUARTERS[1 + number // 10 % (quarters - 1)] - timedelta(days=30)


def expected(people: int, others: int, quarters: int) -> int:
    """What a municipality is accepted for, in minor units: the days that the register has in the end, and what was
    booked of the half-years that are over."""
    until = QUARTERS[quarters]
    days = sum(((leaves(n, quarters) or until) - QUARTERS[0]).days for n in range(people))
    costs = sum(amount for n in range(others) for half in range(quarters // 2) for _, _, amount in booked(n, half))
    return days * RATE + costs


def booked(number: int, half: int) -> list[tuple[int, str, int]]:
    """What is booked before a half-year is settled, of one of the others: (month, account, minor units)."""
    months = range(1 + 6 * half, 7 + 6 * half)
    found = [(month, "BASIC_OTHER", 900_00 + number) for month in months]
    if half:  # three lines a year
        found += [(month, "MEDICAL_OTHER", 80_00 + number) for month in months]
        if number % 10 == 0:  # late
            found.append((3, "DENTAL", 345_67))
    return found


# -- prepared --------------------------------------------------------------------------------------------------------


def registered(address: str, numbers: list[str], status: str, payer: str) -> list[UUID]:
    """New people behind the open door, by these numbers, in the register there: as they are until somebody leaves."""
    from handslag.domain.audit.models import Subject
    from handslag.domain.people.models import Identifier, Person
    from handslag.domain.register.models import Responsibility, Standing
    from handslag.kernel.ids import uuid7

    keys = [uuid7() for _ in numbers]
    Subject.objects.bulk_create(Subject(id=key, kind="person") for key in keys)
    Person.objects.bulk_create(
        Person(id=key, given_name="Lemlem", family_name="Haile", sort_key=b"h", language="de") for key in keys
    )
    Identifier.objects.bulk_create(
        Identifier(person_id=key, type="zemis", value=number) for key, number in zip(keys, numbers, strict=True)
    )
    Standing.objects.bulk_create(Standing(person_id=key, since=ENTRY, status=status, entry_on=ENTRY) for key in keys)
    Responsibility.objects.bulk_create(
        Responsibility(person_id=key, since=ENTRY, municipality=address, payer=payer) for key in keys
    )
    return keys


def filled(slug: str, address: str, numbers: list[str]) -> None:
    """People of a municipality in the register of an organisation, under the asylum regime."""
    from handslag.domain.tenancy.door import acting, writing
    from tests.office import TEST

    with acting(slug, TEST, "fill") as door, writing(door):
        door.memory["written"] = {}  # by no operation
        registered(address, numbers, "N", "KSA-AK")


def housed(slug: str, address: str, numbers: list[str], *, keeps_accounts: bool) -> None:
    """The others in the register of an organisation, and where it keeps accounts, their cases and months there."""
    from handslag.domain.audit.models import Subject
    from handslag.domain.casefile.models import Case, Period
    from handslag.domain.people.models import Household, Membership
    from handslag.domain.tenancy.door import acting, writing
    from handslag.domain.tenancy.models import Unit
    from handslag.kernel.ids import uuid7
    from tests.office import TEST

    with acting(slug, TEST, "fill") as door, writing(door):
        door.memory["written"] = {}
        people = registered(address, numbers, "B-R", "KSA-ÖS")
        if not keeps_accounts:
            return
        homes, cases, unit = [uuid7() for _ in people], [uuid7() for _ in people], Unit.objects.first()
        Household.objects.bulk_create(Household(id=key) for key in homes)
        Membership.objects.bulk_create(
            Membership(household_id=home, person_id=key, role="adult", since=ENTRY)
            for home, key in zip(homes, people, strict=True)
        )
        Subject.objects.bulk_create(Subject(id=key, kind="case") for key in cases)
        Case.objects.bulk_create(
            Case(id=case, number=number, legal_order="ch-zh", applicant_id=key, household_id=home, unit=unit,
                 opened_on=ENTRY)
            for case, number, key, home in zip(cases, numbers, people, homes, strict=True)
        )  # fmt: skip
        Period.objects.bulk_create(
            Period(case_id=case, since=date(2025, month, 1), until=date(2025 + month // 12, month % 12 + 1, 1))
            for case in cases for month in range(1, 13)
        )  # fmt: skip


def book(slug: str, half: int) -> None:
    """The municipality books what it has had for the others by the end of a half-year, once."""
    from handslag.domain.casefile.models import Case, Period
    from handslag.domain.payments.models import Booking
    from handslag.domain.tenancy.door import acting, writing
    from tests.office import TEST

    at = datetime(2025, 6 * half + 6, 28, 12, tzinfo=UTC)
    with acting(slug, TEST, "fill") as door, writing(door):
        if Booking.objects.filter(booked_at=at).exists():
            return
        door.memory["written"] = {}
        rows = Period.objects.values_list("case_id", "since", "id")
        periods = {(case, since.month): key for case, since, key in rows}
        Booking.objects.bulk_create(
            Booking(case_id=case, period_id=periods[case, month], kind="expense", account_code=account,
                    counterparty="Stadtspital", amount=amount, currency="CHF", source="Beleg", booked_at=at)
            for n, case in enumerate(Case.objects.order_by("number").values_list("id", flat=True))
            for month, account, amount in booked(n, half)
        )  # fmt: skip


def told(slug: str, address: str, numbers: list[str], quarter: int, quarters: int) -> None:
    """In the register of an organisation those have left who did in the quarter before this one."""
    from handslag.domain.people.models import Identifier
    from handslag.domain.register.models import Responsibility
    from handslag.domain.tenancy.door import acting, writing
    from tests.office import TEST

    gone = [one for n, one in enumerate(numbers) if (on := leaves(n, quarters)) and on < QUARTERS[quarter] <= on + LATE]
    with acting(slug, TEST, "fill") as door, writing(door):
        people = list(Identifier.objects.filter(value__in=gone).values_list("person_id", "value"))
        Responsibility.objects.filter(person_id__in=[key for key, _ in people], municipality=address).delete()
        Responsibility.objects.bulk_create(
            Responsibility(
                person_id=key, since=ENTRY, municipality=address, payer="KSA-AK",
                until=leaves(numbers.index(number), quarters),
            )
            for key, number in people
        )  # fmt: skip


LATE = timedelta(days=40)


def numbers_of(place: int, people: int, first: int = 0) -> list[str]:
    return [f"{place:04}{n:06}.0" for n in range(first, first + people)]


#: The number of the first of the others.
OTHERS = 500_000


# -- the work --------------------------------------------------------------------------------------------------------


class Year:
    """The canton and its municipalities, as the process that works knows them: (short name, id, address); and who acts
    there. `slugs`: each with the id of that member of staff."""

    def __init__(self, slugs: list[str], people: int, quarters: int) -> None:
        from handslag.domain.exchange.queries import own_address
        from handslag.domain.tenancy.door import Actor, acting
        from tests.office import TEST

        self.places: list[tuple[str, int, str]] = []
        self.staff: dict[str, Actor] = {}
        for slug, _, member in (one.partition("=") for one in slugs):
            with acting(slug, TEST, "look") as door:
                self.places.append((slug, door.the_tenant.id, own_address()))
            self.staff[slug] = Actor("staff", UUID(member))
        self.canton = self.places.pop(0)
        self.people, self.quarters = people, quarters


def settled(year: Year, slug: str, key: int, address: str, regime: Any, since: date) -> bool:
    """One claim there and back. Whether there was anything to do."""
    from handslag.domain.exchange.models import Message
    from handslag.domain.exchange.operations.courier import put_in, sealed_by
    from handslag.domain.settlement.models import Reply, Statement, Submission
    from handslag.domain.settlement.operations import accept_clean, submit
    from handslag.domain.settlement.queries import answers_on, standing
    from handslag.domain.tenancy.door import acting
    from handslag.domain.tenancy.policies import NotPossible
    from handslag.jobs import exchange
    from handslag.jobs.settlement import note_reception, take_settlement, tell_decisions, tell_submission
    from handslag.kernel import clock
    from tests.office import TEST

    canton, there, its = year.canton
    reference = f"{address}/{regime.code}/{since}"

    def carried() -> None:
        """What either has sealed arrives at the other and is looked at."""
        clock.now = lambda: real() + timedelta(minutes=1)  # type: ignore[assignment]
        try:
            for tenant, sender, to, recipient in ((key, address, there, its), (there, its, key, address)):
                exchange.hand_over_due(tenant)
                new = [one for one in sealed_by(tenant, sender, since_when) if one.recipient == recipient]
                put_in(to, [one for one in new if one.id not in done], clock.now())
                done.update(one.id for one in new)
                exchange.take_arrivals(to)
        finally:
            clock.now = real

    def messages(tenant: int, **by: Any) -> list[str]:
        with acting(tenant, TEST, "look"):
            rows = Message.objects.filter(kind="settlement", action="5", process=f"settlement:{reference}", **by)
            return [str(one) for one in rows.order_by("id").values_list("id", flat=True)]

    real, done = clock.now, set()
    since_when = real() - timedelta(hours=6)
    with acting(slug, TEST, "look"):
        mine = Statement.objects.filter(reference=reference).first()
        if mine is not None and (lines := standing(mine.id)) and len(answers_on(mine.id)) == len(lines):
            return False
    with suppress(NotPossible):  # killed in between, it is submitted already
        submit(tenant=slug, by=year.staff[slug], now=real(), regime=regime, partner=its, since=since, against={})
    with acting(slug, TEST, "look"):
        row = Submission.objects.get(statement__reference=reference)
    tell_submission(tenant=key, submission=str(row.id))
    carried()
    for one in messages(there, direction="in")[:1]:
        take_settlement(tenant=there, message=one)
    carried()
    for one in messages(key, direction="out")[:1]:
        note_reception(tenant=key, message=one)
    with acting(canton, TEST, "look"):
        statement = Statement.objects.get(reference=reference).id
    with suppress(NotPossible):
        accept_clean(
            tenant=canton, by=year.staff[canton], now=real(), regime=regime, statement=statement, although_late="Jahr"
        )  # fmt: skip
    with acting(canton, TEST, "look"):
        replies = list(Reply.objects.filter(statement_id=statement).values_list("id", flat=True))
    for one in replies:
        tell_decisions(tenant=there, reply=str(one))
    carried()
    for one in messages(key, direction="in")[:1]:
        take_settlement(tenant=key, message=one)
    carried()
    return True


def work(options: argparse.Namespace) -> None:
    """All that isn't done yet, with what is done so far; what was begun goes on."""
    from handslag.domain.settlement.models import Line
    from handslag.domain.tenancy.door import acting
    from handslag.rules.ch.settlement import ASYLUM, SECTION_44
    from tests.office import TEST

    year = Year(options.slugs, options.people, options.quarters)
    began, lines, done = time.monotonic(), 0, 0
    whole = (options.quarters + (options.quarters // 2 if options.others else 0)) * len(year.places)
    for quarter in range(options.quarters):
        for n, (slug, key, address) in enumerate(year.places):
            numbers = numbers_of(n, options.people)
            for whose in (slug, year.canton[0]):
                told(whose, address, numbers, quarter, options.quarters)
            claims = [(ASYLUM, QUARTERS[quarter])]
            if options.others and quarter % 2:
                book(slug, quarter // 2)
                claims.append((SECTION_44, QUARTERS[quarter - 1]))
            for regime, since in claims:
                if settled(year, slug, key, address, regime, since):
                    with acting(slug, TEST, "look"):
                        lines += Line.objects.filter(statement__since=since, statement__fund=regime.code).count()
                done += 1
                print(f"  {done}/{whole} claims, {lines} lines, {time.monotonic() - began:.1f} s", flush=True)


# -- against the floor -----------------------------------------------------------------------------------------------

_COLUMNS = (
    "id, tenant_id, statement_id, submission_id, number, person_id, kind, status, since, until, days, rate, amount, "
    "cost, share, account_code, text, corrects_id, findings, why, content, items"
)


def floor(database: Any) -> tuple[float, int]:
    """Seconds in which all lines of both sides are inserted once more, by executemany; and how many."""
    import psycopg
    from psycopg import sql
    from psycopg.types.json import Jsonb

    with psycopg.connect(database.admin) as admin:
        admin.execute("CREATE TABLE floor_line (LIKE settlement_line INCLUDING DEFAULTS INCLUDING INDEXES)")
        rows = admin.execute(
            sql.SQL("SELECT {} FROM settlement_line ORDER BY tenant_id, statement_id, number").format(
                sql.SQL(_COLUMNS)  # type: ignore[arg-type]
            )
        ).fetchall()
        admin.commit()
        batches: dict[Any, list[Any]] = {}
        for row in rows:
            batches.setdefault((row[1], row[3]), []).append((*row[:-1], Jsonb(row[-1]) if row[-1] else None))
        insert = sql.SQL("INSERT INTO floor_line ({}) VALUES ({})").format(
            sql.SQL(_COLUMNS),  # type: ignore[arg-type]
            sql.SQL(", ").join(sql.Placeholder() * len(_COLUMNS.split(","))),
        )
        began = time.perf_counter()
        for batch in batches.values():
            with admin.cursor() as cursor:
                cursor.executemany(insert, batch)
            admin.commit()
        return time.perf_counter() - began, len(rows)


def findings(options: argparse.Namespace, year: Year) -> Iterator[str]:
    """What both ledgers say otherwise than the register, as it was drawn."""
    from handslag.domain.accounts.queries import account_of, figures_of
    from handslag.domain.accounts.states import Side
    from handslag.domain.tenancy.door import acting
    from tests.office import TEST

    want = expected(options.people, options.others, options.quarters)
    for slug, _, address in year.places:
        for side, whose, partner in (
            (Side.CLAIMANT, slug, year.canton[2]), (Side.PAYER, year.canton[0], address),
        ):  # fmt: skip
            with acting(whose, TEST, "look"):
                row = account_of(partner, side)
                got = figures_of(row.id)["CHF"] if row else None
            if got is None or (got.claimed, got.accepted) != (want, want):
                yield f"{address} at {whose}: {got}, not {want}"


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench.settlement")
    options.add_argument("--municipalities", type=int, default=4)
    options.add_argument("--people", type=int, default=156)
    options.add_argument("--others", type=int, default=125)
    options.add_argument("--quarters", type=int, default=4)
    options.add_argument("--kill", action="store_true")
    options.add_argument("--keep", action="store_true")
    options.add_argument("--slugs", nargs="*", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.slugs:
        import django

        django.setup()
        work(given)
        return
    from soak.stage import ground

    with ground() as (data, _server, database):
        from tests.office import open_office

        made = [open_office(database.connect, "kanton", "CH", kind="canton_office", when_asked_for=True)]
        made += [
            open_office(database.connect, f"ort{n}", "CH", when_asked_for=True) for n in range(given.municipalities)
        ]
        made[0].admit_one("bo")
        for one in made[1:]:
            one.admit_one("ulla")
        given.slugs = [f"{one.slug}={one.staff['ulla' if n else 'bo'].id}" for n, one in enumerate(made)]
        year = Year(given.slugs, given.people, given.quarters)
        for n, (slug, _, address) in enumerate(year.places):
            for whose in (slug, year.canton[0]):
                filled(whose, address, numbers_of(n, given.people))
                housed(whose, address, numbers_of(n, given.others, OTHERS), keeps_accounts=whose == slug)
        database.close_connections()
        print(f"prepared: {given.municipalities} municipalities", flush=True)
        seconds = _run(given, database, str(data))
        found = list(findings(given, year))
        least, lines = floor(database)
        ratio = seconds / least
        print(
            f"{lines} lines on both sides: {seconds:.1f} s ({seconds / 60:.1f} minutes); floor {least:.2f} s; "
            f"{ratio:.1f} times; {len(found)} findings", *found[:5], sep="\n  ", flush=True,
        )  # fmt: skip
        if given.keep:
            from soak.evidence import write

            result = {
                "municipalities": given.municipalities, "people": given.municipalities * given.people,
                "others": given.municipalities * given.others, "quarters": given.quarters, "lines on both sides": lines,
                "seconds": round(seconds, 1), "minutes": round(seconds / 60, 1), "floor seconds": round(least, 2),
                "ratio": round(ratio, 1), "goal": GOAL, "killed once": given.kill, "findings": found,
            }  # fmt: skip
            write("bench_settlement", seed=0, what=(__doc__ or "").split("\n")[0], result=result)
    sys.exit(1 if found or ratio > GOAL else 0)


def _run(options: argparse.Namespace, database: Any, data: str) -> float:
    """The seconds of the process that works; with `--kill` of both that it takes."""
    import subprocess

    told = {"HANDSLAG_DATA": data, "DJANGO_SETTINGS_MODULE": "handslag.config.settings"}
    command = [
        sys.executable, "-m", "bench.settlement", "--people", str(options.people), "--others", str(options.others),
        "--quarters", str(options.quarters),
        "--slugs", *options.slugs,
    ]  # fmt: skip
    began, middle = time.monotonic(), options.quarters * options.municipalities * (3 if options.others else 2) // 4
    for kill in [True, False] if options.kill else [False]:
        with subprocess.Popen(
            command, env={**os.environ, **database.environment("worker"), **told}, stdout=subprocess.PIPE, text=True
        ) as child:  # fmt: skip
            assert child.stdout is not None
            for line in child.stdout:
                print(line, end="", flush=True)
                if kill and line.strip().startswith(f"{middle}/"):
                    time.sleep(0.5)  # inside the next one
                    child.kill()
                    print("  killed", flush=True)
            child.wait()
        if child.returncode and not kill:
            raise SystemExit(f"the work ended with {child.returncode}")
    return time.monotonic() - began


if __name__ == "__main__":
    main()

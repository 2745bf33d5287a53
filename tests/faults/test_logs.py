"""Nothing that a person is, typed or is paid stands in any log, whatever goes wrong."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import psycopg

from soak.stage import citizen, playing, staff
from tests import bed
from tests.bed import Database
from tests.faults.conftest import Here

#: Columns that disappear under the running product.
BROKEN = (
    ("people_person", "given_name"), ("intake_receipt", "body"), ("payments_booking", "amount"),
    ("decisions_letter", "content"),
)  # fmt: skip


def test_no_log_holds_any_of_fifty_canaries(database: Database, own_copy: Database) -> None:
    """A whole journey of five households on a database of its own, pages looked at, mistakes made, then faults of
    ours in the web server, the worker and the database: columns that are gone, under the same requests."""
    from handslag.domain.decisions.operations import propose
    from tests.office import C1, open_office

    web = bed.web_process(own_copy, bed.free_port())
    worker = bed.process(own_copy, "worker", "handslag.cli.main", "worker", "--once", role="worker")
    canaries: list[str] = []

    def canary(kind: str, n: int) -> str:
        canaries.append(f"{kind}kanariefågel{n}")
        return canaries[-1]

    with playing(own_copy):
        web.start()
        here: Any = Here(web)
        office = open_office(own_copy.connect, "canaries")
        slug, month = office.slug, str(office.month)
        people = {who: staff(here, office, who) for who in ("rut", "hanna", "bo", "erik")}
        tries: list[tuple[Any, str, str, dict[str, str]]] = []
        for n in range(5):
            folder = office.case(
                (canary("Förnamn", n), canary("Efternamn", n), f"196{n}0404"), address_lines=[canary("Gata", n)],
                city=canary("Stad", n), email=f"epost-kanarie{n}@canary.example", account=("bban", "9020", "1234566"),
            )  # fmt: skip
            amount = f"6 {n}43"
            canaries.extend([folder.numbers[0], f"epost-kanarie{n}", f"6{n}43", amount, f"6{n}4300"])
            message, account = canary("Meddelande", n), canary("Konto", n)
            folder.applied({**C1, "costs": [{"code": "RENT", "amount": amount, "note": "x"}], "message": message})
            sheet = folder.assessed()
            if n == 4:
                proposal = propose(**office.act("hanna"), sheet=sheet.id, reasons=canary("Skäl", n), language="sv")
                tries += [(people["bo"], "POST", f"/{slug}/decisions/{proposal.id}/decide/", {"version": "1"})]
            else:
                decided = propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
                people["bo"].send("POST", f"/{slug}/decisions/{decided.id}/decide/", version="1")
            case, person = f"/{slug}/cases/{folder.case.id}/", folder.citizens[0].id
            me = citizen(here, office, folder)
            tries += [
                (people["hanna"], "GET", f"{case}periods/{month}/", {}),
                (people["hanna"], "GET", f"{case}account/", {}),
                (people["hanna"], "POST", f"{case}account/income/", {"amount": "1e400", "counterparty": message}),
                (people["hanna"], "GET", f"/{slug}/people/?q={canaries[0]}", {}),
                (people["hanna"], "GET", f"/{slug}/people/{person}/", {}),
                (people["erik"], "GET", case, {}),  # not his: hidden
                (people["erik"], "POST", f"/{slug}/people/new/", {"city": message}),  # refused
                (people["rut"], "POST", f"/{slug}/people/{person}/account/", {"account_number": account}),
                (people["rut"], "POST", f"/{slug}/people/new/", {"identifier": folder.numbers[0], "city": message}),
                (people["rut"], "POST", f"{case}paper/", {"message": message, "costs-0-amount": amount}),
                (me, "GET", f"/{slug}/my/", {}),
                (me, "POST", f"/{slug}/drafts/{folder.case.id}/costs/", {"message": message}),
                (me, "POST", f"/{slug}/drafts/", {"case": message, "month": amount}),
            ]  # fmt: skip
        office.run()
        first = [person.send(method, path, **told).status_code for person, method, path, told in tries]
        assert max(first) < 500
        assert set(first) >= {200, 302, 403, 404}
        assert worker.child.start().wait(60) == 0
        with psycopg.connect(own_copy.admin, autocommit=True) as admin:
            for table, column in BROKEN:
                admin.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO gone".encode())
            admin.execute("UPDATE procrastinate_jobs SET status = 'todo' WHERE status = 'succeeded'")
        broken = [person.send(method, path, **told).status_code for person, method, path, told in tries]
        assert broken.count(500) > 20
        assert worker.child.start().wait(60) == 0
        web.stop()
    assert len(set(canaries)) >= 50
    logs = list((Path(os.environ["HANDSLAG_DATA"]) / "log").rglob("*.log"))
    assert {path.name for path in logs} >= {"web.log", "worker.log", "postgres.log"}
    told = {path: path.read_text(errors="replace") for path in logs}
    ours = [text for path, text in told.items() if path.parent.name == own_copy.name]
    assert sum(text.count('"error": "ProgrammingError"') for text in ours) > 20  # the faults did reach the logs
    found = {(c, p.name) for p, text in told.items() for c in canaries if _stands_in(c, text)}
    assert found == set()


def _stands_in(canary: str, text: str) -> bool:
    """Whether a log says `canary`. Digits stand in any log by chance, inside of times and marks: they count where
    they are a number by themselves, the short ones not at all."""
    if not canary.isdigit():
        return canary in text
    return len(canary) > 5 and re.search(rf"(?<![\w.-]){canary}(?!\w)", text) is not None


def test_a_number_counts_where_it_stands_by_itself() -> None:
    """What the test above looks for would be found if it stood there."""
    for text in ("paid 644300", "'644300'", "(6443.00, 644300)", "amount=644300 kr", '{"öre": 644300}'):
        assert _stands_in("644300", text)
    for text in ("12:04:31.644300+00", "a644300f", "1644300"):
        assert not _stands_in("644300", text)

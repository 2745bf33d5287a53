"""`handslag journey` as a process of its own against server, worker and e-ID: a file that nobody has seen before goes
all the way; a part that is stopped, a person who is known and a wrong expectation each stop it where they should."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from handslag.demo.fill import numbers
from handslag.domain.intake.models import InboxItem
from handslag.domain.intake.operations import take_from_inbox
from handslag.domain.tenancy.door import acting
from handslag.journey.application import Application, read
from handslag.kernel.months import Month
from handslag.rules.se.facts import Cost, Facts, Income, Member
from handslag.rules.se.pack import calculate, norms_for
from tests.bed import ROOT, Database, Process
from tests.office import TEST, Office, open_office

EXAMPLES = ROOT / "examples"
GRANTED = {"single": "6 550 kr", "couple-with-children": "4 570 kr", "paper-couple": "10 638 kr"}


@dataclass
class Told:
    """What a journey said: exit code, lines on standard output, the failure."""

    code: int
    lines: list[str]
    error: str

    def after(self, step: str) -> list[str]:
        """The evidence beneath a step."""
        start = next(n for n, line in enumerate(self.lines) if step in line)
        rest = self.lines[start + 1 :]
        end = next((n for n, line in enumerate(rest) if not line.startswith("      ")), len(rest))
        return [line.strip() for line in rest[:end]]


Drive = Callable[..., Told]


@pytest.fixture
def drive(database: Database, server: Process, eid: Process, worker: Process) -> Drive:
    def run(office: Office, file: Path, *options: str) -> Told:
        command = [sys.executable, "-m", "handslag.cli.main", "journey", "--application", str(file)]
        command += ["--organisation", office.slug, "--base-url", f"http://127.0.0.1:{server.port}", *options]
        done = subprocess.run(
            command, env=database.environment(), cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
        )
        return Told(done.returncode, done.stdout.replace("\N{NO-BREAK SPACE}", " ").splitlines(), done.stderr)

    return run


def _take_one_more(office: Office) -> None:
    """The caseworker has something of her own to do, which the inbox shows her first."""
    folder = office.case()
    folder.applied()
    with acting(office.slug, TEST, "look"):
        item = InboxItem.objects.get(case=folder.case)
    take_from_inbox(**office.act("hanna"), item=item.id, version=item.version)


@pytest.mark.parametrize("name", GRANTED)
def test_an_example_goes_from_the_register_to_the_payment_file(
    drive: Drive, connect: Any, tmp_path: Path, name: str
) -> None:
    # in one of them other authorities are asked, and nothing answers: a person goes on all the same
    asked = {"authorities_asked": ["FK", "SO"]} if name == "couple-with-children" else {}
    office = open_office(connect, demonstration=True, **asked)
    if name == "single":
        _take_one_more(office)
    told = drive(office, EXAMPLES / f"{name}.json", "--keep", str(tmp_path))
    assert (told.code, told.error) == (0, "")
    assert told.after("is compared")[0].endswith(GRANTED[name])
    assert any(line.startswith("valid: receipt ") for line in told.after("checked off-line"))
    assert told.lines[-2:] == ["everything in order", "The whole journey holds."]
    assert any("4 answers of other authorities are missing" in line for line in told.lines) == bool(asked)
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept >= {"receipt.json", "keys.json", "application.json", "letter.pdf", "payments.xml"}
    signed = json.loads((tmp_path / "receipt.json").read_text())["body"]["signatures"]
    assert [one["method"] for one in signed] == (["paper"] if name == "paper-couple" else ["eid"]) * (
        1 if name == "single" else 2
    )
    if name == "single":
        _driven_once_and_again_with_fresh_people(drive, office, EXAMPLES / "single.json")


def _driven_once_and_again_with_fresh_people(drive: Drive, office: Office, file: Path) -> None:
    again = drive(office, file)
    assert again.code == 1
    assert "FAILED: The registrar registers the people" in again.error
    assert "known already: Anna Granlöv (19900517-9883)" in again.error
    fresh = drive(office, file, "--fresh")
    assert (fresh.code, fresh.error) == (0, "")


@pytest.mark.parametrize("seed", [3, 18])  # refused; in part, on-line
def test_people_and_amounts_drawn_by_a_seed(
    drive: Drive, connect: Any, tmp_path: Path, server: Process, seed: int
) -> None:
    office = open_office(connect, demonstration=True)
    file = tmp_path / f"seed-{seed}.json"
    drawn = draw(random.Random(seed), office.month)
    file.write_text(json.dumps(drawn))
    drawn["expected"] = expected(read(file), office.month)
    file.write_text(json.dumps(drawn))
    own = {"--apply-url": server.url("apply", "/"), "--desk-url": server.url("desk", "")}
    told = drive(office, file, "--base-url", "http://nobody.example", *(word for pair in own.items() for word in pair))
    assert (told.code, told.error) == (0, ""), file.read_text()
    assert told.lines[-1] == "The whole journey holds."


def test_more_people_and_lines_than_the_forms_have_ready(drive: Drive, connect: Any, tmp_path: Path) -> None:
    office = open_office(connect, demonstration=True)
    file = tmp_path / "large.json"
    drawn = draw(random.Random(14), office.month) | {"channel": "paper"}
    given, family = NAMES[2]
    drawn["household"][2:] = [
        {
            "key": f"p{n}", "role": "child", "number": numbers(f"{office.month.year - n}0219", 980 + n),
            "given_name": f"{given} {n}", "family_name": family, "lunch_days": n % 6,
        }
        for n in range(2, 14)
    ]  # fmt: skip
    drawn["costs"] = [{"code": "MEDICINE", "amount": 100_01 + n, "note": f"kvitto {n}"} for n in range(15)]
    drawn["costs"][14]["accepted"] = 50_00
    drawn["incomes"] = [{"code": "DEPOSIT", "amount": 1_000 + n, "person": f"p{n}"} for n in range(12)]
    file.write_text(json.dumps(drawn))
    drawn["expected"] = expected(read(file), office.month)
    assert drawn["expected"]["outcome"] == "delavslag"
    file.write_text(json.dumps(drawn))
    told = drive(office, file, "--keep", str(tmp_path))
    assert (told.code, told.error) == (0, ""), file.read_text()
    answers = json.loads((tmp_path / "application.json").read_text())
    assert len(answers["household"]) == 14
    assert [row["note"] for row in answers["answers"]["costs"]] == [f"kvitto {n}" for n in range(15)]
    assert [row["amount"] for row in answers["answers"]["incomes"]] == [1_000 + n for n in range(12)]


def test_another_result_than_the_expected_one_is_told(drive: Drive, connect: Any, tmp_path: Path) -> None:
    file = json.loads((EXAMPLES / "single.json").read_text()) | {"expected": {"granted": 655001}}
    (tmp_path / "a.json").write_text(json.dumps(file))
    told = drive(open_office(connect, demonstration=True), tmp_path / "a.json")
    assert told.code == 1
    assert "FAILED: The result is compared" in told.error
    assert "granted 6 550 kr, expected 6 550,01 kr" in told.error.replace("\N{NO-BREAK SPACE}", " ")


def test_without_worker_no_letter(drive: Drive, connect: Any, worker: Process) -> None:
    worker.stop()
    try:
        told = drive(open_office(connect, demonstration=True), EXAMPLES / "single.json", "--patience", "2")
    finally:
        worker.start()
    assert told.code == 1
    assert "FAILED: The letter is made" in told.error
    assert "does the worker run?" in told.error


def test_a_letter_that_cannot_be_made_is_told_with_its_reason(drive: Drive, connect: Any, tmp_path: Path) -> None:
    file = json.loads((EXAMPLES / "single.json").read_text())
    file["household"][0]["given_name"] = "יעל"
    (tmp_path / "a.json").write_text(json.dumps(file))
    told = drive(open_office(connect, demonstration=True), tmp_path / "a.json", "--patience", "30")
    assert told.code == 1
    assert "send the decision another way" in told.error
    assert "worker" not in told.error


def test_without_eid_nobody_logs_in(drive: Drive, connect: Any, eid: Process) -> None:
    eid.stop()
    try:
        told = drive(open_office(connect, demonstration=True), EXAMPLES / "single.json")
    finally:
        eid.start()
    assert told.code == 1
    assert "FAILED: Anna Granlöv logs in and renews" in told.error


def test_without_web_server_nothing_begins(drive: Drive, connect: Any, server: Process) -> None:
    server.stop()
    try:
        told = drive(open_office(connect, demonstration=True), EXAMPLES / "single.json")
    finally:
        server.start()
    assert told.code == 1
    assert "FAILED: The registrar registers the people" in told.error
    assert "no answer" in told.error


def test_a_faulty_file_goes_nowhere(drive: Drive, connect: Any, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"household": [{"key": "a"}]}')
    told = drive(open_office(connect), tmp_path / "a.json")
    assert (told.code, told.lines) == (2, [])
    assert told.error == f"{tmp_path / 'a.json'}: household[0]: role is missing\n"


NAMES = (("Åsa", "Öberg-Ek"), ("فاطمة", "الحسن"), ("Oksana", "Шевченко"), ("Nguyễn", "Văn An"), ("Siân", "O'Neill"))


def draw(random: random.Random, month: Month) -> dict[str, Any]:
    """An application file for that month: one or two adults, up to three children, lines drawn at random."""
    couple = random.random() < 0.5
    household: list[dict[str, Any]] = []
    for n in range((2 if couple else 1) + random.randint(0, 3)):
        adult = n < (2 if couple else 1)
        age = random.randint(21, 64) if adult else random.randint(1, 17)
        born = date(month.year - age, 1, 1) + timedelta(days=random.randint(0, 300))
        given, family = NAMES[n]
        number = numbers(f"{born:%Y%m%d}", random.randint(980, 999))
        person = {"key": f"p{n}", "role": "adult" if adult else "child", "number": number, "given_name": given}
        household.append({**person, "family_name": family})
        if adult:
            household[-1] |= {"job_stimulus": random.random() < 0.3, "certificate": random.choice(["loa3", "loa4"])}
        else:
            household[-1]["lunch_days"] = random.choice([0, 3, 5])
    household[0] |= {
        "address": {"lines": ["Skogsvägen 7", "lgh 1203"], "postcode": "990 03", "city": "Provstad"},
        "account": {"kind": "bban", "clearing": "9020", "number": "2468013"},
    }
    costs = [
        {"code": code, "amount": random.randint(100, 900_000)}
        for code in random.sample(["RENT", "ELECTRICITY", "HOME_INSURANCE", "INTERNET", "MEDICINE", "OTHER"], 4)
    ]
    costs[1]["accepted"] = costs[1]["amount"] * random.randint(0, 2) // 2
    most = random.choice([200_000, 900_000, 3_000_000])
    incomes = [
        {"code": code, "amount": random.randint(0, most), "person": random.choice(household)["key"]}
        for code in random.sample(["CHILD_BENEFIT", "HOUSING_ALLOWANCE", "SICKNESS_BENEFIT", "DEPOSIT"], 2)
    ]
    incomes.append({"code": "SALARY", "amount": random.randint(0, most), "person": "p0"})
    return {
        "channel": "paper" if random.random() < 0.3 else "online",
        "paper": "Pärm 1",
        "language": random.choice(["sv", "en"]),
        "month": str(month),
        "household": household,
        "household_changes": random.choice(["", "Vi delar numera lägenhet med en släkting."]),
        "costs": costs,
        "incomes": incomes,
        "message": "Hälsningar\nfrån <b>oss</b>",
        "reasons": "En kostnad godtas bara delvis, eller inkomsterna räcker.",
    }


def expected(file: Application, month: Month) -> dict[str, Any]:
    """What the rules make of the file, without the product around them."""
    facts = Facts(
        since=month.since,
        until=month.until,
        members=[
            Member(
                key=p.key,
                role=p.role,
                birth_on=date.fromisoformat(p.digits[:8]),
                lunch_days=p.lunch_days,
                job_stimulus=p.job_stimulus,
            )
            for p in file.household
        ],
        costs=[Cost(code=c.code, applied=c.amount, effective=c.accepted) for c in file.costs],
        incomes=[Income(code=i.code, gross=i.amount, source="given", person=i.person) for i in file.incomes],
    )
    granted = calculate(facts, norms_for(month.since)).granted
    refused = any(c.accepted < c.applied for c in facts.costs)
    return {"granted": granted, "outcome": "delavslag" if granted and refused else "bifall" if granted else "avslag"}

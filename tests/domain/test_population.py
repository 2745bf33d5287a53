"""Households taken out of the cases for a simulation: nobody is named, nobody protected is there; it is on record."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from handslag.domain.audit.models import Event, Payload
from handslag.domain.entitlement.operations import (
    PopulationTaken,
    confirm_local_norm,
    enter_local_norm,
    take_population,
)
from handslag.domain.entitlement.queries import chunk_in_force
from handslag.domain.people.models import Identifier, Person
from handslag.domain.people.operations.persons import follow_person
from handslag.domain.people.permissions import CASE_SYSTEM
from handslag.domain.tenancy.door import acting
from handslag.rules.norms import load
from handslag.rules.packs import pack
from handslag.rules.unnamed import facts_of
from tests.bed import ROOT
from tests.office import C1, TEST, Office

LIMIT = {"name": "limit.ELECTRICITY", "unit": "SEK/month", "label": {"sv": "El"}, "value": 900}


def test_decided_households_leave_without_names_and_it_is_on_record(
    office: Office, database: Any, tmp_path: Path
) -> None:
    told = {"entry": LIMIT, "since": (office.month - 6).since, "source": "Beslut 2026-01"}
    office.admit("axel", "Axel Administratör", "administrator")
    confirm_local_norm(**office.act("axel"), norm=enter_local_norm(**office.act("alva"), **told).id)
    folders = [
        office.case(("Petra", "Nilsson", "19900615"), children=(("Kim", "Nilsson", "20180203"),)),
        office.case(("Åke", "Berg", "19800101"), ("Eva", "Berg", "19810302")),
        office.case(("Hemlig", "Skyddad", "19850505")),
        office.case(("Bara", "Räknad", "19750101")),
    ]
    for folder in folders:
        rent = {"code": "RENT", "amount": "7 000", "note": "till Åke på Provgatan"}
        union = {"code": "UNION_FEE", "amount": "173", "note": "Kanarieförbundet"}
        folder.applied({**C1, "costs": [rent, union]})
    for folder in folders[:3]:
        folder.decided()
    hidden = folders[2].citizens[0].id
    follow_person(
        **office.by(CASE_SYSTEM), person=hidden, given_name="Hemlig", family_name="Skyddad", email="", telephone="",
        protected=True,
    )  # fmt: skip
    with acting(office.slug, TEST, "look"):
        granted = [s.granted for s in chunk_in_force(None) if s.case_id != folders[2].case.id]
        named = [
            str(n) for row in Person.objects.values_list("id", "given_name", "family_name", "birth_on") for n in row
        ]
        named += Identifier.objects.values_list("value", flat=True)
    assert len(named) == 6 * 5
    taken = take_population(**office.by(TEST), month=office.month)
    rows = taken.households["se"]
    assert list(taken.households) == ["se"] and len(rows) == 2
    text = msgspec.json.encode(rows).decode()
    assert "UNSTATED" in text  # what is paid for a union counts as before, and nobody can tell what it is
    secrets = [*named, "Provgatan", "UNION", "Kanarieförbundet", *(f.case.number for f in folders)]
    assert [secret for secret in secrets if secret in text] == []
    out = tmp_path / "cases.jsonl"
    told = ["simulate", "cases", str(out), "--tenant", office.slug, "--month", str(office.month)]
    command = [sys.executable, "-m", "handslag.cli.main", *told]
    environment = database.environment()
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"{out}: the households of 2 decisions on {office.month}"), done.stderr
    assert [msgspec.json.decode(line) for line in out.read_bytes().splitlines()] == msgspec.json.decode(text)
    [limit] = load((tmp_path / "cases.tables.yaml").read_text(), "cases.tables.yaml")
    assert (limit.name, limit.values[0].source) == ("limit.ELECTRICITY", "Beslut 2026-01")
    rules, amounts = pack("se"), []
    for row in rows:
        facts = facts_of(rules, msgspec.json.decode(msgspec.json.encode(row)), office.month)
        amounts.append(rules.calculate(facts, rules.norms_of(facts)).granted)
    assert sorted(amounts) == sorted(granted)
    with acting(office.slug, TEST, "look"):
        events = Event.objects.filter(kind=PopulationTaken.kind).values_list("id", flat=True)
        payloads = [payload.body for payload in Payload.objects.filter(id__in=list(events))]
    said = [(payload["month"], payload["households"]) for payload in payloads]
    assert said[0] == said[1] and said[0][0] == str(office.month)
    assert (len(said), said[0][1]["se"][0]) == (2, 2)
    assert take_population(**office.by(TEST), month=office.month - 1).households == {}
    with psycopg.connect(database.admin, autocommit=True) as administrator:
        administrator.execute("SET session_replication_role = replica")
        spoilt = "UPDATE entitlement_snapshot SET facts = '{}' WHERE case_id = %s"
        administrator.execute(spoilt, [folders[0].case.id])
    taken = take_population(**office.by(TEST), month=office.month)
    assert (len(taken.households["se"]), taken.unread) == (1, 1)

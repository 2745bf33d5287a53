"""A vendor's end is tried out: the sandbox keeps every point of the conformance run, each of its faults is found, and a
client that another library made exchanges messages with it."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from handslag.cli import exchange as cli
from handslag.connectors.exchange.conformance import KINDS_TRIED, POINTS
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.partners import register_partner
from handslag.domain.exchange.wrap import key_file
from handslag.domain.tenancy.door import acting
from handslag.kernel import clock
from simulators.exchange.office import RECEIPT
from tests import bed
from tests.bed import Database
from tests.connectors.eid.test_oidc_provider import installed, node
from tests.exchange import reachable
from tests.office import TEST, Office, as_role

#: The other kinds of message that go from a municipality to one.
TAKES = {"takes case_transfer", "takes document_request"}
#: And to a canton.
NOT_TO_A_CANTON = {"takes case_transfer", "takes assignment", "takes approval_change", "takes provider_bill",
                   "takes payment_advice", "takes reclaim"}  # fmt: skip
TAKEN_BY_A_CANTON = {f"takes {kind}" for kind in KINDS_TRIED} - NOT_TO_A_CANTON
#: What each fault of the sandbox must be found by.
FAULTS = {
    "": set(),
    "strangers": {"stranger"},
    "none": {"unsigned"},
    "digest": {"taken", "same again"},
    "silent": {"receipt", "other content", "unknown kind", "broken", "old"} | TAKES,
    "unbound": {"receipt", "other content", "unknown kind", "broken", "old"} | TAKES,
    "unfit": {"answer"} | TAKES,
    "replay": {"request once"},
    "forgets": {"collected"},
    "spaced": {"form"},
    "clear": {"form", "receipt", "other content", "unknown kind", "broken", "old"} | TAKES,
    "broken": set(POINTS),
}


@contextmanager
def sandbox(folder: Path, *more: str, moved: bool = True) -> Iterator[str]:
    """The address of a sandbox, a process of its own; `moved`: its clock as the product's, else the machine's."""
    port = bed.free_port()
    command = [sys.executable, "-m", "simulators.exchange", "--port", str(port), "--folder", str(folder), *more]
    told = os.environ | ({} if moved else {"HANDSLAG_CLOCK_SHIFT": ""})
    with subprocess.Popen(command, cwd=bed.ROOT, env=told, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        while "It answers" not in process.stdout.readline():
            assert process.poll() is None
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def office(database: Database) -> Office:
    return reachable(database, "prov")


def _says_of(field: tuple[str, ...], told: str) -> bool:
    """Whether a finding names a field that a receipt lacks."""
    if field in (("header", "reference"), ("header", "test")):
        return {"reference": "without header.reference", "test": "lacks the test flag"}[field[-1]] in told
    return f"required field `{field[-1]}`" + (f" - at `$.{field[0]}`" if len(field) > 1 else "") in told


def test_each_fault_is_found_and_a_right_partner_has_none(
    office: Office, database: Database, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "acting_as", lambda role: as_role(database, role))
    found: dict[str, set[str]] = {}
    told = ""

    def check(address: str, *more: str) -> tuple[int, list[str]]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.app(["check", office.slug, address, "--wait", "0", *more], standalone_mode=False)
        return int(ended.value.code or 0), capsys.readouterr().out.splitlines()

    def met(url: str) -> Any:
        file, vouched_by = key_file(requests.get(f"{url}/keys", timeout=10).text)
        register_partner(tenant=office.slug, by=TEST, now=clock.now(), file=file, vouched_by=vouched_by, url=url)
        return file

    with sandbox(tmp_path / "canton", "--as", "canton") as url:
        file = met(url)
        code, lines = check(file.organisation, "--json")
        rows = [json.loads(line) for line in lines]
        assert (code, [row for row in rows if row["ok"] is False]) == (0, [])
        unseen = {row["point"] for row in rows if row["ok"] is None}
        assert unseen == NOT_TO_A_CANTON
        requests.post(f"{url}/fault", data="unfit", timeout=10).raise_for_status()
        code, lines = check(file.organisation, "--json")
        failed = {row["point"] for row in map(json.loads, lines) if row["ok"] is False}
        assert (code, failed) == (1, {"answer", *TAKEN_BY_A_CANTON})
    with sandbox(tmp_path) as url:
        file = met(url)
        for fault in FAULTS:
            requests.post(f"{url}/fault", data=fault, timeout=10).raise_for_status()
            code, lines = check(file.organisation, "--json")
            rows = [json.loads(line) for line in lines]
            assert [row["point"] for row in rows] == list(POINTS)
            found[fault] = {row["point"] for row in rows if row["ok"] is False or row["why"].startswith("not asked")}
            assert (code, [row for row in rows if row["ok"] is False and not row["why"]]) == (int(bool(fault)), []), (
                rows
            )
        assert found == FAULTS
        requests.post(f"{url}/fault", data="silent", timeout=10).raise_for_status()
        code, lines = check(file.organisation)
        assert (code, lines[-1]) == (1, f"{file.name}: 7 of {len(POINTS)} points don't hold")
        assert any(line.startswith("FAILED   receipt:") for line in lines)
        requests.post(f"{url}/fault", data="lacking", timeout=10).raise_for_status()
        for _ in range(2):  # till each field was left out of a receipt
            rows = [json.loads(line) for line in check(file.organisation, "--json")[1]]
            failed = {row["point"] for row in rows if row["ok"] is False}
            assert failed == {"form", "receipt", "other content", "unknown kind", "broken", "old"} | TAKES, rows
            told += "; ".join(row["why"] for row in rows if row["point"] == "form")
        assert [field for field in RECEIPT if not _says_of(field, told)] == [], told
    with acting(office.slug, TEST, "look"):  # nothing of it is a message of ours
        assert Message.objects.count() == 0


def test_a_client_by_another_library_asks_and_answers(tmp_path: Path) -> None:
    client = bed.ROOT / "examples/exchange_client.py"
    with sandbox(tmp_path, moved=False) as url:
        done = subprocess.run(
            [sys.executable, str(client), url], capture_output=True, text=True, timeout=60, check=False
        )
        log = requests.get(f"{url}/log", timeout=10).json()
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == sorted(
        [
            *["receipt 9 delivered"] * 3,
            "receipt 9 in check",
            "question 5 asks us",
            "question 6 accepted",
        ]
    )
    told = ["question", "receipt", "question", "question", "receipt"]  # the question, their question, our answer ...
    assert [(entry["message"], entry["code"]) for entry in log] == [(name, "100") for name in told]


def test_a_client_asks_a_canton_in_xml_and_is_answered_in_xml(tmp_path: Path) -> None:
    client = bed.ROOT / "examples/exchange_client_xml.py"
    with sandbox(tmp_path, "--as", "canton", moved=False) as url:
        done = subprocess.run(
            [sys.executable, str(client), url], capture_output=True, text=True, timeout=60, check=False
        )
        log = requests.get(f"{url}/log", timeout=10).json()
    assert done.returncode == 0, done.stderr
    came = ["receipt 9 delivered", "receipt 9 in check", "receipt 9 delivered", "question 6 accepted"]
    assert done.stdout.splitlines() == came  # each as XML: the client reads nothing else
    assert [(entry["message"], entry["code"]) for entry in log] == [
        ("question", "100"), ("question", "100"), ("receipt", "100"),
    ]  # fmt: skip


def test_the_client_reads_every_example_in_xml_by_what_the_catalogue_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(bed.ROOT / "examples"))
    read = importlib.import_module("exchange_client_xml").value
    found = sorted((bed.ROOT / "src/handslag/messages").glob("*/examples/xml/*.xml"))
    assert len(found) > 30
    for path in found:
        root = ElementTree.fromstring(path.read_bytes())
        said = json.loads((path.parents[1] / f"valid/{path.stem}.json").read_text())
        more = {one["at"][0] for one in json.loads(root.findtext("{*}more", "[]"))}
        told = {name: of for name, of in said.items() if name not in {"message", "version", *more}}
        assert read(root, path.parents[2].name) == told, path


def test_a_client_in_another_language_exchanges_documents_and_cases_with_a_canton(tmp_path: Path) -> None:
    """By npm's `jose`, which came with the provider that the e-ID is tested against."""
    shutil.copy(bed.ROOT / "examples/exchange_client.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(installed() / "node_modules")
    with sandbox(tmp_path, "--as", "canton", moved=False) as url:
        done = subprocess.run(
            [str(node()), str(tmp_path / "exchange_client.mjs"), url],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        log = requests.get(f"{url}/log", timeout=10).json()
    assert done.returncode == 0, done.stderr
    assert sorted(line.strip() for line in done.stdout.splitlines()) == sorted(
        [
            *["receipt 9 delivered"] * 3,
            *["receipt 9 in check"] * 2,
            "document_request 6 accepted Mietvertrag.pdf",
            "case_transfer 6 accepted",
            "case_transfer 5 hands a case over",
        ]
    )
    told = sorted((entry["message"], entry["code"]) for entry in log)
    assert told == [*[("case_transfer", "100")] * 2, ("document_request", "100"), *[("receipt", "100")] * 3]

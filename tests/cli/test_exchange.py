"""Partners in other installations are registered by commands, and `handslag status` names what is amiss with them."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from handslag.cli import exchange
from handslag.cli.status import _database
from handslag.connectors.exchange.gate import own_file
from handslag.domain.exchange.models import Partner, PartnerKey, SedexClient
from handslag.domain.exchange.operations.partners import record_meeting
from handslag.domain.exchange.wrap import key_file
from handslag.domain.tenancy.door import acting
from handslag.kernel import clock
from tests import bed
from tests.bed import Database
from tests.exchange import reachable
from tests.office import TEST, Office, command, open_office, process


def elsewhere(database: Database, office: Office) -> None:
    """It no longer works here: whoever is called so is in another installation."""
    with acting(office.slug, TEST, "look") as door:
        key = door.the_tenant.id
    with database.connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE tenancy_organisation SET active = false WHERE id = %s", [key])


def test_a_partner_is_registered_by_its_file_and_seen_when_it_is_away(
    database: Database, tmp_path: Path, capsys: Any
) -> None:
    """Both live in one database here: what a file says is all that the commands go by."""

    handslag = partial(command, database, "exchange")
    here, there = open_office(database.connect, "har"), open_office(database.connect, "dar")
    port = bed.free_port()  # nobody answers there
    made = process(database, "exchange", "keys", there.slug, HANDSLAG_API_ORIGIN=f"http://api.localhost:{port}")
    assert made.returncode == 0, made.stderr
    fingerprint = made.stderr.strip().rpartition(": ")[2]
    file = tmp_path / "dar.json"
    file.write_text(made.stdout)
    fresh = tmp_path / "fresh.json"
    fresh.write_text(handslag("keys", there.slug, "--renew").stdout)
    elsewhere(database, there)
    torn = tmp_path / "torn.json"
    torn.write_bytes(b"\xff\xfe")
    assert "can't be believed: key file" in handslag("partner", here.slug, str(torn)).stderr
    asked = handslag("partner", here.slug, str(file))
    assert f", at http://api.localhost:{port}/api/v1/exchange/{there.slug}\n" in asked.stderr
    assert (asked.returncode, fingerprint in asked.stderr, "Call them" in asked.stderr) == (1, True, True)
    registered = handslag("partner", here.slug, str(file), "--fingerprint", fingerprint)
    assert registered.returncode == 0, registered.stderr
    with acting(here.slug, TEST, "look"):
        (row,) = Partner.objects.all()
        assert row.url == f"http://api.localhost:{port}/api/v1/exchange/{there.slug}"
        assert PartnerKey.objects.filter(partner=row.address, until=None).count() == 2
    unknown = handslag("end-key", here.slug, row.address, "-Of-no-key")
    assert (unknown.returncode, unknown.stderr) == (1, "There is no such key, or it has ended already.\n")
    assert handslag("end-key", here.slug, row.address, fingerprint).returncode == 0
    assert f"{fingerprint}  sig, noted" in (listed := handslag("end-key", here.slug, row.address).stdout), listed
    assert listed.count(", ended") == 1
    away = handslag("meet", here.slug)
    assert (away.returncode, "ConnectionError" in away.stdout) == (1, True), away.stderr
    early = clock.now() - timedelta(minutes=20)
    with acting(here.slug, TEST, "look"):
        assert Partner.objects.get().failing_since is not None
        assert PartnerKey.objects.get(partner=row.address, until=None).jwk["use"] == "enc"
    told = {"tenant": here.slug, "by": TEST, "partner": row.id}
    record_meeting(**told, now=early)
    record_meeting(**told, now=early, trouble="ConnectionError")
    amiss = _database(SimpleNamespace(connection=database.of_role))  # type: ignore[arg-type]
    (seen,) = [point for point in amiss if here.slug in point]
    assert seen.startswith(f"{here.slug}: partner Dar kommun away since") and seen.endswith("(ConnectionError)")
    assert "in other installations" in capsys.readouterr().out

    # no key of it is believed any more: what the ended one signed isn't, a fresh file is by telephone
    by_sedex = ("--sedex", "1-9902-1", "--sedex-type", "5", "--fingerprint")
    ended = handslag("partner", here.slug, str(file), *by_sedex, fingerprint)
    assert (ended.returncode, "signed by no key that we know" in ended.stderr) == (1, True)
    told = key_file(fresh.read_text())[1]
    asked = handslag("partner", here.slug, str(fresh))
    assert (asked.returncode, f"Fingerprint: {told}\nCall them" in asked.stderr) == (1, True)
    assert handslag("partner", here.slug, str(fresh), *by_sedex, told).returncode == 0
    assert handslag("meet", here.slug).stdout.split() == [row.address, "in", "order", "Dar", "kommun"]  # another way


def test_a_sedex_client_is_connected_and_a_partner_reached_by_it(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "acting_as", lambda role: nullcontext())
    here, there = open_office(database.connect, "har"), reachable(database, "dar")
    with acting(there.slug, TEST, "keys"):
        text = own_file(clock.now())
    file, client = tmp_path / "dar.json", tmp_path / "interface"
    file.write_text(text)

    def handslag(*words: str) -> str:
        ended = CliRunner().invoke(exchange.app, list(words))
        said = ended.output + (str(ended.exception.code) if isinstance(ended.exception, SystemExit) else "")
        return f"{ended.exit_code} {said}"

    connect = ("sedex", here.slug, "--folder", str(client), "--participant")
    assert "no folder outbox" in handslag(*connect, "1-9901-1")
    for name in ("outbox", "inbox", "receipts"):
        (client / name).mkdir(parents=True)
    assert "no id of a participant" in handslag(*connect, "9901")
    assert handslag(*connect, "1-9901-1").startswith("0 ")
    register = ("partner", here.slug, str(file), "--fingerprint", key_file(text)[1], "--sedex", "1-9902-1")
    assert "works in this installation" in handslag(*register, "--sedex-type", "118000")
    elsewhere(database, there)
    assert "up to 2699999" in handslag(*register, "--sedex-type", "2700000")
    with acting(here.slug, TEST, "look"):
        assert not Partner.objects.exists()
    assert handslag(*register, "--sedex-type", "118000").startswith("0 Dar kommun is a partner of")
    told = handslag("meet", here.slug)
    assert (told[0], "in order" in told) == ("0", True)
    assert len(list((client / "outbox").glob("envl_k-*.xml"))) == 1  # our keys
    assert "sedex)" in handslag("status", here.slug)
    (client / "inbox").rmdir()
    handslag("meet", here.slug)
    with acting(here.slug, TEST, "look"):
        row = SedexClient.objects.get()
        assert (row.trouble, row.participant) == ("no folder inbox", "1-9901-1")

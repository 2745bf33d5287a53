"""Partners in other installations are registered by commands, and `handslag status` names what is amiss with them."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from handslag.cli.status import _database
from handslag.domain.exchange.models import Partner, PartnerKey
from handslag.domain.exchange.operations.partners import record_meeting
from handslag.domain.tenancy.door import acting
from handslag.kernel import clock
from tests import bed
from tests.bed import Database
from tests.office import TEST, open_office


def test_a_partner_is_registered_by_its_file_and_seen_when_it_is_away(
    database: Database, tmp_path: Path, capsys: Any
) -> None:
    """Both live in one database here: what a file says is all that the commands go by."""

    def handslag(*words: str, **told: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "handslag.cli.main", "exchange", *words]
        return subprocess.run(
            command, env=database.environment() | told, capture_output=True, text=True, timeout=120, check=False
        )

    here, there = open_office(database.connect, "har"), open_office(database.connect, "dar")
    port = bed.free_port()  # nobody answers there
    made = handslag("keys", there.slug, HANDSLAG_API_ORIGIN=f"http://api.localhost:{port}")
    assert made.returncode == 0, made.stderr
    fingerprint = made.stderr.strip().rpartition(": ")[2]
    file = tmp_path / "dar.json"
    file.write_text(made.stdout)
    asked = handslag("partner", here.slug, str(file))
    assert (asked.returncode, fingerprint in asked.stderr, "Call them" in asked.stderr) == (1, True, True)
    registered = handslag("partner", here.slug, str(file), "--fingerprint", fingerprint)
    assert registered.returncode == 0, registered.stderr
    with acting(here.slug, TEST, "look"):
        (row,) = Partner.objects.all()
        assert row.url == f"http://api.localhost:{port}/api/v1/exchange/{there.slug}"
        assert PartnerKey.objects.filter(partner=row.address, until=None).count() == 2
    unknown = handslag("end-key", here.slug, row.address, "-Of-no-key")
    assert (unknown.returncode, unknown.stderr) == (1, "This partner has no such key, or it has ended already.\n")
    assert handslag("end-key", here.slug, row.address, fingerprint).returncode == 0
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

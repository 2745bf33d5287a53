"""A receipt is checked off-line, with nothing but two files and the published keys."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.bed import ROOT
from tests.filled import Filled


@pytest.fixture
def files(filled: Filled, tmp_path: Path) -> dict[str, Any]:
    """The receipt and the keys as the organisation's pages offer them."""
    with psycopg.connect(filled.copy.of_role("auditor")) as auditor:
        auditor.execute("SELECT set_config('app.tenant', %s, true)", [str(filled.tenant)])
        body, signature = auditor.execute("SELECT body, signature FROM intake_receipt LIMIT 1").fetchone() or ()
        keys = auditor.execute("SELECT public_jwk FROM tenancy_key WHERE use = 'signing'").fetchall()
    return {"receipt": {"body": body, "signature": signature}, "keys": {"keys": [key for (key,) in keys]}}


def _check(folder: Path, files: dict[str, Any]) -> tuple[int, str]:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv[0] = 'receipt'; "
               "from verifier.receipt import main; sys.exit(main(sys.argv[1:]))"]  # fmt: skip
    told = [*command, str(folder / "receipt.json"), str(folder / "keys.json")]
    done = subprocess.run(told, capture_output=True, text=True, check=False)
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout


def test_a_receipt_holds(tmp_path: Path, files: dict[str, Any]) -> None:
    code, said = _check(tmp_path, files)
    assert code == 0
    assert files["receipt"]["body"]["number"] in said and files["receipt"]["body"]["content_digest"] in said


@pytest.mark.parametrize("field", ["number", "content_digest", "received_at", "month", "signatures", "event"])
def test_another_word_in_it_does_not(tmp_path: Path, files: dict[str, Any], field: str) -> None:
    files["receipt"]["body"][field] = "2026-01"
    assert _check(tmp_path, files)[0] == 1


def test_nor_does_one_signed_by_a_key_that_it_brings_along(tmp_path: Path, files: dict[str, Any]) -> None:
    from joserfc import jws
    from joserfc.jwk import ECKey

    own = ECKey.generate_key("P-256")
    kid = files["keys"]["keys"][0]["kid"]
    body = json.dumps(files["receipt"]["body"]).encode()
    for named in (kid, "own"):
        forged = jws.serialize_compact({"alg": "ES256", "kid": named}, body, own)
        files["receipt"] |= {"signature": forged, "key": {**own.as_dict(private=False), "kid": named}}
        assert _check(tmp_path, files)[0] == 1
    files["receipt"]["signature"] = "no jws"
    assert _check(tmp_path, files)[0] == 1

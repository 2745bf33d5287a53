"""A message and its receipts are checked off-line, with published keys only."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.queries import published_keys, steps_of
from handslag.domain.tenancy.door import acting
from handslag.messages.question.message import Answer
from tests.bed import Database
from tests.exchange import RENT, Pair, Side
from tests.office import TEST, open_office
from verifier.exchange import main


@pytest.fixture(scope="module")
def told(database: Database) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A question that was answered, as the asker's page offers it; the published keys of both."""
    asker, answerer = open_office(database.connect, "fraga"), open_office(database.connect, "svar")
    pair = Pair(database, Side(asker), Side(answerer), asker.case(), asker.now)
    question = pair.asked(RENT)
    pair.settle()
    pair.answered(question, Answer(number=1, text="Ja."))
    pair.settle()
    database.close_connections()
    keys = []
    for side in (pair.asker, pair.answerer):
        with acting(side.office.slug, TEST, "keys"):
            keys.append({"keys": [key["jwk"] for key in published_keys()]})
    with acting(asker.slug, TEST, "look"):
        row = Message.objects.get(id=question.id)
        steps = [{"state": s.state, "by": s.by, "sealed": s.sealed} for s in steps_of(row)]
    return {"message": json.loads(row.content), "digest": row.digest, "steps": steps}, keys


def checked(folder: Path, proof: Any, keys: list[Any], capsys: Any) -> tuple[int, str]:
    names = ["message.json", *(f"keys{n}.json" for n in range(len(keys)))]
    for name, body in zip(names, [proof, *keys], strict=True):
        (folder / name).write_text(json.dumps(body))
    code = main([str(folder / name) for name in names])
    return code, capsys.readouterr().out


def test_what_was_signed_holds_and_nothing_else(told: Any, tmp_path: Path, capsys: Any) -> None:
    proof, keys = told
    code, said = checked(tmp_path, proof, keys, capsys)
    assert (code, [line.split(" by ")[0] for line in said.splitlines()[1:]]) == (
        0, ["drafted", "sealed", "handed over", "delivered", "accepted"],
    )  # fmt: skip
    other = deepcopy(proof)
    other["message"]["asked"]["text"] = "Annat?"
    swapped = deepcopy(proof)
    swapped["steps"][3]["state"] = "rejected"
    claimed = deepcopy(proof)
    claimed["steps"][3]["by"] = claimed["steps"][0]["by"]
    for altered in (other, swapped, claimed):
        code, said = checked(tmp_path, altered, keys, capsys)
        assert code == 1 and said.startswith("NOT VALID"), said
    code, said = checked(tmp_path, proof, keys[:1], capsys)
    assert (code, said.split(":")[1].strip().split(" ")[:2]) == (1, ["no", "published"])

"""A message and its receipts are checked off-line, by key files that somebody told the fingerprints of."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest

from handslag.connectors.exchange.gate import own_file
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.queries import proof_of
from handslag.domain.exchange.wrap import key_file
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.keys import sign, signed_by_all
from handslag.messages.question.message import Answer
from tests.bed import Database
from tests.exchange import RENT, Pair, Side
from tests.office import TEST, open_office
from verifier.exchange import main
from verifier.signatures import claimed

#: A proof, the key files of asker and answerer, and what each told of its keys by telephone.
Told = tuple[dict[str, Any], list[Any], dict[str, str]]


@pytest.fixture(scope="module")
def pair(database: Database) -> Pair:
    """Two organisations; the first one asks."""
    asker, answerer = open_office(database.connect, "fraga"), open_office(database.connect, "svar")
    return Pair(database, Side(asker), Side(answerer), asker.case(), asker.now)


@pytest.fixture(scope="module")
def told(database: Database, pair: Pair) -> Told:
    """A question that was answered, as the asker's page offers it."""
    question = pair.asked(RENT)
    pair.settle()
    pair.answered(question, Answer(number=1, text="Ja."))
    pair.settle()
    database.close_connections()
    files, fingerprints = [], {}
    for side in (pair.asker, pair.answerer):
        with acting(side.office.slug, TEST, "keys"):
            files.append(json.loads(own_file(pair.now)))
        fingerprints[side.address] = key_file(json.dumps(files[-1]))[1]
    with acting(pair.asker.office.slug, TEST, "look"):
        proof = json.loads(msgspec.json.encode(proof_of(Message.objects.get(id=question.id))))
    return proof, files, fingerprints


@pytest.fixture
def checked(tmp_path: Path, capsys: Any) -> Callable[[Any, list[Any], dict[str, str]], tuple[int, str]]:
    def run(proof: Any, files: list[Any], fingerprints: dict[str, str]) -> tuple[int, str]:
        names = ["message.json", *(f"keys{n}.json" for n in range(len(files)))]
        for name, body in zip(names, [proof, *files], strict=True):
            (tmp_path / name).write_text(json.dumps(body))
        given = [f"--fingerprint={address}={key}" for address, key in fingerprints.items()]
        code = main([*(str(tmp_path / name) for name in names), *given])
        return code, capsys.readouterr().out

    return run


def test_what_was_signed_holds_and_nothing_else(told: Told, checked: Any) -> None:
    proof, files, fingerprints = told
    code, said = checked(proof, files, fingerprints)
    assert (code, [line.split(" by ")[0] for line in said.splitlines()[1:]]) == (
        0, ["sealed", "drafted", "sealed", "handed over", "delivered", "accepted"],
    )  # fmt: skip
    published = [{"organisation": "x", "keys": [], "signed": file} for file in files]
    assert checked(proof, published, fingerprints) == (0, said)
    other = deepcopy(proof)
    other["message"]["asked"]["text"] = "Annat?"
    swapped = deepcopy(proof)
    swapped["steps"][3]["state"] = "rejected"
    by_another = deepcopy(proof)
    by_another["steps"][3]["by"] = by_another["steps"][0]["by"]
    unsealed = proof | {"sealed": ""}
    resealed = proof | {"sealed": proof["steps"][-1]["sealed"]}
    for altered in (other, swapped, by_another, unsealed, resealed):
        code, said = checked(altered, files, fingerprints)
        assert code == 1 and said.startswith("NOT VALID"), said
    code, said = checked(proof, files[:1], fingerprints)
    assert code == 1 and "NOT VALID: no key" in said


def test_a_sender_cant_forge_its_receivers_receipt(told: Told, pair: Pair, checked: Any) -> None:
    """Neither by signing it itself, in its own name or the receiver's, nor by a key file that it altered."""
    proof, files, fingerprints = told
    asker, answerer = pair.asker.address, pair.answerer.address
    receipt, answer = (claimed(proof["steps"][place]["sealed"]) for place in (3, 4))

    def forged(by: str, *bodies: dict[str, Any]) -> dict[str, Any]:
        with acting(pair.asker.office.slug, TEST, "forge"):
            signed = [sign(body)[1] for body in bodies]
        states = ("delivered", "accepted")
        return proof | {"steps": [{"state": s, "by": by, "sealed": t} for s, t in zip(states, signed, strict=False)]}

    own = {**claimed(proof["steps"][2]["sealed"]), "state": "delivered"}
    as_us = {**receipt, "header": {**receipt["header"], "sender": asker, "recipient": answerer}}
    for fake, why in (
        (forged(answerer, receipt, answer), f"it is one of {asker}"),
        (forged(asker, own), f"only {answerer} can say so"),
        (forged(asker, as_us), f"only {answerer} can say so"),
    ):
        code, said = checked(fake, files, fingerprints)
        assert code == 1 and why in said, said

    ours, theirs = (claimed(file[0]) for file in files)
    with acting(pair.asker.office.slug, TEST, "forge"):
        with_our_key = signed_by_all({**theirs, "keys": [*theirs["keys"], *ours["keys"]]})
        claims_theirs = signed_by_all({**ours, "keys": [*ours["keys"], *theirs["keys"]]})
    unsigned = [".".join((with_our_key[0].split(".")[0], with_our_key[0].split(".")[1], files[1][0].split(".")[2]))]
    fake = forged(answerer, receipt, answer)
    for altered, told_us, why in (
        ([files[0], with_our_key], fingerprints, f"the key file of {answerer} is not signed by the key"),
        ([files[0], with_our_key], {asker: fingerprints[asker]}, f"nobody vouches for the key file of {answerer}"),
        ([files[0], with_our_key], {**fingerprints, asker: fingerprints[answerer]}, f"the key file of {asker} is not"),
        ([files[0], unsigned], fingerprints, "is not signed by the key"),
        ([*files, with_our_key], fingerprints, "is not signed by the key"),
        ([claims_theirs, files[1]], fingerprints, f"{asker} and {answerer} both claim the key"),
        ([*files, files[1]], fingerprints, f"two key files of {answerer}"),
    ):
        code, said = checked(fake, altered, told_us)
        assert (code, why in said) == (1, True), said


def test_what_a_key_signed_when_it_wasnt_in_use_doesnt_hold(told: Told, pair: Pair, checked: Any) -> None:
    proof, files, fingerprints = told
    body = claimed(files[1][0])
    for bound, at in (("since", "2199-01-01T00:00:00Z"), ("until", body["keys"][0]["since"])):
        with acting(pair.answerer.office.slug, TEST, "keys"):
            ended = signed_by_all({**body, "keys": [{**key, bound: at} for key in body["keys"]]})
        code, said = checked(proof, [files[0], ended], fingerprints)
        assert code == 1 and "was not in use at" in said, said

"""Messages by the file interface of the sedex client; the simulated sedex is a process of its own."""

from __future__ import annotations

import errno
import itertools
import os
import re
import signal
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from handslag.connectors.exchange import conformance
from handslag.connectors.exchange.gate import own_file
from handslag.connectors.exchange.sedex.envelope import envelope_xml, read_envelope
from handslag.domain.exchange.frame import named_key
from handslag.domain.exchange.models import (
    Arrival,
    Envelope,
    Message,
    Outcome,
    PartnerKey,
    Passed,
    SedexClient,
    SedexStep,
)
from handslag.domain.exchange.operations import outbox
from handslag.domain.exchange.operations.inbox import try_again
from handslag.domain.exchange.operations.partners import end_exchange_key, make_exchange_keys
from handslag.domain.exchange.sedex import CODES, PUT_OUT, Effect
from handslag.domain.tenancy import keys as tenant_keys
from handslag.domain.tenancy.door import acting
from handslag.jobs import sedex as jobs
from handslag.kernel import canonical
from handslag.messages.question.message import Answer
from handslag.web.caseworker.wording import NOT_DELIVERED, SEDEX
from simulators.sedex.envelope import Told, receipt
from tests import bed
from tests.bed import Database
from tests.exchange import RENT, Side
from tests.office import TEST
from tests.sedex import ANSWERER, ASKER, BySedex, Post, by_sedex, partner_of, post
from verifier import verify


@pytest.fixture
def sedex(tmp_path: Path) -> Iterator[Post]:
    with post(tmp_path) as made:
        yield made


def in_order(pair: BySedex) -> None:
    """I4 holds at both ends, with each other."""
    slugs = [side.office.slug for side in (pair.asker, pair.answerer)]
    report = verify(pair.database.of_role("auditor"), tenants=slugs, at=pair.now)
    assert [f"{e.rule} {e.table}: {e.text}" for e in report.errors] == []


def test_a_receipt_makes_of_a_message_what_its_code_says(database: Database, tmp_path: Path) -> None:
    """Without sedex: what is put out stays, and each receipt is written as sedex would."""
    effects = {effect: code for code, effect in CODES.items()}
    assert set(effects) == set(Effect)
    lost = {f"sedex {code}" for code, effect in CODES.items() if effect in (Effect.REFUSED, Effect.EXPIRED)}
    assert set(SEDEX) == {PUT_OUT, *CODES} and lost == {code for code in NOT_DELIVERED if code.startswith("sedex")}
    pair = by_sedex(database, Post.quiet(tmp_path))
    asked = {effect: pair.asked(RENT) for effect in effects}
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    pair.meet(pair.asker)
    assert len([name for name in pair.post.files("asker/outbox") if name.startswith("envl_")]) == len(asked) + 1
    for effect, message in asked.items():
        pair.post.says(effects[effect], str(message.message_id))
    pair.post.says(299, str(asked[Effect.ARRIVED].message_id))  # after the end: noted, and nothing follows
    pair.meet(pair.asker)
    wanted = {Effect.REFUSED: "rejected", Effect.EXPIRED: "expired"}
    for effect, message in asked.items():
        row = pair.asker.message(message.message_id)
        code = f"sedex {effects[effect]}" if effect in wanted else ""
        assert (effect, row.transport, row.code) == (effect, wanted.get(effect, "handed over"), code)
        assert (row.warned_at is not None) == (effect == Effect.SOON)
    assert sorted(pair.asker.tasks()) == ["message expired", "message not collected", "message not delivered"]
    ends = {p.code for p in pair.asker.rows(Passed)}
    assert ends == {"", *(f"sedex {effects[effect]}" for effect in wanted)}
    assert pair.post.files("asker/receipts") == []

    # trouble on the way is tried again, each time under a name of its own, later and later
    again = asked[Effect.AGAIN].message_id
    for path in (pair.post.folder / "asker/outbox").iterdir():
        path.unlink()

    def out() -> list[str]:
        pair.meet(pair.asker)
        return [name for name in pair.post.files("asker/outbox") if name.startswith("envl_")]

    assert out() == []
    pair.later(minutes=1)
    assert out() == [f"envl_{again.hex}-2.xml"]
    pair.post.says(401, f"{again.hex}-2")
    out()
    pair.later(minutes=1)
    assert len(out()) == 1
    pair.later(minutes=1)
    assert out() == [f"envl_{again.hex}-2.xml", f"envl_{again.hex}-3.xml"]
    pair.post.says(100, f"{again.hex}-3")
    out()
    assert (len(pair.asker.rows(Passed)), partner_of(pair.asker).trouble) == (4, "")
    in_order(pair)


def test_what_goes_wrong_at_sedex_ends_as_one_delivery(database: Database, sedex: Post) -> None:
    """Doubled, late, half, truncated, refused and lost; what is good flows past what is bad."""
    pair = by_sedex(database, sedex)
    pair.greet()
    sedex.script(
        {"name": "half", "from": ASKER, "times": 1, "half": "envelope"},
        {"name": "cut", "from": ASKER, "times": 1, "cut": True, "codes": [601, 100]},
        {"name": "lost", "from": ASKER, "times": 1, "codes": []},
        {"name": "twice", "from": ASKER, "times": 1, "copies": 2, "codes": [100, 100]},
        {"name": "busy", "from": ASKER, "times": 1, "codes": [401]},
    )
    asked = [pair.asked(RENT) for _ in range(6)]
    pair.settle()
    states = [pair.asker.message(one.message_id).transport for one in asked]
    assert (states.count("delivered"), states.count("handed over")) == (2, 4)
    assert len(sedex.files("answerer/inbox")) == 3  # envelope without data; a pair that is cut
    assert pair.answerer.rows(Outcome, state="quarantined") == []
    sedex.age("answerer/inbox")
    pair.later(minutes=1)
    pair.settle()
    assert sedex.files("answerer/inbox") == []
    assert len(sedex.files("answerer/quarantine")) == 3
    broken = pair.answerer.rows(Outcome, state="quarantined")
    assert sorted(row.trouble for row in broken) == ["XML: not well-formed", "no data file"]
    assert {row.sender for row in broken} == {pair.asker.address}
    assert pair.answerer.tasks().count("message unreadable") == 2
    states = [pair.asker.message(one.message_id).transport for one in asked]
    assert (states.count("delivered"), states.count("handed over")) == (3, 3)
    taken = [row.message_id for row in pair.answerer.rows(Outcome, state="taken")]
    assert len(taken) == len(set(taken))

    in_order(pair)

    # nobody fetches it for fourteen days: it has expired, and can be said again
    pair.later(days=15)
    pair.watch(pair.asker)
    assert [pair.asker.message(one.message_id).transport for one in asked].count("expired") == 3


def test_what_is_not_ours_stays_and_what_attacks_is_laid_aside(database: Database, sedex: Post, tmp_path: Path) -> None:
    pair = by_sedex(database, sedex)
    pair.greet()
    good = pair.asked(RENT)
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    pair.meet(pair.asker)
    sedex.idle()
    (envelope,) = (path for path in (tmp_path / "answerer/inbox").glob("envl_*"))
    (data,) = (path for path in (tmp_path / "answerer/inbox").glob("data_*"))
    said, inbox = read_envelope(envelope.read_bytes()), envelope.parent
    secret = tmp_path / "secret.xml"
    secret.write_text("<a/>")

    def lies(name: str, content: bytes | None = None, what: bytes | None = None, **changed: Any) -> None:
        told = envelope_xml(type(said)(**{**said.__dict__, "message_id": name, **changed}))
        (inbox / f"envl_{name}.xml").write_bytes(told if content is None else content)
        (inbox / f"data_{name}.xml").write_bytes(data.read_bytes() if what is None else what)

    lies("other-type", message_type=99)
    lies("other-recipient", recipients=("1-9999-1",))
    kept = {"data_other-recipient.xml", "data_other-type.xml", "envl_other-recipient.xml", "envl_other-type.xml"}
    text = envelope.read_bytes()
    lies("doctype", text.replace(b"<envelope", b'<!DOCTYPE a [<!ENTITY b SYSTEM "/etc/passwd">]><envelope', 1))
    lies("deep", what=b"<a>" * 100 + b"</a>" * 100)
    lies("year-one", re.sub(rb"(?<=<eventDate>)[^<]+", b"0001-01-01T00:00:00+01:00", text))
    lies("huge", b"<envelope>" + b" " * 70_000)
    lies("large", what=b"<a>" + b" " * 1_500_000 + b"</a>")
    lies("unsealed", what=b"eyJhbGciOiJub25lIn0.e30.")
    torn = urlsafe_b64encode(b'{"message": "\xff"}').rstrip(b"=")
    lies("torn", what=b".".join((urlsafe_b64encode(b'{"alg":"ES256"}').rstrip(b"="), torn, b"e30")))
    lies("stranger", sender="1-9777-1")
    lies("two")
    (inbox / "data_two.json").write_bytes(b"[]")
    with acting(pair.answerer.office.slug, TEST, "keys"):
        lies("Schlüssel [a-z]", what=own_file(pair.now).encode())
    (inbox / "envl_link.xml").symlink_to(secret)
    (inbox / "envl_folder.xml").mkdir()
    os.mkfifo(inbox / "envl_pipe.xml")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/answerer/receipts/\xff.xml")).write_bytes(b" " * 70_000)
    (tmp_path / "answerer/receipts/receipt__ID_x.xml").write_bytes(b"<receipt/>")
    foreign = Told({"messageId": ["other"], "messageType": ["1"], "messageClass": ["0"], "senderId": [ANSWERER]})
    (tmp_path / "answerer/receipts/receipt__ID_y.xml").write_bytes(receipt(foreign, 100, ASKER))
    sedex.age("answerer/inbox")
    sedex.age("answerer/receipts")
    pair.settle()
    assert pair.asker.message(good.message_id).transport == "delivered"
    assert set(sedex.files("answerer/inbox")) == kept
    assert sedex.files("answerer/receipts") == ["receipt__ID_y.xml"]
    reasons = sorted(row.trouble for row in pair.answerer.rows(Outcome, state="quarantined"))
    assert reasons == sorted([
        "XML: has a DOCTYPE", "XML: too deep", "larger than 64000 bytes", "larger than 1335333 bytes",
        "envelope: date value out of range", "Object missing required field `message`",
        "from 1-9777-1, who is no partner of ours", "more than one data file",
        "no plain file", "no plain file", "no plain file", "no receipt of eCH-0090 version 2.0",
        "the key file of somebody else", "larger than 64000 bytes",
        "'utf-8' codec can't decode byte 0xff in position 13: invalid start byte",
    ])  # fmt: skip
    assert [row.trouble for row in pair.answerer.rows(SedexClient)] == [""]
    assert secret.read_text() == "<a/>"


def test_keys_roll_over_by_sedex_and_what_came_before_its_key_is_tried_again(database: Database, sedex: Post) -> None:
    pair = by_sedex(database, sedex)
    pair.greet()
    make_exchange_keys(tenant=pair.asker.office.slug, by=TEST, now=pair.now, signing=True)
    tenant_keys._opened.clear()
    sedex.script({"name": "keys late", "from": ASKER, "id": "k-", "times": 1, "codes": [500]})
    asked = pair.asked(RENT)
    pair.settle()
    assert pair.asker.message(asked.message_id).transport == "handed over"
    assert len(sedex.files("answerer/inbox")) == 2  # waits for the key
    sedex.age("answerer/inbox")
    pair.both(pair.meet)
    (aside,) = pair.answerer.rows(Outcome, state="quarantined")
    assert aside.trouble == "by a key that we don't know"
    assert partner_of(pair.asker).told == ""
    pair.later(minutes=1)
    pair.settle()  # the key file again
    assert len(pair.answerer.rows(PartnerKey)) == 4
    act = pair.act(pair.answerer, "rut")
    try_again(**act, arrival=aside.id, version=aside.version)
    pair.settle()
    assert pair.asker.message(asked.message_id).transport == "delivered"

    # one that fell into wrong hands ends while a message waits to leave: also by a process that still has it in
    # memory the message is signed anew
    waits = pair.asked(RENT)
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    (envelope,) = pair.asker.rows(Envelope, message_id=waits.message_id)
    leaked = named_key(envelope.sealed)
    end_exchange_key(tenant=pair.asker.office.slug, by=TEST, now=pair.now, key_id=leaked)
    assert leaked in {key_id for _at, key_id, _key in tenant_keys._opened.values()}
    pair.settle()
    assert pair.asker.message(waits.message_id).transport == "delivered"
    assert [row.until for row in pair.answerer.rows(PartnerKey, key_id=leaked)] == [pair.now - timedelta(seconds=11)]
    (arrival,) = pair.answerer.rows(Arrival, message_id=waits.message_id)
    assert named_key(arrival.sealed) != leaked and arrival.digest == envelope.digest


def test_a_partner_at_sedex_is_asked_as_it_will_be_and_as_it_must_not_be(
    database: Database, sedex: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = by_sedex(database, sedex)
    pair.greet()
    (client,) = pair.asker.rows(SedexClient)
    left = 6

    def pause() -> bool:
        nonlocal left
        left -= 1
        sedex.idle()
        pair.later(seconds=11)
        pair.both(pair.meet)
        pair.both(pair.arrives)
        pair.both(pair.leaves)
        return left > 0

    def asked() -> dict[str, str]:
        nonlocal left
        left = 6
        found = conformance.check_by_sedex(
            pair.asker.office.slug, partner_of(pair.asker), client, now=lambda: pair.now, pause=pause
        )
        return {one.point: one.why for one in conformance.amiss(found)}

    assert asked() == {}
    assert pair.asker.rows(Message) == []  # of what is sent nothing is a message of ours
    sedex.script({"name": "refuses", "from": ASKER, "codes": [311]})
    told = asked()
    takes = {"takes case_transfer", "takes document_request"}
    assert set(told) == {"carried", "receipt", "other content", "unknown kind", "broken", "old"} | takes
    assert "taken: 311" in told["carried"]
    sedex.script()
    left_out = ("digest", "of", "machine", "state", "code")
    lacking = itertools.cycle(left_out)

    def dumps(value: Any) -> bytes:
        if isinstance(value, dict) and value.get("message") == "receipt":
            value = {**value, "report": dict(value["report"])}
            del value["report"][next(lacking)]
        return canonical.dumps(value)

    monkeypatch.setattr(outbox, "canonical", SimpleNamespace(dumps=dumps))
    told = asked()
    assert set(told) == {"form", "receipt", "other content", "unknown kind", "broken", "old"} | takes
    assert [name for name in left_out if f"required field `{name}` - at `$.report`" not in told["form"]] == []


#: `jobs.sedex` of one side, killed where it calls a function.
KILLED = """
import os, signal, sys
import django
django.setup()
from handslag.connectors.exchange.sedex import folders
from handslag.jobs import sedex
setattr({"folders": folders, "sedex": sedex}[sys.argv[2]], sys.argv[3], lambda *_, **__: os.kill(os.getpid(), 9))
sedex.meet_client(int(sys.argv[1]))
"""


def killed(pair: BySedex, side: Side, module: str, name: str) -> None:
    shift = str(int((pair.now - side.office.now).total_seconds()) + int(os.environ.get("HANDSLAG_CLOCK_SHIFT", "0")))
    told = pair.database.environment("worker") | {"HANDSLAG_CLOCK_SHIFT": shift}
    command = [sys.executable, "-c", KILLED, str(side.key), module, name]
    ended = subprocess.run(command, env=told, cwd=bed.ROOT, timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL


def test_killed_in_the_middle_nothing_is_lost_or_taken_twice(database: Database, sedex: Post) -> None:
    """Between data and envelope nothing can be seen: `tests/connectors/exchange/test_sedex_files.py`. Sedex itself is
    killed at every step in `tests/simulators/test_sedex.py`."""
    pair = by_sedex(database, sedex)
    pair.greet()
    asked = [pair.asked(RENT), pair.asked(RENT)]
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    killed(pair, pair.asker, "sedex", "note_put_out")  # all lie there, and nothing says so
    sedex.idle()
    sedex.kill()
    pair.meet(pair.asker)  # put out once more
    sedex.start()
    sedex.idle()
    assert len(sedex.files("answerer/inbox")) == 4
    killed(pair, pair.answerer, "folders", "take_away")  # committed, and the files still lie there
    assert (len(sedex.files("answerer/inbox")), len(pair.answerer.rows(Arrival))) == (4, 1)
    pair.meet(pair.answerer)
    assert (sedex.files("answerer/inbox"), len(pair.answerer.rows(Arrival))) == ([], 2)
    pair.arrives(pair.answerer)
    for one in asked:
        pair.answered(one, Answer(number=1, text="Ja."))
    pair.settle()
    assert [pair.states(one) for one in asked] == [("delivered", "accepted", "")] * 2
    codes = [step.code for step in pair.asker.rows(SedexStep)]
    assert codes.count(201) == 2  # sedex had them already
    assert len(pair.answerer.rows(Outcome, state="taken")) == 2 + len(pair.answerer.rows(Message, direction="out"))
    in_order(pair)


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_data_file_that_a_crash_left_behind_goes_and_trouble_with_the_folders_is_told(
    database: Database, sedex: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = by_sedex(database, sedex)
    pair.greet()
    first, second = pair.asked(RENT), pair.asked(RENT)
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    pair.meet(pair.asker)
    sedex.idle()
    inbox = sedex.folder / "answerer/inbox"
    copies = {path.name: path.read_bytes() for path in inbox.glob("data_*")}
    pair.meet(pair.answerer)
    for name, content in copies.items():
        (inbox / name).write_bytes(content)
    # a data file of another application is none of ours
    (inbox / "data_other.xml").write_bytes(b"<a/>")
    sedex.age("answerer/inbox")
    pair.meet(pair.answerer)
    assert sedex.files("answerer/inbox") == ["data_other.xml"]
    pair.arrives(pair.answerer)
    pair.settle()
    assert {pair.asker.message(one.message_id).transport for one in (first, second)} == {"delivered"}

    os.rename(inbox, sedex.folder / "answerer/elsewhere")
    pair.meet(pair.answerer)
    (client,) = pair.answerer.rows(SedexClient)
    assert (client.trouble, client.failing_since) == ("no folder inbox", pair.now)
    os.rename(sedex.folder / "answerer/elsewhere", inbox)
    pair.later(minutes=1)
    pair.meet(pair.answerer)
    (client,) = pair.answerer.rows(SedexClient)
    assert (client.trouble, client.reached_at) == ("", pair.now)

    sedex.kill()
    asked = pair.asked(RENT)
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    make_exchange_keys(tenant=pair.asker.office.slug, by=TEST, now=pair.now, signing=False)  # a key file waits too
    before = sedex.files("asker/outbox")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for _ in range(2):
            pair.meet(pair.asker)
    (client,) = pair.asker.rows(SedexClient)
    assert (client.trouble, sedex.files("asker/outbox")) == (os.strerror(errno.ENOSPC), before)
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "record_keys_by_sedex", full)  # killed before it is noted: under the same name again
        for _ in range(2):
            pair.meet(pair.asker)
    pair.meet(pair.asker)
    new = [name for name in sedex.files("asker/outbox") if name.startswith("envl_") and name not in before]
    assert (len(new), f"envl_{asked.message_id}.xml" in new) == (2, True)
    sedex.age("asker/outbox")
    pair.meet(pair.asker)
    (client,) = pair.asker.rows(SedexClient)
    assert client.trouble.startswith("the client fetches nothing")

"""Envelopes and receipts of eCH-0090: the examples are what `./dev conformance` holds against the schema."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import pytest

from handslag.connectors.exchange.sedex.envelope import (
    MESSAGE,
    RECEIPT,
    RESPONSE,
    Envelope,
    Receipt,
    envelope_xml,
    read_envelope,
    read_receipt,
)
from handslag.connectors.exchange.sedex.folders import put_out
from handslag.domain.exchange.frame import Unreadable
from handslag.domain.exchange.sedex import meant, named
from simulators.sedex.envelope import read as read_by_the_client

EXAMPLES = files("handslag.connectors.exchange.sedex") / "examples"
AT = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
QUESTION = Envelope(
    message_id="01939f2a-5c00-7a11-8b00-000000000001", message_type=118_000, message_class=MESSAGE, reference=None,
    sender="1-9901-1", recipients=("1-9902-1",), event_at=AT, sent_at=AT,
)  # fmt: skip
ANSWER = replace(
    QUESTION, message_id="01939f2a-5c00-7a11-8b00-000000000002", message_class=RESPONSE, reference=QUESTION.message_id,
    sender="1-9902-1", recipients=("1-9901-1",),
)  # fmt: skip
OURS = {
    "envl_question.xml": QUESTION,
    "envl_answer.xml": ANSWER,
    "envl_receipt.xml": replace(ANSWER, message_id="01939f2a-5c00-7a11-8b00-000000000003", message_class=RECEIPT),
    "envl_second-try.xml": replace(QUESTION, message_id="01939f2a5c007a118b00000000000001-2", sender="T1-9901-1"),
}


@pytest.mark.parametrize("name", OURS)
def test_an_envelope_is_written_as_its_example_and_read_again(name: str) -> None:
    content = (EXAMPLES / name).read_bytes()
    assert envelope_xml(OURS[name]) == content
    assert read_envelope(content) == OURS[name]
    assert read_by_the_client(content)[1]


def test_a_receipt_is_read() -> None:
    read = {
        name: read_receipt((EXAMPLES / name).read_bytes()) for name in ("receipt_delivered.xml", "receipt_refused.xml")
    }
    delivered = Receipt(
        at=AT, code=100, info="Message successfully transmitted", message_id=QUESTION.message_id, sender="1-9901-1",
        recipient="1-9902-1",
    )  # fmt: skip
    refused = replace(delivered, code=310, info="Not allowed to send", message_id="01939f2a5c007a118b00000000000001-2")
    assert read == {"receipt_delivered.xml": delivered, "receipt_refused.xml": refused}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("eCH-0090/1", "eCH-0090/2"),
        ('version="1.0"', 'version="2.0"'),
        ("1-9902-1", "17-4-12-"),
        ("118000", "2700000"),
        ("118000", "-1"),
        ("<messageClass>0</messageClass>", ""),
        ("<messageClass>0</messageClass>", "<messageClass>0</messageClass><messageClass>0</messageClass>"),
        ("01939f2a-5c00-7a11-8b00-000000000001", "0" * 37),
        ("2026-11-26T09:30:00Z", "yesterday"),
        ("<envelope", '<!DOCTYPE envelope SYSTEM "x"><envelope'),
    ],
)
def test_an_envelope_that_breaks_the_schema_is_refused_here_and_by_the_client(old: str, new: str) -> None:
    content = (EXAMPLES / "envl_question.xml").read_bytes().replace(old.encode(), new.encode(), 1)
    with pytest.raises(Unreadable):
        read_envelope(content)
    told, good = read_by_the_client(content)
    assert not good or int(told.one("messageType")) > 2_699_999


def test_a_try_is_named_and_known_again() -> None:
    key = UUID("01939f2a-5c00-7a11-8b00-000000000001")
    assert [meant(named(key, attempt)) for attempt in (1, 2, 999)] == [(key, 1), (key, 2), (key, 999)]
    assert [meant(name) for name in ("TEST-765", f"{key.hex}-1", f"{key.hex}-0", f"{key}-2")] == [None] * 4
    assert len(named(key, 999)) == 36


def test_what_is_put_out_is_whole_and_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outbox").mkdir()
    moved: list[str] = []
    real = os.rename

    def rename(old: Path, new: Path) -> None:
        moved.append(new.name)
        assert old.name.startswith(".") and old.stat().st_size > 0
        real(old, new)

    class Killed(BaseException):
        pass

    def dies(old: Path, new: Path) -> None:
        if new.name.startswith("envl_"):
            raise Killed
        real(old, new)

    monkeypatch.setattr(os, "rename", dies)
    with pytest.raises(Killed):
        put_out(tmp_path, "b", "xml", b"data", b"envelope")
    assert list((tmp_path / "outbox").glob("envl_*")) == []  # a client sees nothing of it
    monkeypatch.setattr(os, "rename", rename)
    put_out(tmp_path, "b", "xml", b"data", b"envelope")
    for path in (tmp_path / "outbox").iterdir():
        path.unlink()
    moved.clear()
    put_out(tmp_path, "a", "xml", b"data", b"envelope")
    put_out(tmp_path, "a", "xml", b"data", b"envelope")
    assert moved == ["data_a.xml", "envl_a.xml"] * 2
    assert sorted(path.name for path in (tmp_path / "outbox").iterdir()) == ["data_a.xml", "envl_a.xml"]

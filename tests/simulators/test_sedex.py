"""The simulated sedex by itself: it refuses what the real one refuses, and survives being killed anywhere."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from simulators.sedex.__main__ import Post
from tests.bed import ROOT

GOOD = """<?xml version="1.0" encoding="UTF-8"?>
<envelope xmlns="http://www.ech.ch/xmlns/eCH-0090/1" version="1.0"><messageId>m-1</messageId>
<messageType>118000</messageType><messageClass>0</messageClass><senderId>1-9901-1</senderId>
<recipientId>1-9902-1</recipientId><eventDate>2099-01-01T00:00:00Z</eventDate>
<messageDate>2099-01-01T00:00:00Z</messageDate></envelope>"""


def folder(place: Path) -> Path:
    people = {"1-9901-1": {"folder": "a"}, "1-9902-1": {"folder": "b"}, "1-9903-1": {"folder": "c"}}
    people["1-9903-1"]["not_from"] = ["1-9901-1"]  # type: ignore[assignment]
    (place / "participants.json").write_text(json.dumps({"participants": people, "limits": {"most": 1000}}))
    return place


def put(place: Path, envelope: str, data: bytes | None = b"<a/>", name: str = "x") -> None:
    if data is not None:
        (place / f"a/outbox/data_{name}.xml").write_bytes(data)
    (place / f"a/outbox/envl_{name}.xml").write_text(envelope)


def codes(place: Path) -> list[int]:
    found = []
    for path in sorted((place / "a/receipts").iterdir()):
        told = ElementTree.parse(path).getroot()
        text = told.findtext("{http://www.ech.ch/xmlns/eCH-0090/2}statusCode")
        found.append(int(text or 0))
    return found


@pytest.mark.parametrize(
    ("old", "new", "data", "code"),
    [
        ("", "", b"<a/>", 100),
        ("<messageType>", "<messagetype>", b"<a/>", 200),
        ("<messageClass>0</messageClass>", "", b"<a/>", 200),
        ("<messageClass>0", "<messageClass>1", b"<a/>", 200),  # an answer to nothing
        ("<envelope", "<!DOCTYPE a><envelope", b"<a/>", 200),
        ("m-1", "m 1", b"<a/>", 200),
        ("", "", None, 202),
        ("messageDate>2099", "messageDate>1999", b"<a/>", 203),
        ("1-9901-1", "1-9902-1", b"<a/>", 300),
        ("1-9902-1", "1-9909-1", b"<a/>", 301),
        ("118000", "118001", b"<a/>", 303),
        ("<messageClass>0", "<messageClass>7", b"<a/>", 304),
        ("1-9902-1", "1-9903-1", b"<a/>", 310),
        ("", "", b"x" * 1001, 330),
    ],
)
def test_it_says_no(tmp_path: Path, old: str, new: str, data: bytes | None, code: int) -> None:
    post = Post(folder(tmp_path))
    put(tmp_path, GOOD.replace(old, new) if old else GOOD, data)
    post.round()
    assert codes(tmp_path) == [code]
    came = sorted(path.name[:5] for path in (tmp_path / "b/inbox").iterdir())
    assert came == (["data_", "envl_"] if code == 100 else [])
    put(tmp_path, GOOD, b"<a/>", "y")  # the same id again, where the first was good
    post.round()
    assert sorted(codes(tmp_path)) == sorted([code, 201 if code == 100 else 100])
    assert list((tmp_path / "a/outbox").iterdir()) == list((tmp_path / "hub").glob("0*")) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from simulators.sedex.__main__ import Post
left, real = int(sys.argv[2]), os.rename
def die(*arguments):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)
os.rename = die
Post(Path(sys.argv[1])).round()
"""


def test_killed_anywhere_it_goes_on_where_it_was(tmp_path: Path) -> None:
    ends = []
    for number in range(1, 20):
        place = tmp_path / str(number)
        place.mkdir()
        Post(folder(place))
        put(place, GOOD)
        ended = subprocess.run([sys.executable, "-c", KILLED, str(place), str(number)], cwd=ROOT, check=False)
        post = Post(place)
        for _ in range(2):
            post.round()
        came = {path.read_bytes() for path in (place / "b/inbox").glob("data_*")}
        assert (came, set(codes(place))) == ({b"<a/>"}, {100})
        assert len(list((place / "b/inbox").iterdir())) == 2
        assert list((place / "a/outbox").iterdir()) == list((place / "hub").glob("0*")) == []
        ends.append(ended.returncode)
        if not ends[-1]:
            break
    assert len(ends) > 5 and set(ends) == {0, -signal.SIGKILL} and ends == sorted(ends)

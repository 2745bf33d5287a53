"""What is kept of what others write: whatever JSON a partner signs, it is kept and holds for ever, or is refused by a
receipt that says so."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from joserfc import jws

from handslag.connectors.exchange.gate import own_file
from handslag.domain.exchange.frame import _PIECE, DEEPEST, Opened, Unreadable, digest_of, framed_in
from handslag.domain.exchange.models import Envelope, Outcome
from handslag.domain.exchange.operations.outbox import header_of
from handslag.domain.exchange.queries import proof_of, sealed_of
from handslag.domain.exchange.wrap import key_file
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.keys import sign_content
from handslag.messages.as_xml import sealed_text
from handslag.messages.conversation import read
from handslag.messages.ech.frame import written
from handslag.messages.question.xml import FORM
from handslag.messages.settlement.receive import placed
from tests.bed import ROOT, Database
from tests.exchange import Pair, Side, sealed_questions
from tests.office import TEST, open_office
from verifier import verify
from verifier.canonical import NotCanonical, encode
from verifier.exchange import check, vouched

#: Where a version to come may add a field.
PLACES: list[tuple[str | int, ...]] = [
    (), ("header",), ("header", "software"), ("asked",), ("asked", "person"), ("asked", "points", 0),
]  # fmt: skip
_STRANGE = ["\0", "\\u0000", "\ud800", "\U0001f600", "\x0b", "é\r\n"]
_TEXT = st.text(st.characters(), max_size=8) | st.sampled_from(_STRANGE)
_EDGES: list[float] = [0.5, -0.0, 1.0, 2**53 - 1, 2**53, 10**400, -(2**53) + 1]
_NUMBER = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(_EDGES)
_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | _NUMBER | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
#: What is done to a text that is in order: a field of a version to come, at a place, in canonical form or another.
_ADDED = st.tuples(st.just("added"), st.sampled_from(PLACES), _TEXT, _VALUE, st.sampled_from([{}, {}, {"indent": 1}]))
_SAID = st.tuples(st.just("said"), _TEXT.map("Hyran? {}".format))
NO_JSON = b'"zz":NaN'
#: The same as it stands in the text.
_RAW = [
    b'"zz":1,"zz":2', b'"zz":0.5', b'"zz":1.0', b'"zz":1e999', b'"zz":-0', b'"zz":' + b"9" * 6000, b'"zz":"\\ud800"',
    b'"zz":"\xff"', b'"zz":"\\u0000"', b'"zz": 1', b'"zz":"\\u00e9"', NO_JSON, b'"zz":9007199254740991',
    *(b'"zz":' + b"[" * deep + b"]" * deep for deep in (DEEPEST - 1, DEEPEST, 800, 5000)),
    *(b'"zz":' + b'{"a":' * deep + b"1" + b"}" * deep for deep in (DEEPEST - 1, DEEPEST, 5000)),
]  # fmt: skip


@pytest.fixture(scope="module")
def pair(database: Database) -> Pair:
    """Two organisations that have met."""
    asker, answerer = open_office(database.connect, "fraga"), open_office(database.connect, "svar")
    made = Pair(database, Side(asker), Side(answerer), asker.case(), asker.now)
    made.asked()
    made.settle()
    return made


def changed(content: bytes, how: tuple[Any, ...]) -> bytes:
    """The content of a question, changed so."""
    if how[0] == "raw":
        return content[:-1] + b"," + how[1] + b"}"
    told: Any = json.loads(content)
    place, name, value, form = how[1:] if how[0] == "added" else (("asked",), "text", how[1], {})
    within = told
    for step in place:
        within = within[step]
    within.setdefault(name, value) if how[0] == "added" else within.update({name: value})
    try:
        text = encode(told)
    except NotCanonical:
        text = json.dumps(told, separators=(",", ":"), sort_keys=True).encode()
    return json.dumps(told, **form).encode() if form else text


def in_order(content: bytes) -> bool:
    """Whether it can be kept, as the verifier reads it."""

    def levels(value: Any) -> int:
        within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if within is None else 1 + max(map(levels, within), default=0)

    try:
        value = json.loads(content)
        return encode(value) == content and levels(value) <= DEEPEST and not any("\0" in text for text in texts(value))
    except (ValueError, RecursionError):
        return False


def texts(value: Any) -> list[str]:
    """Every text in a value, names too, joined."""
    if isinstance(value, dict):
        return [*value, *(text for one in value.values() for text in texts(one))]
    return [text for one in value for text in texts(one)] if isinstance(value, list) else [str(value)]


def holds(pair: Pair, told: list[tuple[Any, ...]]) -> None:
    """Each of these is taken in and holds, for `verify`, off-line and in XML; or its sender is told that it isn't."""
    now, here = pair.now, pair.answerer
    texts_of = {}
    for one, how in zip(sealed_questions(pair.asker, here, len(told), now), told, strict=True):
        content = changed(jws.extract_compact(one.sealed.encode()).payload, how)
        with acting(pair.asker.office.slug, TEST, "seal"):
            sealed = sign_content(content)[1]
        pair.put(here, sealed, pair.asker.address, one.message_id, digest_of(content))
        texts_of[one.message_id] = content, how
    for _ in range(3):  # tried three times, where that is how it goes
        pair.arrives(here)
        pair.later(minutes=1)
    outcomes = {row.message_id: row for row in here.rows(Outcome)}
    reports = {}
    for envelope in here.rows(Envelope):
        said = json.loads(jws.extract_compact(envelope.sealed.encode()).payload)
        if report := said.get("report"):
            reports[report["of"], report["digest"]] = report["state"], report["code"]
    files = []
    for side in (pair.asker, here):
        with acting(side.office.slug, TEST, "keys"):
            files.append(json.loads(own_file(pair.now)))
    fingerprints = {side.address: key_file(json.dumps(f))[1] for side, f in zip((pair.asker, here), files, strict=True)}
    for key, (content, how) in texts_of.items():
        expected = ("taken", "", "delivered", "100") if in_order(content) else ("refused", "200", "rejected", "200")
        if how == ("raw", NO_JSON):
            expected = ("quarantined", "", "", "")  # nobody can tell what it is about: a person looks at it
        found, report = outcomes[key], reports.get((str(key), digest_of(content)), ("", ""))
        assert (found.state, found.code, *report) == expected, (how, found.trouble)
        if found.state != "taken":
            continue
        row = here.message(key)
        assert row.content.encode() == content and read(row)
        with acting(here.office.slug, TEST, "look"):
            proof, sealed = json.loads(msgspec.json.encode(proof_of(row))), sealed_of(row)
        assert len(check(proof, vouched(files, fingerprints))) == 2
        assert sealed_text(written(FORM, content, sealed)) == sealed
    errors = verify(pair.database.of_role("auditor"), tenants=[here.office.slug], at=pair.now).errors
    assert not errors, errors


def test_what_is_kept_holds_and_what_is_not_is_refused_aloud(pair: Pair) -> None:
    holds(pair, [("raw", raw) for raw in _RAW])

    @settings(
        max_examples=3, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(_ADDED | _SAID, min_size=20, max_size=25))
    def drawn(told: list[tuple[Any, ...]]) -> None:
        holds(pair, told)

    drawn()


def test_a_receipt_that_is_not_in_order_is_left_to_a_person(pair: Pair) -> None:
    """Nothing is said of a receipt, so that nobody else would hear of it."""
    asked, key = pair.asked(), uuid4()
    with acting(pair.answerer.office.slug, TEST, "seal"):
        header = header_of(
            recipient=pair.asker.address, key=key, now=pair.now, action="9", process=asked.process,
            reference=asked.message_id,
        )  # fmt: skip
        report = {"of": str(asked.message_id), "digest": asked.digest, "machine": "transport", "state": "delivered"}
        told = {"message": "receipt", "version": 1, "header": header, "report": {**report, "code": "100"}}
        content = json.dumps(told).encode()
        sealed = sign_content(content)[1]
    pair.put(pair.asker, sealed, pair.answerer.address, key, digest_of(content))
    for _ in range(3):
        pair.arrives(pair.asker)
    (found,) = pair.asker.rows(Outcome, message_id=key)
    assert (found.state, found.trouble) == ("quarantined", "not in canonical form (RFC 8785)")
    assert pair.asker.message(asked.message_id).transport == "sealed"


def test_a_text_that_never_ends_is_gone_through_once() -> None:
    """Whoever sent it, as nothing of it is believed yet: from each of its quotes anew it would take an hour."""
    assert [len(piece) for piece in _PIECE.findall('{"' + '\\"' * 400 + "\\")] == [1, 801, 1]
    with pytest.raises(Unreadable):
        framed_in(b'"' + b'\\"' * 400_000)


def test_a_turn_has_the_process_of_its_statement(pair: Pair) -> None:
    """Else it would be looked for, counted and answered among those of somebody else's."""
    told = json.loads((ROOT / "src/handslag/messages/settlement/examples/valid/submitted.json").read_bytes())
    told["header"]["sender"] = told["asked"]["statement"].split("/")[0]

    def belongs() -> bool:
        content = encode(told)
        with acting(pair.answerer.office.slug, TEST, "look"):
            return placed(Opened(content, digest_of(content), framed_in(content), "", ""), pair.now) is not None

    assert belongs()
    told["header"]["process"] = "settlement:municipality:bfs:1/asylum/2026-07-01"
    with pytest.raises(Unreadable, match="process"):
        belongs()

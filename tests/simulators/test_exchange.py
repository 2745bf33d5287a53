"""The sandbox and the product agree: what it says is valid here, and it reads the frame of eCH as we write it."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from handslag.kernel import canonical
from handslag.messages.as_xml import FORMS
from handslag.messages.as_xml import sealed_text as product_reads
from handslag.messages.conversation import KINDS
from handslag.messages.ech.frame import written
from simulators import clock
from simulators.exchange import frame, kinds
from simulators.exchange.frame import sealed_text
from simulators.exchange.jose import Refused, encrypted, public_jwk, signed, verified
from simulators.exchange.office import Office
from simulators.exchange.parts import PARTS, ahvn13
from tests.bed import ROOT

FORM = {form.kind: form for form in FORMS.values()}
#: Of the kinds that the sandbox knows: what goes to the federation alone isn't one.
EXAMPLES = [
    path for kind in FORM if kind == "receipt" or kind in kinds.KINDS
    for path in sorted((ROOT / f"src/handslag/messages/{kind}/examples/valid").glob("*.json"))
]  # fmt: skip
HEADER = {
    "sender": "municipality:example:0042", "recipient": "canton_office:sandbox:ZZ", "process": "p",
    "id": "0199e6a0-1111-7000-8000-000000000021", "action": "5", "sent_at": "2026-11-24T09:00:00Z",
    "software": {"manufacturer": "a", "product": "b", "version": "c"},
}  # fmt: skip


def sealed(content: bytes) -> str:
    """What only looks like a sealed text: the frame carries head and signature, whatever they say."""
    return f"aGVhZA.{base64.urlsafe_b64encode(content).rstrip(b'=').decode()}.c2ln"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parents[2].name}-{path.stem}")
def test_the_frame_is_read_back_into_what_was_signed(path: Path) -> None:
    content = canonical.dumps(msgspec.json.decode(path.read_bytes()))
    text = sealed(content)
    assert sealed_text(written(FORM[path.parents[2].name], content, text)) == text


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parents[2].name}-{path.stem}")
def test_the_sandbox_writes_frames_that_are_valid_and_that_the_product_reads(path: Path) -> None:
    kind = path.parents[2].name
    told = msgspec.json.decode(path.read_bytes())
    odd = told | {"header": told["header"] | {"process": "a <b> & é"}}
    if "text" in told:
        odd["text"] = "one\r\ntwo\x01 "
    for said in (told, odd):
        text = sealed(canonical.dumps(said))
        xml = frame.written(canonical.dumps(said), text).encode()
        schema = etree.XMLSchema(etree.parse(str(ROOT / f"src/handslag/messages/{kind}/schema.xsd")))
        assert schema.validate(etree.fromstring(xml)), schema.error_log
        assert product_reads(xml) == sealed_text(xml) == text


def test_a_frame_that_is_none_is_refused() -> None:
    content = canonical.dumps(msgspec.json.decode(EXAMPLES[0].read_bytes()))
    good = written(FORM[EXAMPLES[0].parents[2].name], content, sealed(content))
    for bad, why in (
        (good.replace(b"<seal>", b"<other>").replace(b"</seal>", b"</other>"), "without a seal"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "/etc/passwd">]>' + good, "DOCTYPE"),
        (b"<a>" * 40 + b"</a>" * 40, "too deep"),
        (good[:-20], "XML:"),
        (good.replace(b"<seal>", b'<more>[{"at": ["text"], "is": "No."}]</more><seal>'), "more"),
        (b" " * 1_000_001, "larger"),
    ):
        with pytest.raises(Refused, match=why):
            sealed_text(bad)


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("kind", kinds.KINDS)
def test_what_the_sandbox_says_is_a_message(name: str, kind: str) -> None:
    part, header = PARTS[name], HEADER
    asked = kinds.asked(kind, part, "2026-12-08", part.address)  # as if it asked itself
    if kind == "assignment":
        header = HEADER | {"sender": "canton_office:example:ZZ"}
    if kind == "settlement":
        header = HEADER | {"sender": part.address}
    if kind == "provider_bill":
        with pytest.raises(ValueError, match="an institution bills"):
            kinds.whole({"message": kind, "header": header, "asked": asked}, part)
        header = HEADER | {"sender": "provider:example:0042"}
    if kind in ("payment_advice", "reclaim"):
        header = HEADER | {"sender": "canton_office:example:ZZ"}
    if kind == "approval_change":
        if name == "canton":
            with pytest.raises(ValueError, match="what it approved"):
                kinds.whole({"message": kind, "header": header, "asked": asked}, part)
            return
        header = HEADER | {"sender": "canton_office:example:ZZ"}
    if kind == "cost_approval" and name == "municipality":
        with pytest.raises(ValueError, match="an institution either"):
            kinds.whole({"message": kind, "header": header, "asked": asked}, part)
        header = HEADER | {"sender": "provider:example:0042"}
    first: dict[str, Any] = {"message": kind, "version": 1, "header": header, "asked": asked}
    msgspec.convert(first, KINDS[kind])
    if kind == "case_change" or (kind, name) in (("assignment", "canton"), ("case_notification", "municipality")):
        with pytest.raises(ValueError, match=r"to a municipality|to a canton office"):
            kinds.whole(first, part)
        return
    kinds.whole(first, part)
    for refuse, number in ((False, ""), (True, ""), (False, "zemis")):
        person = first["asked"].get("person", {}) | ({"identifier_type": number} if number else {})
        asked = first | ({"asked": first["asked"] | {"person": person}} if number else {})
        given = kinds.answers(asked, part, refuse=refuse)
        state = kinds.outcome(kind, given)
        code = {"code": kinds.code(kind, given)} if state == "rejected" else {}
        reply = {"of": HEADER["id"], "digest": "0" * 64, "state": state, **code}
        header = HEADER | {"action": "6", "reference": HEADER["id"], "id": "0199e6a0-2222-7000-8000-000000000021"}
        answer = {"message": kind, "version": 1, "header": header, "reply": reply, "answers": given}
        msgspec.convert(answer, KINDS[kind])
        kinds.whole(answer, part)
        kinds.belongs(answer, first)
        for bad in (
            {"message": "other"},
            {"header": header | {"process": "another"}},
            {"header": header | {"test": True}},
            {"answers": [*given, given[0]]},
        ):
            with pytest.raises(ValueError, match=r"about|each"):
                kinds.belongs(answer | bad, first)
        by_number = name == "canton" and kind not in (
            "mutation",
            "reconciliation",
            "settlement",
            "case_notification",
            "cost_approval",
            "provider_bill",
            "payment_advice",
            "reclaim",
        )
        assert (state == "rejected") == (refuse or bool(number and by_number))


#: Kinds of which the sandbox takes every example.
TOLD = ("mutation", "settlement", "cost_approval", "approval_change", "provider_bill", "payment_advice", "reclaim",
        "case_change")  # fmt: skip


@pytest.mark.parametrize(
    "path", [path for path in EXAMPLES if path.parents[2].name in TOLD and b'"asked"' in
             path.read_bytes()], ids=lambda path: f"{path.parents[2].name}-{path.stem}",
)  # fmt: skip
def test_the_sandbox_takes_every_change_turn_of_a_settlement_and_cost_that_is_one(path: Path) -> None:
    told = msgspec.json.decode(path.read_bytes())
    name = "canton" if told["header"]["recipient"].startswith("canton_office:") else "municipality"
    part = replace(PARTS[name], address=told["header"]["recipient"])
    kinds.whole(told, part)
    for wrong in kinds.answers(told, part, refuse=True):
        assert wrong["reason"] in kinds.KINDS[told["message"]].reasons
    with pytest.raises((KeyError, TypeError, ValueError)):
        kinds.whole(told | {"asked": dict(list(told["asked"].items())[1:])}, part)


def test_a_canton_knows_people_by_an_ahv_number_that_can_be_right_and_pays_in_francs() -> None:
    part = PARTS["canton"]
    first: dict[str, Any] = {
        "message": "question", "version": 1, "header": HEADER, "asked": kinds.asked("question", part, "2026-12-08"),
    }  # fmt: skip
    ahvn13("756.9217.0769.85")
    for wrong in ("7569217076984", "1239217076985", "756921707698", "756.9217.0769.8x"):
        with pytest.raises(ValueError, match="AHV number"):
            ahvn13(wrong)
        with pytest.raises(ValueError, match="AHV number"):
            kinds.whole(first | {"asked": first["asked"] | {"person": part.person | {"identifier": wrong}}}, part)
    line = {"code": "RENT", "name": "Miete", "amount": 1, "currency": "SEK"}
    with pytest.raises(ValueError, match="CHF"):
        kinds.whole(first | {"asked": first["asked"] | {"points": [{"number": 1, "line": line}]}}, part)


def test_a_canton_takes_the_frame_in_place_of_the_sealed_text_and_a_municipality_does_not(tmp_path: Path) -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    told = _key_file(keys)
    for name, taken in (("canton", True), ("municipality", False)):
        part = PARTS[name]
        office = Office(tmp_path / name, part)
        office.keys(msgspec.json.encode([told]).decode())
        now = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        asked = kinds.asked("question", part, "2026-12-08")
        header = HEADER | {
            "recipient": part.address, "sent_at": now, "test": False, "response_expected": True, "closed": False,
        }  # fmt: skip
        content = canonical.dumps({"message": "question", "version": 1, "header": header, "asked": asked})
        xml = written(FORM["question"], content, signed(content, keys[0]))
        key = public_jwk(office.exchange.public_key())
        if not taken:
            with pytest.raises(Refused, match="JSON only"):
                office.envelope(encrypted(xml.decode(), key))
            continue
        assert office.envelope(encrypted(xml.decode(), key)) == {"digest": hashlib.sha256(content).hexdigest()}
        with pytest.raises(Refused, match=r"signature: does not hold; .* read as: \{.*ihre Mieten\?"):
            office.envelope(encrypted(xml.replace(b"Miete", b"Mieten").decode(), key))
        assert [entry["code"] for entry in office.log] == ["100"]


def test_each_is_answered_in_the_form_in_which_it_asks_and_a_test_by_tests(tmp_path: Path) -> None:
    office, keys, told = _canton(tmp_path)
    for form, test in itertools.product(("xml", "json"), (True, False)):
        told["header"] |= {"id": str(uuid.uuid4()), "test": test}
        content = canonical.dumps(told)
        sealed_ = signed(content, keys[0])
        plain = written(FORM["question"], content, sealed_).decode() if form == "xml" else sealed_
        office.envelope(encrypted(plain, public_jwk(office.exchange.public_key())))
        partner = office.partners[HEADER["sender"]]
        came = [one.encode() for one in partner.waiting.values()]
        partner.waiting.clear()
        assert [one.startswith(b"<") for one in came] == [form == "xml"] * 3
        texts = [product_reads(one) if form == "xml" else one.decode() for one in came]
        said = [json.loads(verified(one, public_jwk(office.signing.public_key()))) for one in texts]
        assert [one["message"] for one in said] == ["receipt", "receipt", "question"]
        assert {one["header"]["test"] for one in said} == {test}
        of = hashlib.sha256(content).hexdigest()
        assert {(one.get("report") or one["reply"])["digest"] for one in said} == {of}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sent_at", "2026-11-24T09:00:00+01:00"),
        ("id", "1"),
        ("sender", "example:0042"),
        ("process", ""),
        ("action", "2"),
    ],
)
def test_a_header_that_no_receipt_can_answer_is_refused_at_the_call(tmp_path: Path, field: str, value: str) -> None:
    office, keys, told = _canton(tmp_path)
    told["header"][field] = value
    with pytest.raises(Refused, match=f"message: .*header.{field}") as refused:
        office.envelope(encrypted(signed(canonical.dumps(told), keys[0]), public_jwk(office.exchange.public_key())))
    assert (refused.value.status, refused.value.code) == (422, "200")


def test_a_canton_assigns_when_it_is_asked_to_and_a_municipality_takes_whom_a_canton_assigns(tmp_path: Path) -> None:
    canton, keys, told = _canton(tmp_path / "canton")
    told["asked"]["text"] = "Bitte weisen Sie zu."
    canton.envelope(encrypted(signed(canonical.dumps(told), keys[0]), public_jwk(canton.exchange.public_key())))
    said = [json.loads(verified(one, public_jwk(canton.signing.public_key()))) for one in _waiting(canton)]
    assert [one["message"] for one in said] == ["receipt", "receipt", "assignment", "question"]
    assigned = msgspec.convert(said[2], KINDS["assignment"])
    place, sender = Office(tmp_path / "place", PARTS["municipality"]), assigned.header.sender
    place.keys(msgspec.json.encode([_key_file(keys, sender)]).decode())
    first = said[2] | {"header": said[2]["header"] | {"recipient": place.part.address}}
    for text, state in (("", "accepted"), ("refuse", "rejected")):
        first["header"]["id"], first["asked"]["text"] = str(uuid.uuid4()), text
        place.envelope(encrypted(signed(canonical.dumps(first), keys[0]), public_jwk(place.exchange.public_key())))
        *_receipts, last = place.partners[sender].waiting.values()
        answer = json.loads(verified(last, public_jwk(place.signing.public_key())))
        msgspec.convert(answer, KINDS["assignment"])
        assert answer["reply"]["state"] == state


def test_what_is_not_in_canonical_form_is_refused_by_a_receipt(tmp_path: Path) -> None:
    """Bound to what was signed, however that is written."""
    canton, keys, told = _canton(tmp_path / "canton")
    us, form = public_jwk(canton.exchange.public_key()), canonical.dumps(told)
    texts = [form[:-1] + more for more in (b', "zz":1}', b',"zz":1,"zz":2}', b',"zz":0.5}', b',"zz":9007199254740992}')]
    texts = [text.replace(told["header"]["id"].encode(), str(uuid.uuid4()).encode()) for text in texts]
    for text in texts:
        canton.envelope(encrypted(signed(text, keys[0]), us))
    said = [json.loads(verified(one, public_jwk(canton.signing.public_key())))["report"] for one in _waiting(canton)]
    assert [(one["code"], one["digest"]) for one in said] == [
        ("200", hashlib.sha256(text).hexdigest()) for text in texts
    ]
    canton.envelope(encrypted(signed(form[:-1] + b',"zz":9007199254740991}', keys[0]), us))
    (kept,) = [one for one in canton.log if one["code"] == "100"]
    assert kept["id"] == told["header"]["id"]


def _waiting(office: Office) -> list[str]:
    return list(office.partners[HEADER["sender"]].waiting.values())


def _canton(folder: Path) -> tuple[Office, list[ec.EllipticCurvePrivateKey], dict[str, Any]]:
    """A canton that knows our keys, and a question to it."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    office = Office(folder, PARTS["canton"])
    office.keys(msgspec.json.encode([_key_file(keys)]).decode())
    now = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    header = HEADER | {"sent_at": now, "test": False, "response_expected": True, "closed": False}
    return office, keys, {
        "message": "question", "version": 1, "header": header,
        "asked": kinds.asked("question", office.part, "2026-12-08"),
    }  # fmt: skip


def _key_file(keys: list[ec.EllipticCurvePrivateKey], sender: str = HEADER["sender"]) -> str:
    since = "2026-01-01T00:00:00Z"
    named = [
        {**public_jwk(key.public_key()), "use": use, "since": since}
        for key, use in zip(keys, ("sig", "enc"), strict=True)
    ]
    file = {"organisation": sender, "name": "Example", "url": "", "made_at": since, "keys": named}
    return signed(canonical.dumps({"handslag": "keys", "version": 1, **file}), keys[0])

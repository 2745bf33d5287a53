"""The connector against the simulated service as a process of its own: each way to fail is a state, never a silence."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import date

import pytest
import requests

from handslag.connectors.authorities import ssbtek
from handslag.connectors.authorities.port import AUTHORITIES, Answer, Question
from handslag.connectors.authorities.ssbtek import client
from handslag.connectors.authorities.ssbtek.ask import question_xml
from handslag.connectors.authorities.ssbtek.client import Breaker, SsbtekConfig
from handslag.demo.fill import numbers
from tests.bed import free_port

STUDENT = numbers("19900615", 983)
SICK = numbers("19900615", 981)
QUESTION = Question(
    key="0199-key", person=STUDENT, case="2026-0001", organisation_number="162120000142",
    organisation="Bergvik & Dals kommun", asked_by="Hanna Handläggare", since=date(2026, 1, 1), until=date(2026, 3, 1),
    authorities=AUTHORITIES, purpose="Ekonomiskt bistånd", legal_basis="15 kap. 10 § socialtjänstlagen (2025:400)",
    actor="9000",
)  # fmt: skip


def told(ssbtek_address: str, person: str = STUDENT, **script: str) -> dict[str, Answer]:
    """The answers by authority when the service is told to behave so."""
    whole = script.pop("whole", None)
    requests.post(f"{ssbtek_address}/script", json=script | ({"*": whole} if whole else {}), timeout=5)
    client._breakers.clear()
    config = SsbtekConfig(f"{ssbtek_address}/ssbtek", read_seconds=2)
    return {one.authority: one for one in ssbtek.fetch(config, replace(QUESTION, person=person))}


def test_every_authority_answers_about_the_right_person(ssbtek_address: str) -> None:
    found = told(ssbtek_address)
    assert list(found) == list(AUTHORITIES)
    assert not any(one.failed for one in found.values()), found
    assert [(p.benefit, p.amount, p.paid_on, p.planned) for p in found["CSN"].payments] == [
        ("SM.B", 315_000, date(2026, 1, 25), False),
        ("SM.L", 735_000, date(2026, 1, 25), False),
        ("SM.B", 315_000, date(2026, 2, 25), False),
        ("SM.L", 735_000, date(2026, 2, 25), False),
    ]
    assert ("Arbetssokande", "true") in found["AF"].facts
    sick = told(ssbtek_address, SICK)["FK"]
    assert [(p.benefit, p.name, p.amount) for p in sick.payments] == [
        ("SJP", "Sjukpenning", 840_000),
        ("SJP", "Sjukpenning", 980_000),
    ]
    asked = requests.get(f"{ssbtek_address}/asked", timeout=5).json()[-1]
    assert (asked["case"], asked["person"], asked["caseworker"]) == ("2026-0001", SICK, "Hanna Handläggare")
    assert asked["law"] == QUESTION.legal_basis


@pytest.mark.parametrize("authority", ["AF", "CSN", "FK", "SKV", "SO", "TNS", "MIV"])
@pytest.mark.parametrize(
    ("how", "source"),
    [("error", "BT"), ("late", "SSBT"), ("missing", "SSBT"), ("wrong", "HERE"), ("garbage", "HERE")],
)
def test_one_authority_fails_alone(ssbtek_address: str, authority: str, how: str, source: str) -> None:
    person = numbers("19900615", 984)  # somebody with payments of a fund, so that there is something to be garbage
    found = told(ssbtek_address, person, **{authority: how})
    gone = {"FK", "PM"} if authority == "FK" else {authority}  # the two answer in one part
    assert {name for name, one in found.items() if one.failed} == gone
    assert all(found[name].source == source and found[name].code for name in gone)
    assert not any(found[name].payments for name in gone)


def test_unknown_elements_partial_groups_and_protection(ssbtek_address: str) -> None:
    plain = told(ssbtek_address)
    for authority in ("AF", "CSN", "FK", "SO", "TNS", "MIV"):
        assert told(ssbtek_address, **{authority: "unknown"})[authority] == plain[authority]
    partial = told(ssbtek_address, SICK, FK="partial")["FK"]
    assert (partial.failed, partial.code, partial.message) == (True, "partial", "FK:BOB")
    assert len(partial.payments) == 2  # what came stays
    assert told(ssbtek_address, AF="protected")["AF"].secrecy
    assert told(ssbtek_address, CSN="protected")["CSN"].secrecy
    assert told(ssbtek_address, FK="protected")["FK"].secrecy
    assert not any(one.secrecy for one in plain.values())


@pytest.mark.parametrize(
    ("whole", "code"),
    [
        ("timeout", "timeout"), ("500", "HTTP 500"), ("fault", "SSBT_FEL"), ("garbage", "not understood"),
        ("huge", "too large"), ("doctype", "not understood"), ("deep", "not understood"), ("other", "not understood"),
    ],
)  # fmt: skip
def test_the_whole_service_fails(ssbtek_address: str, whole: str, code: str) -> None:
    found = told(ssbtek_address, whole=whole)
    assert {(one.failed, one.code) for one in found.values()} == {(True, code)}
    assert list(found) == list(AUTHORITIES)


def _said(parts: str, encoding: str = "UTF-8") -> bytes:
    space = "http://schema.forsakringskassan.se/integration/ssbt/10"
    body = (
        f'<hamtaBastjanstInformationResponse xmlns="{space}"><korrelationsid>0199-key</korrelationsid>'
        f"<svarsdata>{parts}</svarsdata></hamtaBastjanstInformationResponse>"
    )
    head = f'<?xml version="1.0" encoding="{encoding}"?><s:Envelope'
    return f'{head} xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'.encode()


def _fund(amount: str = "8000", last: str = "2026-01-31") -> str:
    return (
        f"<SO><data><IdentificationNumber>{STUDENT}</IdentificationNumber><Arbetsloshetsersattning><Utbetalningar>"
        f"<Utbetalningsdatum>2026-01-25</Utbetalningsdatum><NettoEfterAvdrag>{amount}</NettoEfterAvdrag>"
        f"<NettoEfterSkatt>8000</NettoEfterSkatt><AvserFrom>2026-01-01</AvserFrom><AvserTom>{last}</AvserTom>"
        "</Utbetalningar></Arbetsloshetsersattning></data></SO>"
    )


def _insurance(state: str = "OK", **more: object) -> str:
    paid = {"datum": "2026-01-25", "nettobelopp": {"summa": 5600}, "formansfamilj": {"id": "AS", "beskrivning": "A"}}
    states = [{"utlamnare": {"kod": one}, "tillstand": {"kod": s}} for one, s in (("FK", state), ("PM", "OK"))]
    said = {"utlamnare": states, "formansinformation": {"utbetalningsuppgift": [paid | more]}}
    return f"<FK><data><lefiJsonSvar>{base64.b64encode(json.dumps(said).encode()).decode()}</lefiJsonSvar></data></FK>"


def _study(form: str, amount: str = "10") -> str:
    said = (
        f'<CSNSvar><Person sekel="{STUDENT[:2]}" personnummer="{STUDENT[2:]}"><Arende><stodform>{form}</stodform>'
        f"<klartext>{form * 9}</klartext><Utbetalning><utbetdatum>20260125</utbetdatum><totbelopp>{amount}</totbelopp>"
        "</Utbetalning></Arende></Person></CSNSvar>"
    )
    return f"<CSN><data><svar>{base64.b64encode(said.encode()).decode()}</svar></data></CSN>"


@pytest.mark.parametrize(
    ("part", "failed"),
    [
        (_fund("1E999999"), {"SO"}),
        (_fund(last="9999-12-31"), set()),  # until further notice
        (_study("SM", "1E999999"), {"CSN"}),
        (_study("S" * 60), set()),
        ("<CSN><data><svar>åäö</svar></data></CSN>", {"CSN"}),
        ("<SKV><data><svar>&lt;?xml version='1.0' encoding='utf-7'?&gt;&lt;a/&gt;</svar></data></SKV>", {"SKV"}),
        (_insurance(period={"fran": "2026-01-01", "till": "9999-12-31"}), set()),
        (_insurance(nettobelopp={"summa": 5600, "valuta": "EUR"}), {"FK"}),
        (_insurance(nettobelopp={"summa": "1E999999"}), {"FK"}),
        (_insurance(formansfamilj={"id": "AS", "beskrivning": "A\0"}), {"FK"}),
        (_insurance(formansfamilj={"id": "AS", "beskrivning": "A\ud800"}), {"FK"}),
        (_insurance(state="X" * 90), {"FK"}),
    ],
)
def test_whatever_one_authority_says_the_others_are_read_and_all_can_be_kept(
    monkeypatch: pytest.MonkeyPatch, part: str, failed: set[str]
) -> None:
    others = {"<SO>": _fund(), "<FK>": _insurance()}
    said = _said(part + "".join(other for name, other in others.items() if name not in part))
    monkeypatch.setattr(client, "_post", lambda config, message: said)
    found = {one.authority: one for one in ssbtek.fetch(SsbtekConfig("http://nobody.example"), QUESTION)}
    read = {name for name in ("SO", "FK", "PM", "CSN", "SKV") if not found[name].failed}
    asked = {"SO", "FK", "PM"} | {name for name in ("CSN", "SKV") if f"<{name}>" in part}
    assert read == asked - failed
    for one in found.values():
        assert len(one.code) <= 40 and len(one.message) <= 200
        for paid in one.payments:
            assert len(paid.benefit) <= 40 and len(paid.name) <= 120 and "\0" not in paid.name
            paid.name.encode()


@pytest.mark.parametrize("encoding", ["utf-7", "shift_jis", "idna", "x" * 300])
def test_an_answer_in_an_encoding_that_nobody_reads_is_not_understood(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setattr(client, "_post", lambda config, message: _said(_fund(), encoding))
    found = ssbtek.fetch(SsbtekConfig("http://nobody.example"), QUESTION)
    assert {(one.failed, one.code) for one in found} == {(True, "not understood")}


def test_slow_is_no_failure_and_nobody_there_is(ssbtek_address: str) -> None:
    assert not any(one.failed for one in told(ssbtek_address, whole="slow").values())
    nobody = SsbtekConfig(f"http://127.0.0.1:{free_port()}/ssbtek")
    for _ in range(5):
        assert {one.code for one in ssbtek.fetch(nobody, QUESTION)} == {"unreachable"}
    assert {one.code for one in ssbtek.fetch(nobody, QUESTION)} == {"paused"}  # not called any more
    assert ssbtek.ping(nobody) == []
    requests.post(f"{ssbtek_address}/script", json={"SO": "late"}, timeout=5)
    up = {one.authority: one.failed for one in ssbtek.ping(SsbtekConfig(f"{ssbtek_address}/ssbtek"))}
    assert up["SO"] and not up["CSN"]


def test_the_breaker_tries_again_after_its_pause() -> None:
    now = [0.0]
    breaker = Breaker(failures=2, pause=10, clock=lambda: now[0])
    breaker.note(False)
    assert breaker.lets()
    breaker.note(False)
    assert not breaker.lets()
    now[0] = 11
    assert breaker.lets() and not breaker.lets()  # one call tries
    breaker.note(True)
    assert breaker.lets()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("15 kap. 10 § socialtjänstlagen (2025:400)", "11 kap. 11 a § socialtjänstlagen (2001:453)"),
        ("162120000142", "212000014"),
        ("<ssbt:arendeidentitet>2026-0001", "<ssbt:arendeidentitet>"),
        ("<ssbt:handlaggare>Hanna Handläggare", "<ssbt:handlaggare>"),
        ("2026-02-28", "2029-02-28"),
        ("ssbt:syfte>", "ssbt:andamal>"),
        ('inkludera="true"', 'inkludera="ja"'),
    ],
)
def test_the_service_refuses_a_bad_question(ssbtek_address: str, old: str, new: str) -> None:
    good = question_xml(QUESTION).decode()
    assert old in good
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
    answer = requests.post(f"{ssbtek_address}/ssbtek", data=good.replace(old, new).encode(), headers=headers, timeout=5)
    assert answer.status_code == 500
    assert "OGILTIG_FRAGA" in answer.text

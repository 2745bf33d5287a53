"""What comes from another installation is let in when a registered partner signed it and encrypted it to us, and in no
other case: wrong key, other algorithms, another recipient, another time, once more, too large, too deep."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from django.test import RequestFactory
from joserfc import jwe, jws
from joserfc.jwk import ECKey, RSAKey

from handslag.api import exchange as api
from handslag.connectors.exchange import https
from handslag.connectors.exchange.gate import own_file
from handslag.connectors.exchange.port import Away, ExchangeError, KeyWanted, Refused, Unwell
from handslag.domain.exchange.frame import Unreadable, moment
from handslag.domain.exchange.models import Arrival, Envelope, Message, Outcome, Partner, PartnerKey
from handslag.domain.exchange.operations.inbox import try_again
from handslag.domain.exchange.operations.partners import (
    end_partner_key,
    record_passed,
    register_partner,
)
from handslag.domain.exchange.operations.sedex import set_aside
from handslag.domain.exchange.queries import figures, may_send_again, own_address
from handslag.domain.exchange.wrap import ALG, ENC, key_file, unwrapped, wrapped
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs import exchange, partners
from handslag.kernel import canonical, clock
from handslag.messages.ech.frame import written
from handslag.messages.question.xml import FORM
from tests.bed import ROOT, Database
from tests.exchange import Pair, Side, reachable
from tests.office import TEST, Office, as_role

ASKED = json.loads((ROOT / "src/handslag/messages/question/examples/valid/two-lines.json").read_bytes())


class Outside:
    """An organisation elsewhere, with other people's JOSE: what it signs and encrypts is made here, not by us."""

    def __init__(self, office: Office) -> None:
        self.office, self.address = office, f"municipality:kommunkod:{uuid4().hex[:8]}"
        self.signing, self.exchange = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
        with acting(office.slug, TEST, "look") as door:
            self.us, self.here = own_address(), door.the_tenant.id
            self.our_keys = json.loads(jws.extract_compact(json.loads(own_file(clock.now()))[0].encode()).payload)[
                "keys"
            ]

    def told(self) -> dict[str, Any]:
        return {"tenant": self.office.slug, "by": TEST, "now": clock.now()}

    def public(self, key: ECKey, use: str, **more: Any) -> dict[str, Any]:
        return {
            **key.as_dict(private=False),
            "kid": key.thumbprint(),
            "use": use,
            "since": "2026-01-01T00:00:00Z",
            **more,
        }

    def file(self, *more: dict[str, Any], by: ECKey | None = None, **fields: Any) -> str:
        keys = [self.public(self.signing, "sig"), self.public(self.exchange, "enc"), *more]
        body = {
            "handslag": "keys", "version": 1, "organisation": self.address, "name": "Grann kommun", "url": "",
            "made_at": moment(clock.now()), "keys": keys, **fields,
        }  # fmt: skip
        return json.dumps([self.sign(canonical.dumps(body), by or self.signing)])

    def register(self) -> Partner:
        file, vouched_by = key_file(self.file())
        return register_partner(**self.told(), file=file, vouched_by=vouched_by, url="")

    @staticmethod
    def sign(content: bytes, key: ECKey, **head: Any) -> str:
        return jws.serialize_compact({"alg": "ES256", "kid": key.thumbprint(), **head}, content, key)

    def content(self, **header: Any) -> bytes:
        told = {"sender": self.address, "recipient": self.us, "id": str(uuid4()), "sent_at": moment(clock.now())}
        return canonical.dumps({**ASKED, "header": {**ASKED["header"], **told, **header}})

    def enclose(self, plain: str | bytes, to: ECKey | None = None, **head: Any) -> str:
        """Encrypted to us, or `to` another key, by joserfc alone."""
        key = to or ECKey.import_key(next(key for key in self.our_keys if key["use"] == "enc"))
        told = {"alg": ALG, "enc": ENC, "kid": key.thumbprint(), "cty": "JOSE", **head}
        algorithms = [told["alg"], told["enc"], *([told["zip"]] if "zip" in told else [])]
        return jwe.encrypt_compact(told, plain, key, algorithms=algorithms)

    def post(self, view: Callable[..., Any], body: str, tenant: str = "") -> Any:
        answer = view(
            RequestFactory().post("/", body, content_type="application/jose"), tenant=tenant or self.office.slug
        )
        return answer.status_code, msgspec.json.decode(answer.content)

    def refused(self, envelope: str) -> tuple[int, str]:
        """Status and code of a refusal; nothing was let in."""
        before = self.arrivals()
        status, problem = self.post(api.envelopes, envelope)
        assert (problem.get("status"), self.arrivals()) == (status, before), problem
        return status, problem["code"]

    def arrivals(self) -> int:
        with acting(self.office.slug, TEST, "look"):
            return Arrival.objects.filter(sender=self.address).count()

    def request(self, sent_at: datetime | None = None, **fields: Any) -> str:
        body = {
            "handslag": "collect", "sender": self.address, "recipient": self.us, "id": str(uuid4()),
            "sent_at": moment(sent_at or clock.now()), "collected": [], **fields,
        }  # fmt: skip
        return self.sign(canonical.dumps(body), self.signing)


@pytest.fixture(scope="module")
def office(database: Database) -> Office:
    return reachable(database, "granne")


@pytest.fixture
def outside(office: Office) -> Outside:
    return Outside(office)


@pytest.fixture
def partner(outside: Outside) -> Outside:
    outside.register()
    return outside


def test_what_a_partner_signed_and_encrypted_is_let_in_once(partner: Outside, database: Database) -> None:
    content = partner.content()
    envelope = partner.enclose(partner.sign(content, partner.signing))
    for again in (envelope, partner.enclose(partner.sign(content, partner.signing)), envelope):
        assert partner.post(api.envelopes, again) == (200, {"digest": canonical.digest(json.loads(content))})
    with as_role(database, "worker"):
        exchange.take_arrivals(partner.here)
    with acting(partner.office.slug, TEST, "look"):
        (row,) = Message.objects.filter(partner=partner.address)
        states = list(Outcome.objects.filter(sender=partner.address, state="taken").values_list("taken", flat=True))
    assert (row.content.encode(), states) == (content, [row.id])


def test_a_line_behind_an_id_is_refused(partner: Outside) -> None:
    for told in ({"id": f"{uuid4()}\n"}, {"reference": f"{uuid4()}\n"}, {"sent_at": f"{moment(clock.now())}\n"}):
        envelope = partner.enclose(partner.sign(partner.content(**told), partner.signing))
        assert partner.refused(envelope) == (422, "200"), told


def test_as_xml_it_is_the_same_message(partner: Outside) -> None:
    content = partner.content()
    sealed = partner.sign(content, partner.signing)
    xml = written(FORM, content, sealed)
    assert partner.post(api.envelopes, partner.enclose(xml))[0] == 200
    with acting(partner.office.slug, TEST, "look"):
        (row,) = Arrival.objects.filter(sender=partner.address)
    for same in (sealed, b"\xef\xbb\xbf" + xml):  # many programs begin a file in UTF-8 so
        assert partner.post(api.envelopes, partner.enclose(same))[0] == 200
    assert (row.digest, partner.arrivals()) == (canonical.digest(json.loads(content)), 1)
    bad = xml.replace(b"<?xml", b'<!DOCTYPE a [<!ENTITY x "x">]><?xml')
    assert partner.refused(partner.enclose(bad)) == (422, "200")


def test_wrong_keys_are_refused(partner: Outside) -> None:
    content, other = partner.content(), ECKey.generate_key("P-256")
    seal = partner.sign
    assert partner.refused(partner.enclose(seal(content, other))) == (401, "312")
    assert partner.refused(partner.enclose(seal(content, partner.exchange))) == (401, "312")  # not one that signs
    named = {"kid": partner.signing.thumbprint()}
    assert partner.refused(partner.enclose(seal(content, other, **named))) == (422, "312")
    assert partner.refused(partner.enclose(seal(content, other, **named, jwk=other.as_dict(private=False)))) == (
        422,
        "312",
    )
    sealed = seal(content, partner.signing)
    head, _payload, signature = sealed.split(".")
    forged = jws.serialize_compact({"alg": "ES256"}, partner.content(), other).split(".")[1]
    assert partner.refused(partner.enclose(f"{head}.{forged}.{signature}")) == (422, "312")
    end_partner_key(**partner.told(), partner=partner.address, key_id=partner.signing.thumbprint())
    assert partner.refused(partner.enclose(sealed)) == (401, "312")
    assert partner.post(api.collect, partner.request())[0] == 401


def test_what_a_partner_signs_that_cannot_be_kept_is_refused(partner: Outside) -> None:
    fresh = partial(ECKey.generate_key, "P-256")
    sig = partner.public
    twice = fresh()
    files = [partner.file(sig(fresh(), "sig"), name="a\0b"), partner.file(sig(twice, "sig"), sig(twice, "enc"))]
    for at in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00"):
        files += [partner.file(sig(fresh(), "sig", since=at)), partner.file(sig(fresh(), "sig", until=at))]
    assert [partner.post(api.keys, file)[0] for file in files] == [422] * len(files)
    asks: list[dict[str, Any]] = [
        {"sent_at": "2026-02-30T10:00:00Z"}, {"sent_at": "2026-01-01T24:00:00Z"}, {"id": "12345678\0"},
        {"collected": ["\0"]},
    ]  # fmt: skip
    for one in asks:
        body = {**json.loads(jws.extract_compact(partner.request().encode()).payload), **one}
        assert partner.post(api.collect, partner.sign(canonical.dumps(body), partner.signing))[0] == 422


def test_what_an_ended_key_signed_stays_out_whatever_day_it_names(partner: Outside, database: Database) -> None:
    content = partner.content(sent_at=moment(clock.now() - timedelta(days=5)))
    told = json.loads(content)
    end_partner_key(**partner.told(), partner=partner.address, key_id=partner.signing.thumbprint())
    aside = set_aside(
        **partner.told(), sender=partner.address, message_id=told["header"]["id"], digest=canonical.digest(told),
        sealed=partner.sign(content, partner.signing), reason="by a key that we don't know",
    )  # fmt: skip
    rut = partner.office.staff["rut"]
    try_again(tenant=partner.office.slug, by=rut, now=clock.now(), arrival=aside.id, version=aside.version)
    with as_role(database, "worker"):
        exchange.take_arrivals(partner.here)
    with acting(partner.office.slug, TEST, "look"):
        row = Outcome.objects.get(id=aside.id)
    assert (row.state, row.trouble.endswith("has ended")) == ("trying", True)


def test_what_is_collected_and_not_believed_is_set_aside_and_those_behind_it_flow(
    outside: Outside, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, vouched_by = key_file(outside.file())
    row = register_partner(**outside.told(), file=file, vouched_by=vouched_by, url="http://127.0.0.1:1/x")
    contents = [outside.content() for _ in range(5)]
    keys = [outside.signing, ECKey.generate_key("P-256"), outside.signing, outside.signing, outside.signing]
    texts = [outside.sign(content, key) for content, key in zip(contents, keys, strict=True)]
    texts[2] = outside.sign(outside.content(recipient="municipality:kommunkod:0000"), outside.signing)
    texts[3] = texts[3][:-4] + "AAAA"
    spoilt = [outside.sign(outside.content(id=f"{uuid4()}\n"), outside.signing), f"{texts[3][:-9]}\0{texts[3][-9:]}"]
    waiting = {hashlib.sha256(jws.extract_compact(text.encode()).payload).hexdigest(): text for text in texts}

    def collect(_config: Any, request: str) -> list[str]:
        for digest in json.loads(jws.extract_compact(request.encode()).payload)["collected"]:
            del waiting[digest]
        return [outside.enclose(text) for text in (*spoilt, *waiting.values())]

    monkeypatch.setattr(https, "collect", collect)
    monkeypatch.setattr(https, "tell_keys", lambda _config, _file: outside.file())
    with as_role(database, "worker"):
        partners.meet(outside.here, row)
        for _ in range(3):
            exchange.take_arrivals(outside.here)
    with acting(outside.office.slug, TEST, "look"):
        found = Outcome.objects.filter(sender=outside.address)
        states = sorted(found.values_list("state", flat=True))
        reasons = set(found.filter(state="quarantined").values_list("trouble", flat=True))
    assert waiting == {}
    assert states == ["quarantined"] * 5 + ["taken"] * 2
    assert {reason.split(" ")[0] for reason in reasons} == {"no", "is", "signature:", "not", "a"}


def test_what_is_collected_and_cannot_be_opened_is_seen_with_its_reason_and_the_partner_is_told_our_keys(
    outside: Outside, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can tell which message it is: it is noted once a day for each reason, and offered again."""
    file, vouched_by = key_file(outside.file())
    row = register_partner(**outside.told(), file=file, vouched_by=vouched_by, url="http://127.0.0.1:1/x")
    side, content = Side(outside.office), outside.content()
    good, lost = outside.sign(content, outside.signing), ECKey.generate_key("P-256")
    waiting, told = {canonical.digest(json.loads(content)): good}, []

    def collect(_config: Any, request: str) -> list[str]:
        for digest in json.loads(jws.extract_compact(request.encode()).payload)["collected"]:
            del waiting[digest]
        return [outside.enclose(good, lost), outside.enclose("{}"), *map(outside.enclose, waiting.values())]

    def keys(_config: Any, text: str) -> str:
        told.append(text)
        return outside.file()

    monkeypatch.setattr(https, "collect", collect)
    monkeypatch.setattr(https, "tell_keys", keys)
    with as_role(database, "worker"):
        for _ in range(2):
            partners.meet(outside.here, row)
        exchange.take_arrivals(outside.here)
    with acting(outside.office.slug, TEST, "look"):
        row = Partner.objects.get(id=row.id)
        found = sorted(Outcome.objects.filter(sender=outside.address).values_list("state", "trouble"))
        (seen,) = [one for one in figures(clock.now()) if one.partner == outside.address]
    assert (waiting, row.trouble) == ({}, "")
    assert found == [
        ("quarantined", "encryption: encrypted to no key of ours"),
        ("quarantined", "not a signed text: DecodeError"),
        ("taken", ""),
    ]
    assert (seen.set_aside, side.tasks().count("message unreadable")) == (2, 2)
    assert len(told) == 4  # as each call begins, and for each reason


def test_after_trouble_a_partner_is_told_our_keys_again(
    outside: Outside, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have lost them: 401 says that it wants them, then what waits."""
    file, vouched_by = key_file(outside.file())
    row = register_partner(**outside.told(), file=file, vouched_by=vouched_by, url="http://127.0.0.1:1/x")
    calls: list[str] = []

    def keys(_config: Any, _file: str) -> str:
        calls.append("keys")
        return outside.file()

    def collect(_config: Any, _request: str) -> list[str]:
        calls.append("collect")
        if len(calls) == 3:
            raise Away("status 401")
        return []

    monkeypatch.setattr(https, "collect", collect)
    monkeypatch.setattr(https, "tell_keys", keys)
    for _ in range(4):
        with as_role(database, "worker"):
            partners.meet(outside.here, row)
        with acting(outside.office.slug, TEST, "look"):
            row = Partner.objects.get(id=row.id)
    assert calls == ["keys", "collect", "collect", "keys", "collect", "collect"]


def test_what_an_ended_key_of_ours_signed_holds_up_nothing_behind_it(
    outside: Outside, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They ended it while messages were under way: told our keys they still don't believe it, so it is said anew. Nor
    does one of which they make nothing and don't say why: it is given again the next time."""
    file, vouched_by = key_file(outside.file())
    row = register_partner(**outside.told(), file=file, vouched_by=vouched_by, url="http://127.0.0.1:1/x")
    pair = Pair(database, Side(outside.office), Side(outside.office), outside.office.case(), clock.now())
    asked = [pair.asked(recipient=outside.address) for _ in range(5)]
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    calls: list[Any] = []
    spoilt = {2}

    def send(_config: Any, envelope: str) -> None:
        sealed = jwe.decrypt_compact(envelope, outside.exchange, algorithms=[ALG, ENC]).plaintext or b""
        told = json.loads(jws.extract_compact(sealed).payload)["header"]["id"]
        calls.append([str(one.message_id) for one in asked].index(told))
        if calls[-1] < 2:
            raise KeyWanted("status 401")
        if calls[-1] in spoilt:
            raise Unwell("status 500")

    def keys(_config: Any, _file: str) -> str:
        calls.append("keys")
        return outside.file()

    monkeypatch.setattr(https, "send", send)
    monkeypatch.setattr(https, "collect", lambda *_: [])
    monkeypatch.setattr(https, "tell_keys", keys)
    for _ in range(2):
        with as_role(database, "worker"):
            partners.meet(outside.here, row)
        with acting(outside.office.slug, TEST, "look"):
            row = Partner.objects.get(id=row.id)
    assert calls == ["keys", 0, "keys", 0, 1, 2, 3, 4, 2]
    assert (row.trouble, pair.asker.tasks()) == ("", ["message not delivered"] * 2)
    with acting(outside.office.slug, TEST, "look"):
        assert [may_send_again(one) for one in asked] == [True, True, False, False, False]

    # one that takes its time gets less at a meeting, and keeps no other waiting
    monkeypatch.setattr(partners, "LONGEST", -1.0)
    spoilt.clear()
    asked.append(pair.asked(recipient=outside.address))
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    with as_role(database, "worker"):
        for _ in range(2):
            partners.meet(outside.here, row)
    assert calls[-2:] == [2, 5]

    # of several in a row it makes nothing: the newest says whether it is well, and those behind them flow
    monkeypatch.setattr(partners, "LONGEST", 60.0)
    monkeypatch.setattr(partners, "UNWELL", 1)
    spoilt.add(6)
    asked += [pair.asked(recipient=outside.address) for _ in range(3)]
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    with as_role(database, "worker"):
        partners.meet(outside.here, row)
    assert calls[-3:] == [6, 8, 7]


def test_a_partner_that_cannot_be_called_at_all_keeps_nobody_else_waiting(outside: Outside, database: Database) -> None:
    file, vouched_by = key_file(outside.file())
    row = register_partner(**outside.told(), file=file, vouched_by=vouched_by, url="http://no-tls.example/x")
    with as_role(database, "worker"):
        partners.meet(outside.here, row)
    with acting(outside.office.slug, TEST, "look"):
        row = Partner.objects.get(id=row.id)
    assert (row.trouble, row.attempts) == ("ValueError", 1)


def test_only_the_other_installation_itself_refuses_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a proxy before it says is trouble on the way: the same is sent again later."""
    problem, page = (
        ("application/problem+json; charset=utf-8", b'{"code": "312"}'),
        ("text/html", b"<h1>Forbidden</h1>"),
    )
    said: dict[tuple[int, bytes], type[Exception]] = {}
    for kind, content in (
        problem,
        page,
        ("application/problem+json", b'{"code": 312}'),
        ("text/html", b'{"code": "312"}'),
    ):
        for status in (200, 302, 400, 401, 403, 404, 413, 422, 429, 500):
            monkeypatch.setattr(https, "ask", lambda *_, told=(status, kind, content): told)
            with pytest.raises(ExchangeError) as refused:
                https.send(https.HttpsConfig(url="http://127.0.0.1:1/x"), "x")
            said[status, kind.encode() + content] = refused.type
    for torn in (b'["\xff"]', b"[" * 100_000, b'{"a": 1}'):
        with pytest.raises(Away, match="can't be read"):
            https.texts_in(torn)
    final = {(status, told) for (status, told), kind in said.items() if kind is Refused}
    whole = problem[0].encode() + problem[1]
    assert final == {(413, told) for _status, told in said} | {(400, whole), (403, whole), (422, whole)}
    assert [at for at, kind in said.items() if kind is KeyWanted] == [(401, whole)]
    assert {kind for (status, _told), kind in said.items() if status in (200, 500)} == {Unwell}


def test_whoever_is_no_partner_is_refused(outside: Outside) -> None:
    assert outside.refused(outside.enclose(outside.sign(outside.content(), outside.signing))) == (403, "312")
    assert outside.post(api.collect, outside.request())[0] == 403
    assert outside.post(api.keys, outside.file())[0] == 403
    assert outside.post(api.envelopes, "x", "nowhere")[0] == 404


def test_other_algorithms_are_refused(partner: Outside) -> None:
    content, kid = partner.content(), partner.signing.thumbprint()
    public = partner.signing.as_pem(private=False)

    def text(alg: str) -> str:
        parts = (json.dumps({"alg": alg, "kid": kid}).encode(), content)
        return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)

    mac = hmac.digest(public, text("HS256").encode(), "sha256")  # the public key as if it were a shared secret
    confused = f"{text('HS256')}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    none = f"{text('none')}."
    critical = partner.sign(content, partner.signing, cty="x")
    for sealed in (confused, none, critical, "a.b.c", "", content.decode()):
        assert partner.refused(partner.enclose(sealed))[0] == 422, sealed[:40]
    sealed = partner.sign(content, partner.signing)
    assert partner.refused(partner.enclose(sealed, alg="ECDH-ES")) == (422, "312")
    assert partner.refused(partner.enclose(sealed, enc="A128CBC-HS256")) == (422, "312")
    assert partner.refused(partner.enclose("x" * 500_000, zip="DEF")) == (422, "312")  # it isn't even unpacked
    assert partner.refused(partner.enclose(sealed, kid="\0")) == (422, "312")
    rsa = RSAKey.generate_key(2048)
    head = {"alg": "RSA-OAEP", "enc": ENC, "kid": "x", "cty": "JOSE"}
    assert partner.refused(jwe.encrypt_compact(head, sealed, rsa, algorithms=["RSA-OAEP", ENC])) == (422, "312")
    assert partner.refused(sealed) == (422, "312")  # signed, and readable by everybody on the way


def test_what_is_for_somebody_else_is_refused(partner: Outside) -> None:
    sealed = partner.sign(partner.content(recipient="municipality:kommunkod:1"), partner.signing)
    assert partner.refused(partner.enclose(sealed)) == (422, "301")
    theirs = {**partner.public(partner.exchange, "enc")}
    assert partner.refused(wrapped(partner.sign(partner.content(), partner.signing), theirs)) == (422, "312")
    assert partner.post(api.collect, partner.request(recipient="municipality:kommunkod:1"))[0] == 422


def test_what_is_too_large_or_too_deep_is_refused(partner: Outside, database: Database) -> None:
    assert partner.refused("x" * 2_000_001) == (413, "330")
    large = canonical.dumps({**json.loads(partner.content()), "x": "y" * 1_000_000})
    assert partner.refused(partner.enclose(partner.sign(large, partner.signing)))[0] == 413
    deep = partner.content()[:-1] + b',"zz":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    assert partner.post(api.envelopes, partner.enclose(partner.sign(deep, partner.signing)))[0] == 200
    with as_role(database, "worker"):
        exchange.take_arrivals(partner.here)
    with acting(partner.office.slug, TEST, "look"):  # who it is of can be read: it is refused by a receipt
        (found,) = Outcome.objects.filter(sender=partner.address)
    assert (found.state, found.code, found.trouble) == ("refused", "200", "more than 32 levels")
    long = {**json.loads(partner.content()), "more": "y" * 900_000}
    assert partner.post(api.envelopes, partner.enclose(partner.sign(canonical.dumps(long), partner.signing)))[0] == 200
    assert partner.refused(partner.enclose(b"<a>" * 20 + b"</a>" * 20)) == (422, "200")
    assert partner.refused("é") == (422, "200")


def test_a_request_to_collect_is_good_once_and_for_two_hours(partner: Outside) -> None:
    request = partner.request(clock.now() - timedelta(minutes=61))  # clocks may differ
    assert partner.post(api.collect, request) == (200, [])
    assert partner.post(api.collect, request)[1]["code"] == "201"
    for hours in (-3, 3):
        late = partner.request(clock.now() + timedelta(hours=hours))
        assert partner.post(api.collect, late)[1]["code"] == "203"


def test_what_waits_is_given_until_it_is_collected_and_only_its_receiver_reads_it(
    partner: Outside, database: Database
) -> None:
    stranger = Outside(partner.office)
    stranger.register()
    content = partner.content(test=True)
    partner.post(api.envelopes, partner.enclose(partner.sign(content, partner.signing)))
    with as_role(database, "worker"):
        exchange.take_arrivals(partner.here)  # its receipt waits now
    assert stranger.post(api.collect, stranger.request()) == (200, [])
    for _ in range(2):
        status, (envelope,) = partner.post(api.collect, partner.request())
        assert status == 200
        sealed = unwrapped(envelope, lambda kid: partner.exchange)
        receipt = json.loads(jws.extract_compact(sealed).payload)
    assert (receipt["report"]["state"], receipt["report"]["digest"]) == (
        "delivered",
        canonical.digest(json.loads(content)),
    )
    with pytest.raises(Unreadable):
        unwrapped(envelope, lambda kid: stranger.exchange)
    done = [canonical.digest(receipt)]
    assert stranger.post(api.collect, stranger.request(collected=done)) == (200, [])
    assert partner.post(api.collect, partner.request(collected=done)) == (200, [])


def test_what_a_partner_refuses_at_its_door_can_be_sent_again_at_once(partner: Outside, database: Database) -> None:
    """Nothing tells of it but the answer to the call: it isn't waited fourteen days for a receipt that can't come."""
    folder = partner.office.case()
    pair = Pair(database, Side(partner.office), Side(partner.office), folder, clock.now())
    question = pair.asked(recipient=partner.address)
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    with acting(partner.office.slug, TEST, "look"):
        envelope, row = (
            Envelope.objects.get(message_id=question.message_id),
            Partner.objects.get(address=partner.address),
        )
        assert not may_send_again(question)
    record_passed(**partner.told(), partner=row.id, envelopes=[envelope.id], code="status 422")
    with acting(partner.office.slug, TEST, "look"):
        assert may_send_again(question)
        assert [one.lost for one in figures(clock.now()) if one.partner == partner.address] == [1]


def test_a_key_file_ends_a_key_and_never_lets_it_live_longer(partner: Outside) -> None:
    fresh, now = ECKey.generate_key("P-256"), clock.now()
    more, old = partner.public(fresh, "sig"), partner.public(partner.signing, "sig")

    def until() -> datetime | None:
        with acting(partner.office.slug, TEST, "look"):
            return PartnerKey.objects.get(partner=partner.address, key_id=partner.signing.thumbprint()).until

    assert partner.post(api.keys, partner.file(more))[0] == 200 and until() is None
    later, earlier = now + timedelta(days=9), now - timedelta(hours=1)
    for told, noted in ((later, later), (earlier, earlier), (now, earlier), (None, earlier)):
        ends = {**old, "until": moment(told) if told else None}
        file = partner.file(by=fresh, keys=[ends, more, partner.public(partner.exchange, "enc")])
        assert partner.post(api.keys, file)[0] == 200 and until() == noted
        if noted == later:  # fallen into wrong hands before: whoever is called by its owner ends it at once
            end_partner_key(**partner.told(), partner=partner.address, key_id=partner.signing.thumbprint())
            assert (until() or later) <= clock.now()
    with pytest.raises(NotPossible, match="no such key"):
        end_partner_key(**partner.told(), partner=partner.address, key_id=partner.signing.thumbprint())
    sealed = partner.enclose(partner.sign(partner.content(), partner.signing))
    assert partner.post(api.envelopes, sealed)[0] == 401  # by the key that has ended
    assert partner.post(api.envelopes, partner.enclose(partner.sign(partner.content(), fresh)))[0] == 200


def test_keys_roll_over_only_by_a_key_that_is_known(partner: Outside) -> None:
    fresh, forged = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    more = partner.public(fresh, "sig")
    status, ours = partner.post(api.keys, partner.file(more, name="Sundby kommun"))
    assert status == 200 and key_file(json.dumps(ours))[0].organisation == partner.us
    with acting(partner.office.slug, TEST, "look"):
        noted = set(PartnerKey.objects.filter(partner=partner.address).values_list("key_id", flat=True))
        (row,) = Partner.objects.filter(address=partner.address)
    assert noted == {key.thumbprint() for key in (partner.signing, partner.exchange, fresh)}
    assert row.name == "Grann kommun"  # nobody chooses it for another by a name that it gave itself
    for bad in (
        partner.file(partner.public(forged, "sig"), by=forged),  # vouched for by itself
        partner.file(partner.public(forged, "sig"), by=partner.exchange),
        partner.file({**partner.public(forged, "sig"), "kid": partner.signing.thumbprint()}),  # under a known id
        partner.file(name="Sundby\x1b[2J\nFingerprint: x"),
        "[]", "{}", "[1]", '["a.b.c"]', "[" * 100_000,
    ):  # fmt: skip
        assert partner.post(api.keys, bad)[0] == 422, bad[:60]
    file, vouched_by = key_file(partner.file(partner.public(forged, "sig"), by=forged))
    with pytest.raises(NotPossible, match="not vouched for"):
        register_partner(**partner.told(), file=file, vouched_by=vouched_by, url="")
    assert UUID(str(partner.register().id))  # the same again is no second partner
    with acting(partner.office.slug, TEST, "look"):
        assert Partner.objects.filter(address=partner.address).count() == 1

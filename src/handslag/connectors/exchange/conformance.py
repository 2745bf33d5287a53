"""Whether a partner keeps what the catalogue of messages promises: it is asked as it will be, and as it mustn't be.

Everything that is sent carries the test flag and is about the invented person of the published examples; nothing of it
is noted here as a message of ours. What else waits at the partner is let in as always.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from handslag.connectors.exchange import https
from handslag.connectors.exchange.gate import BY, let_in, own_file
from handslag.connectors.exchange.port import ExchangeError
from handslag.connectors.exchange.sedex.envelope import envelope_for, envelope_xml, payload_of, read_receipt
from handslag.connectors.exchange.sedex.folders import in_order, put_out, read_small, receipts, take_away
from handslag.domain.exchange.frame import (
    Receipt,
    Unreadable,
    digest_of,
    moment,
    moment_of,
    named_key,
    opened,
    software,
)
from handslag.domain.exchange.models import Arrival, Outcome, Partner, SedexClient
from handslag.domain.exchange.queries import encrypted_to, keys_of, own_address, own_keys
from handslag.domain.exchange.states import OutcomeState
from handslag.domain.exchange.wrap import LARGEST_WRAPPED, key_file, unwrapped, wrapped
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.keys import exchange_key, sign
from handslag.kernel import canonical
from handslag.messages.conversation import KINDS

#: What each point asks, in the order in which they are asked.
POINTS = {
    "keys": "POST keys answers with a key file that a key we know vouches for, with keys that sign and encrypt",
    "problem": "what can't be read is answered by a problem (4xx, application/problem+json, a code of three figures)",
    "large": "more than two megabytes are refused (413)",
    "stranger": "what a key signed that nobody told it of is refused",
    "unsigned": "a text with the algorithm none is refused",
    "confused": "a text with HS256 and a public key as its secret is refused",
    "unencrypted": "a text that is signed and not encrypted is refused",
    "recipient": "what is for somebody else is refused",
    "taken": "a question is taken (200), and its digest said",
    "same again": "the same again is taken and changes nothing",
    "request once": "the same request to collect is refused the second time",
    "request in time": "a request to collect that is three hours old is refused",
    "request of a stranger": "a request to collect by a key that nobody told it of is refused",
    "receipt": "a receipt says delivered (100) of the question's digest, once",
    "other content": "another content under an id that came is refused: at once, or by a receipt with 201",
    "unknown kind": "a kind of message that nobody knows is refused: at once, or by a receipt with 303",
    "broken": "what breaks its schema is refused: at once, or by a receipt with 200",
    "old": "what is older than fourteen days is refused: at once, or by a receipt with 203",
    "form": "everything collected is encrypted to us, signed by a key we know, from this partner and for us",
    "answer": "the question is answered, by its digest and point by point",
    "collected": "what was collected isn't given again",
}
#: The same where the partner is reached by sedex.
BY_SEDEX = {
    "folders": "the folders of our sedex client can be read and written",
    "fetched": "our client fetches what lies in the outbox",
    "carried": "sedex has brought each message (receipt 100)",
    **{name: POINTS[name] for name in ("receipt", "other content", "unknown kind", "broken", "old")},
    "stranger": "what a key signed that nobody told it of isn't delivered",
    "form": "everything that came can be read and was signed by a key we know",
    "answer": POINTS["answer"],
}
#: The other kinds of message: the published example that is sent, and between which kinds of organisation.
_MUNICIPALITY, _CANTON, _PROVIDER = "municipality", "canton_office", "provider"
_UP, _DOWN = (_MUNICIPALITY, _CANTON), (_CANTON, _MUNICIPALITY)
_EVEN = (_MUNICIPALITY, _MUNICIPALITY)
KINDS_TRIED = {
    "case_transfer": ("with-consent", (_EVEN,)),
    "document_request": ("by-consent", (_EVEN, _UP, _DOWN)),
    "assignment": ("family", (_DOWN,)),
    "mutation": ("departure", (_UP, _DOWN)),
    "reconciliation": ("told", (_UP, _DOWN)),
    "payment_advice": ("paid", (_DOWN, (_CANTON, _PROVIDER), (_MUNICIPALITY, _PROVIDER))),
    "reclaim": ("raised", (_DOWN,)),
    "settlement": ("submitted", (_UP,)),
    "case_notification": ("household", (_UP,)),
    "case_change": ("ended", (_UP,)),
    "cost_approval": ("dental", (_UP, (_PROVIDER, _CANTON), (_PROVIDER, _MUNICIPALITY))),
    "approval_change": ("lower-limit", (_DOWN, (_CANTON, _PROVIDER), (_MUNICIPALITY, _PROVIDER))),
    "provider_bill": ("programme", ((_PROVIDER, _CANTON), (_PROVIDER, _MUNICIPALITY))),
}
_OF_KINDS = {
    f"takes {kind}": f"a {kind} is delivered (100), if the partner takes any (else 303); an answer to it names its "
    "digest and says something of each that is numbered"
    for kind in KINDS_TRIED
}
POINTS |= _OF_KINDS
BY_SEDEX |= _OF_KINDS
#: A person may have to answer: no answer in the time of the run is no failure. Nor is a kind that the partner doesn't
#: take.
OPTIONAL = ("answer", *_OF_KINDS)


@dataclass(frozen=True)
class Finding:
    """How a point came out: `ok`, or None where it could not be seen; `why` says what failed."""

    point: str
    ok: bool | None
    why: str = ""


class _Failed(Exception):
    """A point doesn't hold: why."""


@dataclass
class _Run:
    tenant: str | int
    partner: Partner
    now: Callable[[], datetime]
    since: datetime
    found: dict[str, Finding] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    got: dict[str, dict[str, Any]] = field(default_factory=dict)
    mine: dict[str, str] = field(default_factory=dict)
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    trouble: list[str] = field(default_factory=list)

    @contextmanager
    def point(self, name: str) -> Iterator[None]:
        try:
            yield
        except (_Failed, ExchangeError) as failed:
            self.found[name] = Finding(name, False, str(failed))
        except Unreadable as failed:
            self.found[name] = Finding(name, False, failed.reason)
        else:
            self.found.setdefault(name, Finding(name, True))

    # -- asking -------------------------------------------------------------------------------------------------------

    def ask(self, what: str, body: str) -> tuple[int, str, bytes]:
        kind = "application/json" if what == "keys" else "application/jose"
        return https.ask(https.HttpsConfig(url=self.partner.url), what, body, kind)

    def refuses(self, what: str, body: str, *codes: int) -> None:
        """_Failed unless it is refused by a problem, with one of these statuses where they are named."""
        status, kind, content = self.ask(what, body)
        if status == 200:
            raise _Failed("it was taken (200)")
        if not 400 <= status < 500 or (codes and status not in codes):
            raise _Failed(f"status {status}, not {' or '.join(map(str, codes)) or '4xx'}")
        if kind.partition(";")[0].strip() != "application/problem+json":
            raise _Failed(f"status {status}, but its content is {kind or 'of no type'}, not application/problem+json")
        try:
            code = json.loads(content)["code"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _Failed("its problem has no code") from error
        if not (isinstance(code, str) and code.isdigit() and len(code) == 3):
            raise _Failed("the code of its problem isn't three figures")

    # -- what is sent -------------------------------------------------------------------------------------------------

    def kinds(self) -> list[str]:
        """The other kinds of message that go from an organisation like us to one like the partner."""
        way = own_address().partition(":")[0], self.partner.address.partition(":")[0]
        return [kind for kind, (_example, ways) in KINDS_TRIED.items() if way in ways]

    def content(self, key: str, kind: str = "question", **more: Any) -> dict[str, Any]:
        """The published example, from us to the partner, as a test."""
        example = KINDS_TRIED[kind][0] if kind in KINDS_TRIED else "about-a-person"
        place = files(f"handslag.messages.{kind}") / f"examples/valid/{example}.json"
        told: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        now = self.now()
        self.ids.add(key)
        header = {
            **told["header"], "sender": own_address(), "recipient": self.partner.address, "id": key,
            "process": f"handslag:check:{key}", "software": msgspec.to_builtins(software()), "sent_at": moment(now),
            "test": True, **more.pop("header", {}),
        }  # fmt: skip
        header.pop("our_case", None)
        asked = told["asked"]
        if "answer_by" in asked:
            asked["answer_by"] = (now.date() + timedelta(days=14)).isoformat()
        if "billed_from" in asked:  # no day before it is told
            asked["billed_from"] = asked["answer_by"]
        if "statement" in asked:  # called after its claimant
            asked["statement"] = f"{own_address()}/{asked['statement'].partition('/')[2]}"
        if "side" in asked:
            asked["side"] = "payer" if own_address().startswith(_CANTON) else "claimant"
        return {**told, "asked": asked, "header": header, **more}

    def envelope(self, sealed: str) -> str:
        jwk = encrypted_to(self.partner.address, self.now())
        if jwk is None:
            raise _Failed("no key to encrypt to")
        return wrapped(sealed, jwk)

    def request(self, **more: Any) -> dict[str, Any]:
        return {
            "handslag": "collect", "sender": own_address(), "recipient": self.partner.address, "id": str(uuid4()),
            "sent_at": moment(self.now()), "collected": [], **more,
        }  # fmt: skip


def check(
    tenant: str | int,
    partner: Partner,
    *,
    now: Callable[[], datetime],
    pause: Callable[[], bool],
) -> list[Finding]:
    """Ask a registered partner whatever the points name, and say how each came out. `pause` waits a while between two
    requests to collect, and says whether to go on waiting."""
    run = _Run(tenant, partner, now, now())
    _keys(run)
    if run.found["keys"].ok:
        with acting(tenant, BY, "conformance"):
            texts, requests = _envelopes(run), _requests(run)
        _at_the_door(run, texts)
        _asking(run, requests)
        _collected(run, pause)
    return [run.found.get(name, Finding(name, None, "not asked: an earlier point failed")) for name in POINTS]


def _keys(run: _Run) -> None:
    with acting(run.tenant, BY, "conformance"):
        file, known = own_file(run.now()), keys_of(run.partner.address, run.now())
    with run.point("keys"):
        status, _kind, content = run.ask("keys", file)
        if status != 200:
            raise _Failed(f"status {status}, not 200")
        told, _vouched_by = key_file(content.decode("utf-8", "replace"), known)
        if told.organisation != run.partner.address:
            raise _Failed(f"the key file is of {told.organisation}")
        uses = {key.use for key in told.keys if key.until is None or key.until > run.now()}
        if uses != {"sig", "enc"}:
            raise _Failed("the key file lacks a key that signs, or one that is encrypted to")


def _texts(run: _Run) -> tuple[dict[str, str], dict[str, Any]]:
    """The sealed text of every message of the run, by its point; and what another message would say."""
    ids = {name: str(uuid4()) for name in ("taken", "unknown kind", "broken", "old")}
    question = run.content(ids["taken"])
    sent = {
        "taken": question,
        "other content": {**question, "asked": {**question["asked"], "text": "Something else?"}},
        "unknown kind": run.content(ids["unknown kind"], message="riddle"),
        "broken": run.content(ids["broken"], asked={**question["asked"], "points": [{"number": 0}]}),
        "old": run.content(ids["old"], header={"sent_at": moment(run.now() - timedelta(days=15))}),
    }
    sent |= {f"takes {kind}": run.content(str(uuid4()), kind) for kind in run.kinds()}
    run.sent = {name: body for name, body in sent.items() if name in _OF_KINDS}
    for name, body in sent.items():
        run.mine[name] = digest_of(canonical.dumps(body))
    other = run.content(str(uuid4()))
    run.mine["stranger"] = digest_of(canonical.dumps(other))
    fresh = ECKey.generate_key("P-256")
    stranger = jws.serialize_compact({"alg": "ES256", "kid": fresh.thumbprint()}, canonical.dumps(other), fresh)
    return {**{name: sign(body)[1] for name, body in sent.items()}, "stranger": stranger}, other


def _envelopes(run: _Run) -> dict[str, str]:
    """Every envelope of the run, by its point."""
    texts, other = _texts(run)
    seal = texts["taken"]
    kid = named_key(seal)
    ours = next(key for key in own_keys() if key["kid"] == kid)
    public = ECKey.import_key({name: ours[name] for name in ("kty", "crv", "x", "y")}).as_pem(private=False)
    return {
        **{name: run.envelope(sealed) for name, sealed in texts.items()},
        "unsigned": run.envelope(_unsigned("none", kid, other, b"")),
        "confused": run.envelope(_unsigned("HS256", kid, other, public)),
        "unencrypted": seal,
        "recipient": run.envelope(sign({**other, "header": {**other["header"], "recipient": "municipality:x:1"}})[1]),
    }


def _unsigned(alg: str, kid: str, body: dict[str, Any], secret: bytes) -> str:
    parts = (canonical.dumps({"alg": alg, "kid": kid}), canonical.dumps(body))
    text = ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    mac = hmac.digest(secret, text.encode(), "sha256") if secret else b""
    return f"{text}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _requests(run: _Run) -> dict[str, str]:
    fresh = ECKey.generate_key("P-256")
    body = canonical.dumps(run.request())
    return {
        "request once": sign(run.request())[1],
        "request in time": sign(run.request(sent_at=moment(run.now() - timedelta(hours=3))))[1],
        "request of a stranger": jws.serialize_compact({"alg": "ES256", "kid": fresh.thumbprint()}, body, fresh),
    }


def _at_the_door(run: _Run, texts: dict[str, str]) -> None:
    with run.point("problem"):
        run.refuses("envelopes", "neither signed nor encrypted")
    with run.point("large"):
        run.refuses("envelopes", "x" * (LARGEST_WRAPPED + 1), 413)
    for name in ("stranger", "unsigned", "confused", "unencrypted", "recipient"):
        with run.point(name):
            run.refuses("envelopes", texts[name])
    for name in ("taken", "same again"):
        with run.point(name):
            status, _kind, content = run.ask("envelopes", texts["taken"])
            if status != 200:
                raise _Failed(f"status {status}, not 200: {content[:200].decode('utf-8', 'replace')}")
            try:
                said = json.loads(content)["digest"]
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise _Failed("the answer has no digest") from error
            if said != run.mine["taken"]:
                raise _Failed("the digest isn't the SHA-256 of the message as it was signed")
    for name in ("other content", "unknown kind", "broken", "old", *run.sent):
        with run.point(name):
            status, _kind, content = run.ask("envelopes", texts[name])
            if 400 <= status < 500 and name in run.sent:
                raise _Failed(f"status {status}, not 200: {content[:200].decode('utf-8', 'replace')}")
            if 400 <= status < 500:
                run.refused.add(name)
            elif status != 200:
                raise _Failed(f"status {status}")


def _asking(run: _Run, requests: dict[str, str]) -> None:
    with run.point("request once"):
        status, _kind, content = run.ask("collect", requests["request once"])
        if status != 200:
            raise _Failed(f"the first was refused, status {status}")
        _open(run, content)
        run.refuses("collect", requests["request once"])
    for name in ("request in time", "request of a stranger"):
        with run.point(name):
            run.refuses("collect", requests[name])


#: Points that wait for a receipt: its state and code.
_RECEIPTS = {
    "receipt": ("taken", "delivered", "100"),
    "other content": ("other content", "rejected", "201"),
    "unknown kind": ("unknown kind", "rejected", "303"),
    "broken": ("broken", "rejected", "200"),
    "old": ("old", "rejected", "203"),
}


def _collected(run: _Run, pause: Callable[[], bool]) -> None:
    done: list[str] = []
    with run.point("collected"):
        while not _all_there(run) and pause():
            _collect(run, [])
            _arrived(run)
        done = list(run.got)
        again = _collect(run, done)
        for _ in range(20):  # what else waits comes in parts
            if not again - set(done):
                break
            done = list(run.got)
            again = _collect(run, done)
        if twice := again & set(done):
            raise _Failed(f"{len(twice)} that we named as collected were given again")
    for name, (sent, state, code) in _RECEIPTS.items():
        with run.point(name):
            if sent not in run.refused and name not in _amiss_at(run):
                _has_receipt(run, sent, state, code)
    with run.point("form"):
        if run.trouble:
            raise _Failed("; ".join(dict.fromkeys(run.trouble)))
    _has_answer(run)
    _has_taken(run)


def _reported(run: _Run) -> list[tuple[str, str]]:
    return [(report["digest"], report["state"]) for report in _reports(run)]


def _taken(run: _Run) -> bool:
    return run.mine["taken"] in (digest for digest, _state in _reported(run))


def _all_there(run: _Run) -> bool:
    waited = [(sent, state) for name, (sent, state, _c) in _RECEIPTS.items() if name not in run.refused]
    reports = _reported(run)
    told = {digest for digest, _state in reports}
    return (
        all((run.mine[sent], state) in reports for sent, state in waited)
        and all(run.mine[name] in told for name in run.sent if name not in _amiss_at(run))
        and bool(_replies(run, "question"))
    )


def _amiss_at(run: _Run) -> set[str]:
    return {name for name, one in run.found.items() if one.ok is False}


def _collect(run: _Run, done: list[str]) -> set[str]:
    """What waits, opened; gives the digests of what came."""
    with acting(run.tenant, BY, "conformance"):
        request = sign(run.request(collected=done))[1]
    status, _kind, content = run.ask("collect", request)
    if status != 200:
        raise _Failed(f"a good request to collect was refused, status {status}")
    return _open(run, content)


def _open(run: _Run, content: bytes) -> set[str]:
    try:
        envelopes = https.texts_in(content)
    except ExchangeError as error:
        raise _Failed("collect doesn't answer with a list of texts") from error
    return {digest for envelope in envelopes if (digest := _one(run, envelope))}


def _one(run: _Run, envelope: str) -> str:
    """The digest of one envelope. What isn't about this run is let in; what breaks the form is noted."""
    with _noted(run):
        with acting(run.tenant, BY, "conformance"):
            sealed = unwrapped(envelope, exchange_key).decode("ascii", "replace")
        return _read(run, sealed) or let_in(run.tenant, envelope, run.now())
    return ""


@contextmanager
def _noted(run: _Run) -> Iterator[None]:
    """What is wrong with the form of something that came is noted."""
    try:
        yield
    except Unreadable as error:
        run.trouble.append(error.reason)
    except (_Failed, msgspec.DecodeError, JoseError, ValueError, RecursionError) as error:
        run.trouble.append(str(error))


def _read(run: _Run, sealed: str) -> str:
    """The digest of a message or receipt about this run, as the catalogue says what it must be; "" for one about
    something else. _Failed, Unreadable, DecodeError."""
    with acting(run.tenant, BY, "conformance"):
        kid = named_key(sealed)
        jwk = keys_of(run.partner.address, run.now()).get(kid)
        if jwk is None or jwk.get("use", "sig") != "sig":
            raise _Failed("it is signed by a key that we don't know")
        seen = opened(sealed, jwk, kid)
        if seen.fault:
            run.trouble.append(f"what it signed is {seen.fault}")
        us = own_address()
    header = seen.framed.header
    if (header.sender, header.recipient) != (run.partner.address, us):
        raise _Failed("its header names another sender or recipient")
    if abs(run.now() - moment_of(header.sent_at)) > timedelta(days=15):
        raise _Failed("its header names another time")
    if header.reference is None and seen.framed.message == "receipt":
        raise _Failed("a receipt without header.reference")
    if header.reference not in run.ids:
        return ""
    if not header.test:
        raise _Failed("its header lacks the test flag of what it is about")
    kind = {"receipt": Receipt, **KINDS}.get(seen.framed.message)
    if kind is None:
        raise _Failed(f"it is no message that is known here: {seen.framed.message}")
    msgspec.json.decode(seen.content, type=kind)
    run.got[seen.digest] = json.loads(seen.content)
    return seen.digest


def _arrived(run: _Run) -> None:
    """What came otherwise, by the worker or by sedex: it lies in the inbox."""
    with acting(run.tenant, BY, "conformance"):
        rows = Arrival.objects.filter(sender=run.partner.address, arrived_at__gte=run.since)
        texts = list(
            rows.exclude(digest__in=list(run.got)).order_by("arrived_at", "id").values_list("sealed", flat=True)
        )
    for text in texts:
        with _noted(run):
            _read(run, text)


def _reports(run: _Run) -> list[dict[str, Any]]:
    """What the receipts that came say."""
    return [one["report"] for one in run.got.values() if one["message"] == "receipt"]


def _replies(run: _Run, kind: str) -> list[dict[str, Any]]:
    """The answers of this kind that came."""
    return [one for one in run.got.values() if one["message"] == kind and one.get("reply")]


def _has_receipt(run: _Run, sent: str, state: str, code: str) -> None:
    digest = run.mine[sent]
    named = [one for one in _reports(run) if one["machine"] == "transport" and one["digest"] == digest]
    if not named:
        raise _Failed("no receipt names its digest")
    if len(named) > 1:
        raise _Failed(f"{len(named)} receipts about one message")
    if (named[0]["state"], named[0]["code"]) != (state, code):
        raise _Failed(f"the receipt says {named[0]['state']} ({named[0]['code']}), not {state} ({code})")


def _has_taken(run: _Run) -> None:
    """The other kinds of message, each by its receipt, and its answer where one came."""
    for name in _OF_KINDS:
        if name not in run.sent:
            run.found[name] = Finding(name, None, "not between organisations like these two")
            continue
        if any((one["digest"], one["code"]) == (run.mine[name], "303") for one in _reports(run)):
            run.found[name] = Finding(name, None, "the partner takes none (303)")
            continue
        if name in _amiss_at(run):
            continue
        run.found.pop(name, None)
        with run.point(name):
            _has_receipt(run, name, "delivered", "100")
            first = run.sent[name]
            for one in _replies(run, first["message"]):
                if one["reply"]["digest"] != run.mine[name]:
                    raise _Failed("its answer names another digest")
                if one["reply"]["state"] != "question" and _numbers(one.get("answers", [])) != _numbered(
                    first["asked"]
                ):
                    raise _Failed("its answer doesn't say something of each that is numbered")


def _numbered(asked: dict[str, Any]) -> list[int]:
    """The numbers of what is asked one by one; an account, a submission and a cost are answered as one."""
    for name in ("items", "documents", "persons"):
        if name in asked:
            return _numbers(asked[name])
    return [1]


def _numbers(rows: list[dict[str, Any]]) -> list[int]:
    return sorted(row["number"] for row in rows)


def _has_answer(run: _Run) -> None:
    replies = _replies(run, "question")
    if not replies:
        run.found["answer"] = Finding("answer", None, "none came in the time of the run")
        return
    with run.point("answer"):
        for one in replies:
            reply = one["reply"]
            if reply["digest"] != run.mine["taken"]:
                raise _Failed("it names another digest than the question's")
            if reply["state"] != "question" and [each["number"] for each in one.get("answers", [])] != [1]:
                raise _Failed("it doesn't answer point by point")


def check_by_sedex(
    tenant: str | int,
    partner: Partner,
    client: SedexClient,
    *,
    now: Callable[[], datetime],
    pause: Callable[[], bool],
) -> list[Finding]:
    """The same by the folders of the sedex client. `pause` waits a while, in which somebody looks into the folders, and
    says whether to go on waiting."""
    run, place = _Run(tenant, partner, now, now()), Path(client.folder)
    with run.point("folders"):
        if trouble := in_order(place):
            raise _Failed(trouble)
    if run.found["folders"].ok:
        with acting(tenant, BY, "conformance"):
            texts = _texts(run)[0]
        texts["same again"] = texts["taken"]
        names = {name: f"c-{uuid4().hex}" for name in texts}
        codes: dict[str, list[int]] = {name: [] for name in names.values()}
        # Sedex promises no order: what comes after "taken", and only then is what it says, leaves once that is told.
        later = {"other content", "same again"}
        for wave, there in ((texts.keys() - later, _taken), (later, _all_there)):
            for name in wave:
                ending, data = payload_of(texts[name])
                envelope = envelope_xml(envelope_for(client, partner, names[name], now()))
                put_out(place, names[name], ending, data, envelope)
            waits = True
            while waits and not (there(run) and all(codes[names[name]] for name in wave)):
                waits = pause()
                _told_by_sedex(place, codes)
                _arrived(run)
        with run.point("fetched"):
            left = sum((place / "outbox" / f"envl_{name}.xml").exists() for name in names.values())
            if left:
                raise _Failed(f"{left} of {len(names)} still lie there")
        with run.point("carried"):
            wrong = {name: codes[key] for name, key in names.items() if 100 not in codes[key]}
            if wrong:
                told = ", ".join(f"{name}: {' '.join(map(str, each)) or 'none'}" for name, each in wrong.items())
                raise _Failed(f"other receipts, or none: {told}")
        for name, (sent, state, code) in _RECEIPTS.items():
            with run.point(name):
                _has_receipt(run, sent, state, code)
        with run.point("stranger"):
            if any(report["digest"] == run.mine["stranger"] for report in _reports(run)):
                raise _Failed("a receipt speaks of it")
        with run.point("form"), acting(tenant, BY, "conformance"):
            rows = Outcome.objects.filter(
                sender=partner.address, state=OutcomeState.QUARANTINED, at__gte=run.since
            ).order_by("at", "id")
            if trouble := "; ".join(dict.fromkeys([*run.trouble, *(row.trouble for row in rows)])):
                raise _Failed(trouble)
        _has_answer(run)
        _has_taken(run)
    return [run.found.get(name, Finding(name, None, "not asked: an earlier point failed")) for name in BY_SEDEX]


def _told_by_sedex(place: Path, codes: dict[str, list[int]]) -> None:
    """The receipts about this run's messages, which are nobody else's; they are taken away."""
    for path in receipts(place):
        with suppress(Unreadable, FileNotFoundError):
            told = read_receipt(read_small(path))
            if told.message_id in codes:
                codes[told.message_id].append(told.code)
                take_away(path)


def amiss(findings: list[Finding]) -> list[Finding]:
    """The findings that keep a partner from being conformant."""
    return [one for one in findings if one.ok is False or (one.ok is None and one.point not in OPTIONAL)]


__all__ = ["BY_SEDEX", "POINTS", "Finding", "amiss", "check", "check_by_sedex"]

"""The office behind the sandbox: what it takes, what it refuses and why, what it answers. Only keys are kept.
What it is stands in `parts.py`: a municipality, or a canton."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from simulators import clock
from simulators.exchange import kinds
from simulators.exchange.frame import sealed_text, written
from simulators.exchange.jose import (
    Refused,
    canonical,
    decrypted,
    encrypted,
    head_of,
    key_of,
    payload_of,
    public_jwk,
    signed,
    verified,
)
from simulators.exchange.parts import Part

LARGEST = 1_000_000
APART = timedelta(hours=2)
EXPIRES = timedelta(days=14)
#: Kinds that nobody is asked about in return.
_ONE_WAY = ("assignment", "case_notification", "cost_approval", "approval_change", "provider_bill",
            "payment_advice", "reclaim")  # fmt: skip
_TOKEN = re.compile(r"\S+( \S+)*")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_NAME = re.compile("[a-z_]{1,24}")
_ADDRESS = re.compile(r"[a-z_]{1,24}:[A-Za-z]{1,24}:[0-9A-Za-z.-]{1,60}")
ACTIONS = {"1", "3", "4", "5", "6", "8", "9", "10", "12"}
#: What can be made wrong, to see whether a conformance run finds it.
FAULTS = {
    "strangers": "takes what a key has signed that it wasn't told of",
    "none": "takes what isn't signed at all",
    "digest": "says another digest",
    "silent": "sends no receipts",
    "unbound": "names another digest in its receipts",
    "lacking": "leaves out of each receipt another of its fields, one after the other",
    "unfit": "names another digest in its answers",
    "replay": "answers the same request twice",
    "forgets": "gives again what was collected",
    "spaced": "signs another text than the canonical one",
    "clear": "gives what is signed and not encrypted",
    "broken": "answers with a page of HTML and status 500",
}

#: What each receipt must have.
RECEIPT = [
    *(("report", name) for name in ("of", "digest", "machine", "state", "code")),
    *(("header", name) for name in ("sender", "recipient", "id", "reference", "process", "software", "sent_at")),
    *(("header", name) for name in ("action", "test")),
    *((name,) for name in ("message", "version", "header", "report")),
]


@dataclass
class Partner:
    """Whoever sent a key file: its keys by id, what waits for it, what it asked, and what we asked back about. It last
    wrote in `xml`, or not."""

    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked_back: set[str] = field(default_factory=set)
    requests: set[str] = field(default_factory=set)
    xml: bool = False


class Office:
    """One organisation that plays its part, for any number of partners. Every public method raises Refused."""

    def __init__(self, folder: Path, part: Part) -> None:
        self.part = part
        self.fault, self.partners, self.log = "", dict[str, Partner](), list[dict[str, str]]()
        self.signing, self.exchange = (_kept(folder / f"{use}.pem") for use in ("sig", "enc"))
        self.lock = threading.Lock()
        self.lacking = itertools.cycle(RECEIPT)

    @property
    def fingerprint(self) -> str:
        """The id of the key that signs."""
        return public_jwk(self.signing.public_key())["kid"]

    def key_file(self) -> list[str]:
        """Who we are, signed by us."""
        since = "2026-01-01T00:00:00Z"
        keys = [
            {**public_jwk(key.public_key()), "use": use, "since": since, "until": None}
            for key, use in ((self.signing, "sig"), (self.exchange, "enc"))
        ]
        told = {
            "handslag": "keys", "version": 1, "organisation": self.part.address, "name": self.part.name,
            "url": self.url, "made_at": _moment(), "keys": keys,
        }  # fmt: skip
        return [signed(canonical(told), self.signing)]

    def be_wrong(self, fault: str) -> list[str]:
        """Be wrong in one way from now on, or with "" right again; gives all ways."""
        if fault and fault not in FAULTS:
            raise Refused(404, "301", f"one of {', '.join(FAULTS)}")
        self.fault = fault
        for partner in self.partners.values():  # what was said with the fault before isn't of this one
            partner.waiting.clear()
        return [f"{name}: it {words}" for name, words in FAULTS.items()]

    url = ""

    # -- the three calls --------------------------------------------------------------------------------------------

    def keys(self, text: str) -> list[str]:
        """Anybody becomes a partner by a key file that its own key signed; later ones need a key that is known."""
        try:
            texts = json.loads(text)
            (first, *_more) = texts
            told = json.loads(payload_of(first))
            own = {key["kid"]: key for key in told["keys"]}
            address = _matched(_ADDRESS, told["organisation"], "organisation")
            known = self.partners.get(address, Partner()).keys or own
            by = next(each for each in texts if head_of(each).get("kid") in known)
            verified(by, known[head_of(by)["kid"]])
            told = json.loads(payload_of(by))
            if any(key["kid"] != _thumbprint(key) for key in told["keys"]):
                raise ValueError("the id of a key isn't its thumbprint (RFC 7638)")
            if any(datetime.fromisoformat(key["since"]).tzinfo is None for key in told["keys"]):
                raise ValueError("since is a moment in UTC")
            if {key["use"] for key in told["keys"]} != {"sig", "enc"}:
                raise ValueError("a key file names a key with use sig and one with use enc")
        except Refused:
            raise
        except json.JSONDecodeError as error:
            raise Refused(422, "200", "key file: no JSON list of compact JWS") from error
        except StopIteration as error:
            why = "key file: signed by no key that we know of you; sign it with a former one too, or start us anew"
            raise Refused(422, "312", why) from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Refused(422, "200", f"key file: {_words(error)}") from error
        with self.lock:
            partner = self.partners.setdefault(address, Partner())
            partner.keys |= {key["kid"]: key for key in told["keys"] if key["kid"] not in partner.keys}
        return self.key_file()

    def envelope(self, text: str) -> dict[str, str]:
        """Take one envelope; what is wrong inside is answered by a receipt."""
        plain = decrypted(text, self.exchange)
        as_xml = plain.startswith(b"<")
        if as_xml and not self.part.takes_xml:
            raise Refused(422, "200", "XML: we take JSON only, a canton takes both")
        sealed = sealed_text(plain) if as_xml else plain.decode("ascii", "replace")
        if self.fault == "none" and head_of(sealed).get("alg") == "none":
            return {"digest": _digest(payload_of(sealed))}
        address = self._sender(payload_of(sealed))
        partner = self.partners.get(address)
        if partner is None:
            raise Refused(403, "312", "from no partner: send your key file first")
        if self.fault == "strangers" and head_of(sealed).get("kid") not in partner.keys:
            return {"digest": _digest(payload_of(sealed))}
        key = self._key(partner, sealed)
        try:
            content = verified(sealed, key)
        except Refused as refused:
            if not as_xml:
                raise
            read = payload_of(sealed).decode()
            raise Refused(422, "312", f"{refused.why}; the elements (and `more`) read as: {read}") from refused
        if len(content) > LARGEST:
            raise Refused(413, "330", "larger than any message")
        message = json.loads(content)
        if message["header"].get("recipient") != self.part.address:
            raise Refused(422, "301", "for somebody else")
        with self.lock:
            partner.xml = as_xml
            self._take(partner, address, message, content)
        return {"digest": "0" * 64 if self.fault == "digest" else _digest(content)}

    def collect(self, text: str) -> list[str]:
        """Give what waits, encrypted to whoever asks."""
        told = json.loads(payload_of(text))
        if not isinstance(told, dict):
            raise Refused(422, "200", "no request")
        partner = self.partners.get(str(told.get("sender")))
        if partner is None:
            raise Refused(403, "312", "from no partner: send your key file first")
        told = json.loads(verified(text, self._key(partner, text)))
        try:
            if told["handslag"] != "collect" or told["recipient"] != self.part.address:
                raise Refused(422, "301", "no request to us")
            at = datetime.fromisoformat(_matched(_MOMENT, told["sent_at"], "sent_at"))
            if abs(clock.now() - at) > APART:
                raise Refused(422, "203", "sent at another time")
            with self.lock:
                if told["id"] in partner.requests and self.fault != "replay":
                    raise Refused(422, "201", "asked before")
                partner.requests.add(told["id"])
                for digest in told.get("collected", []):
                    if self.fault != "forgets":
                        partner.waiting.pop(digest, None)
                found = list(partner.waiting.values())[:100]
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, Refused):
                raise
            raise Refused(422, "200", f"request: {_words(error)}") from error
        key = max(
            (key for key in partner.keys.values() if key["use"] == "enc" and not _ended(key)),
            key=lambda key: datetime.fromisoformat(key["since"]),
        )
        return found if self.fault == "clear" else [encrypted(sealed, key) for sealed in found]

    # -- what is done with a message -----------------------------------------------------------------------------------

    def _take(self, partner: Partner, address: str, message: dict[str, Any], content: bytes) -> None:
        header, digest = message["header"], _digest(content)
        key = str(header.get("id"))
        if partner.seen.get(key) == digest:
            return  # the same again changes nothing
        note = {"from": address, "id": key, "message": str(message.get("message")), "at": _moment()}
        if key in partner.seen:
            self.log.append({**note, "code": "201", "why": "another content came under this id"})
            return self._report(partner, address, message, digest, "rejected", "201", "another content")
        try:
            self._checked(partner, message, content)
        except Refused as refused:
            partner.seen[key] = digest
            self.log.append({**note, "code": refused.code, "why": refused.why})
            if message.get("message") != "receipt":
                self._report(partner, address, message, digest, "rejected", refused.code, refused.why)
            return
        partner.seen[key] = digest
        self.log.append({**note, "code": "100", "why": ""})
        if message["message"] != "receipt":
            self._report(partner, address, message, digest, "delivered", "100")
            self._answer(partner, address, message, digest)

    def _checked(self, partner: Partner, message: dict[str, Any], content: bytes) -> None:
        """Whether a message keeps what its README promises. Refused."""
        header = message["header"]
        try:
            if message["message"] not in ("receipt", *kinds.KINDS) or message["version"] != 1:
                raise Refused(422, "303", "no such kind of message, or version of it")
            if message["message"] == "receipt":
                report = message["report"]
                _matched(re.compile("[0-9a-f]{64}"), report["digest"], "report.digest")
                _matched(re.compile("[0-9]{3}"), report["code"], "report.code")
                return
            if clock.now() - datetime.fromisoformat(header["sent_at"]) >= EXPIRES:
                raise Refused(422, "203", "older than fourteen days")
            if canonical(json.loads(content, parse_float=str, parse_int=_whole)) != content:
                raise ValueError("not in canonical form (RFC 8785, whole numbers only)")
            kinds.whole(message, self.part)
            if header["action"] in ("3", "4", "12") and header["reference"] not in partner.seen:
                raise Refused(422, "305", "adds to what never came")
            first = partner.asked.get(f"theirs {header.get('reference')}")
            if header["action"] == "6":
                first = partner.asked.get(header["reference"])
                if first is None or message["reply"]["digest"] != _digest(canonical(first)):
                    raise Refused(422, "305", "answers what was never asked, or another content")
            if first is not None:
                kinds.belongs(message, first)
            if header["action"] == "4" and header["reference"] not in partner.asked_back:
                raise Refused(422, "306", "nothing was asked back: what was sent is recalled, and sent anew")
        except Refused:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise Refused(422, "200", _words(error)) from error

    def _answer(self, partner: Partner, address: str, message: dict[str, Any], digest: str) -> None:
        """Answer a question as its words ask for; see README.md."""
        header, action = message["header"], message["header"]["action"]
        first = message if action == "5" else partner.asked.get(f"theirs {header.get('reference')}")
        if first is None or action not in ("4", "5", "12"):
            return
        kind, says = first["message"], self.part.asks_for(kinds.words(first))
        of, test = first["header"]["id"], bool(first["header"].get("test"))
        its = partner.seen[of]
        if action == "5":
            partner.asked[f"theirs {of}"] = first
            self._report(partner, address, message, digest, "in check", "100", machine="business")
            if "ask me" in says and kind not in _ONE_WAY:
                self._ask(partner, address, kind, test=test)
            if "assign" in says:
                self._ask(partner, address, "assignment", test=test)
        if ("wait" in says and action != "12") or ("ask back" in says and action == "12"):
            return
        if "ask back" in says and action == "5":
            body: dict[str, Any] = {"text": self.part.asks_back}
            reply: dict[str, Any] = {"of": of, "digest": its, "state": "question", "until": _in_days(7)}
            partner.asked_back.add(of)
        else:
            answers = kinds.answers(first, self.part, refuse="refuse" in says)
            state = kinds.outcome(kind, answers)
            body, reply = {"answers": answers}, {"of": of, "digest": its, "state": state}
            if state == "rejected":
                reply["code"] = kinds.code(kind, answers)
        if self.fault == "unfit":
            reply["digest"] = "0" * 64
        self._send(
            partner, address, kind, "6", first["header"]["process"], {"reply": reply, **body}, reference=of,
            closed=reply["state"] != "question", test=test,
        )  # fmt: skip

    def _ask(self, partner: Partner, address: str, kind: str, *, test: bool) -> None:
        """Begin a conversation of our own of this kind, about somebody invented."""
        asked = kinds.asked(kind, self.part, _in_days(14), address)
        sent = self._send(partner, address, kind, "5", f"sandbox:{uuid.uuid4()}", {"asked": asked}, test=test)
        partner.asked[sent["header"]["id"]] = sent

    def _report(
        self, partner: Partner, address: str, message: dict[str, Any], digest: str, state: str, code: str,
        text: str = "", machine: str = "transport",
    ) -> None:  # fmt: skip
        header = message["header"]
        bound = "0" * 64 if self.fault == "unbound" else digest
        report = {"of": str(header["id"]), "digest": bound, "machine": machine, "state": state, "code": code}
        self._send(
            partner, address, "receipt", "8" if state == "rejected" else "9", str(header.get("process") or "unknown"),
            {"report": {**report, **({"text": text[:500]} if text else {})}}, reference=str(header["id"]),
            test=bool(header.get("test")),
        )  # fmt: skip

    def _send(
        self, partner: Partner, address: str, kind: str, action: str, process: str, body: dict[str, Any], **more: Any
    ) -> dict[str, Any]:
        header = {
            "sender": self.part.address, "recipient": address, "id": str(uuid.uuid4()), "process": process,
            "action": action, "software": {"manufacturer": "Sandbox", "product": "Sandbox", "version": "1"},
            "sent_at": _moment(), "test": False, "response_expected": action == "5", "closed": False, **more,
        }  # fmt: skip
        message = {"message": kind, "version": 1, "header": header, **body}
        if self.fault == "lacking" and kind == "receipt":
            *above, name = next(self.lacking)
            message = {**message, **{part: dict(message[part]) for part in above}}
            del (message[above[0]] if above else message)[name]
        content = json.dumps(message).encode() if self.fault == "spaced" else canonical(message)
        if self.fault != "silent" or kind != "receipt":
            sealed = signed(content, self.signing)
            partner.waiting[_digest(content)] = written(content, sealed) if partner.xml else sealed
        return message

    @staticmethod
    def _sender(content: bytes) -> str:
        """Who sends a message, whose header is looked at, as what is wrong there no receipt can answer. Refused."""
        try:
            message = json.loads(content)
            _matched(_NAME, message["message"], "message")
            header = message["header"]
            for name in ("sender", "recipient"):
                _matched(_ADDRESS, header[name], f"header.{name}")
            _matched(_UUID, header["id"], "header.id")
            _matched(_MOMENT, header["sent_at"], "header.sent_at")
            for name in ("manufacturer", "product", "version"):
                _matched(_TOKEN, header["software"][name], f"header.software.{name}")
            _matched(_TOKEN, header["process"], "header.process")
            if not isinstance(message["version"], int) or header["action"] not in ACTIONS:
                raise ValueError("version or header.action")
            return str(header["sender"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Refused(422, "200", f"message: {_words(error)}") from error

    @staticmethod
    def _key(partner: Partner, text: str) -> dict[str, Any]:
        key = partner.keys.get(str(head_of(text).get("kid")))
        if key is None or key["use"] != "sig" or _ended(key):
            raise Refused(401, "312", "by a key that we don't know: send your key file, then again")
        return key


def _kept(path: Path) -> ec.EllipticCurvePrivateKey:
    """A key of ours, made once."""
    if path.exists():
        found = serialization.load_pem_private_key(path.read_bytes(), None)
        assert isinstance(found, ec.EllipticCurvePrivateKey)
        return found
    key = ec.generate_private_key(ec.SECP256R1())
    kind = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, *kind))
    return key


def _ended(key: dict[str, Any]) -> bool:
    return bool(key.get("until")) and datetime.fromisoformat(key["until"]) <= clock.now()


def _words(error: Exception) -> str:
    """What is wrong, for whoever sent it."""
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _whole(text: str) -> int | str:
    """A whole number that every reader of JSON keeps; any other as text, so that it is written otherwise."""
    number = int(text) if len(text) < 20 else 2**53
    return number if abs(number) < 2**53 else text


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _moment() -> str:
    return clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _in_days(days: int) -> str:
    return (clock.now().date() + timedelta(days=days)).isoformat()


def _matched(pattern: re.Pattern[str], value: Any, name: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"{name} breaks its schema")
    return value


def _thumbprint(key: dict[str, Any]) -> str:
    return public_jwk(key_of(key))["kid"]

"""Messages with a municipality, by another JOSE library: asks a question, reminds of it, answers one, prints what came.

pip install jwcrypto requests; python exchange_client.py http://127.0.0.1:8470   (./dev sandbox listens there)
"""

import hashlib
import json
import sys
import uuid
from datetime import UTC, datetime, timedelta

import requests
from jwcrypto import jwe, jwk, jws

moment = lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: E731
canonical = lambda value: json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()  # noqa: E731
digest = lambda content: hashlib.sha256(content).hexdigest()  # noqa: E731


class Partner:
    """The other side at an address, for one called `us`. In reality keep your keys: others aren't taken later."""

    def __init__(self, url, us):
        self.url, self.us = url, us
        self.signing, self.exchange = (jwk.JWK.generate(kty="EC", crv="P-256") for _ in range(2))
        public = [{**key.export_public(as_dict=True), "kid": key.thumbprint(), "use": use, "since": moment()}
                  for key, use in ((self.signing, "sig"), (self.exchange, "enc"))]  # fmt: skip
        file = {"handslag": "keys", "version": 1, "organisation": us, "name": "Example", "url": "", "made_at": moment()}
        (theirs, *_) = self.post("keys", json.dumps([self.signed({**file, "keys": public})]), "application/json")
        unchecked = jws.JWS()
        unchecked.deserialize(theirs)
        told = json.loads(unchecked.objects["payload"])  # compare its fingerprint by telephone before you go on
        self.address = told["organisation"]
        self.keys = {key["kid"]: jwk.JWK(**{n: key[n] for n in ("kty", "crv", "x", "y")}) for key in told["keys"]}
        self.signs = {key["kid"] for key in told["keys"] if key["use"] == "sig"}
        self.to = max((key for key in told["keys"] if key["use"] == "enc"), key=lambda key: key["since"])["kid"]
        self.unsealed(theirs)

    def post(self, call, body, kind="application/jose"):
        answer = requests.post(f"{self.url}/{call}", body.encode(), headers={"Content-Type": kind}, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def signed(self, value):
        token = jws.JWS(canonical(value))
        token.add_signature(self.signing, protected=json.dumps({"alg": "ES256", "kid": self.signing.thumbprint()}))
        return token.serialize(compact=True)

    def unsealed(self, text):
        """The payload of a sealed text, when a signing key of theirs has signed it."""
        sealed = jws.JWS()
        sealed.deserialize(text)
        assert sealed.jose_header["kid"] in self.signs, "no signing key of theirs"
        sealed.verify(self.keys[sealed.jose_header["kid"]], alg="ES256")
        return sealed.payload

    def message(self, kind, action, process, more=None, **body):
        header = {"sender": self.us, "recipient": self.address, "id": str(uuid.uuid4()), "process": process,
                  "software": {"manufacturer": "Example", "product": "Client", "version": "1"}, "sent_at": moment(),
                  "action": action, "test": True, "response_expected": action == "5", "closed": False,
                  **(more or {})}  # fmt: skip
        return {"message": kind, "version": 1, "header": header, **body}

    def give(self, message, write=lambda message, sealed: sealed):
        """Send a message: its sealed text, or what `write` makes of it."""
        head = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": self.to, "cty": "JOSE"}
        plain = write(message, self.signed(message)).encode()
        envelope = jwe.JWE(plain, protected=json.dumps(head), recipient=self.keys[self.to])
        assert self.post("envelopes", envelope.serialize(compact=True))["digest"] == digest(canonical(message))

    def collect(self, read=lambda plain: plain.decode(), write=lambda message, sealed: sealed):
        """Each message that waits, with its digest, after our receipt; `read` gives the sealed text of what came."""
        have = []
        while True:
            request = {"handslag": "collect", "sender": self.us, "recipient": self.address, "id": str(uuid.uuid4())}
            texts = self.post("collect", self.signed({**request, "sent_at": moment(), "collected": have}))
            if not texts:
                return
            have = []
            for text in texts:
                envelope = jwe.JWE(algs=["ECDH-ES+A256KW", "A256GCM"])
                envelope.deserialize(text, self.exchange)
                content = self.unsealed(read(envelope.payload))
                have.append(digest(content))
                told = json.loads(content)
                header = told["header"]
                assert (header["sender"], header["recipient"]) == (self.address, self.us)
                if told["message"] != "receipt":
                    report = {"of": header["id"], "digest": have[-1], "machine": "transport", "state": "delivered"}
                    about = {"reference": header["id"]}
                    receipt = {"report": {**report, "code": "100"}}
                    self.give(self.message("receipt", "9", header["process"], about, **receipt), write)
                yield told, have[-1]


def shown(told, mine):
    """Print what came; a receipt, or an answer, is of a message of `mine` (digests) and nothing else."""
    header, about = told["header"], told.get("report") or told.get("reply")
    assert about is None or about["digest"] in mine
    print(told["message"], header["action"], about["state"] if about else "asks us")


def main():
    us = Partner(sys.argv[1], "municipality:example:0042")
    person = {"identifier_type": "personnummer", "identifier": "199006159806", "given_name": "Petra",
              "family_name": "Nilsson"}  # fmt: skip
    asked = us.message("question", "5", f"example:{uuid.uuid4()}", asked={
        "person": person, "ground": "10 kap. 28 § OSL", "text": "Do you pay her rent? Wait, and ask me something.",
        "answer_by": (datetime.now(UTC).date() + timedelta(days=14)).isoformat(), "points": [{"number": 1}],
    })  # fmt: skip
    about, process = {"reference": asked["header"]["id"]}, asked["header"]["process"]
    reminder = us.message("question", "12", process, about, text="We still need it.")
    mine = {digest(canonical(asked)), digest(canonical(reminder))}
    for message in (asked, reminder):
        us.give(message)
        for told, its in us.collect():
            shown(told, mine)
            if told["header"]["action"] == "5":  # theirs: answer it
                reply = {"of": told["header"]["id"], "digest": its, "state": "accepted"}
                more = {"reference": told["header"]["id"], "closed": True}
                answer = us.message("question", "6", told["header"]["process"], more, reply=reply,
                                    answers=[{"number": 1, "text": "Yes."}])  # fmt: skip
                mine.add(digest(canonical(answer)))
                us.give(answer)


if __name__ == "__main__":
    main()

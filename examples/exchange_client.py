"""Messages with a municipality, by another JOSE library: asks a question, answers one, prints what came of both.

pip install jwcrypto requests; python exchange_client.py http://127.0.0.1:8470   (./dev sandbox listens there)
"""

import hashlib
import json
import sys
import uuid
from datetime import UTC, datetime, timedelta

import requests
from jwcrypto import jwe, jwk, jws

URL, US = sys.argv[1], "municipality:example:0042"
SIGNING, EXCHANGE = (jwk.JWK.generate(kty="EC", crv="P-256") for _ in range(2))
moment = lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: E731
canonical = lambda value: json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))  # noqa: E731
digest = lambda text: hashlib.sha256(text.encode()).hexdigest()  # noqa: E731


def signed(value):
    token = jws.JWS(canonical(value).encode())
    token.add_signature(SIGNING, protected=json.dumps({"alg": "ES256", "kid": SIGNING.thumbprint()}))
    return token.serialize(compact=True)


def post(call, body, kind="application/jose"):
    answer = requests.post(f"{URL}/{call}", body.encode(), headers={"Content-Type": kind}, timeout=10)
    answer.raise_for_status()
    return answer.json()


# Key files: ours is told, theirs comes back. Compare its fingerprint by telephone before you go on.
public = [{**key.export_public(as_dict=True), "kid": key.thumbprint(), "use": use, "since": moment()}
          for key, use in ((SIGNING, "sig"), (EXCHANGE, "enc"))]  # fmt: skip
file = {"handslag": "keys", "version": 1, "organisation": US, "name": "Example", "url": "", "made_at": moment()}
(theirs, *_) = post("keys", json.dumps([signed({**file, "keys": public})]), "application/json")
unchecked = jws.JWS()
unchecked.deserialize(theirs)
them = json.loads(unchecked.objects["payload"])
keys = {key["kid"]: jwk.JWK(**{n: key[n] for n in ("kty", "crv", "x", "y")}) for key in them["keys"]}
to = next(key["kid"] for key in them["keys"] if key["use"] == "enc")


def send(action, process, more=None, **body):
    header = {"sender": US, "recipient": them["organisation"], "id": str(uuid.uuid4()), "process": process,
              "software": {"manufacturer": "Example", "product": "Client", "version": "1"}, "sent_at": moment(),
              "action": action, "response_expected": action == "5", **(more or {})}  # fmt: skip
    message = {"message": "question", "version": 1, "header": header, **body}
    head = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": to, "cty": "JOSE"}
    envelope = jwe.JWE(signed(message).encode(), protected=json.dumps(head), recipient=keys[to])
    assert post("envelopes", envelope.serialize(compact=True))["digest"] == digest(canonical(message))


def collect(have):
    request = {"handslag": "collect", "sender": US, "recipient": them["organisation"], "id": str(uuid.uuid4())}
    for text in post("collect", signed({**request, "sent_at": moment(), "collected": have})):
        envelope, sealed = jwe.JWE(), jws.JWS()
        envelope.deserialize(text, EXCHANGE)
        sealed.deserialize(envelope.payload.decode())
        sealed.verify(keys[sealed.jose_header["kid"]], alg="ES256")
        yield sealed.payload.decode()


person = {"identifier_type": "personnummer", "identifier": "199006159806", "given_name": "Petra",
          "family_name": "Nilsson"}  # fmt: skip
send("5", f"example:{uuid.uuid4()}", asked={
    "person": person, "ground": "10 kap. 28 § OSL", "text": "Do you pay her rent? And ask me something.",
    "answer_by": (datetime.now(UTC).date() + timedelta(days=14)).isoformat(), "points": [{"number": 1}],
})  # fmt: skip
have = []
while texts := list(collect(have)):
    have = [digest(text) for text in texts]
    for text in texts:
        message = json.loads(text)
        header, report = message["header"], message.get("report")
        state = (report or message.get("reply") or message["asked"]).get("state", "asks us")
        print(message["message"], header["action"], state)
        if header["action"] == "5":  # theirs: answer it
            reply = {"of": header["id"], "digest": digest(text), "state": "accepted"}
            more = {"reference": header["id"], "closed": True}
            send("6", header["process"], more, reply=reply, answers=[{"number": 1, "text": "Yes."}])

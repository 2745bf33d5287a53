"""Check a message and its receipts off-line: `python -m verifier.exchange message.json keys.json [keys.json ...]
--fingerprint ADDRESS=FINGERPRINT [--fingerprint ...]`.

message.json  {"message": {...}, "digest": "...", "sealed": "...", "steps": [{"state", "by", "sealed"}, ...]} as the
              page of a question offers it; a key in it is not trusted
keys.json     an organisation's key file, /<organisation>/keys.json or as `handslag exchange keys` prints it; those of
              both sides. Whoever hands it over may have written it: it says nothing until it is vouched for
fingerprint   the id of a key of the organisation at this address (kind:type:code), as that organisation itself told it:
              by telephone, on paper. It vouches for the one key file of this organisation that this key signed

Exit status 0 when the message was sealed by its sender and each step signed by whoever can say so of exactly this
content, with a key that was then in use; 1 when not; 2 when a file can't be read.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from verifier.canonical import NotCanonical, sha256
from verifier.signatures import BadSignature, claimed, named_key, signed_by_us
from verifier.stored import fields

#: What the sender of a message says of it, as such a statement or by adding to it; everything else says its recipient.
_BY_SENDER = frozenset({"drafted", "sealed", "taken back", "handed over", "expired", "rejected"})
_BY_RECIPIENT = frozenset({"delivered", "rejected", "in check", "accepted", "accepted with changes", "question"})

#: Signing keys by organisation and key id.
Keys = dict[str, dict[str, Mapping[str, Any]]]


def vouched(files: Iterable[Any], fingerprints: Mapping[str, str]) -> Keys:
    """The signing keys of each organisation. BadSignature for a key file that nobody vouches for, and for two that say
    the same of themselves, or claim the same key."""
    known: Keys = {}
    for file in files:
        organisation, keys = _vouched(file, fingerprints)
        if organisation in known:
            raise BadSignature(f"two key files of {organisation}: give the newer one alone")
        for other, theirs in known.items():
            if shared := keys.keys() & theirs.keys():
                raise BadSignature(f"{other} and {organisation} both claim the key {min(shared)}: neither is believed")
        known[organisation] = keys
    return known


def _vouched(file: Any, fingerprints: Mapping[str, str]) -> tuple[str, dict[str, Mapping[str, Any]]]:
    organisation = ""
    for text in file["signed"] if isinstance(file, dict) else file:
        said, key_id = fields(claimed(text)), named_key(text)
        organisation, keys = str(said["organisation"]), {str(key["kid"]): fields(key) for key in said["keys"]}
        if any(_thumbprint(key) != kid for kid, key in keys.items()):
            raise BadSignature(f"key file of {organisation}: a key is not what its id says")
        if key_id in keys and fingerprints.get(organisation) == key_id:
            signed_by_us(text, keys[key_id], key_id)
            return organisation, {kid: key for kid, key in keys.items() if key["use"] == "sig"}
    if organisation not in fingerprints:
        raise BadSignature(f"nobody vouches for the key file of {organisation}: give its fingerprint, as it told you")
    raise BadSignature(f"the key file of {organisation} is not signed by the key {fingerprints[organisation]}")


def _thumbprint(key: Mapping[str, Any]) -> str:
    """The id of a key by RFC 7638."""
    try:
        digest = sha256({name: key[name] for name in ("crv", "kty", "x", "y")})
    except NotCanonical as error:
        raise BadSignature(f"key file: {error}") from error
    return base64.urlsafe_b64encode(bytes.fromhex(digest)).rstrip(b"=").decode()


def check(proof: Mapping[str, Any], known: Keys) -> list[str]:
    """What each step says, and who signed it; BadSignature at the first that doesn't hold."""

    def signed(by: str, sealed: str) -> tuple[bytes, dict[str, Any]]:
        key_id = named_key(sealed)
        if key_id not in known.get(by, {}):
            whose = next((f", it is one of {other}" for other, keys in known.items() if key_id in keys), "")
            raise BadSignature(f"no key {key_id} of {by}{whose}")
        content = signed_by_us(sealed, known[by][key_id], key_id)
        return content, fields(json.loads(content))

    if not proof["sealed"]:
        raise BadSignature("the message has not left: it isn't sealed for its recipient")
    sender = str(claimed(proof["sealed"])["header"]["sender"])
    content, message = signed(sender, proof["sealed"])
    digest, header = hashlib.sha256(content).hexdigest(), message["header"]
    _in_use(known[sender][named_key(proof["sealed"])], header["sent_at"], "the message")
    if (digest, _text(message)) != (proof["digest"], _text(proof["message"])):
        raise BadSignature("the message is not what its sender sealed")
    told = [f"sealed by {sender} for {header['recipient']}"]
    for step in proof["steps"]:
        by, state = str(step["by"]), str(step["state"])
        _content, said = signed(by, str(step["sealed"]))
        if _said(said, by, header, digest, state) != (header["id"], state, by):
            raise BadSignature(f"{state}: says something else than what was signed")
        _in_use(known[by][named_key(step["sealed"])], said.get("at") or said["header"]["sent_at"], state)
        told.append(f"{state} by {by}")
    return told


def _said(said: dict[str, Any], by: str, header: Mapping[str, Any], digest: str, state: str) -> tuple[Any, Any, Any]:
    """The message that a signed step is about, its state and who says so. BadSignature for another content, and for
    what the other side alone can say."""
    own = fields(said.get("header"))
    part = said.get("report") or said.get("reply") or ({} if own else said)
    way = (header["sender"], header["recipient"])
    if part and part.get("digest") != digest:
        raise BadSignature(f"{state}: signed for another content")
    if said.get("report") or said.get("reply"):
        if (own.get("recipient"), own.get("sender")) != way or part.get("state") not in _BY_RECIPIENT:
            raise BadSignature(f"{state}: only {way[1]} can say so, to {way[0]}")
        return part.get("of"), part.get("state"), own.get("sender")
    if own:  # what was added to a message, whole, says no state: it is in check again, or recalled
        if (own.get("sender"), own.get("recipient")) != way:
            raise BadSignature(f"{state}: only {way[0]} can say so, to {way[1]}")
        return own.get("reference"), "recalled" if own.get("action") == "3" else "in check", by
    if part.get("by") != way[0] or part.get("state") not in _BY_SENDER:
        raise BadSignature(f"{state}: only {way[1]} can say so, by a receipt or an answer")
    return part.get("message"), part.get("state"), part.get("by")


def _in_use(key: Mapping[str, Any], at: str, what: str) -> None:
    """BadSignature for what says that it was signed before its key was in use, or after that."""
    moment, until = datetime.fromisoformat(at), key.get("until")
    if moment < datetime.fromisoformat(key["since"]) or (until and moment >= datetime.fromisoformat(until)):
        raise BadSignature(f"{what}: its key {key['kid']} was not in use at {at}")


def _text(value: Any) -> str:
    """The value with its types: 1 is neither true nor 1.0."""
    return json.dumps(value, sort_keys=True)


def main(arguments: list[str]) -> int:
    """Read the files, print what was signed, or why it doesn't hold."""
    parser = ArgumentParser("python -m verifier.exchange", description="Check a message and its receipts off-line.")
    parser.add_argument("message")
    parser.add_argument("keys", nargs="+")
    parser.add_argument("--fingerprint", action="append", default=[], metavar="ADDRESS=FINGERPRINT")
    given = parser.parse_args(arguments)
    try:
        fingerprints = dict(one.split("=", 1) for one in given.fingerprint)
        proof, *files = (json.loads(Path(name).read_text(encoding="utf-8")) for name in [given.message, *given.keys])
        told = check(proof, vouched(files, fingerprints))
    except BadSignature as error:
        print(f"NOT VALID: {error}")
        return 1
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        print(f"can't be read: {error}", file=sys.stderr)
        return 2
    print(f"valid: message {proof['message']['header']['id']}, content digest {proof['digest']}")
    for line in told:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

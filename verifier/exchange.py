"""Check a message and its receipts off-line: `python -m verifier.exchange message.json keys.json [keys.json ...]`.

message.json  {"message": {...}, "digest": "...", "steps": [{"state", "by", "sealed"}, ...]} as the page of a question
              offers it; a key in it is not trusted, only the published ones are
keys.json     an organisation's published keys, /<organisation>/keys.json; those of both sides

Exit status 0 when every step was signed by one of these keys for exactly this content, 1 when not, 2 when a file can't
be read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from verifier.canonical import NotCanonical, sha256
from verifier.signatures import BadSignature, named_key, signed_by_us


def check(proof: Mapping[str, Any], published: Iterable[Mapping[str, Any]]) -> list[str]:
    """What each step says, and whose key signed it; BadSignature at the first that doesn't hold."""
    keys = {key.get("kid"): key for file in published for key in file.get("keys", [])}
    message = proof["message"]
    try:
        digest = sha256(message)
    except NotCanonical as error:
        raise BadSignature(str(error)) from error
    if digest != proof["digest"]:
        raise BadSignature("the message is not what its digest says")
    told = []
    for step in proof["steps"]:
        key_id = named_key(str(step["sealed"]))
        if key_id not in keys:
            raise BadSignature(f"no published key {key_id}")
        said = json.loads(signed_by_us(step["sealed"], keys[key_id], key_id))
        header = said.get("header", {})
        part = said.get("report") or said.get("reply") or ({} if header else said)
        by = header.get("sender") or part.get("by")
        of = part.get("of") or part.get("message") or header.get("reference")
        # what was added to a message, whole, says no state: it is in check again, or recalled
        state = part.get("state", "recalled" if header.get("action") == "3" else "in check")
        if part and part.get("digest") != digest:
            raise BadSignature(f"{step['state']}: signed for another content")
        if (of, state, by) != (message["header"]["id"], step["state"], step["by"]):
            raise BadSignature(f"{step['state']}: says something else than what was signed")
        told.append(f"{state} by {by}")
    return told


def main(arguments: list[str]) -> int:
    """Read the files, print what was signed, or why it doesn't hold."""
    if len(arguments) < 2:
        print("usage: python -m verifier.exchange message.json keys.json [keys.json ...]", file=sys.stderr)
        return 2
    try:
        proof, *keys = (json.loads(Path(name).read_text(encoding="utf-8")) for name in arguments)
        told = check(proof, keys)
    except BadSignature as error:
        print(f"NOT VALID: {error}")
        return 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"can't be read: {error}", file=sys.stderr)
        return 2
    print(f"valid: message {proof['message']['header']['id']}, content digest {proof['digest']}")
    for line in told:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

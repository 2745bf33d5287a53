"""Check one receipt off-line: `python -m verifier.receipt receipt.json keys.json`.

receipt.json  {"body": {...}, "signature": "<compact JWS>"} as the receipt's page offers it; a key in it is not
              trusted, only the published ones are
keys.json     the organisation's published keys, /<organisation>/keys.json: {"keys": [<JWK>, ...]}

Exit status 0 when the organisation signed exactly this body, 1 when not, 2 when a file can't be read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from verifier.canonical import NotCanonical, encode
from verifier.signatures import BadSignature, named_key, signed_by_us


def check(receipt: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """The body that was signed; BadSignature when receipt and keys don't fit together."""
    signature = str(receipt.get("signature", ""))
    key_id = named_key(signature)
    fitting = [key for key in keys.get("keys", []) if key.get("kid") == key_id]
    if not fitting:
        raise BadSignature(f"no published key {key_id}")
    payload = signed_by_us(signature, fitting[0], key_id)
    try:
        if encode(receipt.get("body")) != payload:
            raise BadSignature("the receipt says something else than what was signed")
    except NotCanonical as error:
        raise BadSignature(str(error)) from error
    body: dict[str, Any] = json.loads(payload)
    return body


def main(arguments: list[str]) -> int:
    """Read both files, print what the organisation signed, or why it doesn't hold."""
    if len(arguments) != 2:
        print("usage: python -m verifier.receipt receipt.json keys.json", file=sys.stderr)
        return 2
    try:
        receipt, keys = (json.loads(Path(name).read_text(encoding="utf-8")) for name in arguments)
        body = check(receipt, keys)
    except BadSignature as error:
        print(f"NOT VALID: {error}")
        return 1
    except (OSError, ValueError, AttributeError) as error:
        print(f"can't be read: {error}", file=sys.stderr)
        return 2
    print(f"valid: receipt {body.get('number')} of {body.get('organisation')}, received {body.get('received_at')}")
    print(f"content digest {body.get('content_digest')}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""JWS: the installation's own (ES256), and the ID tokens of an e-ID as evidence of a signature."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry


class _Roomy(JWSRegistry):
    """For messages of up to a megabyte: the library's own limit is 128,000."""

    max_payload_length = 1_400_000


#: What a library raises for keys, tokens and texts of any other shape than it expects.
_NOT_AS_IT_SHOULD_BE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)

_OURS = _Roomy(algorithms=["ES256"])

#: Signatures on ID tokens that are evidence: by a private key, never "none", never a shared secret.
ID_TOKEN_ALGORITHMS = ["ES256", "ES384", "PS256", "RS256"]

#: Claims in which Swedish brokers state the national number.
NUMBER_CLAIMS = (
    "https://id.oidc.se/claim/personalIdentityNumber",
    "https://id.oidc.se/claim/coordinationNumber",
    "urn:oid:1.2.752.29.4.13",
)


class BadSignature(ValueError):
    """It isn't what was signed, or not signed by that key."""


def signed_by_us(token: str, jwk: Mapping[str, Any], key_id: str) -> bytes:
    """The payload of a compact JWS by the P-256 key `jwk`; BadSignature."""
    try:
        if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
            raise BadSignature("the key is not one of P-256")
        public = ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
        found = jws.deserialize_compact(token.encode("ascii"), public, registry=_OURS)
    except (JoseError, *_NOT_AS_IT_SHOULD_BE) as error:
        raise BadSignature(f"signature: {error}") from error
    if found.headers().get("kid") != key_id:
        raise BadSignature("signature: names another key")
    return found.payload


def named_key(token: str) -> str:
    """The key id that a compact JWS names in its header; BadSignature when it isn't one."""
    try:
        return str(jws.extract_compact(token.encode("ascii"), registry=_OURS).headers().get("kid", ""))
    except (JoseError, *_NOT_AS_IT_SHOULD_BE) as error:
        raise BadSignature("signature: not a compact JWS") from error


def claimed(token: str) -> Any:
    """What a compact JWS says, before anything of it is believed; BadSignature when it isn't one."""
    try:
        return json.loads(jws.extract_compact(token.encode("ascii"), registry=_OURS).payload)
    except (JoseError, *_NOT_AS_IT_SHOULD_BE) as error:
        raise BadSignature("signature: not a compact JWS") from error


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check_eid_evidence(evidence: Any, digest: str) -> dict[str, Any]:
    """That an e-ID provider signed for `digest` (64 hexadecimal digits); gives the token's claims. BadSignature.

    The ID token must be signed by the evidence's `jwk`, carry its issuer, audience, level and moment, and the nonce
    base64url(SHA-256("handslag-sign" NUL digest salt)).
    """
    if not isinstance(evidence, Mapping) or evidence.get("format") != "oidc-nonce-1":
        raise BadSignature("evidence: unknown form")
    if evidence.get("digest") != digest:
        raise BadSignature("evidence: about another digest")
    jwk = evidence.get("jwk")
    if not isinstance(jwk, Mapping) or "d" in jwk:
        raise BadSignature("evidence: no public key")
    kinds: dict[Any, Any] = {"EC": ECKey, "RSA": RSAKey}
    try:
        key = kinds[jwk.get("kty")].import_key(dict(jwk))
        found = jws.deserialize_compact(str(evidence["id_token"]).encode("ascii"), key, algorithms=ID_TOKEN_ALGORITHMS)
        claims = json.loads(found.payload)
        seed = b"handslag-sign\0" + bytes.fromhex(digest) + _bytes(str(evidence["salt"]))
    except (JoseError, *_NOT_AS_IT_SHOULD_BE) as error:
        raise BadSignature(f"evidence: {type(error).__name__}") from error
    if not isinstance(claims, dict):
        raise BadSignature("evidence: the token claims nothing")
    nonce = base64.urlsafe_b64encode(hashlib.sha256(seed).digest()).rstrip(b"=").decode()
    if claims.get("nonce") != nonce:
        raise BadSignature("evidence: the token answers for something else")
    audience = claims.get("aud")
    stated = (
        claims.get("iss") == evidence.get("issuer"),
        evidence.get("client_id") in (audience if isinstance(audience, list) else [audience]),
        claims.get("acr") == evidence.get("acr"),
        isinstance(claims.get("auth_time"), int | float)
        and math.isfinite(claims["auth_time"])
        and int(claims["auth_time"]) == evidence.get("auth_time"),
    )
    if not all(stated):
        raise BadSignature("evidence: token and statement differ")
    return dict(claims)

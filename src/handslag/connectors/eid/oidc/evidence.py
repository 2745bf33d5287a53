"""Evidence of a signature: what the provider signed commits to the digest of what the person was shown.

The nonce of the log-in request is derived from that digest. The provider copies the nonce into the ID token
and signs the token; so whoever has token, salt, digest and the provider's public key can check, off-line and
for ever, that this person identified at this level for exactly this content.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from handslag.connectors.eid.oidc import token
from handslag.connectors.eid.oidc.config import ALGORITHMS
from handslag.connectors.eid.port import BadToken

FORMAT = "oidc-nonce-1"
_TEXTS = ("format", "id_token", "salt", "digest", "issuer", "client_id", "acr")


def signing_nonce(digest: str, salt: str) -> str:
    """base64url(SHA-256("handslag-sign" NUL digest salt)) without padding; `digest` is 64 hexadecimal digits,
    `salt` base64url without padding. ValueError if either isn't."""
    raw = bytes.fromhex(digest)
    if len(raw) != 32 or digest != raw.hex():
        raise ValueError("a digest is 64 lower-case hexadecimal digits")
    seed = b"handslag-sign\0" + raw + base64.urlsafe_b64decode(salt + "=" * (-len(salt) % 4))
    return base64.urlsafe_b64encode(hashlib.sha256(seed).digest()).rstrip(b"=").decode()


def check_evidence(evidence: Mapping[str, object], *, digest: str | None = None) -> None:
    """Check a signature's evidence from itself alone: no network, no clock.

    `digest`: what the caller computed over the content at hand; given, the evidence must be about it.
    That `jwk` was the provider's key was established when the evidence was made and can't be seen from it.
    Raises BadToken; its reason names the part that doesn't fit.
    """
    texts: dict[str, str] = {}
    for name in _TEXTS:
        value = evidence.get(name)
        if not isinstance(value, str):
            raise BadToken(f"evidence_{name}")
        texts[name] = value
    jwk = evidence.get("jwk")
    if not isinstance(jwk, Mapping) or jwk.get("kty") not in ("EC", "RSA") or "d" in jwk:
        raise BadToken("evidence_jwk")
    if texts["format"] != FORMAT:
        raise BadToken("evidence_format")
    if digest is not None and not hmac.compare_digest(digest.encode(), texts["digest"].encode()):
        raise BadToken("evidence_digest")

    claims = token.signed_claims(texts["id_token"], jwk, ALGORITHMS)
    if claims.get("iss") != texts["issuer"]:
        raise BadToken("iss")
    audience = claims.get("aud")
    if texts["client_id"] not in (audience if isinstance(audience, list) else [audience]):
        raise BadToken("aud")
    if claims.get("acr") != texts["acr"]:
        raise BadToken("acr")
    authenticated_at = token.authenticated_at(claims)
    if authenticated_at is None or int(authenticated_at.timestamp()) != evidence.get("auth_time"):
        raise BadToken("auth_time")
    try:
        nonce = signing_nonce(texts["digest"], texts["salt"])
    except ValueError as error:
        raise BadToken("evidence_digest") from error
    token.check_nonce(claims, nonce)

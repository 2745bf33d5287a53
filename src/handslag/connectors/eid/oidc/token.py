"""The ID token: genuine, for us, and the answer to our question (OpenID Connect Core, 3.1.3.7)."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import import_key

from handslag.connectors.eid.port import BadToken, EidError, Expired, WrongIssuer

Claims = dict[str, Any]


def header(id_token: str, algorithms: Collection[str]) -> dict[str, Any]:
    """The token's unverified header; raises BadToken unless it is a JWT by one of `algorithms`."""
    try:
        fields = jws.extract_compact(id_token.encode("ascii")).headers()
    except (JoseError, ValueError, TypeError) as error:
        raise BadToken("format") from error
    if fields.get("alg") not in algorithms:
        raise BadToken("alg")
    if str(fields.get("typ", "JWT")).upper() != "JWT":
        raise BadToken("typ")
    return fields


def signed_claims(id_token: str, jwk: Mapping[str, str], algorithms: Collection[str]) -> Claims:
    """The claims, once the signature by `jwk` (and by the algorithm it is for) is verified; raises BadToken."""
    algorithm = header(id_token, algorithms)["alg"]
    try:
        return jwt.decode(id_token, import_key(dict(jwk)), algorithms=[algorithm]).claims
    except (JoseError, ValueError, TypeError) as error:
        raise BadToken("signature") from error


def check_claims(
    claims: Claims, *, issuer: str, client_id: str, nonce: str, now: datetime, leeway_seconds: int
) -> None:
    """Issuer, subject, audience, authorised party, times, nonce; raises WrongIssuer, Expired or BadToken."""
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=leeway_seconds,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(claims)
    except ExpiredTokenError as error:
        raise Expired("id_token") from error
    except ClaimError as error:
        raise _claim_error(error.claim) from error
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and "azp" not in claims:
        raise BadToken("azp")
    if claims.get("azp", client_id) != client_id:
        raise BadToken("azp")
    check_nonce(claims, nonce)


def check_nonce(claims: Claims, nonce: str) -> None:
    """Raises BadToken unless the token answers the question with that nonce."""
    found = claims.get("nonce")
    if not isinstance(found, str) or not hmac.compare_digest(found.encode(), nonce.encode()):
        raise BadToken("nonce")


def authenticated_at(claims: Claims) -> datetime | None:
    """`auth_time` as a moment in UTC, None if it isn't there; raises BadToken if it is no moment."""
    found = claims.get("auth_time")
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise BadToken("auth_time")
    try:
        return datetime.fromtimestamp(int(found), UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise BadToken("auth_time") from error


def _claim_error(claim: str) -> EidError:
    return WrongIssuer("id_token") if claim == "iss" else BadToken(claim.split(",")[0])

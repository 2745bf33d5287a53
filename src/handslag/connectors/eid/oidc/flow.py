"""The authorization code flow with PKCE: `begin` sends the browser off, `finish` takes it back."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from authlib.integrations.requests_client import OAuthError

from handslag.connectors.eid.oidc import provider, token
from handslag.connectors.eid.oidc.config import OidcConfig
from handslag.connectors.eid.oidc.evidence import FORMAT, check_evidence, signing_nonce
from handslag.connectors.eid.port import (
    BadToken,
    Begun,
    Cancelled,
    EidError,
    Expired,
    Identity,
    Purpose,
    TooWeak,
    Unreachable,
    WrongIssuer,
)
from handslag.kernel import clock

#: The reason of BadToken where the claim that names the person is an address that the provider doesn't vouch for
#: (OpenID Connect Core, 5.1: email_verified).
UNVERIFIED = "email_not_verified"
SWEDISH = ("personnummer", "samordningsnummer")

#: Error responses of the authorization endpoint (RFC 6749, 4.1.2.1; OpenID Connect Core, 3.1.2.6; the
#: extension unmet_authentication_requirements) that need a message of their own. Others are BadToken.
_ANSWERS: dict[str, type[EidError]] = {
    "access_denied": Cancelled,
    "consent_required": Cancelled,
    "interaction_required": Cancelled,
    "login_required": Cancelled,
    "unmet_authentication_requirements": TooWeak,
    "invalid_client": Unreachable,
    "invalid_request": Unreachable,
    "invalid_scope": Unreachable,
    "server_error": Unreachable,
    "temporarily_unavailable": Unreachable,
    "unauthorized_client": Unreachable,
    "unsupported_response_type": Unreachable,
}


def begin(
    config: OidcConfig,
    *,
    redirect_uri: str,
    purpose: Purpose,
    digest: str | None,
    ui_locale: str,
    login_hint: str | None = None,
) -> Begun:
    """Make the request to the provider.

    A signature demands `digest` (64 lower-case hexadecimal digits): fresh identification (prompt=login,
    max_age=0) with a nonce derived from the digest. Where the provider takes pushed requests (RFC 9126) the
    request goes that way; only then `login_hint` is sent, since a URL carries no personal datum.
    Raises ValueError when purpose and digest don't belong together; Unreachable, WrongIssuer.
    """
    if (purpose == "sign") != (digest is not None):
        raise ValueError("a signature has a digest, a log-in has none")
    flow = {
        "issuer": config.issuer,
        "purpose": purpose,
        "redirect_uri": redirect_uri,
        "state": secrets.token_urlsafe(32),
        "code_verifier": secrets.token_urlsafe(48),
        "created_at": clock.now().isoformat(),
    }
    if digest is None:
        flow["nonce"] = secrets.token_urlsafe(32)
    else:
        flow["digest"] = digest
        flow["salt"] = secrets.token_urlsafe(16)
        flow["nonce"] = signing_nonce(digest, flow["salt"])

    metadata = provider.discover(config)
    pushed_to = metadata.get("pushed_authorization_request_endpoint")
    request = {"nonce": flow["nonce"], "ui_locales": ui_locale}
    if config.accepted_acr:
        request["acr_values"] = " ".join(config.accepted_acr)
    if digest is not None:
        request |= {"prompt": "login", "max_age": "0"}
    if metadata.get("claims_parameter_supported") is True:
        wanted = ["given_name", "family_name", "name", *(claim for claim, _ in config.identifier_claims)]
        if "email" in wanted:
            wanted.append("email_verified")
        request["claims"] = json.dumps({"id_token": dict.fromkeys(wanted)}, separators=(",", ":"))
    if login_hint and pushed_to:
        request["login_hint"] = login_hint
    with provider.client(config, metadata, scope=" ".join(config.scopes), redirect_uri=redirect_uri) as session:
        address = provider.endpoint(config, metadata, "authorization_endpoint")
        url, _ = session.create_authorization_url(
            address, state=flow["state"], code_verifier=flow["code_verifier"], **request
        )
        if pushed_to:
            endpoint = provider.endpoint(config, metadata, "pushed_authorization_request_endpoint")
            url = _push(config, session, endpoint, url)
    return Begun(url=url, flow=flow)


def finish(config: OidcConfig, flow: dict[str, str], query: Mapping[str, str]) -> Identity:
    """Take the provider's answer: `query` is what the browser brought, `flow` what `begin` gave.

    One token request, at most one for new keys, and one for user information if a log-in's ID token lacks the
    national number (a signature's ID token has to carry it, since it is the evidence). Raises every EidError.
    """
    now = clock.now()
    begun_at = datetime.fromisoformat(flow["created_at"])
    if flow["issuer"] != config.issuer:
        raise WrongIssuer("flow")
    if not hmac.compare_digest(query.get("state", "").encode(), flow["state"].encode()):
        raise BadToken("state")
    metadata = provider.discover(config)
    _check_response_issuer(config, metadata, query)
    if now - begun_at > timedelta(seconds=config.flow_seconds):
        raise Expired("flow")
    if "error" in query:
        raise _ANSWERS.get(query["error"], BadToken)(_word(query["error"]))
    if not query.get("code"):
        raise BadToken("code")

    answer = _redeem(config, metadata, flow, query["code"])
    id_token = answer.get("id_token")
    if not isinstance(id_token, str):
        raise BadToken("no_id_token")
    kid = token.header(id_token, config.algorithms).get("kid")
    jwk = provider.public_key(config, metadata, kid)
    claims = token.signed_claims(id_token, jwk, config.algorithms)
    token.check_claims(
        claims,
        issuer=config.issuer,
        client_id=config.client_id,
        nonce=flow["nonce"],
        now=now,
        leeway_seconds=config.leeway_seconds,
    )
    acr = claims.get("acr")
    if not isinstance(acr, str) or acr not in config.accepted_acr:
        if config.acr_needed:
            raise TooWeak("acr" if isinstance(acr, str) else "acr_missing")
        acr = ""
    authenticated_at = token.authenticated_at(claims)
    evidence: dict[str, object] = {"issuer": config.issuer, "acr": acr}
    if authenticated_at is not None:
        evidence["auth_time"] = int(authenticated_at.timestamp())

    if flow["purpose"] == "sign":
        leeway = timedelta(seconds=config.leeway_seconds)
        if authenticated_at is None or not begun_at - leeway <= authenticated_at <= now + leeway:
            raise BadToken("auth_time")
        evidence |= {
            "format": FORMAT,
            "id_token": id_token,
            "jwk": jwk,
            "client_id": config.client_id,
            "digest": flow["digest"],
            "salt": flow["salt"],
        }
        check_evidence(evidence, digest=flow["digest"])
    elif not any(claims.get(claim) for claim, _ in config.identifier_claims):
        claims = _with_user_information(config, metadata, claims, answer.get("access_token"))

    identifier, identifier_type = _identifier(config, claims)
    given_name, family_name = _text(claims, "given_name"), _text(claims, "family_name")
    return Identity(
        issuer=config.issuer,
        subject=claims["sub"],
        identifier=identifier,
        identifier_type=identifier_type,
        given_name=given_name,
        family_name=family_name,
        name=_text(claims, "name") or f"{given_name} {family_name}".strip(),
        acr=acr,
        auth_time=authenticated_at,
        evidence=evidence,
    )


def _push(config: OidcConfig, session: Any, endpoint: str, url: str) -> str:
    """Send the request of `url` to the provider directly; the short URL that stands for it."""
    parts = urlsplit(url)
    try:
        answer = session.post(
            endpoint,
            data=dict(parse_qsl(parts.query)),
            auth=session.client_auth(config.client_auth),
            withhold_token=True,
            allow_redirects=False,
        )
        answer.raise_for_status()
        request_uri = answer.json()["request_uri"]
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise Unreachable("pushed_request") from error
    short = urlencode({"client_id": config.client_id, "request_uri": request_uri})
    return parts._replace(query=short).geturl()


def _check_response_issuer(config: OidcConfig, metadata: Mapping[str, Any], query: Mapping[str, str]) -> None:
    """RFC 9207: against a mix-up of providers the answer names its issuer, if the provider announces that."""
    announced = metadata.get("authorization_response_iss_parameter_supported") is True
    if query.get("iss", None if announced else config.issuer) != config.issuer:
        raise WrongIssuer("response")


def _redeem(config: OidcConfig, metadata: dict[str, Any], flow: dict[str, str], code: str) -> Mapping[str, Any]:
    endpoint = provider.endpoint(config, metadata, "token_endpoint")
    try:
        with provider.client(config, metadata, redirect_uri=flow["redirect_uri"]) as session:
            session.register_compliance_hook("access_token_response", _refuse_redirect)
            answer: Mapping[str, Any] = session.fetch_token(
                endpoint,
                grant_type="authorization_code",
                code=code,
                redirect_uri=flow["redirect_uri"],
                code_verifier=flow["code_verifier"],
                allow_redirects=False,
            )
            return answer
    except OAuthError as error:
        if error.error == "invalid_grant":
            raise Expired("invalid_grant") from error
        raise Unreachable(_word(error.error)) from error
    except (requests.RequestException, ValueError) as error:
        raise Unreachable("token_response") from error


def _refuse_redirect(answer: requests.Response) -> requests.Response:
    if 300 <= answer.status_code < 400:
        raise Unreachable("token_response")
    return answer


def _with_user_information(
    config: OidcConfig, metadata: dict[str, Any], claims: token.Claims, access_token: object
) -> token.Claims:
    """The claims, filled up from the user information endpoint, which must speak of the same subject
    (OpenID Connect Core, 5.3.2). What the ID token says stands."""
    if not isinstance(access_token, str) or "userinfo_endpoint" not in metadata:
        raise BadToken("no_identifier")
    address = provider.endpoint(config, metadata, "userinfo_endpoint")
    more = provider.fetch(config, address, bearer=access_token)
    if more.get("sub") != claims["sub"]:
        raise BadToken("userinfo_sub")
    return more | claims


def _identifier(config: OidcConfig, claims: token.Claims) -> tuple[str, str]:
    for claim, identifier_type in config.identifier_claims:
        value = _text(claims, claim).strip()
        if not value:
            continue
        if claim == "email" and claims.get("email_verified") is not True:
            raise BadToken(UNVERIFIED)  # an address that the person may have typed herself names nobody
        if identifier_type not in SWEDISH:
            return value, identifier_type
        if not re.fullmatch(r"\d{8}-?\d{4}", value, re.ASCII):
            raise BadToken("identifier")
        digits = value.replace("-", "")
        # A samordningsnummer has sixty added to the day; the urn form carries both kinds in one claim.
        return digits, "samordningsnummer" if int(digits[6:8]) > 60 else "personnummer"
    raise BadToken("no_identifier")


def _text(claims: token.Claims, name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _word(error: object) -> str:
    """A provider's error name as one harmless word for the log."""
    return re.sub(r"[^a-z_]", "", str(error))[:40] or "unknown"

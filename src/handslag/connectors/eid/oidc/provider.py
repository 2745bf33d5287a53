"""The provider as seen over the network: discovery document, keys, and the client that talks to it."""

from __future__ import annotations

import json
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from requests.adapters import HTTPAdapter

from handslag.connectors.eid.oidc.config import OidcConfig
from handslag.connectors.eid.port import BadToken, Unreachable, WrongIssuer
from handslag.kernel.addresses import is_loopback

Json = dict[str, Any]

#: How long a discovery document and a key set are believed. An unknown key id asks at once, whatever the age.
TRUSTED_SECONDS = 3600

_documents: dict[tuple[OidcConfig, str], tuple[float, Json]] = {}
_documents_lock = threading.Lock()


class LoopbackNames(HTTPAdapter):
    """Connects names ending in `.localhost` to 127.0.0.1 and keeps the name in the Host header (RFC 6761,
    6.3: such names are always loopback; Python's resolver doesn't know that)."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        if (parts.hostname or "").endswith(".localhost"):
            request.headers["Host"] = parts.netloc
            address = f"127.0.0.1:{parts.port}" if parts.port else "127.0.0.1"
            request.url = parts._replace(netloc=address).geturl()
        return super().send(request, *args, **kwargs)


def client(config: OidcConfig, metadata: Json | None = None, **options: Any) -> OAuth2Session:
    """An OAuth client for `config` (a context manager), blind to the environment's proxies and .netrc;
    `options` are Authlib's."""
    session = OAuth2Session(
        config.client_id,
        config.client_secret,
        token_endpoint_auth_method=config.client_auth,
        default_timeout=config.timeout_seconds,
        code_challenge_method="S256",
        **options,
    )
    session.trust_env = False
    session.verify = config.ca_bundle or True
    session.mount("http://", LoopbackNames())
    if config.proxy and not is_loopback(config.issuer):
        session.proxies = {"http": config.proxy, "https": config.proxy}
    if config.client_key and config.client_auth == "private_key_jwt" and metadata:
        key = _private_key(config.client_key)
        session.client_secret = key
        session.register_client_auth_method(
            PrivateKeyJWT(
                metadata["token_endpoint"],
                headers={"kid": key.kid} if key.kid else None,
                alg="ES256" if key.key_type == "EC" else "RS256",
            )
        )
    return session


def discover(config: OidcConfig) -> Json:
    """The provider's discovery document (OpenID Connect Discovery 1.0, section 4), cached.

    Raises Unreachable, or WrongIssuer when it names another issuer than the one it was asked for.
    """
    document = _document(config, config.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if document.get("issuer") != config.issuer:
        raise WrongIssuer("discovery")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        endpoint(config, document, name)
    return document


def endpoint(config: OidcConfig, metadata: Json, name: str) -> str:
    """The address `name` in the discovery document; Unreachable when missing or not protected by TLS."""
    address = metadata.get(name)
    if not isinstance(address, str):
        raise Unreachable(f"discovery_{name}")
    _demand_protection(config, address)
    return address


def public_key(config: OidcConfig, metadata: Json, kid: str | None) -> dict[str, str]:
    """The provider's key with that key id, public members only; an unknown id fetches the key set once anew
    (roll-over). A token without a key id is taken only if the provider has a single signing key.
    Raises BadToken, Unreachable."""
    address = endpoint(config, metadata, "jwks_uri")
    for renew in (False, True):
        keys = _document(config, address, renew=renew).get("keys")
        if not isinstance(keys, list):
            raise Unreachable("jwks")
        signing = [key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"]
        fitting = [key for key in signing if key.get("kid") == kid] if kid else signing
        if len(fitting) == 1:
            return {
                name: fitting[0][name]
                for name in ("kty", "crv", "x", "y", "n", "e", "kid", "alg")
                if isinstance(fitting[0].get(name), str)
            }
    raise BadToken("kid")


def fetch(config: OidcConfig, address: str, *, bearer: str | None = None) -> Json:
    """GET a JSON object; anything else raises Unreachable. No redirect is followed."""
    _demand_protection(config, address)
    headers = {"Accept": "application/json"}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    try:
        with client(config) as session:
            answer = session.get(address, headers=headers, withhold_token=True, allow_redirects=False)
            answer.raise_for_status()
            document = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Unreachable(type(error).__name__) from error
    if answer.status_code != 200 or not isinstance(document, dict):
        raise Unreachable("not_json_object")
    return document


def _private_key(text: str) -> ECKey | RSAKey:
    """The client's own key from a JWK or PEM; ValueError if it is neither."""
    source = json.loads(text) if text.lstrip().startswith("{") else text
    try:
        return ECKey.import_key(source)
    except (ValueError, JoseError):
        return RSAKey.import_key(source)


def _document(config: OidcConfig, address: str, *, renew: bool = False) -> Json:
    key = (config, address)
    with _documents_lock:
        fetched_at, document = _documents.get(key, (0.0, {}))
    if document and not renew and time.monotonic() - fetched_at < TRUSTED_SECONDS:
        return document
    document = fetch(config, address)
    with _documents_lock:
        _documents[key] = (time.monotonic(), document)
    return document


def _demand_protection(config: OidcConfig, address: str) -> None:
    """https everywhere; http only if the issuer itself is a loopback name, and only to loopback names."""
    if urlsplit(address).scheme == "https":
        return
    if not (is_loopback(config.issuer) and is_loopback(address)):
        raise Unreachable("no_tls")

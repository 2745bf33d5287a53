"""Keys, clients, codes and tokens of the development e-ID. Strict in everything but who a person is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters

from simulators import clock

PERSONAL_NUMBER = "https://id.oidc.se/claim/personalIdentityNumber"
COORDINATION_NUMBER = "https://id.oidc.se/claim/coordinationNumber"

#: The claim with a Swiss number, of whoever identifies by one. AGOV's own name for it isn't public.
AHV_NUMBER = "ahvn13"

#: The three certificates of the page, strongest last, with the levels they stand for.
LEVELS = {
    "loa2": "http://id.swedenconnect.se/loa/1.0/uncertified-loa2",
    "loa3": "http://id.swedenconnect.se/loa/1.0/uncertified-loa3",
    "loa4": "http://id.elegnamnden.se/loa/1.0/loa4",
}

#: The same for whoever identifies by a Swiss number: AGOV's levels of identity (300: checked; 400: with the number).
SWISS_LEVELS = {
    "loa2": "urn:qa.agov.ch:names:tc:ac:classes:300",
    "loa3": "urn:qa.agov.ch:names:tc:ac:classes:400",
    "loa4": "urn:qa.agov.ch:names:tc:ac:classes:500",
}

CODE_SECONDS = 60
TOKEN_SECONDS = 300
PUSHED_SECONDS = 600


class Refused(Exception):
    """A request that breaks the protocol: `error` is the code of OAuth 2.0 or OpenID Connect."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class Unsafe(Refused):
    """So wrong that the browser must not be sent back: the client or its address is unknown."""


@dataclass(frozen=True)
class Person:
    """An invented person; `note` stands beside the name on the page."""

    number: str
    given_name: str
    family_name: str
    note: str = ""

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


@dataclass(frozen=True)
class Client:
    client_id: str
    secret: str
    redirect_uris: tuple[str, ...]


@dataclass
class Grant:
    """What a code stands for, from the page to the tokens."""

    request: dict[str, str]
    person: Person
    acr: str
    auth_time: int
    until: float
    access_token: str | None = None


def now() -> int:
    """Seconds since 1970."""
    return int(clock.now().timestamp())


def load_people(path: Path) -> list[Person]:
    """People from a JSON list of {"number", "given_name", "family_name", "note"?}; ValueError names a wrong number."""
    people = [Person(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    for person in people:
        if fault := number_fault(person.number):
            raise ValueError(f"{path.name}: {person.number}: {fault}")
    return people


def digits(number: str) -> str:
    """The number as people write it, without blanks, hyphen, plus and dots."""
    return re.sub(r"[\s+\-.\u2010-\u2015]", "", number)


def is_swiss(number: str) -> bool:
    """Whether it is an AHV number."""
    return re.fullmatch(r"756[0-9]{10}", number) is not None


def number_fault(number: str) -> str | None:
    """What is wrong with a personal, coordination or AHV number: "form", "date", "check"; None: nothing."""
    if is_swiss(number):
        return "check" if sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(number)) % 10 else None
    if not re.fullmatch(r"[0-9]{12}", number):
        return "form"
    day = int(number[6:8])
    try:
        date(int(number[:4]), int(number[4:6]), day - 60 if day > 60 else day)
    except ValueError:
        return "date"
    doubled = [int(digit) * (2 - position % 2) for position, digit in enumerate(number[2:])]
    return None if sum(value // 10 + value % 10 for value in doubled) % 10 == 0 else "check"


@dataclass
class Issuer:
    """The provider. `folder` keeps the keys over restarts, readable by the owner only; the first of
    `people_files` that exists is read for each page."""

    address: str
    folder: Path
    people_files: Sequence[Path]
    clients: Sequence[Client]
    rotate_key: bool = False
    _grants: dict[str, Grant] = field(default_factory=dict)
    _tokens: dict[str, Grant] = field(default_factory=dict)
    _pushed: dict[str, tuple[float, dict[str, str]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / "keys.json"
        kept = json.loads(path.read_text()) if path.exists() else {"pairwise": secrets.token_hex(32), "keys": []}
        self._pairwise = str(kept["pairwise"])
        self._keys = [ECKey.import_key(key) for key in kept["keys"]]
        if self.rotate_key or not self._keys:
            parameters: KeyParameters = {"kid": secrets.token_hex(8), "use": "sig", "alg": "ES256"}
            self._keys.append(ECKey.generate_key("P-256", parameters))
            kept["keys"] = [key.as_dict(private=True) for key in self._keys]
            new = path.with_suffix(".new")
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(kept, file)
            new.replace(path)

    @property
    def people(self) -> list[Person]:
        """The people on the page, as their file says now."""
        return load_people(next(path for path in self.people_files if path.exists()))

    def metadata(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "pushed_authorization_request_endpoint": f"{self.address}/par",
            "token_endpoint": f"{self.address}/token",
            "userinfo_endpoint": f"{self.address}/userinfo",
            "jwks_uri": f"{self.address}/jwks",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "acr_values_supported": [*LEVELS.values(), *SWISS_LEVELS.values()],
            "scopes_supported": [
                "openid",
                "https://id.oidc.se/scope/naturalPersonInfo",
                "https://id.oidc.se/scope/naturalPersonNumber",
            ],
            "claims_supported": [
                "sub",
                "name",
                "given_name",
                "family_name",
                PERSONAL_NUMBER,
                COORDINATION_NUMBER,
                AHV_NUMBER,
            ],
            "ui_locales_supported": ["sv", "en"],
            "claims_parameter_supported": True,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "authorization_response_iss_parameter_supported": True,
        }

    def jwks(self) -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in self._keys]}

    def push(self, parameters: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """RFC 9126: keep a request for its client; what the browser then carries is `request_uri`."""
        client = self._authenticate(parameters, authorization)
        request = {name: value for name, value in parameters.items() if name != "client_secret"}
        if request.setdefault("client_id", client.client_id) != client.client_id or "request_uri" in request:
            raise Refused("invalid_request", "client_id or request_uri")
        self._check(request)
        request_uri = f"urn:ietf:params:oauth:request_uri:{secrets.token_urlsafe(24)}"
        with self._lock:
            self._sweep()
            self._pushed[request_uri] = (time.monotonic() + PUSHED_SECONDS, request)
        return {"request_uri": request_uri, "expires_in": PUSHED_SECONDS}

    def request(self, query: Mapping[str, str]) -> dict[str, str]:
        """The authorization request that `query` is or stands for, checked.

        Raises Unsafe (answer a page) or Refused (send the browser back with the error).
        """
        if "request_uri" in query:
            with self._lock:
                self._sweep()
                _, request = self._pushed.get(query["request_uri"], (0.0, {}))
            if not request or request["client_id"] != query.get("client_id"):
                raise Unsafe("invalid_request", "request_uri is unknown, used or too old")
            return request
        request = dict(query)
        self._check(request)
        return request

    def grant(self, query: Mapping[str, str], request: dict[str, str], person: Person, acr: str) -> str:
        """A code for that person, good once and for a minute."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._sweep()
            self._pushed.pop(query.get("request_uri", ""), None)
            self._grants[code] = Grant(request, person, acr, now(), time.monotonic() + CODE_SECONDS)
        return code

    def token(self, parameters: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """Redeem a code. Raises Refused; a code presented twice also loses the access token it gave."""
        client = self._authenticate(parameters, authorization)
        if parameters.get("grant_type") != "authorization_code":
            raise Refused("unsupported_grant_type", "only authorization_code")
        with self._lock:
            self._sweep()
            grant = self._grants.get(parameters.get("code", ""))
            if grant is None:
                raise Refused("invalid_grant", "the code is unknown or too old")
            if grant.access_token is not None:
                self._tokens.pop(grant.access_token, None)
                raise Refused("invalid_grant", "the code has been used")
            if grant.request["client_id"] != client.client_id:
                raise Refused("invalid_grant", "the code was given to another client")
            if parameters.get("redirect_uri") != grant.request["redirect_uri"]:
                raise Refused("invalid_grant", "redirect_uri is not that of the request")
            verifier = parameters.get("code_verifier", "")
            challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
            if not re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier) or not hmac.compare_digest(
                challenge, grant.request["code_challenge"]
            ):
                raise Refused("invalid_grant", "code_verifier does not match code_challenge")
            grant.access_token = secrets.token_urlsafe(32)
            grant.until = time.monotonic() + TOKEN_SECONDS
            self._tokens[grant.access_token] = grant
        return {
            "access_token": grant.access_token,
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "id_token": self._id_token(grant),
        }

    def userinfo(self, authorization: str) -> dict[str, str]:
        """The claims about the person, for the bearer of an access token. Raises Refused."""
        scheme, _, access_token = authorization.partition(" ")
        with self._lock:
            self._sweep()
            grant = self._tokens.get(access_token)
        if scheme.lower() != "bearer" or grant is None:
            raise Refused("invalid_token", "the access token is unknown or too old")
        return self._claims(grant)

    def client_of(self, client_id: str) -> Client | None:
        return next((client for client in self.clients if client.client_id == client_id), None)

    def _check(self, request: Mapping[str, str]) -> None:
        client = self.client_of(request.get("client_id", ""))
        if client is None:
            raise Unsafe("invalid_request", "client_id is unknown")
        if request.get("redirect_uri") not in client.redirect_uris:
            raise Unsafe("invalid_request", "redirect_uri is not registered for this client")
        if request.get("response_type") != "code":
            raise Refused("unsupported_response_type", "only code")
        if request.get("response_mode", "query") != "query":
            raise Refused("invalid_request", "only response_mode=query")
        if "openid" not in request.get("scope", "").split():
            raise Refused("invalid_scope", "scope has no openid")
        if "request" in request:
            raise Refused("request_not_supported", "no request objects")
        challenge = request.get("code_challenge", "")
        if request.get("code_challenge_method") != "S256" or not re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge):
            raise Refused("invalid_request", "PKCE with S256 is required")
        if not request.get("state") or not request.get("nonce"):
            raise Refused("invalid_request", "state and nonce are required")
        if "none" in request.get("prompt", "").split():
            raise Refused("login_required", "nobody stays logged in here")

    def _authenticate(self, parameters: Mapping[str, str], authorization: str) -> Client:
        client_id, secret = parameters.get("client_id", ""), parameters.get("client_secret", "")
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() == "basic":
            try:
                client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
            except ValueError as error:
                raise Refused("invalid_client", "malformed Basic credentials") from error
        client = self.client_of(client_id)
        if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
            raise Refused("invalid_client", "client or secret is wrong")
        return client

    def _claims(self, grant: Grant) -> dict[str, str]:
        number = grant.person.number
        subject = hmac.new(
            bytes.fromhex(self._pairwise), f"{grant.request['client_id']}\0{number}".encode(), hashlib.sha256
        ).hexdigest()
        kind = COORDINATION_NUMBER if int(number[6:8]) > 60 else PERSONAL_NUMBER
        kind = AHV_NUMBER if is_swiss(number) else kind
        return {
            "sub": subject,
            "name": grant.person.name,
            "given_name": grant.person.given_name,
            "family_name": grant.person.family_name,
            kind: number,
        }

    def _id_token(self, grant: Grant) -> str:
        issued = now()
        key = self._keys[-1]
        return jwt.encode(
            {"alg": "ES256", "kid": key.kid},
            {
                "iss": self.address,
                "aud": grant.request["client_id"],
                "iat": issued,
                "exp": issued + TOKEN_SECONDS,
                "auth_time": grant.auth_time,
                "nonce": grant.request["nonce"],
                "acr": grant.acr,
                **self._claims(grant),
            },
            key,
        )

    def _sweep(self) -> None:
        """Drop what is too old (the caller holds the lock)."""
        moment = time.monotonic()
        self._pushed = {name: kept for name, kept in self._pushed.items() if kept[0] > moment}
        self._grants = {code: grant for code, grant in self._grants.items() if grant.until > moment}
        self._tokens = {token: grant for token, grant in self._tokens.items() if grant.until > moment}

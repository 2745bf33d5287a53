"""Every check of the relying party, each against a provider that lies in just that point."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from handslag.connectors.eid import oidc
from handslag.connectors.eid.port import (
    LOA2,
    LOA3,
    LOA4,
    BadToken,
    EidError,
    Expired,
    Identity,
    TooWeak,
    Unreachable,
    WrongIssuer,
)
from handslag.kernel import clock
from tests.connectors.eid.liar import NUMBER, Liar, b64, new_key
from tests.connectors.eid.processes import CALLBACK, configured

DIGEST = "3f" * 32


@pytest.fixture
def liar() -> Iterator[Liar]:
    with Liar("").running() as running:
        yield running


def finish(liar: Liar, digest: str | None = None, **changes: object) -> Identity:
    config = configured(liar.issuer, **changes)
    begun = oidc.begin(
        config, redirect_uri=CALLBACK, purpose="sign" if digest else "login", digest=digest, ui_locale="sv"
    )
    liar.nonce = begun.flow["nonce"]
    return oidc.finish(config, begun.flow, {"code": "code", "state": begun.flow["state"]})


def test_the_truth_is_accepted(liar: Liar) -> None:
    assert finish(liar).identifier == "198503149802"
    oidc.check_evidence(finish(liar, DIGEST).evidence, digest=DIGEST)


def now() -> int:
    return int(clock.now().timestamp())


LIES: dict[str, tuple[dict[str, Any], type[EidError], str]] = {
    "another audience": ({"aud": "somebody"}, BadToken, "aud"),
    "no audience": ({"aud": None}, BadToken, "aud"),
    "two audiences, party unnamed": ({"aud": ["handslag-demo", "x"]}, BadToken, "azp"),
    "another authorised party": ({"aud": ["handslag-demo", "x"], "azp": "x"}, BadToken, "azp"),
    "another nonce": ({"nonce": "another"}, BadToken, "nonce"),
    "no nonce": ({"nonce": None}, BadToken, "nonce"),
    "expired": ({"iat": now() - 4000, "exp": now() - 3700}, Expired, "id_token"),
    "no end": ({"exp": None}, BadToken, "exp"),
    "from the future": ({"iat": now() + 3600, "exp": now() + 7200}, BadToken, "iat"),
    "no beginning": ({"iat": None}, BadToken, "iat"),
    "not yet": ({"nbf": now() + 3600}, BadToken, "nbf"),
    "another issuer": ({"iss": "https://e.example"}, WrongIssuer, "id_token"),
    "no issuer": ({"iss": None}, WrongIssuer, "id_token"),
    "no subject": ({"sub": None}, BadToken, "sub"),
    "no level": ({"acr": None}, TooWeak, "acr_missing"),
    "a list of levels": ({"acr": [LOA2, LOA3]}, TooWeak, "acr_missing"),
    "too weak": ({"acr": LOA2}, TooWeak, "acr"),
    "a level that only looks alike": ({"acr": LOA3 + "-nonresident"}, TooWeak, "acr"),
    "a moment that is none": ({"auth_time": "yesterday"}, BadToken, "auth_time"),
    "a number that is none": ({NUMBER: "8503149802"}, BadToken, "identifier"),
    "a number in other digits": ({NUMBER: "١٩٨٥٠٣١٤٩٨٠٢"}, BadToken, "identifier"),
}


@pytest.mark.parametrize("lie", LIES)
def test_claims_that_lie(liar: Liar, lie: str) -> None:
    claims, error, reason = LIES[lie]
    liar.claims = claims
    with pytest.raises(error) as caught:
        finish(liar)
    assert (type(caught.value), caught.value.reason) == (error, reason)


def test_where_no_level_is_needed_everything_else_is(liar: Liar) -> None:
    staff = {"accepted_acr": (), "acr_needed": False, "identifier_claims": (("email", "log-in name"),)}
    for unsure in (None, False, "true", 1):  # only the provider's plain word that the address is hers
        liar.claims = {"email": "hanna@staff.example", "email_verified": unsure}
        with pytest.raises(BadToken, match="email_not_verified"):
            finish(liar, **staff)
    liar.claims = {"upn": "hanna@staff.example", "email_verified": False}
    assert finish(liar, **{**staff, "identifier_claims": (("upn", "log-in name"),)}).identifier == "hanna@staff.example"
    liar.claims = {"email": "hanna@staff.example", "email_verified": True, "acr": LOA2}
    identity = finish(liar, **staff)
    assert (identity.identifier, identity.acr) == ("hanna@staff.example", "")
    assert finish(liar, **{**staff, "accepted_acr": (LOA2,)}).acr == LOA2
    for lie in ("another audience", "another nonce", "another issuer", "expired", "no subject"):
        claims, error, reason = LIES[lie]
        liar.claims = {"email": "hanna@staff.example", "email_verified": True, **claims}
        with pytest.raises(error) as caught:
            finish(liar, **staff)
        assert caught.value.reason == reason, lie
    liar.claims = {"email": None}
    with pytest.raises(BadToken):
        finish(liar, **staff)


@pytest.mark.parametrize("seconds_off", [None, -600, 600])
def test_a_signature_needs_fresh_identification(liar: Liar, seconds_off: int | None) -> None:
    liar.claims = {"auth_time": None if seconds_off is None else now() + seconds_off}
    finish(liar)
    with pytest.raises(BadToken, match="auth_time"):
        finish(liar, DIGEST)


def unsigned(token: str) -> str:
    return f"{b64(json.dumps({'alg': 'none', 'typ': 'JWT'}).encode())}.{token.split('.')[1]}."


def altered(token: str) -> str:
    header, payload, signature = token.split(".")
    return f"{header}.{payload[:30]}{'A' if payload[30] != 'A' else 'B'}{payload[31:]}.{signature}"


def test_tokens_that_are_forged(liar: Liar) -> None:
    def by_shared_secret(token: str) -> str:
        header = b64(json.dumps({"alg": "HS256", "kid": "one"}).encode())
        signed = f"{header}.{token.split('.')[1]}"
        mac = hmac.new(liar.key.as_pem(private=False), signed.encode(), hashlib.sha256)
        return f"{signed}.{b64(mac.digest())}"

    forgeries: dict[str, tuple[Callable[[str], str], str]] = {
        "no signature": (unsigned, "alg"),
        "signed with our own public key": (by_shared_secret, "alg"),
        "altered": (altered, "signature"),
        "cut": (lambda token: token.rpartition(".")[0] + ".", "signature"),
        "encrypted or nonsense": (lambda token: token + ".x.y", "format"),
        "empty": (lambda token: "", "format"),
        "not ASCII": (lambda token: "å" + token, "format"),
    }
    for what, (forge, reason) in forgeries.items():
        liar.forge = forge
        with pytest.raises(BadToken) as caught:
            finish(liar)
        assert caught.value.reason == reason, what


def test_keys_that_lie(liar: Liar) -> None:
    honest = liar.key
    finish(liar)

    liar.key, liar.published = new_key("one"), [honest]
    with pytest.raises(BadToken, match="signature"):
        finish(liar)
    liar.key = new_key("unknown")
    before = liar.asked.count("/jwks")
    with pytest.raises(BadToken, match="kid"):
        finish(liar)
    assert liar.asked.count("/jwks") == before + 1
    liar.published = [honest, liar.key]
    finish(liar)
    finish(liar)
    assert liar.asked.count("/jwks") == before + 2

    liar.header = {"kid": None}
    with pytest.raises(BadToken, match="kid"):
        finish(liar)
    liar.published = [liar.key]
    finish(liar)
    liar.header = {"typ": "at+jwt"}
    with pytest.raises(BadToken, match="typ"):
        finish(liar)
    liar.header = {}
    with pytest.raises(BadToken, match="alg"):
        finish(liar, algorithms=("RS256",))


def test_the_national_number_from_user_information_serves_a_log_in_but_no_signature(liar: Liar) -> None:
    liar.claims = {NUMBER: None}
    liar.userinfo = {"sub": "subject", NUMBER: "19850314-9802", "acr": LOA4, "name": "Amina L.", "given_name": "Eve"}
    identity = finish(liar)
    assert (identity.identifier, identity.name, identity.acr) == ("198503149802", "Amina L.", LOA3)
    assert identity.given_name == "Amina"
    with pytest.raises(BadToken, match="no_identifier"):
        finish(liar, DIGEST)
    liar.userinfo = {"sub": "somebody", NUMBER: "198503149802"}
    with pytest.raises(BadToken, match="userinfo_sub"):
        finish(liar)
    liar.userinfo = {"sub": "subject"}
    with pytest.raises(BadToken, match="no_identifier"):
        finish(liar)


def test_the_urn_form_and_other_countries_numbers(liar: Liar) -> None:
    liar.claims = {NUMBER: None, "urn:oid:1.2.752.29.4.13": "197010632391"}
    identity = finish(liar)
    assert (identity.identifier, identity.identifier_type) == ("197010632391", "samordningsnummer")
    liar.claims = {NUMBER: None, "ahvn13": "756.9217.0769.85"}
    identity = finish(liar, identifier_claims=(("ahvn13", "AHVN13"),))
    assert (identity.identifier, identity.identifier_type) == ("756.9217.0769.85", "AHVN13")


def test_answers_that_are_none(liar: Liar) -> None:
    cases: list[tuple[dict[str, Any], type[EidError], str]] = [
        ({"token_answer": {"id_token": None}}, BadToken, "no_id_token"),
        ({"token_answer": {"error": "invalid_grant"}, "status": 400}, Expired, "invalid_grant"),
        (
            {"token_answer": {"error": "invalid_client 19850314"}, "status": 401},
            Unreachable,
            "invalid_client",
        ),
        ({"status": 503}, Unreachable, "token_response"),
        ({"status": 302}, Unreachable, "token_response"),
        ({"delay_seconds": 1.5}, Unreachable, "token_response"),
    ]
    for changes, error, reason in cases:
        for name, value in changes.items():
            setattr(liar, name, value)
        with pytest.raises(error) as caught:
            finish(liar, timeout_seconds=1)
        assert caught.value.reason == reason
        liar.token_answer, liar.status, liar.delay_seconds = {}, 200, 0


@pytest.mark.parametrize(
    ("metadata", "error", "reason"),
    [
        ({"issuer": "https://e.example"}, WrongIssuer, "discovery"),
        ({"token_endpoint": None}, Unreachable, "discovery_token_endpoint"),
        ({"token_endpoint": "http://e.example/token"}, Unreachable, "no_tls"),
        ({"authorization_response_iss_parameter_supported": True}, WrongIssuer, "response"),
    ],
)
def test_discovery_that_lies(liar: Liar, metadata: dict[str, Any], error: type[EidError], reason: str) -> None:
    liar.metadata = metadata
    with pytest.raises(error) as caught:
        finish(liar)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("access_denied", "eid.cancelled"),
        ("unmet_authentication_requirements", "eid.too_weak"),
        ("temporarily_unavailable", "eid.unreachable"),
        ("<script>", "eid.bad_token"),
    ],
)
def test_what_the_provider_says_instead_of_a_code(liar: Liar, said: str, code: str) -> None:
    config = configured(liar.issuer)
    begun = oidc.begin(config, redirect_uri=CALLBACK, purpose="login", digest=None, ui_locale="sv")
    with pytest.raises(EidError) as caught:
        oidc.finish(config, begun.flow, {"error": said, "state": begun.flow["state"]})
    assert caught.value.code == code
    assert "<" not in caught.value.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"accepted_acr": ()},
        {"accepted_acr": ("",)},
        {"algorithms": ("none",)},
        {"algorithms": ("ES256", "HS256")},
        {"algorithms": ()},
        {"client_secret": None},
        {"client_auth": "private_key_jwt"},
        {"client_auth": "none"},
        {"identifier_claims": ()},
    ],
)
def test_a_configuration_that_would_let_anybody_in_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=":"):
        configured("https://e.example", **changes)

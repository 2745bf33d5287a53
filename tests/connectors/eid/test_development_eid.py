"""The relying party against the development e-ID as a process of its own."""

from __future__ import annotations

import json
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from handslag.connectors.eid import oidc
from handslag.connectors.eid.port import (
    LOA3,
    LOA4,
    BadToken,
    Begun,
    Cancelled,
    EidError,
    Expired,
    Identity,
    TooWeak,
    Unreachable,
    WrongIssuer,
)
from handslag.kernel import canonical, clock
from tests.bed import free_port
from tests.connectors.eid.processes import CALLBACK, Simulator, answer, browser, configured

DIGEST = "3f" * 32


def begin(config: oidc.OidcConfig, digest: str | None = None, **options: str) -> Begun:
    purpose = "sign" if digest else "login"
    return oidc.begin(config, redirect_uri=CALLBACK, purpose=purpose, digest=digest, ui_locale="sv", **options)


def login(config: oidc.OidcConfig, digest: str | None = None, **fields: str) -> Identity:
    begun = begin(config, digest)
    flow = json.loads(json.dumps(begun.flow))
    return oidc.finish(config, flow, answer(begun.url, **({"pnr": "19850314-9802"} | fields)))


@pytest.mark.parametrize(("acr", "level"), [("loa3", LOA3), ("loa4", LOA4)])
def test_a_known_person_logs_in(simulator: Simulator, acr: str, level: str) -> None:
    identity = login(simulator.config, acr=acr)

    assert identity.auth_time is not None
    assert abs(clock.now() - identity.auth_time) < timedelta(seconds=30)
    assert identity == Identity(
        issuer=simulator.issuer,
        subject=identity.subject,
        identifier="198503149802",
        identifier_type="personnummer",
        given_name="Amina",
        family_name="Lindqvist",
        name="Amina Lindqvist",
        acr=level,
        auth_time=identity.auth_time,
        evidence={"issuer": simulator.issuer, "acr": level, "auth_time": int(identity.auth_time.timestamp())},
    )
    assert identity.subject == login(simulator.config, acr="loa3").subject
    assert identity.subject != login(simulator.config, pnr="198309279811").subject
    assert "198503149802" not in repr(identity)


@pytest.mark.parametrize(
    ("name", "given_name", "family_name"),
    [("Zainab Al Hashimi", "Zainab Al", "Hashimi"), ("سارة", "", "سارة"), ("Łucja Żak", "Łucja", "Żak")],
)
def test_a_person_whom_nobody_has_heard_of_logs_in(
    simulator: Simulator, name: str, given_name: str, family_name: str
) -> None:
    identity = login(simulator.config, pnr="197010632391", name=name)

    assert (identity.identifier, identity.identifier_type) == ("197010632391", "samordningsnummer")
    assert (identity.given_name, identity.family_name, identity.name) == (given_name, family_name, name)


def test_a_weak_log_in_is_refused_and_a_soft_certificate_where_only_the_hard_one_counts(
    simulator: Simulator,
) -> None:
    hard_only = configured(simulator.issuer, accepted_acr=(LOA4,))

    assert login(hard_only, acr="loa4").acr == LOA4
    for config, acr in ((simulator.config, "loa2"), (hard_only, "loa3")):
        for digest in (None, DIGEST):
            with pytest.raises(TooWeak) as caught:
                login(config, digest, acr=acr)
            assert (caught.value.code, caught.value.reason) == ("eid.too_weak", "acr")


def test_a_person_may_say_no(simulator: Simulator) -> None:
    with pytest.raises(Cancelled) as caught:
        login(simulator.config, action="cancel")
    assert (caught.value.code, caught.value.reason) == ("eid.cancelled", "access_denied")


def test_a_signature_binds_the_digest_and_can_be_checked_off_line(simulator: Simulator) -> None:
    identity = login(simulator.config, DIGEST, action="sign", acr="loa4")
    evidence = json.loads(canonical.dumps(identity.evidence))

    oidc.check_evidence(evidence)
    oidc.check_evidence(evidence, digest=DIGEST)
    assert evidence["digest"] == DIGEST
    assert evidence["auth_time"] == int(identity.auth_time.timestamp()) if identity.auth_time else None

    other = login(simulator.config, "40" * 32, action="sign").evidence
    header, payload, signature = str(evidence["id_token"]).split(".")
    flipped = ("B" if payload[20] != "B" else "C").join((payload[:20], payload[21:]))
    forgeries: dict[str, tuple[dict[str, object], str]] = {
        "another digest": ({"digest": "40" * 32}, "nonce"),
        "another salt": ({"salt": other["salt"]}, "nonce"),
        "another signature's token": (
            {"id_token": other["id_token"], "auth_time": other["auth_time"]},
            "acr",
        ),
        "an altered token": ({"id_token": f"{header}.{flipped}.{signature}"}, "signature"),
        "no signature": ({"id_token": f"{header}.{payload}."}, "signature"),
        "another level": ({"acr": LOA3}, "acr"),
        "another moment": ({"auth_time": int(str(evidence["auth_time"])) + 1}, "auth_time"),
        "another issuer": ({"issuer": "https://e.example"}, "iss"),
        "another client": ({"client_id": "somebody"}, "aud"),
        "another key": ({"jwk": evidence["jwk"] | {"x": evidence["jwk"]["y"]}}, "signature"),
        "a shared secret": ({"jwk": {"kty": "oct", "k": "AAAA"}}, "evidence_jwk"),
        "a digest that is none": ({"digest": "zz"}, "evidence_digest"),
        "another format": ({"format": "oidc-nonce-0"}, "evidence_format"),
    }
    for what, (change, reason) in forgeries.items():
        with pytest.raises(BadToken) as caught:
            oidc.check_evidence(evidence | change)
        assert caught.value.reason == reason, what
    for name in set(evidence) - {"auth_time"}:
        with pytest.raises(BadToken, match=f"evidence_{name}"):
            oidc.check_evidence({key: value for key, value in evidence.items() if key != name})
    with pytest.raises(BadToken, match="evidence_digest"):
        oidc.check_evidence(evidence, digest="40" * 32)


def test_an_answer_to_a_log_in_is_no_signature_nor_to_another_digest(simulator: Simulator) -> None:
    asked = begin(simulator.config, DIGEST)
    shown = begin(simulator.config, "40" * 32)
    for other in (begin(simulator.config), shown):
        brought = answer(other.url, pnr="198503149802") | {"state": asked.flow["state"]}
        stolen = asked.flow | {"code_verifier": other.flow["code_verifier"]}
        with pytest.raises(BadToken) as caught:
            oidc.finish(simulator.config, stolen, brought)
        assert caught.value.reason == "nonce"


def test_code_state_verifier_and_flow_are_good_once_and_for_their_own_browser(simulator: Simulator) -> None:
    config = simulator.config
    begun = begin(config)
    brought = answer(begun.url, pnr="198503149802")
    oidc.finish(config, begun.flow, brought)

    later = begin(config)
    unused = answer(later.url, pnr="198503149802")
    long_ago = (clock.now() - timedelta(seconds=901)).isoformat()
    cases: list[tuple[dict[str, str], dict[str, str], type[EidError], str]] = [
        (begun.flow, brought, Expired, "invalid_grant"),
        (begun.flow, unused, BadToken, "state"),
        (begun.flow, {}, BadToken, "state"),
        (later.flow, {"error": "access_denied"}, BadToken, "state"),
        (later.flow, unused | {"code": ""}, BadToken, "code"),
        (later.flow | {"created_at": long_ago}, unused, Expired, "flow"),
        (later.flow | {"redirect_uri": CALLBACK + "/x"}, unused, Expired, "invalid_grant"),
        (later.flow | {"code_verifier": begun.flow["code_verifier"]}, unused, Expired, "invalid_grant"),
    ]
    for flow, query, error, reason in cases:
        with pytest.raises(error) as caught:
            oidc.finish(config, flow, query)
        assert caught.value.reason == reason


def test_two_providers_cannot_be_mixed_up(simulator: Simulator, tmp_path: Path) -> None:
    with Simulator(f"http://eid.localhost:{free_port()}", tmp_path).running() as other:
        ours, theirs = begin(simulator.config), begin(other.config)
        brought = answer(theirs.url, pnr="198503149802") | {"state": ours.flow["state"]}
        silent = {name: value for name, value in brought.items() if name != "iss"}
        for config, flow, query, reason in (
            (simulator.config, ours.flow, brought, "response"),
            (simulator.config, ours.flow, silent, "response"),
            (other.config, ours.flow, brought, "flow"),
        ):
            with pytest.raises(WrongIssuer) as caught:
                oidc.finish(config, flow, query)
            assert caught.value.reason == reason
        renamed = configured(other.issuer + "/")
        with pytest.raises(WrongIssuer, match="discovery"):
            begin(renamed)
        assert login(other.config).subject != login(simulator.config).subject


def test_keys_roll_over_and_are_kept_over_restarts(tmp_path: Path) -> None:
    simulator = Simulator(f"http://eid.localhost:{free_port()}", tmp_path)
    kids = []
    with simulator.running():
        evidence = [login(simulator.config, DIGEST).evidence]
    for options in ((), ("--rotate-key",), ()):
        with simulator.running(*options), browser() as session:
            evidence.append(login(simulator.config, DIGEST).evidence)
            kids.append([key["kid"] for key in session.get(f"{simulator.issuer}/jwks").json()["keys"]])
    assert [len(listed) for listed in kids] == [1, 2, 2]
    assert kids[1] == kids[2] == [kids[0][0], kids[1][1]]
    assert [dict(made["jwk"])["kid"] for made in evidence] == [  # type: ignore[call-overload]
        kids[0][0],
        kids[0][0],
        kids[1][1],
        kids[1][1],
    ]
    for made in evidence:
        oidc.check_evidence(made)
    assert (tmp_path / "eid/keys.json").stat().st_mode & 0o777 == 0o600


def test_no_personal_datum_is_in_the_address_and_the_hint_arrives_all_the_same(simulator: Simulator) -> None:
    begun = begin(simulator.config, login_hint="198309279811")
    assert set(dict(parse_qsl(urlsplit(begun.url).query))) == {"client_id", "request_uri"}
    with browser() as session:
        page = session.get(begun.url).text
    assert 'id="person-198309279811" name="person" value="198309279811" checked' in page
    assert begun.flow["nonce"] not in begun.url


def test_without_its_provider_nobody_gets_in(simulator: Simulator, tmp_path: Path) -> None:
    refused = configured(simulator.issuer, client_secret="wrong")
    with pytest.raises(Unreachable, match="pushed_request"):
        begin(refused)
    begun = begin(simulator.config)
    brought = answer(begun.url, pnr="198503149802")
    with pytest.raises(Unreachable, match="invalid_client"):
        oidc.finish(refused, begun.flow, brought)

    gone = Simulator(f"http://eid.localhost:{free_port()}", tmp_path)
    with pytest.raises(Unreachable):
        begin(gone.config)
    with gone.running():
        begun = begin(gone.config)
        brought = answer(begun.url, pnr="198503149802")
    with pytest.raises(Unreachable, match="token_response"):
        oidc.finish(gone.config, begun.flow, brought)
    with pytest.raises(Unreachable, match="no_tls"):
        begin(configured("http://eid.example.test"))


def test_loopback_names_need_no_resolver(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def knows_no_names(host: str, *rest: Any, **more: Any) -> Any:
        assert host == "127.0.0.1"
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", knows_no_names)
    login(configured(simulator.issuer, timeout_seconds=6), DIGEST)


def test_a_digest_belongs_to_a_signature_and_only_there(simulator: Simulator) -> None:
    for purpose, digest in (("sign", None), ("login", DIGEST), ("sign", "3F" * 32), ("sign", "3f" * 31)):
        with pytest.raises(ValueError, match="digest"):
            oidc.begin(
                simulator.config,
                redirect_uri=CALLBACK,
                purpose=purpose,  # type: ignore[arg-type]
                digest=digest,
                ui_locale="sv",
            )

"""Notices against a mail server in a process of its own that can refuse."""

from __future__ import annotations

import email
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.policy import default
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from handslag.connectors.notices.port import (
    AddressRefused,
    Deferred,
    Malformed,
    Notice,
    NoticeError,
    Refused,
)
from handslag.connectors.notices.smtp import SmtpConfig, send
from handslag.kernel import clock
from tests.bed import free_port

NOTICE = Notice(
    to="amina@example.org",
    subject="Det finns något nytt i Sundbys e-tjänst",
    body="Hej!\n\nDet finns något nytt till dig. Logga in för att läsa.\n.\n",
    language="sv",
    key="01890f1e-7b1c-7cc3-98c4-dc0c0c07398f",
)


@contextmanager
def mail_server(folder: Path, *certificate: str) -> Iterator[int]:
    port = free_port()
    script = str(Path(__file__).with_name("mail_server.py"))
    running = subprocess.Popen([sys.executable, script, str(port), str(folder), *certificate])
    try:
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert running.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
        yield port
    finally:
        running.terminate()
        running.wait(10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mail")


@pytest.fixture(scope="module")
def config(folder: Path) -> Iterator[SmtpConfig]:
    with mail_server(folder) as port:
        yield configured(port)


def configured(port: int, **changes: Any) -> SmtpConfig:
    fields: dict[str, Any] = {
        "host": "127.0.0.1",
        "security": "none",
        "sender": "no-reply@sundby.example",
        "sender_name": "Sundby kommun",
        "domain": "handslag.sundby.example",
        "timeout_seconds": 5,
    }
    return SmtpConfig(port=port, **(fields | changes))


def kept(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json"))]


def test_a_notice_arrives_word_for_word_with_a_message_id_of_its_own(config: SmtpConfig, folder: Path) -> None:
    before = len(kept(folder))
    message_ids = [send(config, NOTICE), send(config, NOTICE)]

    assert message_ids == ["<01890f1e-7b1c-7cc3-98c4-dc0c0c07398f@handslag.sundby.example>"] * 2
    arrived = kept(folder)[before:]
    assert len(arrived) == 2
    for received in arrived:
        mail = email.message_from_bytes(received["content"].encode(), policy=default)
        assert (received["from"], received["to"]) == ("no-reply@sundby.example", ["amina@example.org"])
        assert mail.get_content().replace("\r\n", "\n") == NOTICE.body
        assert abs(mail["Date"].datetime - clock.now()) < timedelta(seconds=60)
        assert {name: str(value) for name, value in mail.items() if name != "Date"} == {
            "From": "Sundby kommun <no-reply@sundby.example>",
            "To": "amina@example.org",
            "Subject": "Det finns något nytt i Sundbys e-tjänst",
            "Message-ID": message_ids[0],
            "Auto-Submitted": "auto-generated",
            "Content-Language": "sv",
            "Content-Type": 'text/plain; charset="utf-8"',
            "Content-Transfer-Encoding": "quoted-printable",
            "MIME-Version": "1.0",
        }


@pytest.mark.parametrize(
    ("to", "sent_to"),
    [("åsa@example.org", "åsa@example.org"), ("asa@åre.example", "asa@xn--re-xia.example")],
)
def test_addresses_in_other_letters(config: SmtpConfig, folder: Path, to: str, sent_to: str) -> None:
    send(config, replace(NOTICE, to=to))
    assert kept(folder)[-1]["to"] == [sent_to]


@pytest.mark.parametrize(
    ("to", "error", "reason", "again"),
    [
        ("gone@example.org", AddressRefused, "recipient_550", False),
        ("full@example.org", Deferred, "recipient_452", True),
        ("spam@example.org", Refused, "message_554", False),
        ("slow@example.org", Deferred, "SMTPServerDisconnected", True),
        ("cut@example.org", Deferred, "SMTPServerDisconnected", True),
    ],
)
def test_what_the_server_refuses(
    config: SmtpConfig, folder: Path, to: str, error: type[NoticeError], reason: str, again: bool
) -> None:
    before = kept(folder)
    with pytest.raises(error) as caught:
        send(replace(config, timeout_seconds=1), replace(NOTICE, to=to))
    assert (caught.value.reason, caught.value.again) == (reason, again)
    assert to not in str(caught.value)
    assert kept(folder) == before


def test_a_sender_that_is_refused_and_a_server_that_is_gone(config: SmtpConfig) -> None:
    with pytest.raises(Refused, match="sender_553"):
        send(replace(config, sender="forbidden@sundby.example"), NOTICE)
    with pytest.raises(Refused, match="not_supported"):
        send(replace(config, security="starttls"), NOTICE)
    with pytest.raises(Deferred, match="ConnectionRefusedError"):
        send(configured(free_port()), NOTICE)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Deferred) as caught:
        send(configured(silent.getsockname()[1], timeout_seconds=1), NOTICE)
    assert caught.value.reason == "SMTPServerDisconnected"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"to": "amina@example.org\r\nBcc: all@example.org"}, "address"),
        ({"to": "amina@example.org, eve@example.org"}, "address"),
        ({"to": "Amina <amina@example.org>"}, "address"),
        ({"to": "amina@example.org\u2028"}, "address"),
        ({"to": "amina"}, "address"),
        ({"to": "amina@"}, "address"),
        ({"to": "a..b@example.org"}, "address"),
        ({"to": ""}, "address"),
        ({"subject": "Nytt\r\nBcc: all@example.org"}, "subject"),
        ({"subject": "Nytt\nBcc: all@example.org"}, "subject"),
        ({"subject": "Nytt\u0085Bcc: all@example.org"}, "subject"),
        ({"subject": " "}, "subject"),
        ({"language": "sv\r\nX: y"}, "language"),
        ({"key": "a@b>\r\nX: y"}, "key"),
    ],
)
def test_nothing_can_be_smuggled_into_a_header(
    config: SmtpConfig, folder: Path, changes: dict[str, str], reason: str
) -> None:
    before = kept(folder)
    with pytest.raises(Malformed) as caught:
        send(config, replace(NOTICE, **changes))
    assert caught.value.reason == reason
    assert kept(folder) == before


def certificate(folder: Path, name: str) -> tuple[str, str]:
    """A self-signed certificate for 127.0.0.1; the paths of certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(paths[0]), str(paths[1])


def test_encryption_and_log_in(tmp_path: Path) -> None:
    right, other = certificate(tmp_path, "right"), certificate(tmp_path, "other")
    with mail_server(tmp_path, *right) as port:
        config = configured(port, security="starttls", ca_bundle=right[0], username="handslag", password="right")
        send(config, NOTICE)
        assert [received["tls"] for received in kept(tmp_path)] == [True]
        for refused, reason in (
            (replace(config, password="wrong"), "log_in_535"),
            (replace(config, ca_bundle=other[0]), "certificate"),
            (replace(config, username=None), "sender_530"),
        ):
            with pytest.raises(Refused) as caught:
                send(refused, NOTICE)
            assert caught.value.reason == reason
        with pytest.raises(Refused, match="not_supported"):
            send(config, replace(NOTICE, to="åsa@example.org"))
    assert len(kept(tmp_path)) == 1
    assert "right" not in repr(replace(config, ca_bundle=None))
    with pytest.raises(ValueError, match="TLS"):
        configured(25, host="mail.example")

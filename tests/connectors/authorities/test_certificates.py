"""The organisation's certificate (mTLS), by an authority of certificates made here, against the simulated service."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from handslag.connectors.authorities import ssbtek
from handslag.connectors.authorities.ssbtek import client
from handslag.connectors.authorities.ssbtek.client import SsbtekConfig
from tests.bed import ROOT, free_port
from tests.connectors.authorities.test_ssbtek import QUESTION


@dataclass
class Issuer:
    """Somebody who vouches, with the file that says so."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        self.file = self.folder / f"{self.name}.pem"
        self.file.write_bytes(self._signed(self.subject, self.key, authority=True))

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool) -> bytes:
        now, mine = datetime.now(UTC), self.key.public_key()
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(mine), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)

    def certificate(self, name: str) -> tuple[Path, Path]:
        """Files of a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        files = self.folder / f"{self.name}-{name}.pem", self.folder / f"{self.name}-{name}.key"
        files[0].write_bytes(self._signed(subject, key, authority=False))
        encoded = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        files[1].write_bytes(key.private_bytes(*encoded))
        return files


@pytest.fixture(scope="module")
def issuers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Issuer, Issuer]:
    folder = tmp_path_factory.mktemp("certificates")
    return Issuer(folder, "ours"), Issuer(folder, "theirs")


@pytest.fixture(scope="module")
def address(issuers: tuple[Issuer, Issuer]) -> Iterator[str]:
    ours, port = issuers[0], free_port()
    certificate, key = ours.certificate("service")
    both = ours.folder / "service.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    command = [sys.executable, "-m", "simulators.ssbtek", "--port", str(port), "--certificate", str(both)]
    running = subprocess.Popen([*command, "--clients", str(ours.file)], cwd=ROOT)
    try:
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert running.poll() is None and time.monotonic() < until, "the service isn't ready"
                time.sleep(0.05)
        yield f"https://127.0.0.1:{port}/ssbtek"
    finally:
        running.terminate()
        running.wait(10)


def codes(config: SsbtekConfig) -> set[str]:
    client._breakers.clear()
    return {one.code for one in ssbtek.fetch(config, QUESTION)}


def test_only_the_right_certificates_on_both_sides_lead_to_an_answer(
    address: str, issuers: tuple[Issuer, Issuer]
) -> None:
    ours, theirs = issuers
    certificate, key = map(str, ours.certificate("municipality"))
    right = SsbtekConfig(address, certificate, key, str(ours.file), read_seconds=5)
    assert codes(right) == {""}
    assert ssbtek.ping(right)

    wrong, wrong_key = map(str, theirs.certificate("municipality"))  # the same name, vouched for by somebody else
    assert codes(replace(right, certificate=wrong, key=wrong_key)) == {"unreachable"}
    assert codes(replace(right, certificate="", key="")) == {"unreachable"}
    assert codes(replace(right, authorities_file=str(theirs.file))) == {"unreachable"}  # the service is somebody else's
    assert codes(replace(right, authorities_file="")) == {"unreachable"}  # nor one that the system knows
    assert codes(replace(right, key=str(ours.folder / "missing.key"))) == {"unreachable"}
    assert codes(replace(right, address=address.replace("https", "http"))) == {"unreachable"}
    assert codes(right) == {""}  # none of them shut the service

"""The demonstration's log-ins: known to everybody, so fit for a demonstration only. Plain data, no database."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

ORGANISATION = "lindhaga"
PASSWORD = "handslag-demo-2026"
TOTP_SECRET = base64.b32encode(b"handslag-demo-secret").decode()
CODE_SECONDS = 30


@dataclass(frozen=True)
class DemoStaff:
    """A member of staff: the name before the @ of her address, her name, roles and highest protection level."""

    login: str
    name: str
    roles: tuple[str, ...]
    clearance: int = 0


STAFF = (
    DemoStaff("rut", "Rut Registrator", ("registrar",)),
    DemoStaff("hanna", "Hanna Handläggare", ("caseworker", "registrar")),
    DemoStaff("bo", "Bo Beslutsfattare", ("decider", "caseworker"), 3),
    DemoStaff("vera", "Vera Vaksam", ("caseworker", "decider"), 3),
    DemoStaff("ulla", "Ulla Utbetalare", ("payer",)),
    DemoStaff("erik", "Erik Ekonom", ("payer",), 3),
    DemoStaff("alva", "Alva Administratör", ("administrator", "reviewer")),
)


def address_of(login: str, organisation: str) -> str:
    """The e-mail address with which a member of staff logs in: rut@lindhaga.example."""
    return f"{login}@{organisation}.example"


def one_time_code(secret: str, *, later: int = 0) -> str:
    """The one-time code of a base32 secret now, or `later` periods of half a minute from now (RFC 6238)."""
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), CODE_SECONDS, enforce_key_length=False)
    return totp.generate(int(time.time()) + later * CODE_SECONDS).decode()

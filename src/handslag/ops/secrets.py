"""The installation's own secrets: `<data>/secrets.json`, readable by its owner only, made at first start."""

import base64
import json
import os
import secrets as randomness
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROLES = ("owner", "web", "worker", "courier", "auditor", "backup", "eraser")


class SecretsError(Exception):
    """The secrets file is unusable; the message says what to do."""


@dataclass(frozen=True)
class Secrets:
    """What the installation keeps to itself.

    `django`: the key of signed cookies. `installation_key`: 32 bytes that wrap the tenants' keys.
    `superuser`: the password of the embedded server's administrator. `roles`: password by short role name.
    """

    django: str
    installation_key: bytes
    superuser: str
    roles: dict[str, str]

    @classmethod
    def of(cls, data: Path) -> "Secrets":
        """The secrets of the data folder, drawn at random if there are none yet."""
        path = data / "secrets.json"
        if not path.exists():
            data.mkdir(parents=True, exist_ok=True)
            _write_once(path)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretsError(f"{path} can be read by others: chmod 600 {path}")
        try:
            stored: dict[str, Any] = json.loads(path.read_text())
            return cls(
                django=stored["django"],
                installation_key=base64.b64decode(stored["installation_key"], validate=True),
                superuser=stored["superuser"],
                roles={role: stored["roles"][role] for role in ROLES},
            )
        except (ValueError, KeyError, TypeError) as error:
            raise SecretsError(f"{path} is damaged ({error!r}): put a copy of it back.") from error


def _write_once(path: Path) -> None:
    """Whole or not at all; of several processes that try at once, one wins."""
    drawn = {
        "django": randomness.token_urlsafe(48),
        "installation_key": base64.b64encode(randomness.token_bytes(32)).decode(),
        "superuser": randomness.token_urlsafe(24),
        "roles": {role: randomness.token_urlsafe(24) for role in ROLES},
    }
    half = path.with_name(f".secrets.{os.getpid()}.{randomness.token_hex(4)}")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(drawn, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(half, path)
        except FileExistsError:
            pass
    finally:
        half.unlink()

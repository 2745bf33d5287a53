"""This installation: its data folder, its server, and the environment in which a process plays one role."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from handslag.ops import postgres, roles
from handslag.ops.postgres import Server
from handslag.ops.secrets import Secrets


def data_folder() -> Path:
    """HANDSLAG_DATA, else `var` in the checkout, else `var` where the command is called."""
    if named := os.environ.get("HANDSLAG_DATA"):
        return Path(named).resolve()
    checkout = Path(__file__).resolve().parents[3]
    return (checkout if (checkout / "pyproject.toml").exists() else Path.cwd()) / "var"


@dataclass(frozen=True)
class Installation:
    """A data folder, the secrets in it and the server that keeps its data."""

    data: Path
    secrets: Secrets
    server: Server

    def environment(self, role: str | None = None) -> dict[str, str]:
        """What a process of the product is told; never the administrator's DSN.

        `role` is the short name; None leaves the choice to the command itself.
        """
        kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "HANDSLAG_ROLE")}
        told = {
            "HANDSLAG_DATA": str(self.data),
            "HANDSLAG_DB": self.server.application_conninfo,
            "DJANGO_SETTINGS_MODULE": "handslag.config.settings",
            "PYTHONUNBUFFERED": "1",
        }
        return kept | told | ({"HANDSLAG_ROLE": role} if role else {})

    def connection(self, role: str) -> str:
        """The libpq string by which the role (short name) logs in to the product's database."""
        return self.server.for_role(roles.role_name(role), self.secrets.roles[role])


@contextmanager
def installed(*, prepare: bool = True) -> Iterator[Installation]:
    """The installation with its server running; a server started for this is stopped on leaving.

    A process that was told HANDSLAG_DB takes that server as it is. Otherwise it is DATABASE_URL's or the
    embedded one, and with `prepare` its roles are made and checked.
    Raises PostgresError, RolesError or SecretsError.
    """
    data = data_folder()
    data.mkdir(parents=True, exist_ok=True)
    secrets = Secrets.of(data)
    if told := os.environ.get("HANDSLAG_DB"):
        yield Installation(data, secrets, postgres.from_dsn(told))
        return
    with postgres.reached(data) as server:
        if prepare:
            roles.ensure(server, secrets)
        yield Installation(data, secrets, server)


@contextmanager
def acting_as(role: str) -> Iterator[Installation]:
    """`installed`, with Django set up in this process to play `role` (short name), once per process."""
    with installed() as installation:
        os.environ.update(installation.environment(role))
        os.environ.pop("DATABASE_URL", None)
        if "django.conf" in sys.modules and sys.modules["django.conf"].settings.configured:
            raise RuntimeError("Django is set up already: one process plays one role")
        import django

        gc.disable()  # what a start makes stays: looking through it again and again is a fifth of its time
        django.setup()
        gc.freeze()
        gc.enable()
        yield installation

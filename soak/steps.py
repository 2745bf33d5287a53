"""`python -m soak.steps`: sender, courier and receiver of every organisation's messages, a process each.

Whoever is killed is started anew at once, by a fork: nothing is loaded twice. `pid_of` says who is who.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import django

NAMES = ("sender", "courier", "receiver")


def pid_of(data: Path, name: str) -> int:
    """The process that is this one now; 0 before it was first started."""
    try:
        return int((data / f"{name}.pid").read_text())
    except FileNotFoundError:
        return 0


def _work(name: str) -> Callable[[], object]:
    """What it does, again and again, as the worker and the courier of the product do."""
    from handslag.domain.exchange.operations.courier import carry
    from handslag.jobs import exchange
    from handslag.jobs.acts import tenants
    from handslag.kernel import clock

    if name == "courier":
        carried: set[UUID] = set()
        return lambda: carry(carried, clock.now())
    step = {"sender": exchange.hand_over_due, "receiver": exchange.take_arrivals}[name]
    return lambda: [step(tenant) for tenant in tenants()]


def _run(name: str) -> None:
    from django.db import InterfaceError, OperationalError, connection

    from handslag.ops import roles
    from handslag.ops.secrets import Secrets

    role = "courier" if name == "courier" else "worker"
    secrets = Secrets.of(Path(os.environ["HANDSLAG_DATA"]))
    os.environ["HANDSLAG_ROLE"] = role
    connection.settings_dict.update(USER=roles.role_name(role), PASSWORD=secrets.roles[role])
    work = _work(name)
    while True:
        try:
            work()
        except (OperationalError, InterfaceError):
            connection.close()
        time.sleep(0.05)


def main() -> None:
    """Start all three, and whoever ends again."""
    django.setup()
    for name in NAMES:
        _work(name)  # imported here, once
    data, running = Path(os.environ["HANDSLAG_DATA"]), {}
    waiting = list(NAMES)
    while True:
        for name in waiting:
            pid = os.fork()
            if not pid:
                _run(name)
                sys.exit()
            running[pid] = name
            part = data / f"{name}.part"
            part.write_text(str(pid))
            part.rename(data / f"{name}.pid")
        ended, _status = os.wait()
        waiting = [running.pop(ended)]


if __name__ == "__main__":
    main()

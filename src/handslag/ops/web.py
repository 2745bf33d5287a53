"""The web server as a process: `python -m handslag.ops.web --port 8000 --workers 2`.

Each worker process dies with its parent, so that a kill -9 of either leaves nothing that holds the port.
"""

import argparse
import gc
from collections.abc import Callable
from typing import Any

from granian import Granian
from granian.constants import Interfaces

from handslag.ops.processes import die_with_parent

APPLICATION = "handslag.config.wsgi"


def load_application() -> Callable[..., Any]:
    """Runs in each worker process, before the first request."""
    die_with_parent()
    from importlib import import_module

    gc.disable()  # as where a command starts
    application: Callable[..., Any] = import_module(APPLICATION).application
    gc.freeze()
    gc.enable()
    return application


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    options = argparse.ArgumentParser()
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--threads", type=int, default=8)
    chosen = options.parse_args()
    Granian(
        APPLICATION,
        address=chosen.host,
        port=chosen.port,
        interface=Interfaces.WSGI,
        workers=chosen.workers,
        blocking_threads=chosen.threads,
        backpressure=1024,  # counts open connections, idle ones too: browsers keep six each
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_access=False,
    ).serve(target_loader=load_application, wrap_loader=False)


if __name__ == "__main__":
    main()

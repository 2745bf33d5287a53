"""The job queue: procrastinate on our own database. Jobs get ids only."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from importlib import import_module
from typing import Any

import psycopg
import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from procrastinate import App, Blueprint, PsycopgConnector, RetryStrategy
from procrastinate.contrib.django import app as app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException

tasks = Blueprint()
#: For tasks that must not be lost: again after 2, 4, 8 ... seconds when the database went away under them.
AWAY = RetryStrategy(max_attempts=12, exponential_wait=2, retry_exceptions=[OperationalError, InterfaceError])
#: For what another organisation sent and nobody here would ask for again: after one, two, three ... minutes, for some
#: weeks, also where there was no room on the disk.
STUBBORN = RetryStrategy(max_attempts=300, linear_wait=60, retry_exceptions=[OperationalError, InterfaceError, OSError])
#: What the database refuses, rather than that it went away: it is too much, or takes too long (SQLSTATE, its class).
_TOO_MUCH, _TOO_LONG = "54", "57014"
#: A worker that waited so long for a connection has lost the database, and begins anew after so many seconds.
AWAY_SECONDS, AGAIN_SECONDS = 3, 1
log = structlog.get_logger("worker")


def went_away(error: Exception) -> bool:
    """Whether the database went away under a job, so that everything behind it fails as well: then it is tried anew.
    Not where it refused this one thing."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    refused = state.startswith(_TOO_MUCH) or state == _TOO_LONG
    return isinstance(error, OperationalError | InterfaceError) and not refused


def on_ready(queue: App) -> None:
    """Called when Django is ready: take the tasks of the job modules."""
    for path in settings.PROCRASTINATE_IMPORT_PATHS:
        import_module(path)
    queue.add_tasks_from(tasks, namespace="handslag")


def defer(task: Any, *, lock: str | None = None, once: str | None = None, after: int = 0, **ids: str | int) -> None:
    """Put a job into the queue in the open transaction; `lock` runs one at a time, `once` is queued only once, `after`
    so many seconds from now at the earliest."""
    task.configure(lock=lock, queueing_lock=once, schedule_in={"seconds": after} if after else None).defer(**ids)


async def work(*, concurrency: int, once: bool) -> None:
    """Run jobs until SIGTERM or SIGINT, or with `once` until none waits. When the database goes away the worker
    waits for it and goes on by itself; what it was doing then is found by the sweep."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stopped = asyncio.create_task(stop.wait())
    while not stop.is_set():
        working = asyncio.create_task(work_off(concurrency=concurrency, once=once))
        await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            working.cancel()
        try:
            with suppress(asyncio.CancelledError):
                await working
        except (ConnectorException, psycopg.OperationalError) as trouble:  # the latter where no connection can be had
            if once:
                raise
            log.error("database away", error=type(trouble).__name__)
        if once:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(stopped), AGAIN_SECONDS)


async def work_off(*, concurrency: int, once: bool) -> None:
    """The same without signals, until the database goes away: ConnectorException."""
    connector = PsycopgConnector(kwargs=connector_params(), timeout=AWAY_SECONDS)
    with app.replace_connector(connector):
        async with app.open_async():
            await app.run_worker_async(
                concurrency=concurrency,
                wait=not once,
                install_signal_handlers=False,
                update_heartbeat_interval=settings.HEARTBEAT_SECONDS,
                stalled_worker_timeout=settings.STALLED_SECONDS,
            )

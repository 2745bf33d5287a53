"""The job queue: procrastinate on our own database. Jobs get ids only."""

from __future__ import annotations

from typing import Any

from procrastinate import App, Blueprint
from procrastinate.contrib.django import app as app

tasks = Blueprint()


def on_ready(queue: App) -> None:
    """Called when Django is ready: take the tasks of the job modules."""
    import handslag.jobs.letters
    import handslag.jobs.payments
    import handslag.jobs.watch  # noqa: F401

    queue.add_tasks_from(tasks, namespace="handslag")


def defer(task: Any, *, lock: str | None = None, once: str | None = None, **ids: str | int) -> None:
    """Put a job into the queue in the open transaction; `lock` runs one at a time, `once` is queued only once."""
    task.configure(lock=lock, queueing_lock=once).defer(**ids)

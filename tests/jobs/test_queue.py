"""The worker while the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout

from handslag.jobs import queue


@pytest.mark.parametrize("trouble", [PoolTimeout("no connection"), ConnectorException("gone")], ids=["open", "work"])
def test_a_worker_waits_for_a_database_that_is_slow_to_come_back(
    trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[bool] = []
    stops: list[Callable[[], None]] = []

    async def work_off(*, concurrency: int, once: bool) -> None:
        tried.append(once)
        if len(tried) < 3:
            raise trouble
        stops[0]()  # as a signal does
        await asyncio.sleep(60)

    def handle(_loop: object, _number: int, stop: Callable[[], None]) -> None:
        stops.append(stop)

    def work(once: bool) -> None:
        with ThreadPoolExecutor(1) as apart:  # a browser's loop may run in this thread
            apart.submit(lambda: asyncio.run(queue.work(concurrency=1, once=once))).result()

    monkeypatch.setattr(asyncio.SelectorEventLoop, "add_signal_handler", handle)
    monkeypatch.setattr(queue, "work_off", work_off)
    monkeypatch.setattr(queue, "AGAIN_SECONDS", 0.01)
    work(once=False)
    assert tried == [False] * 3
    tried.clear()
    with pytest.raises(type(trouble)):  # who asked for one round is told
        work(once=True)

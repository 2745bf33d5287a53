"""The worker while the database is away."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout

from handslag.jobs import queue


@pytest.mark.parametrize("trouble", [PoolTimeout("no connection"), ConnectorException("gone")], ids=["open", "work"])
def test_a_worker_waits_for_a_database_that_is_slow_to_come_back(
    trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[bool] = []

    async def work_off(*, concurrency: int, once: bool) -> None:
        tried.append(once)
        if len(tried) < 3:
            raise trouble
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(60)

    monkeypatch.setattr(queue, "work_off", work_off)
    monkeypatch.setattr(queue, "AGAIN_SECONDS", 0.01)
    asyncio.run(queue.work(concurrency=1, once=False))
    assert tried == [False] * 3
    tried.clear()
    with pytest.raises(type(trouble)):  # who asked for one round is told
        asyncio.run(queue.work(concurrency=1, once=True))

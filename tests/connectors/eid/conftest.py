from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bed import free_port
from tests.connectors.eid.processes import Simulator


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    port = free_port()
    with Simulator(f"http://eid.localhost:{port}", tmp_path_factory.mktemp("eid")).running() as running:
        yield running

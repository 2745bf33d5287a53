"""A web server of the session with an office that has something on every page."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from soak.bad_input import Desk, furnish
from tests.bed import Database, Process


@dataclass
class Here:
    """What `soak.stage.Person` asks of a stage, for the session's own web server."""

    web: Process

    def origin(self, counter: str) -> str:
        return self.web.url(counter, "")


@pytest.fixture(scope="module")
def here(server: Process) -> Here:
    return Here(server)


@pytest.fixture(scope="module")
def desk(here: Here, database: Database) -> Desk:
    """See soak.bad_input.furnish."""
    return furnish(here, database)

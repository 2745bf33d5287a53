"""A database with whole cases in it, that the verifier may look at and a test may damage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import bed
from tests.bed import Database
from verifier import Report, verify


@dataclass
class Filled:
    """Two organisations with decided and paid cases, their blocks signed, in a copy of its own."""

    copy: Database
    office: Any
    other: Any
    tenant: int
    keys: dict[int, list[bytes]]
    files: Path

    def verify(self, **more: Any) -> Report:
        """Look at everything, files too."""
        return verify(self.copy.of_role("auditor"), **{"files": self.files, "file_keys": self.keys, **more})


@pytest.fixture(scope="session")
def filled(database: Database) -> Iterator[Filled]:
    """See Filled. What the fixture fills is copied, so that tests of this worker's copy don't meet it."""
    from tests.verifier.fill import fill

    office, other, tenant, keys = fill(database)
    from django.db import connections

    connections.close_all()
    database.close_connections()
    copy = Database(f"{database.name}_filled", database.server, database.secrets)
    bed._create(copy, database.name)
    with suppress(KeyError):
        yield Filled(copy, office, other, tenant, keys, Path(os.environ["HANDSLAG_DATA"]) / "files")
    bed.drop(copy)

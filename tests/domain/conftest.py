"""An office for tests of the domain: real PostgreSQL, role web, a tenant of their own."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def new_office(database: Any, connect: Any) -> Callable[..., Any]:
    """`new_office("name", four_eyes_above=100_00)`: a fresh tenant (tests.office.Office)."""
    from tests.office import open_office

    return lambda name="office", **policies: open_office(connect, name, when_asked_for=True, **policies)


@pytest.fixture
def office(new_office: Callable[..., Any]) -> Any:
    """A fresh tenant."""
    return new_office()

"""The same offices as the tests of the domain."""

from tests.domain.conftest import new_office, office

__all__ = ["new_office", "office"]

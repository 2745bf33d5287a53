"""Rows read as columns: a tenant's own, as they are, behind its door only."""

from __future__ import annotations

import numpy as np
import pytest

from handslag.domain.people.models import Membership, Person
from handslag.domain.tenancy.columns import columns_of, places
from handslag.domain.tenancy.door import OutsideDoor, acting
from tests.bed import Database
from tests.office import TEST, open_office


def test_columns_are_the_rows_of_the_tenant_whose_door_is_open(database: Database) -> None:
    here, there = (open_office(database.connect, name, "CH", when_asked_for=True) for name in ("hier", "dort"))
    for office, born in ((here, "19850101"), (there, "19860202")):
        office.person("Lemlem", "Haile", born, account=None)
    kinds = ("uuid", "date", "int", "bool", "code")
    with acting(here.slug, TEST, "look"):
        rows = Person.objects.extra(
            select={"many": "version::int8", "minor": "birth_on > '2010-01-01'", "named": "rpad(given_name, 24)"}
        ).values_list("id", "birth_on", "many", "minor", "named")
        stored = list(rows)
        found = columns_of(rows, kinds)
        assert [column.tolist() for column in found] == [
            [key.bytes for key, *_ in stored], [day.toordinal() for _, day, *_ in stored], [1], [False],
            [b"Lemlem".ljust(24)],
        ]  # fmt: skip
        assert [len(column) for column in columns_of(rows.filter(version=2), kinds)] == [0] * 5
        assert [column.dtype for column in columns_of(rows.none(), kinds)] == [column.dtype for column in found]
        with pytest.raises(ValueError, match="NULL"):
            columns_of(Person.objects.values_list("id", "lower_by_id"), ("uuid", "uuid"))
        assert columns_of(Membership.objects.values_list("since"), ("date",))[0].size == 0
    with pytest.raises(OutsideDoor):
        columns_of(rows, kinds)
    assert places(np.array([2, 5, 9]), np.array([5, 1, 10])).tolist() == [1, -1, -1]
    assert places(np.array([]), np.array([5])).tolist() == [-1]

"""Read many rows of a tenant as columns: the server sends them as they lie in its memory, no object is made of any."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from numpy.typing import NDArray

from handslag.domain.tenancy.door import acting_door

#: How PostgreSQL sends each kind of value that is as wide in every row: the function, and what it makes.
_SENT: Final = {
    "uuid": ("uuid_send", "S16"), "date": ("date_send", ">i4"), "int": ("int8send", ">i8"), "bool": ("boolsend", "?"),
    "instant": ("timestamptz_send", ">i8"), "code": ("textsend", "S24"),
}  # fmt: skip
_DAY_0: Final = 730_120  # the ordinal of 2000-01-01


def columns_of(rows: Any, kinds: tuple[str, ...]) -> list[NDArray[Any]]:
    """The columns of a `values_list` queryset, read behind the open door like any other (under the same row-level
    security), by one statement whose answer is one value.

    `kinds`: of each column "uuid" (16 bytes), "date" (becomes its ordinal), "int", "bool", "instant" (microseconds) or
    "code" (a text of 24 letters of ASCII); none is NULL. ValueError where one is.
    """
    acting_door()
    wide = np.dtype([(f"f{n}", _SENT[kind][1]) for n, kind in enumerate(kinds)])
    try:
        query, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return [_own(kind, np.empty(0, dtype=wide)[f"f{n}"]) for n, kind in enumerate(kinds)]
    names = [f"c{n}" for n in range(len(kinds))]
    row = " || ".join(f"{_SENT[kind][0]}({name})" for name, kind in zip(names, kinds, strict=True))
    whole = f"SELECT count(*), coalesce(string_agg({row}, ''), '') FROM ({query}) AS read ({', '.join(names)})"
    with connection.cursor() as cursor, cursor.copy(f"COPY ({whole}) TO STDOUT (FORMAT binary)", params) as copy:
        copy.set_types(["int8", "bytea"])
        ((many, said),) = copy.rows()
    if len(said) != many * wide.itemsize:
        raise ValueError(f"{rows.model.__name__}: some of {kinds} is NULL, or of another length")
    table = np.frombuffer(said, dtype=wide)
    return [_own(kind, table[f"f{n}"]) for n, kind in enumerate(kinds)]


def _own(kind: str, column: NDArray[Any]) -> NDArray[Any]:
    """A column as this machine reckons with it."""
    if kind in ("int", "instant", "date"):
        column = column.astype(np.int64) + (_DAY_0 if kind == "date" else 0)
    return np.ascontiguousarray(column)


def places(among: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.int64]:
    """Where each of the wanted keys stands in a sorted column of keys; -1 where it doesn't."""
    if not len(among):
        return np.full(len(wanted), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(among, wanted), len(among) - 1)
    return np.where(among[at] == wanted, at, -1)

"""Columns of a population as an Arrow table, and back: how the populations of a measure come in."""

from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from handslag.rules.population import Columns, Households

H = TypeVar("H", bound=Households)


def to_arrow(many: Households) -> pa.Table:
    """One row for each household: its own columns, and a list of structs for each kind of rows."""
    columns = {name: pa.array(column) for name, column in many.households.items()}
    for name, rows in many.rows.items():
        fields = [pa.array(column) for column in rows.columns.values()]
        inner = pa.StructArray.from_arrays(fields, list(rows.columns))
        columns[name] = pa.ListArray.from_arrays(pa.array(rows.offsets.astype(np.int32)), inner)
    return pa.table(columns)


def from_arrow(kind: type[H], table: pa.Table) -> H:
    """The arrays that the rules run on: whole numbers where Arrow has them, truths unpacked from its bits."""
    households, rows = {}, {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        if pa.types.is_list(whole.type):
            inner: Any = whole.values
            fields = {field.name: _array(inner.field(n)) for n, field in enumerate(inner.type)}
            rows[name] = Columns(whole.offsets.to_numpy().astype(np.int64), fields)
        else:
            households[name] = _array(whole)
    return kind(households, rows)


def _array(values: pa.Array) -> Any:
    if not pa.types.is_boolean(values.type) or values.null_count:
        return values.to_numpy(zero_copy_only=True)
    bits = np.frombuffer(values.buffers()[1], dtype=np.uint8)
    truths = np.unpackbits(bits, count=values.offset + len(values), bitorder="little")
    return truths[values.offset :].view(np.bool_)

"""The files of a population: Parquet, or JSON in lines; a row for each household (see `rules/unnamed.py`)."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from handslag.rules.faults import struct_of
from handslag.rules.packs import Pack, kind_of_facts
from handslag.rules.unnamed import DAYS, columns


class PopulationError(ValueError):
    """The file is no population; the message names file, row and column, and what is expected."""


def digest_of(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def count(path: Path) -> int:
    """How many households a file has; PopulationError when it is no population."""
    if path.suffix == ".jsonl":
        with path.open("rb") as file:
            return sum(1 for line in file if line.strip())
    return int(_parquet(path).metadata.num_rows)


def check_columns(path: Path, law: Pack) -> None:
    """PopulationError for a column of a Parquet file that the pack's facts don't have, that it lacks or has twice, or
    that has fractions: no number of a household does, and one that is none (NaN) would pass for "not said"."""
    if path.suffix == ".jsonl":
        return
    schema = _parquet(path).schema_arrow
    found = list(schema.names)
    known = columns(kind_of_facts(law))
    for field in schema:
        if field.name not in known:
            raise PopulationError(f"{path}: {field.name}: no such column; there are {', '.join(known)}")
        if found.count(field.name) > 1:
            raise PopulationError(f"{path}: {field.name}: this column stands twice")
        if fractions := re.search(r"\b(halffloat|float|double)\b", str(field.type)):
            raise PopulationError(f"{path}: {field.name}: whole numbers are expected, not a column of {fractions[1]}")
    needed = [f.name for f in msgspec.structs.fields(kind_of_facts(law)) if f.required and f.name not in DAYS]
    for name in needed:
        if name not in found:
            raise PopulationError(f"{path}: {name}: this column is missing")


def read(path: Path, size: int) -> Iterator[tuple[int, Any]]:
    """The file in pieces of `size` households: the number of the first, and what gives the rows when it is called."""
    if path.suffix == ".jsonl":
        yield from _read_lines(path, size)
        return
    import pyarrow

    waiting: list[Any] = []
    first, there = 0, 0
    for batch in _batches(path, size):
        waiting.append(batch)
        there += batch.num_rows
        while there >= size:
            table = pyarrow.Table.from_batches(waiting)
            yield first, partial(_rows_of, path, first, table.slice(0, size))
            first, there = first + size, there - size
            waiting = table.slice(size).to_batches() if there else []
    if there:
        yield first, partial(_rows_of, path, first, pyarrow.Table.from_batches(waiting))


def _rows_of(path: Path, first: int, table: Any) -> list[dict[str, Any]]:
    """The rows of a piece; PopulationError for a column with what a row can't have: a setting or a field that stands
    twice, a day out of all years."""
    told: dict[str, list[Any]] = {}
    for name in table.column_names:
        try:
            told[name] = table.column(name).to_pylist(maps_as_pydicts="strict")
        except (ArithmeticError, LookupError, ValueError) as error:
            what = " ".join(str(error.args[0] if error.args else error).split())
            raise PopulationError(f"{path}: {name}, from row {first + 1} on: can't be read: {what}") from error
    return [dict(zip(told, row, strict=True)) for row in zip(*told.values(), strict=True)]


def _batches(path: Path, size: int) -> Iterator[Any]:
    """The file as it is stored; PopulationError where it can't be read on."""
    try:
        yield from _parquet(path).iter_batches(batch_size=size)
    except (OSError, ValueError) as error:  # pyarrow's own are of these
        raise PopulationError(f"{path}: can't be read: {' '.join(str(error).split())}") from error


def _read_lines(path: Path, size: int) -> Iterator[tuple[int, Any]]:
    def rows_of(lines: Sequence[bytes], first: int) -> list[Any]:
        rows = []
        for n, line in enumerate(lines):
            try:
                rows.append(msgspec.json.decode(line, type=dict[str, Any]))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                raise PopulationError(f"{path}: row {first + n + 1}: a JSON object is expected: {error}") from error
        return rows

    with path.open("rb") as file:
        first, lines = 0, list[bytes]()
        for line in file:
            if line.strip():
                lines.append(line)
            if len(lines) == size:
                yield first, partial(rows_of, lines, first)
                first, lines = first + size, []
        if lines:
            yield first, partial(rows_of, lines, first)


def write(path: Path, law: Pack, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as a population, for its owner's eyes only: .parquet, or .jsonl with a JSON object in each line.
    PopulationError for another ending."""
    if path.suffix == ".jsonl":
        with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.writelines(msgspec.json.encode(row, order="sorted") + b"\n" for row in rows)
        return
    check_kind(path)
    import pyarrow
    from pyarrow import parquet

    def arrow(hint: Any) -> Any:
        inner = struct_of(hint)
        if inner is not None:
            struct = pyarrow.struct([(name, arrow(each)) for name, each in columns(inner).items()])
            return pyarrow.list_(struct) if getattr(hint, "__origin__", None) is list else struct
        plain = {bool: pyarrow.bool_(), int: pyarrow.int64(), date: pyarrow.date32()}
        if getattr(hint, "__origin__", None) is dict:
            return pyarrow.map_(pyarrow.string(), pyarrow.string())
        return next((plain[k] for k in (hint, *getattr(hint, "__args__", ())) if k in plain), pyarrow.string())

    schema = pyarrow.schema([(name, arrow(hint)) for name, hint in columns(kind_of_facts(law)).items()])
    listed = [
        {name: list(value.items()) if name == "settings" else value for name, value in row.items()} for row in rows
    ]
    table = pyarrow.Table.from_pylist(listed, schema=schema)
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        parquet.write_table(table, file)


def check_kind(path: Path) -> None:
    """PopulationError when the file is of another kind, or what reads Parquet isn't installed."""
    if path.suffix == ".jsonl":
        return
    if path.suffix != ".parquet":
        raise PopulationError(f"{path}: a population is a .parquet or a .jsonl file")
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise PopulationError(
            f"{path}: Parquet is read by an extra: pip install 'handslag[simulate]', or use .jsonl"
        ) from None


def _parquet(path: Path) -> Any:
    check_kind(path)
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path)
    except pyarrow.ArrowInvalid as error:
        raise PopulationError(f"{path}: no Parquet file: {error}") from error

"""Rows as Apache Parquet: text stays text, `number` is the nearest 64-bit float, moments are UTC.

The one place that loads pyarrow, which takes its time: only what writes or reads such a file.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from varde_host import errors
from varde_host.analysis import table
from varde_host.analysis.table import Cell, Column, Row

ROWS_AT_ONCE: Final = 50_000
"""A row group: some 20 MB of memory."""


def write(path: Path, rows: Iterable[Row]) -> int:
    """Write all rows into a file that exists and is empty; return how many.

    Raises WorldFailed `file-write`.
    """
    arrow, parquet = _library()
    schema = _schema(arrow)
    count = 0
    try:
        with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            for some in _parts(iter(rows)):
                writer.write_table(_as_table(arrow, schema, some))
                count += len(some)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
    return count


def _library() -> tuple[Any, Any]:
    return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")


def _schema(arrow: Any) -> Any:
    types = {
        table.TEXT: arrow.string(),
        table.NUMBER: arrow.float64(),
        table.INTEGER: arrow.int32(),
        table.BOOLEAN: arrow.bool_(),
        table.MOMENT: arrow.timestamp("ms", tz="UTC"),
    }
    return arrow.schema([(column.name, types[column.type]) for column in table.COLUMNS])


def _as_table(arrow: Any, schema: Any, rows: Sequence[Row]) -> Any:
    columns = [
        arrow.array(
            [_plain(column, row.cells[column.name]) for row in rows],
            type=schema.field(column.name).type,
        )
        for column in table.COLUMNS
    ]
    return arrow.Table.from_arrays(columns, schema=schema)


def _plain(column: Column, value: Cell) -> Cell | float:
    return float(value) if column.type == table.NUMBER and isinstance(value, Decimal) else value


def _parts(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(itertools.islice(rows, ROWS_AT_ONCE)):
        yield some

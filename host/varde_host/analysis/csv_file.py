"""Rows as CSV (RFC 4180): UTF-8, a point in numbers, moments in UTC; empty for what is not known.

With semicolons it is for a Norwegian Excel: a byte order mark, and a comma in `number`; `value` is
as the sensor sent it in either.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, TextIO

from varde_host.analysis import table
from varde_host.analysis.table import Cell, Column, Row

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would work out. Names come from inventories and sensors."""


def write(file: TextIO, rows: Iterable[Row], *, semicolons: bool = False) -> int:
    """Write all rows into a text file opened with newline=""; return how many."""
    writer = csv.writer(file, delimiter=";" if semicolons else ",")
    if semicolons:
        file.write("\ufeff")
    writer.writerow(table.NAMES)
    count = 0
    for row in rows:
        writer.writerow([
            cell(column, row.cells[column.name], semicolons=semicolons) for column in table.COLUMNS
        ])  # fmt: skip
        count += 1
    return count


def cell(column: Column, value: Cell, *, semicolons: bool = False) -> str:
    """Return a cell as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if column.type == table.MOMENT and isinstance(value, int):
        return table.moment(value)
    if column.type == table.NUMBER and isinstance(value, Decimal):
        said = f"{value:f}"
        return said.replace(".", ",") if semicolons else said
    said = str(value)
    # What is a number in truth is no formula: a minus begins it.
    is_number = column.name == "value" and _is_number(said)
    return f"'{said}" if said.startswith(_FORMULA) and not is_number else said


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False

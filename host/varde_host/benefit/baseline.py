"""A baseline (nullpunktsmåling) to set beside the figures: a table that somebody made before.

CSV, UTF-8, with commas or semicolons, its first line naming the columns `indicator`, `group` and
`value`, among others that are not looked at. An earlier extract will do: of one with months
(`period`) the lines of the period count, and of those the ones with a figure (`status` is empty):
a bound is none. A decimal comma is one. What is no indicator or group of ours is refused by name:
it would stand nowhere.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.benefit import counting, facts, figures, indicators
from varde_host.site import files

FILE: Final = "benefit-baseline.csv"
"""Its name in a site's folder, where a page looks for it, and a command that is given none."""
MAX_BYTES: Final = 1 << 20
TOTAL: Final = "total"
"""In place of a month, in the column `period`."""

Baseline = Mapping[tuple[str, str], Decimal]
"""By indicator and group."""
_WANTED = ("indicator", "group", "value")
_TYPES = (*facts.TYPES, facts.ANY_TYPE)
_CAUSES = (*counting.CAUSES, figures.NOT_CLASSIFIED)
_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    indicators.BY_TYPE: _TYPES, indicators.BY_CAUSE: _TYPES, indicators.BY_KIND: facts.KINDS,
    indicators.WHOLE: (),
}  # fmt: skip


def load_if_there(directory: Path) -> Baseline | None:
    """Read the file in a site's folder, None if there is none; raises as `load`."""
    path = directory / FILE
    return load(path) if path.exists() else None


def load(path: Path) -> Baseline:
    """Read the file. Raises InputRefused `benefit-baseline`, `file-read`."""
    data = files.read(path, MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise errors.InputRefused("benefit-baseline", str(path), reason=f"> {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
        return _read(text)
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise errors.InputRefused("benefit-baseline", str(path), reason=str(error)[:80]) from error


def _read(text: str) -> Baseline:
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",")
    lacking = [name for name in _WANTED if name not in (rows.fieldnames or ())]
    if lacking:
        raise ValueError(lacking[0])
    found: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        key = (_cell(row, "indicator"), _cell(row, "group"))
        _check(*key)
        value = _cell(row, "value").replace(",", ".")
        if _cell(row, "period") not in ("", TOTAL) or _cell(row, "status") or not value:
            continue
        if key in found:
            raise ValueError(f"{key[0]} {key[1]}: 2")
        found[key] = _decimal(value)
    return found


def _check(indicator: str, group: str) -> None:
    if indicator not in indicators.BY_KEY:
        raise ValueError(f"indicator {indicator[:30]!a}")
    by = indicators.BY_KEY[indicator].by
    head, _, cause = group.partition(":")
    is_known = not group or head in _GROUPS[by]
    if not is_known or (cause and (by != indicators.BY_CAUSE or cause not in _CAUSES)):
        raise ValueError(f"group {group[:30]!a}")


def _cell(row: Mapping[str, str | None], name: str) -> str:
    return (row.get(name) or "").strip()


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"value {text[:20]!a}") from None
    if not value.is_finite() or abs(value) > Decimal(10) ** 12:
        raise ValueError(f"value {text[:20]!a}")
    return value

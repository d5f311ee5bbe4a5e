"""The extract as tables for other programs: CSV, and JSON with what each indicator is.

One figure a line. Keys are the same in all languages; the words beside them are in one. With
semicolons (a Norwegian spreadsheet takes no other) numbers have a decimal comma, and the file
begins with the mark that says UTF-8.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from varde_host import messages
from varde_host.benefit import baseline, indicators, wording
from varde_host.benefit.extract import Extract
from varde_host.benefit.figures import Figure

COLUMNS: Final = (
    "municipality", "period", "indicator", "group", "value", "unit", "status", "denominator",
    "baseline", "name", "group_name",
)  # fmt: skip
FORM: Final = "varde-benefit-1"


def table(extract: Extract, speaker: messages.Speaker, *, semicolons: bool = False) -> bytes:
    """Return the figures as CSV (RFC 4180)."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, COLUMNS, delimiter=";" if semicolons else ",")
    writer.writeheader()
    for row in _rows(extract, speaker):
        cells = {name: "" if cell is None else str(cell) for name, cell in row.items()}
        for name in ("value", "denominator", "baseline") if semicolons else ():
            cells[name] = cells[name].replace(".", ",")
        for name in ("municipality", "name", "group_name"):
            cells[name] = _safe(cells[name].replace(";", ","))
        writer.writerow(cells)
    return file.getvalue().encode("utf-8-sig" if semicolons else "utf-8")


def plain(extract: Extract, speaker: messages.Speaker) -> dict[str, Any]:
    """Return the extract as JSON values; numbers are decimals as texts."""
    first, last = extract.period[0], extract.period[-1]
    figures = [
        {name: _texts(cell) for name, cell in row.items() if name != "municipality"}
        for row in _rows(extract, speaker)
    ]
    return {
        "form": FORM,
        "municipality": extract.municipality,
        "from": str(first),
        "to": str(last),
        "made_on": extract.made_on.isoformat(),
        "currency": extract.currency or None,
        "indicators": [_described(each, speaker) for each in indicators.INDICATORS],
        "figures": figures,
    }


def json_text(extract: Extract, speaker: messages.Speaker) -> bytes:
    """Return the extract as the text of a JSON file."""
    return (json.dumps(plain(extract, speaker), ensure_ascii=False, indent=1) + "\n").encode()


def _described(indicator: indicators.Indicator, speaker: messages.Speaker) -> dict[str, Any]:
    return {
        "indicator": indicator.key,
        "name": wording.name(speaker, indicator.key),
        "says": wording.says(speaker, indicator.key),
        "unit": indicator.unit,
        "by": indicator.by or None,
        "source": indicator.source,
        "formula": indicator.formula,
        "denominator": indicator.denominator or None,
    }


def _rows(extract: Extract, speaker: messages.Speaker) -> Iterator[dict[str, Any]]:
    for each in extract.figures:
        unit = indicators.BY_KEY[each.key].unit
        yield {
            "municipality": extract.municipality,
            "period": baseline.TOTAL if each.month is None else str(each.month),
            "indicator": each.key,
            "group": each.group,
            "value": each.value,
            "unit": extract.currency if unit == indicators.MONEY else unit,
            "status": each.status,
            "denominator": each.denominator,
            "baseline": compared(extract, each),
            "name": wording.name(speaker, each.key),
            "group_name": wording.group(speaker, each.group),
        }


def compared(extract: Extract, figure: Figure) -> Decimal | None:
    """Return what the baseline has beside a figure: of the whole period only."""
    if figure.month is not None:
        return None
    return extract.baseline.get((figure.key, figure.group))


def _texts(cell: object) -> object:
    return str(cell) if isinstance(cell, Decimal) else cell


def _safe(cell: str) -> str:
    """No name is a formula of a spreadsheet (semicolons, at which some cut, are gone before)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell

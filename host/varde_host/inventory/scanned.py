"""What a maker's barcode says, whichever of the two systems it is written in."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

GS1 = "gs1"
HIBC = "hibc"


@dataclass(frozen=True, slots=True)
class Scanned:
    """One code. `code` names the model (`models`), the rest this thing; dates are YYYY-MM-DD.

    `others` are the fields that the inventory has no use for, by their identifier.
    """

    scheme: str
    code: str | None = None
    serial: str | None = None
    lot: str | None = None
    made_on: str | None = None
    expires_on: str | None = None
    others: dict[str, str] = field(default_factory=dict)
    link: str | None = None
    """Of an HIBC secondary code alone: the check character of the primary one it belongs to."""


def date(year: int, month: int, day: int) -> str | None:
    """Return a date; day 0 is the month's last, as in both systems; None if there is none."""
    try:
        if day == 0 and 1 <= month <= 12:
            following = dt.date(year + month // 12, month % 12 + 1, 1)
            return (following - dt.timedelta(days=1)).isoformat()
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return None


def date_of_year(year: int, day: int) -> str | None:
    """Return the date of the `day`th day of a year; None if there is none."""
    try:
        found = dt.date(year, 1, 1) + dt.timedelta(days=day - 1)
    except (ValueError, OverflowError):
        return None
    return found.isoformat() if day >= 1 and found.year == year else None


def is_number(text: str) -> bool:
    """Tell if a text is of the digits 0 to 9 alone (`str.isdigit` takes others as well)."""
    return re.fullmatch("[0-9]+", text) is not None

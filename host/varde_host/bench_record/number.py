"""A record's number: its year, and six characters as a kit's id has them, the last a check.

People write it, say it on the telephone and type it from paper: 20260X6WN2. Two records of a year
seldom draw the same six, and the inventory then refuses the second.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from varde_host import errors
from varde_host.inventory import kit_id

YEAR_DIGITS = 4
LENGTH = YEAR_DIGITS + kit_id.LENGTH


def new(random: Callable[[int], int], ended_ms: int) -> str:
    """Draw a number for a record of that moment (Unix ms, UTC); `random` as in `kit_id.new`."""
    year = dt.datetime.fromtimestamp(ended_ms / 1000, dt.UTC).year
    return f"{year:04}{kit_id.new(random)}"


def check(text: str) -> str:
    """Return the number that was typed or scanned, in capitals.

    Raises InputRefused `bench-record-number`.
    """
    given = text.strip().upper()
    year = given[:YEAR_DIGITS]
    if len(given) == LENGTH and year.isascii() and year.isdigit():
        try:
            return year + kit_id.check(given[YEAR_DIGITS:])
        except errors.InputRefused:
            pass
    raise errors.InputRefused("bench-record-number", text[:20], length=LENGTH)

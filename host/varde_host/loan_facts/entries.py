"""What somebody typed off a paper form (R36): exact digits, by whom and when.

An entry never changes. It is corrected by another that takes its place, and withdrawn by a line
of the log: both are handed on as what they are (entered in error), and nothing is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ENTERED_HUB: Final = bytes(8)
"""Whose measurements entries are handed on as: no hub has this id."""
WITHDRAWN: Final = "withdrawn"
"""Key in `Measured.details` of an entry that was in error: by which other, or "-"."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One measurement on paper. `values` are decimals as they stand there, by the field's name.

    It was measured in [from_ms, until_ms]: the minute, or the day, that was written down. `unit`
    is as typed, "" where there is one only. `withdrawn` is "" for what stands.
    """

    entry_id: str
    loan_id: str
    kind: str
    values: Mapping[str, str]
    unit: str
    from_ms: int
    until_ms: int
    function: str
    person: str
    at_ms: int
    withdrawn: str = ""

"""What somebody typed off a paper form (R36): exact digits, by whom and when.

An entry never changes. It is corrected by another that takes its place, and withdrawn by a line
of the log: both are handed on as what they are (entered in error), and nothing is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

ENTERED_HUB: Final = bytes(8)
"""Whose measurements entries are handed on as: no hub has this id."""
WITHDRAWN: Final = "withdrawn"
"""Key in `Measured.details` of an entry that was in error; its text is the reason's word."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One measurement on paper. `values` are decimals as they stand there, by `fields` of a form.

    `made_ms` is when it was measured to the minute (None: nobody wrote it down), `local` the same
    as it stands on the form. `withdrawn` is "" for what stands.
    """

    entry_id: str
    loan_id: str
    kind: str
    values: Mapping[str, str]
    made_ms: int | None
    local: str | None
    function: str
    person: str
    at_ms: int
    withdrawn: str = ""
    units: Mapping[str, str] = field(default_factory=dict)

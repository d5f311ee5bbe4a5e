"""What sort of answer a question of the bench wants, by its name; a test holds them all."""

from __future__ import annotations

from typing import Final

SCAN: Final = "scan"
"""A code; an empty answer is "no more", where there may be more."""
TEXT: Final = "text"
YES_NO: Final = "yes-no"
"""`YES` or `NO`."""

YES, NO = "", "no"
"""Enter is yes, as everywhere (`return_sensors.YES`)."""

_KINDS: Final = (
    ("pairing.scan", SCAN),
    ("labelling.scan", SCAN),
    ("accept.ask.", YES_NO),
    ("clear-by-hand.", YES_NO),
)


def of(key: str) -> str:
    """Return the kind of a question; TEXT for one that is not known here."""
    return next((kind for begins, kind in _KINDS if key.startswith(begins)), TEXT)

"""What a hub says of its update, in the language in use: what, how far, and why no further.

The numbers are those of `varde_protocols.update_words`; a reason says its cause and what to do.
"""

from __future__ import annotations

from typing import Any

from varde_host import messages
from varde_protocols import update_words

FIELDS = ("what", "number", "state", "reason", "held", "blocks", "tries")


def what(code: int) -> str:
    """Return the name of what was to change; of a later version its number."""
    return _listed("update-what", code)


def state(code: int) -> str:
    """Return how far it got."""
    return _listed("update-state", code)


def reason(code: int) -> str:
    """Return cause and next step; NONE has a word too."""
    return _listed("update-reason", code)


def of_fact(value: Any) -> str | None:
    """Return a FACT_UPDATE in words, None if it has not the shape of one."""
    if not isinstance(value, list) or len(value) != len(FIELDS):
        return None
    if not all(type(each) is int for each in value):
        return None
    kind, number, stage, why, held, blocks, tries = value
    said = messages.text("report.update", what=what(kind), number=number, state=state(stage))
    if tries:
        said += ", " + messages.text("report.update-tries", tries=tries)
    if blocks:
        said += ", " + messages.text("report.update-blocks", held=held, blocks=blocks)
    return said if why == update_words.NONE else f"{said}: {reason(why)}"


def of_detail(detail: int) -> dict[str, object]:
    """Return the fields of a text about the event with this detail: what, number, reason."""
    kind, why, number = update_words.of_detail(detail)
    return {"what": what(kind), "number": number, "reason": reason(why)}


def _listed(table: str, code: int) -> str:
    key = f"{table}.{code}"
    return messages.text(key) if messages.has(key) else str(code)

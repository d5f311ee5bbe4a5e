"""What stands behind a move: kinds of evidence, and the fields that each must have.

Evidence is a map of kind to fields, `{"cleaning": {"product": "...", "batch": "..."}}`. It goes
into the log for ever, so texts are short and hold no birth number.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from varde_host import errors
from varde_host.inventory import birth_number

MAX_TEXT = 200
"""A sentence or two: what must be longer is a deviation note of its own."""
MAX_HOURS = 24 * 90

Evidence = Mapping[str, Mapping[str, Any]]

_RECORD = re.compile(r"[0-9a-f]{64}")


def text(value: object, where: str) -> str:
    """Return a text that a person wrote; InputRefused `text-form`, `birth-number`."""
    given = value.strip() if isinstance(value, str) else ""
    if not 0 < len(given) <= MAX_TEXT or not given.isprintable():
        raise errors.InputRefused("text-form", where, most=MAX_TEXT)
    birth_number.refuse_any(given, where)
    return given


def date(value: object, where: str) -> str:
    """Return a date in the one spelling that sorts; InputRefused `date-form`."""
    given = value if isinstance(value, str) else ""
    try:
        if dt.date.fromisoformat(given).isoformat() == given:
            return given
    except ValueError:
        pass
    raise errors.InputRefused("date-form", where)


def record(value: object, where: str) -> str:
    """Return a SHA-256 in hexadecimal; InputRefused `evidence-record`."""
    if isinstance(value, str) and _RECORD.fullmatch(value):
        return value
    raise errors.InputRefused("evidence-record", where)


def _truth(value: object, where: str) -> bool:
    if isinstance(value, bool):
        return value
    raise errors.InputRefused("evidence-truth", where)


def hours(value: object, where: str) -> int:
    """Return a number of hours; InputRefused `evidence-hours`."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_HOURS:
        return value
    raise errors.InputRefused("evidence-hours", where, most=MAX_HOURS)


Check = Callable[[object, str], object]

# Kind, field, what the field must be. A field that ends in ? may be left out.
KINDS: Mapping[str, Mapping[str, Check]] = {
    "receipt": {"from": text},
    "reason": {"text": text},
    "cleaning": {"product": text, "batch": text},
    # what became of the cuff: a consumable, by the site's policy
    "infection-cleaning": {"product": text, "batch": text, "cuff": text},
    "wipe": {"record": record},
    "destruction": {"how": text},
    # an acceptance in the inventory (`records`); until when it holds follows from it
    "check": {"record": record},
    # the id as it was scanned from the label that is on the case
    "packing": {"label": text},
    "handout": {"instructed": _truth},
    "first-reading": {"seen": text},
    "return": {"infection": _truth, "complete": _truth, "quarantine_hours?": hours},
    "loss": {"text": text},
}


def fields(kinds: Iterable[str]) -> str:
    """Return how these kinds are written, `kind.field` by `kind.field`; `?` may be left out."""
    return " + ".join(f"{kind}.{name}" for kind in kinds for name in KINDS[kind])


def checked(given: Evidence) -> dict[str, dict[str, Any]]:
    """Return the evidence, each field as it is kept.

    Raises InputRefused: `evidence-kind`, `evidence-field` for one missing or unknown, and what
    the fields' own checks raise, with `kind.field` as the place.
    """
    kept: dict[str, dict[str, Any]] = {}
    for kind, fields in given.items():
        if kind not in KINDS:
            raise errors.InputRefused("evidence-kind", kind[:30], known=", ".join(KINDS))
        if not isinstance(fields, Mapping):
            raise errors.InputRefused("evidence-field", kind, known=", ".join(KINDS[kind]))
        kept[kind] = _fields(kind, fields)
    return kept


def _fields(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    checks = KINDS[kind]
    allowed = {name.removesuffix("?") for name in checks}
    wanted = {name for name in checks if not name.endswith("?")}
    if not wanted <= set(given) <= allowed:
        raise errors.InputRefused("evidence-field", kind, known=", ".join(checks))
    return {
        name: checks.get(name, checks.get(name + "?"))(value, f"{kind}.{name}")  # type: ignore[misc]
        for name, value in given.items()
    }

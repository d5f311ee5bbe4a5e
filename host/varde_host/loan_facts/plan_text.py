"""A plan as a person writes it: `scale 08:00 mon-fri`, one line a measurement. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from varde_host import errors
from varde_host.benefit import counting
from varde_host.fhir import measured
from varde_host.loan_facts import kept
from varde_host.loan_facts.entry_form import DAY_MINUTES, MINUTE_MS
from varde_host.loan_facts.facts import Expected

KINDS: Final = (
    measured.OXIMETER, measured.CUFF, measured.SCALE, measured.THERMOMETER, measured.GLUCOSE,
    measured.OTHER,
)  # fmt: skip
BEFORE_MINUTES: Final = counting.BEFORE_MS // MINUTE_MS
AFTER_MINUTES: Final = counting.AFTER_MS // MINUTE_MS
"""As the hub has it of its reminders (docs/reminders.md)."""


def expected(
    kind: str, minute: int, weekdays: int, before: int | None = None, after: int | None = None
) -> Expected:
    """Return one measurement of a plan. Raises InputRefused `plan-kind`, `plan-window`."""
    if kind not in KINDS:
        raise errors.InputRefused("plan-kind", kind[:20], known=", ".join(KINDS))
    window = (
        BEFORE_MINUTES if before is None else before,
        AFTER_MINUTES if after is None else after,
    )
    if not all(0 <= each < DAY_MINUTES for each in window):
        raise errors.InputRefused("plan-window", kind)
    return Expected(kind, minute, weekdays, *window)


def whole(rows: Iterable[Expected]) -> tuple[Expected, ...]:
    """Return a plan's measurements in order. Raises InputRefused `plan-long`."""
    found = tuple(sorted(set(rows), key=lambda one: (one.minute, one.kind, one.weekdays)))
    if len(found) > kept.MAX_PLANNED:
        raise errors.InputRefused("plan-long", str(len(found)), most=kept.MAX_PLANNED)
    return found

"""Numbers, dates and outcomes as the language of a page writes them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from varde_host import messages
from varde_host.acceptance import steps
from varde_host.paper import signs
from varde_host.verification import judgement, wording

NOTHING = "–"
_WITH_POINT = "en"
_NO_DIRECTION = "point"
_SIGNS = {
    judgement.PASSED: signs.GOOD,
    judgement.PASSED_WITHIN: signs.DOUBTFUL_GOOD,
    judgement.FAILED_WITHIN: signs.DOUBTFUL_BAD,
    judgement.FAILED: signs.BAD,
    judgement.NOT_DONE: signs.OPEN,
    steps.NOT_APPLICABLE: signs.NONE,
}


def number(words: messages.Speaker, value: Decimal | float | int | None, unit: str = "") -> str:
    """Return a number with all its digits, a decimal comma but in English, a real minus."""
    if value is None:
        return NOTHING
    plain = format(value, "f") if isinstance(value, Decimal) else f"{value:.10g}"
    if not plain.lstrip("-0."):
        plain = plain.lstrip("-")  # no minus before zero
    plain = plain.replace("-", "−")
    plain = plain if words.language == _WITH_POINT else plain.replace(".", ",")
    return f"{plain} {unit}".strip()


def signed(words: messages.Speaker, value: Decimal | None, unit: str = "") -> str:
    """Return an error: with its sign, unless it is zero."""
    said = number(words, value, unit)
    return f"+{said}" if value is not None and value > 0 else said


def date(words: messages.Speaker, iso: str | None) -> str:
    """Return a day."""
    if iso is None:
        return NOTHING
    return words.text("label.date", date=dt.date.fromisoformat(iso))


def moment(words: messages.Speaker, utc_ms: int | None) -> str:
    """Return a moment, UTC."""
    if utc_ms is None:
        return NOTHING
    found = dt.datetime.fromtimestamp(utc_ms / 1000, dt.UTC)
    return words.text("wipe-sheet.utc", moment=found) + " UTC"


def who(words: messages.Speaker, by: object) -> str:
    """Return function and person of [function, person]; a dash for nobody."""
    if not isinstance(by, list | tuple) or len(by) != 2:
        return NOTHING
    return f"{words.text(f'function.{by[0]}')} {by[1]}"


def direction(words: messages.Speaker, name: str) -> str:
    """Return a point's direction or corner; one that we do not know as it is written."""
    key = f"sheet.direction.{name or _NO_DIRECTION}"
    return words.text(key) if words.has(key) else name


def outcome(words: messages.Speaker, value: str | None) -> str:
    """Return an outcome in words; a handout's, which has none, as done."""
    if value is None:
        return words.text("sheet.done")
    if value == steps.NOT_APPLICABLE:
        return words.text("sheet.not-applicable")
    return words.text(f"verification.outcome.{value}")


def short(words: messages.Speaker, value: str) -> str:
    """Return an outcome for a table's cell."""
    return words.text(f"sheet.short.{value}")


def sign(value: str | None) -> str:
    """Return the sign of an outcome."""
    return signs.GOOD if value is None else _SIGNS[value]


def level(words: messages.Speaker, value: int) -> str:
    """Return a level in words, with its code."""
    name = wording.LEVEL_NAMES[value]
    return f"{wording.level_code(value)}: {words.text(f'verification.level.{name}')}"

"""One line of what happened at the bench, and what stands of all of them.

Lines are only ever added. An undo is a line with a reason; what it undid is still there. What
*stands* follows from the lines alone (`Standing`), so a session that was cut off at any moment is
the session that goes on.

Step ids are paths. A point's steps have the point's id before the last slash, and stand or fall
together where the reference is read: a pressure that was typed an hour ago belongs to no display.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from varde_host import errors

ANSWER = "answer"
CANNOT = "cannot"
UNDO = "undo"
DOUBTED = "doubted"
MOVED = "moved"
REOPENED = "reopened"
DEEDS = (ANSWER, CANNOT, UNDO, DOUBTED, MOVED, REOPENED)
"""answer: a value. cannot: a reason instead. undo: `step` and all after it, and why. doubted: what
was typed at the point `step` is typed again. moved: the reference moved meanwhile; the point is
read again. reopened: the program was begun anew in the middle of the point; likewise."""

STEP, POINT, CHECK = "step", "point", "check"
SCOPES = (STEP, POINT, CHECK)
"""What cannot be done: this one value, the point, or all that is left of the check."""

MAX_TEXT = 200
MAX_VALUES = 2_000
MAX_ENTRIES = 5_000
"""Thirty times what the longest procedure asks, twice over."""

Value = str | bool | None | list[list[str]]
"""A decimal or a text as text, yes or no, nothing (Enter), or a curve: [seconds, value] pairs."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`by` is function and person; `source` as `measured.TYPED` ...; `scope` of a cannot."""

    did: str
    step: str
    at_ms: int
    by: tuple[str, str]
    value: Value = None
    source: str | None = None
    scope: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values; what is None is left out."""
        row: dict[str, Any] = {"did": self.did, "step": self.step, "at_ms": self.at_ms}
        row["by"] = list(self.by)
        more = {"value": self.value, "source": self.source, "scope": self.scope}
        return row | {name: value for name, value in more.items() if value is not None}


class Standing:
    """What stands of the lines: `answers` by step in the order they came.

    `typed_before`: what was typed at a doubted point, by step; typed once more alike, it is
    believed.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.answers: dict[str, Entry] = {}
        self.typed_before: dict[str, dict[str, Value]] = {}
        for entry in entries:
            self.take(entry)

    def take(self, entry: Entry) -> None:
        """Go on by one line."""
        if entry.did in (ANSWER, CANNOT):
            self.answers[entry.step] = entry
        elif entry.did == UNDO:
            self._undo(entry.step)
        elif entry.did == DOUBTED:
            typed = self._typed_at(entry.step)
            self.typed_before[entry.step] = {step: one.value for step, one in typed.items()}
            for step in typed:
                del self.answers[step]
        else:
            self._drop(entry.step)

    def point(self, point: str) -> dict[str, Entry]:
        """Return what stands of a point, by the last part of its steps."""
        start = point + "/"
        return {
            step.removeprefix(start): entry
            for step, entry in self.answers.items()
            if step.startswith(start)
        }

    def was_typed_alike(self, point: str) -> bool:
        """Tell if what is typed at the point is what was typed there before."""
        typed = {step: entry.value for step, entry in self._typed_at(point).items()}
        return bool(typed) and self.typed_before.get(point) == typed

    def _typed_at(self, point: str) -> dict[str, Entry]:
        start = point + "/"
        return {
            step: entry
            for step, entry in self.answers.items()
            if step.startswith(start) and isinstance(entry.value, str) and entry.source == "typed"
        }

    def _undo(self, step: str) -> None:
        """Take away an answer and all after it; of a point, from its first on."""
        steps = list(self.answers)
        if step not in self.answers:
            return
        first = steps.index(step)
        if is_point_step(step):
            start = point_of(step) + "/"
            first = next(number for number, one in enumerate(steps) if one.startswith(start))
        for later in steps[first:]:
            del self.answers[later]
            self.typed_before.pop(point_of(later), None)

    def _drop(self, point: str) -> None:
        for step in list(self.point(point)):
            del self.answers[f"{point}/{step}"]
        self.typed_before.pop(point, None)


POINT_DEPTH = 6
"""run/check/direction/nominal/number/step."""


def is_point_step(step: str) -> bool:
    """Tell if a step is one of a point's."""
    return step.count("/") == POINT_DEPTH - 1


def point_of(step: str) -> str:
    """Return the id of the point that a step is of."""
    return step.rpartition("/")[0]


def from_json(row: object, where: str) -> Entry:
    """Return what `Entry.as_json` gave. Raises InputRefused `verify-state`."""
    if not isinstance(row, Mapping):
        raise errors.InputRefused("verify-state", where, field="object")
    entry = Entry(
        _text(row, "did", where), _text(row, "step", where), _moment(row, where),
        _by(row, where), row.get("value"), row.get("source"), row.get("scope"),
    )  # fmt: skip
    known = set(entry.as_json()) == set(row)
    is_whole = entry.did in DEEDS and entry.scope in (None, *SCOPES)
    if not known or not is_whole or not _is_value(entry.value) or not _is_short(entry.source):
        raise errors.InputRefused("verify-state", where, field="entry")
    return entry


def _text(row: Mapping[str, Any], name: str, where: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value:
        raise errors.InputRefused("verify-state", where, field=name)
    return value


def _moment(row: Mapping[str, Any], where: str) -> int:
    value = row.get("at_ms")
    if type(value) is not int or not 0 <= value < 1 << 48:
        raise errors.InputRefused("verify-state", where, field="at_ms")
    return value


def _by(row: Mapping[str, Any], where: str) -> tuple[str, str]:
    value = row.get("by")
    is_pair = isinstance(value, list) and len(value) == 2
    if not is_pair or not all(isinstance(one, str) and len(one) <= 40 for one in value):  # type: ignore[union-attr]
        raise errors.InputRefused("verify-state", where, field="by")
    return (value[0], value[1])  # type: ignore[index]


def _is_value(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return len(value) <= MAX_TEXT and value.isprintable()
    return (
        isinstance(value, list)
        and len(value) <= MAX_VALUES
        and all(isinstance(pair, list) and len(pair) == 2 for pair in value)
        and all(isinstance(one, str) and len(one) <= 24 for pair in value for one in pair)
    )


def _is_short(text: object) -> bool:
    return text is None or (isinstance(text, str) and len(text) <= 20)

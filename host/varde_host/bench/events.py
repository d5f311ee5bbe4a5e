"""What the bench tells while it works: one event, one JSON line with `--json`, the live table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# Kinds
BEGUN = "begun"
"""The bench looks for boards: how many are expected, which steps there are."""
SEEN = "seen"
"""A board is on a port."""
STARTED = "started"
FINISHED = "finished"
"""A step is done and read back."""
STANDS = "stands"
"""A step was finished before, and is not done again."""
PROGRESS = "progress"
TOOL = "tool"
"""A program has run: its arguments, how it ended, how long it took."""
FAULT = "fault"
WAITING = "waiting"
"""For a board to come back."""
PERSON = "person"
"""Somebody must do something."""
LEFT = "left"
"""A port on which no board was found, when the run ends without one that was expected."""
DONE = "done"
"""All steps of a board."""
GIVEN_UP = "given-up"


@dataclass(frozen=True)
class Event:
    """`board` is the chip's id, "" where only a port is known. `at_ms` is UTC."""

    kind: str
    at_ms: int
    board: str
    port: str = ""
    step: str = ""
    fields: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values, without what is empty."""
        row: dict[str, Any] = {"event": self.kind, "at_ms": self.at_ms, "board": self.board}
        row |= {name: value for name, value in (("port", self.port), ("step", self.step)) if value}
        return row | dict(self.fields or {})


Tell = Callable[[Event], None]

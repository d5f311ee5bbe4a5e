"""Exercises as data: what is to be done, and how one sees that it was.

    kind = "normal"             # or "fault": something is planted
    order = 1                   # in the list
    hints = 3                   # so many texts `practice.exercise.NAME.hint-1`, ...
    [world]                     # the simulator's own (docs/practice.md)
    [[done]]                    # all of these must be so; see `judging`
    what = "verified"
    model = "ove-blodtrykk"

Its texts (title, goal, hints) stand in `messages`, its name is the file's.
"""

from __future__ import annotations

import functools
import importlib.resources
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from varde_host import errors, messages

NORMAL, FAULT = KINDS = ("normal", "fault")
HINTS: Final = ("hint-1", "hint-2", "hint-3")
"""Their texts, at most so many."""
FIRST: Final = "new-kit"
"""What a newcomer begins with."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that must be so at the end: `what` is a name of `judging.JUDGES`."""

    what: str
    model: str = ""
    code: str = ""
    count: int = 1

    @property
    def fields(self) -> dict[str, object]:
        """For its text, `practice.wanted.WHAT`."""
        return {"model": self.model, "code": self.code.upper(), "count": self.count}


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise; `file` is what `varde-sim practice --exercise` is given."""

    name: str
    kind: str
    order: int
    hints: int
    wanted: tuple[Wanted, ...]
    file: Path

    @property
    def title(self) -> str:
        """In the language in use."""
        return messages.text(f"practice.exercise.{self.name}.title")

    @property
    def goal(self) -> str:
        """What is to be done, in the language in use."""
        return messages.text(f"practice.exercise.{self.name}.goal")

    def hint(self, number: int) -> str:
        """The hint of a number, from 1, in the language in use."""
        return messages.text(f"practice.exercise.{self.name}.{HINTS[number - 1]}")


@functools.cache
def known() -> Mapping[str, Exercise]:
    """Return all exercises by name, in their order."""
    folder = Path(str(importlib.resources.files(__package__))) / "exercises"
    found = [_read(path) for path in folder.glob("*.toml")]
    return {each.name: each for each in sorted(found, key=lambda each: each.order)}


def find(name: str) -> Exercise:
    """Return an exercise. Raises InputRefused `practice-exercise`, which names them all."""
    exercise = known().get(name)
    if exercise is None:
        raise errors.InputRefused("practice-exercise", name[:40], known=", ".join(known()))
    return exercise


def _read(path: Path) -> Exercise:
    """Ours to get right: a test reads them all."""
    fields: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    wanted = tuple(Wanted(**row) for row in fields["done"])
    assert fields["kind"] in KINDS, path
    return Exercise(
        path.stem, fields["kind"], fields["order"], fields["hints"], wanted, path.resolve()
    )

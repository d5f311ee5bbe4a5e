"""One table of a scenario file, read key by key. Whatever is wrong is said with the table, the
key, and what is allowed there."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any


class ScenarioError(Exception):
    """A scenario file that cannot be played; says where and what to do."""


@dataclass(frozen=True)
class Kind:
    """What a value may be, and how to say it."""

    says: str
    accepts: Callable[[Any], bool]


TEXT = Kind("a text", lambda value: isinstance(value, str))
YES_NO = Kind("true or false", lambda value: isinstance(value, bool))


def number(low: float, high: float, whole: bool = False) -> Kind:
    """From low to high, both included."""
    says = f"a {'whole ' if whole else ''}number from {low:g} to {high:g}"
    types = (int,) if whole else (int, float)
    return Kind(says, lambda value: _is_number(value, types) and low <= value <= high)


def drawn(kind: Kind) -> Kind:
    """Such a number, or a range of two between which the seed decides."""

    def accepts(value: Any) -> bool:
        if not isinstance(value, list):
            return kind.accepts(value)
        return len(value) == 2 and all(map(kind.accepts, value)) and value[0] <= value[1]

    return Kind(f"{kind.says}, or a range [low, high] of such", accepts)


def one_of(names: Collection[str]) -> Kind:
    """One of these words."""
    says = f"one of {', '.join(names)}"
    return Kind(says, lambda value: isinstance(value, str) and value in names)


def list_of(kind: Kind, least: int = 0) -> Kind:
    """A list of such."""
    says = f"a list{f' of at least {least}' if least else ''}, each {kind.says}"
    return Kind(
        says,
        lambda value: (
            isinstance(value, list) and len(value) >= least and all(map(kind.accepts, value))
        ),
    )


def _is_number(value: Any, types: tuple[type[float], ...]) -> bool:
    return isinstance(value, types) and not isinstance(value, bool) and math.isfinite(value)


class Table:
    """A TOML table; what is left over in the end is an error."""

    def __init__(self, document: Any, where: str) -> None:
        if not isinstance(document, Mapping):
            name = where.partition(" ")[0]
            written = name if name.startswith("[") else f"[[{name}]]"
            raise ScenarioError(f"{where}: {document!r} is no table; write {written}")
        self._left = dict(document)
        self._known: list[str] = []
        self.where = where

    def take(self, key: str, kind: Kind, default: Any = None) -> Any:
        """The value of `key`; without a default there must be one."""
        self._known.append(key)
        if key not in self._left and default is not None:
            return default
        if key not in self._left:
            raise ScenarioError(f"{self.where}: `{key}` is missing; it is {kind.says}")
        value = self._left.pop(key)
        if not kind.accepts(value):
            raise ScenarioError(f"{self.where}: `{key} = {value!r}` cannot be; it is {kind.says}")
        return value

    def given(self, key: str, kind: Kind) -> dict[str, Any]:
        """`key` with its value; nothing if it is not there."""
        self._known.append(key)
        return {key: self.take(key, kind)} if key in self._left else {}

    def table(self, key: str) -> "Table | None":
        """The one [key] table, if it is there."""
        self._known.append(f"[{key}]")
        return Table(self._left.pop(key), f"[{key}]") if key in self._left else None

    def tables(self, key: str, needed: bool = True) -> "list[Table]":
        """All [[key]] tables."""
        self._known.append(f"[[{key}]]")
        rows = self._left.pop(key, [])
        if not isinstance(rows, list) or (needed and not rows):
            raise ScenarioError(f"{self.where}: needs [[{key}]] tables, at least one")
        return [Table(row, f"{key} {place}") for place, row in enumerate(rows, 1)]

    def finish(self) -> None:
        """Nothing may be left."""
        if self._left:
            known = ", ".join(dict.fromkeys(self._known))
            raise ScenarioError(
                f"{self.where}: `{min(self._left)}` is not known; allowed here: {known}"
            )

"""The settings of one sender that speaks HTTP, taken key by key; what is left over is refused."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from varde_host import errors
from varde_host.access import site_rules

MOST_CHARACTERS: Final = 300
_PRINTABLE: Final = frozenset(string.printable) - frozenset(string.whitespace)


class Settings:
    """A table of receiver.toml, `place` as `target.NAME`; files are named from `folder`.

    Every method raises InputRefused `target-setting` with `place.key`.
    """

    def __init__(self, place: str, table: object, folder: Path) -> None:
        if not isinstance(table, Mapping):
            raise errors.InputRefused("target-setting", place)
        self._place = place
        self._left: dict[str, Any] = dict(table)
        self._folder = folder

    def refused(self, key: str) -> errors.InputRefused:
        """Return the error of a key."""
        return errors.InputRefused("target-setting", f"{self._place}.{key[:30]}")

    def finish(self) -> None:
        """Refuse what nobody asked for: it would have meant something to whoever wrote it."""
        for key in sorted(self._left):
            raise self.refused(key)

    def text(self, key: str, default: str | None = None) -> str:
        """Return printable ASCII without blanks: all that is sent in a header or a signed word."""
        value = self._left.pop(key, default)
        if not isinstance(value, str) or not 0 < len(value) <= MOST_CHARACTERS:
            raise self.refused(key)
        if not set(value) <= _PRINTABLE:
            raise self.refused(key)
        return value

    def text_or_none(self, key: str) -> str | None:
        """Return a text, None if it is not there."""
        return self.text(key) if key in self._left else None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, at least one."""
        values = self._left.pop(key, None)
        if not isinstance(values, list) or not values:
            raise self.refused(key)
        for each in values:
            if not isinstance(each, str) or not each or not set(each) <= _PRINTABLE:
                raise self.refused(key)
        return tuple(values)

    def one_of(self, key: str, known: tuple[str, ...], default: str) -> str:
        """Return one of some words."""
        value = self._left.pop(key, default)
        if value not in known:
            raise self.refused(key)
        return str(value)

    def number(self, key: str, default: int, most: int) -> int:
        """Return a number from 1 on."""
        value = self._left.pop(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise self.refused(key)
        return value

    def address(self, key: str, default: str | None = None) -> str:
        """Return an HTTPS address without a last slash; plain HTTP to this very machine."""
        value = self.text(key, default)
        if not site_rules.is_safe(value):
            raise self.refused(key)
        return value.rstrip("/")

    def file(self, key: str) -> Path | None:
        """Return the path of a file, None if it is not named."""
        value = self._left.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            raise self.refused(key)
        return self._folder / value

    def must_file(self, key: str) -> Path:
        """Return the path of a file that must be named."""
        found = self.file(key)
        if found is None:
            raise self.refused(key)
        return found

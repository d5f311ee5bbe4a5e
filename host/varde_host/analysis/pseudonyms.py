"""What loans, things, hubs and readings are called in a file for analysis.

A loan has a random id already, and so has everything else: by these, two files can be put
together, and so can a file and the receiver's own lists. `anew` gives random names that nothing
leads back from: not kept, other in each file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

_BYTES: Final = 8
"""2^32 names until two of a kind are likely to be the same; a draw that was had is drawn again."""


class Pseudonyms:
    """Names things: as they are called already, or anew with `draw` as the source of chance."""

    def __init__(self, draw: Callable[[int], bytes] | None = None) -> None:
        self._draw = draw
        self._given: dict[tuple[str, str], str] = {}
        self._used: set[str] = set()

    def loan(self, known: str) -> str:
        """Return what a loan is called."""
        return self._name("loan", known)

    def device(self, known: str) -> str:
        """Return what a thing is called."""
        return self._name("device", known)

    def hub(self, known: str) -> str:
        """Return what a hub is called."""
        return self._name("hub", known)

    def reading(self, known: str) -> str:
        """Return what a measurement's Observation is called."""
        return self._name("reading", known)

    def _name(self, kind: str, known: str) -> str:
        if self._draw is None:
            return known
        given = self._given.get((kind, known))
        if given is None:
            given = self._given[kind, known] = self._new(kind[0].upper())
        return given

    def _new(self, letter: str) -> str:
        """A letter in front keeps spreadsheets from taking a name for a number."""
        assert self._draw is not None
        while True:
            name = letter + self._draw(_BYTES).hex()
            if name not in self._used:
                self._used.add(name)
                return name


def as_known() -> Pseudonyms:
    """Return those that change nothing."""
    return Pseudonyms()


def anew() -> Pseudonyms:
    """Return new random ones."""
    return Pseudonyms(os.urandom)

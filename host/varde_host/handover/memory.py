"""What was said of a measurement the last time it was looked at, while the program runs.

A hub with one new reading is opened whole, and nearly all of it is as it was. Its resources, which
take longest to make, are made again only if something has changed of what they are made of. It is
kept by a digest of all that is known of the measurement; lost, it costs time and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, overload

from varde_host.fhir import measured
from varde_host.handover import ledger, planning

MOST: Final = 50_000
"""Measurements; some 2 KB each."""

Key = tuple[str, ...]


class Known(NamedTuple):
    """One Observation without its resources."""

    identifier: str
    part: str
    said: ledger.Said
    digest: bytes


class Memory:
    """By target and measurement. What was looked at longest ago is forgotten first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: dict[Key, tuple[bytes, list[Known]]] = {}

    def recall(
        self,
        key: Key,
        each: measured.Measured,
        origin: str,
        hub: bytes,
        make: Callable[[], list[planning.Wanted]],
    ) -> list[planning.Wanted]:
        """Return what is to be said, by `make` unless all is as it was."""
        told = hashlib.blake2b(repr(each).encode(), digest_size=16).digest()
        before = self._kept.pop(key, None)
        if before is None or before[0] != told:
            made = make()
            known = [Known(one.identifier, one.part, one.said, one.digest) for one in made]
        else:
            known = before[1]
            made = [
                planning.Wanted(
                    one.identifier, origin, one.part, hub, one.said, one.digest,
                    _Remade(make, number),
                )
                for number, one in enumerate(known)
            ]  # fmt: skip
        self._kept[key] = (told, known)
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        return made


class _Remade(Sequence[planning.Resource]):
    """The resources of one Observation, made once somebody looks at them."""

    def __init__(self, make: Callable[[], list[planning.Wanted]], number: int) -> None:
        self._make = make
        self._number = number
        self._made: Sequence[planning.Resource] | None = None

    def _all(self) -> Sequence[planning.Resource]:
        if self._made is None:
            self._made = self._make()[self._number].resources
        return self._made

    @overload
    def __getitem__(self, index: int) -> planning.Resource: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[planning.Resource]: ...
    def __getitem__(self, index: Any) -> Any:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[planning.Resource]:
        return iter(self._all())

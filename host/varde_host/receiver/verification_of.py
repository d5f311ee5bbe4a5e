"""What a reading says of its sensor's verification: what stood, and what still holds.

A reading names the verification that stood for its sensor when the hub got its config, and no
more. Its level, its last day and whether the sensor was found bad afterwards are looked up where
the reading is used, so a verification lapses by itself and nothing has to reach a hub. What is
not sure is never rounded up: a reading that may be from after the last day counts as lapsed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from varde_host.verification import past

NOT_NAMED: Final = "not-named"
"""The hub's config named none."""
UNKNOWN: Final = "unknown"
"""It names a record that is not here."""
HOLDS: Final = "holds"
LAPSED: Final = "lapsed"
MAY_HAVE_LAPSED: Final = "may-have-lapsed"
"""Nobody knows if it was made before the end of the last day."""
NOT_GOOD: Final = "not-good"
"""The record it names did not find the sensor good; it ought not to have been in use."""
FOUND_BAD: Final = "found-bad"
"""The sensor was found bad later, and may have been so when it measured this."""
STATES = (NOT_NAMED, UNKNOWN, HOLDS, LAPSED, MAY_HAVE_LAPSED, NOT_GOOD, FOUND_BAD)

LAPSED_LEVEL = 1
"""That the chain hands a reading on unchanged does not wear out; a comparison does."""
DOUBTED_LEVEL = 0
"""All that is left is which sensor it was."""

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Standing:
    """`name` is what the reading says (8 bytes or none), `level` what may be said of it: None
    where nothing is known. `verification` is the record named, `found_bad` the later finding."""

    name: bytes
    state: str
    level: int | None = None
    verification: past.Finding | None = None
    found_bad: past.Finding | None = None

    def as_json(self) -> dict[str, object]:
        """Return it as `varde readings --json` gives it (docs/receiver.md)."""
        named, bad = self.verification, self.found_bad
        return {
            "name": self.name.hex() or None,
            "state": self.state,
            "level": self.level,
            "record": None if named is None else named.number,
            "procedure": None if named is None else named.procedure,
            "version": None if named is None else named.version,
            "valid_until": None if named is None else named.valid_until,
            "found_bad": None if bad is None else {"record": bad.number, "at_ms": bad.began_ms},
        }


class Register:
    """The verifications that are known here."""

    def __init__(self, findings: Iterable[past.Finding]) -> None:
        by_device: dict[str | None, list[past.Finding]] = {}
        self._named: dict[bytes, past.Finding] = {}
        self.newest_ms: int | None = None
        """When the latest of them ended; later ones would not be known here."""
        for each in findings:
            by_device.setdefault(each.device, []).append(each)
            self._named[bytes.fromhex(each.record)[:8]] = each
            self.newest_ms = max(self.newest_ms or 0, each.ended_ms)
        self._doubts = {
            device: past.doubts(past.in_order(of_one)) for device, of_one in by_device.items()
        }

    def of(self, name: bytes, earliest_ms: int | None, latest_ms: int | None) -> Standing:
        """Return what stood for a reading that was made between two moments (None: unknown)."""
        if not name:
            return Standing(name, NOT_NAMED)
        named = self._named.get(name)
        if named is None:
            return Standing(name, UNKNOWN)
        # Whatever clocks say: what names a record was made after that record was.
        after_ms = max(earliest_ms or 0, named.ended_ms)
        for doubt in reversed(self._doubts[named.device]):
            if doubt.overlaps(after_ms, latest_ms):
                return Standing(name, FOUND_BAD, DOUBTED_LEVEL, named, doubt.bad)
        if not named.is_good or named.valid_until is None:
            return Standing(name, NOT_GOOD, DOUBTED_LEVEL, named)
        state = _lapse(named.valid_until, after_ms, latest_ms)
        level = named.level or 0
        return Standing(name, state, level if state == HOLDS else min(level, LAPSED_LEVEL), named)


def _lapse(valid_until: str, earliest_ms: int, latest_ms: int | None) -> str:
    last_day = dt.datetime.fromisoformat(valid_until).replace(tzinfo=dt.UTC)
    end_ms = int(last_day.timestamp()) * 1000 + _DAY_MS
    if earliest_ms >= end_ms:
        return LAPSED
    return HOLDS if latest_ms is not None and latest_ms < end_ms else MAY_HAVE_LAPSED

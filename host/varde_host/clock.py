"""The one place where the host looks at the clock.

With VARDE_CLOCK set (a simulation, or a replay), the time is read from the clock file that the
world writes and that leaps while everybody waits; else it is the system's. The file is 24 bytes,
little-endian, and guarded by a sequence lock: its writer makes `sequence` odd, writes, makes it
even again; a reader that saw an odd or a changed number reads again.

    u32 sequence | u32 rate_ppm (unused) | i64 offset_us | i64 utc_minus_virtual_us

Virtual time is CLOCK_MONOTONIC plus `offset_us`; UTC is virtual time plus the last field.
"""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path
from typing import Protocol

from varde_host import errors

CLOCK_VARIABLE = "VARDE_CLOCK"

# 2024-01-01, before the first of these hubs: clocks that were never set show 1970 or 2000.
EARLIEST_MS = 1_704_067_200_000

_LAYOUT = struct.Struct("<IIqq")
# A writer holds the lock for well under a microsecond; this many reads of an odd or changing
# sequence number (some 30 ms) mean that it died while writing.
_MAX_READS = 20_000


class Clock(Protocol):
    """Whatever tells Unix time."""

    def utc_ms(self) -> int:
        """Return Unix time in milliseconds."""


class SystemClock:
    """The machine's own clock."""

    def utc_ms(self) -> int:
        """Return Unix time in milliseconds; WorldFailed `clock-unset`."""
        return _plausible(time.time_ns() // 1_000_000)


class FileClock:
    """A simulated world's clock, read from its file."""

    def __init__(self, path: Path) -> None:
        """Open the file; raises WorldFailed `clock-file` if that is not possible."""
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY)  # for as long as the process lives
        except OSError as error:
            raise errors.WorldFailed("clock-file", str(path), reason=error.strerror) from error
        self._fields()

    def utc_ms(self) -> int:
        """Return Unix time in ms; WorldFailed `clock-stuck`, `clock-file`, `clock-unset`."""
        for _ in range(_MAX_READS):
            before, _rate, offset_us, utc_minus_virtual_us = self._fields()
            monotonic_us = time.monotonic_ns() // 1000
            if before % 2 == 0 and self._fields()[0] == before:
                return _plausible((monotonic_us + offset_us + utc_minus_virtual_us) // 1000)
        raise errors.WorldFailed("clock-stuck", str(self._path))

    def _fields(self) -> tuple[int, int, int, int]:
        """Read by call, not by map: a map of a file that is cut short kills the process."""
        data = os.pread(self._descriptor, _LAYOUT.size, 0)
        if len(data) < _LAYOUT.size:
            reason = f"{len(data)} of {_LAYOUT.size} bytes"
            raise errors.WorldFailed("clock-file", str(self._path), reason=reason)
        sequence, rate_ppm, offset_us, utc_minus_virtual_us = _LAYOUT.unpack(data)
        return sequence, rate_ppm, offset_us, utc_minus_virtual_us


def _plausible(utc_ms: int) -> int:
    """Return the time, or raise WorldFailed `clock-unset`: no time is better than a wrong one.

    A machine whose clock was never set would tell its time to hubs, and stamp arrivals with it.
    """
    if utc_ms < EARLIEST_MS:
        raise errors.WorldFailed("clock-unset")
    return utc_ms


def from_environment() -> Clock:
    """Return the clock that VARDE_CLOCK names, or the system's."""
    path = os.environ.get(CLOCK_VARIABLE)
    return FileClock(Path(path)) if path else SystemClock()

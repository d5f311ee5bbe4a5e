"""The one place where the host looks at the clock.

With VARDE_CLOCK set (a simulation, or a replay), the time is read from the clock file that the
world writes and that leaps while everybody waits; else it is the system's. The file is 24 bytes,
little-endian, and guarded by a sequence lock: its writer makes `sequence` odd, writes, makes it
even again; a reader that saw an odd or a changed number reads again.

    u32 sequence | u32 rate_ppm (unused) | i64 offset_us | i64 utc_minus_virtual_us

Virtual time is CLOCK_MONOTONIC plus `offset_us`; UTC is virtual time plus the last field.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from pathlib import Path
from typing import Protocol

from varde_host import errors

CLOCK_VARIABLE = "VARDE_CLOCK"

_LAYOUT = struct.Struct("<IIqq")
# A writer holds the lock for well under a microsecond; this many reads of an odd or changing
# sequence number mean that it died while writing.
_MAX_READS = 100_000


class Clock(Protocol):
    """Whatever tells Unix time."""

    def utc_ms(self) -> int:
        """Return Unix time in milliseconds."""


class SystemClock:
    """The machine's own clock."""

    def utc_ms(self) -> int:
        """Return Unix time in milliseconds."""
        return time.time_ns() // 1_000_000


class FileClock:
    """A simulated world's clock, read from its file."""

    def __init__(self, path: Path) -> None:
        """Map the file; raises WorldFailed `clock-file` if that is not possible."""
        self._path = path
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), _LAYOUT.size, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise errors.WorldFailed("clock-file", str(path), reason=error) from error

    def utc_ms(self) -> int:
        """Return Unix time in milliseconds; raises WorldFailed `clock-stuck`."""
        for _ in range(_MAX_READS):
            before, _rate, offset_us, utc_minus_virtual_us = _LAYOUT.unpack(self._map)
            monotonic_us = time.monotonic_ns() // 1000
            (after,) = struct.unpack_from("<I", self._map)
            if before == after and before % 2 == 0:
                return int(monotonic_us + offset_us + utc_minus_virtual_us) // 1000
        raise errors.WorldFailed("clock-stuck", str(self._path))


def from_environment() -> Clock:
    """Return the clock that VARDE_CLOCK names, or the system's."""
    path = os.environ.get(CLOCK_VARIABLE)
    return FileClock(Path(path)) if path else SystemClock()

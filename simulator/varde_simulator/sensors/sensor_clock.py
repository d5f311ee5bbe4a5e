"""A sensor's own clock: local time without a zone, off by what nobody knows, drifting.

It counts the loop's time, so it is virtual when the loop is. The sensor stamps its readings with
it; only the clock read in the same session lets a host turn such a stamp into an instant.
"""

import asyncio
import struct
from datetime import datetime, timedelta

from varde_simulator.sensors.model import ClockPlan

UNKNOWN_STAMP = bytes(7)  # year 0, month 0, day 0: each means "not known" (Date Time 2A08)
# Any: what an unset clock without a date counts from. Sensors know no zone.
_EPOCH = datetime(2020, 1, 1)  # noqa: DTZ001


class SensorClock:
    """`now()` is what it shows; `is_set` whether a host or a person has ever set it."""

    def __init__(self, plan: ClockPlan) -> None:
        self.plan = plan
        self.is_set = False
        self.times_set = 0
        self._shown, self._since_s = plan.unset or _EPOCH, _loop_s()

    @property
    def knows(self) -> bool:
        """Whether it has any date to show."""
        return self.is_set or self.plan.unset is not None

    def now(self) -> datetime:
        elapsed_s = (_loop_s() - self._since_s) * (1 + self.plan.drift_ppm / 1e6)
        return self._shown + timedelta(seconds=elapsed_s)

    def set(self, local: datetime) -> None:
        """Show this from now on."""
        self._shown, self._since_s = local.replace(tzinfo=None), _loop_s()
        self.is_set = True
        self.times_set += 1

    def shift(self, by: timedelta) -> None:
        """It is wrong from now on, and does not know it."""
        self._shown += by

    def lose(self) -> None:
        """Its batteries were out."""
        self._shown, self._since_s = self.plan.unset or _EPOCH, _loop_s()
        self.is_set = False

    def stamp(self) -> bytes:
        """Date Time (2A08), 7 bytes."""
        return date_time(self.now()) if self.knows else UNKNOWN_STAMP

    def current_time(self, reason: int = 0) -> bytes:
        """Current Time (2A2B), 10 bytes; `reason` the bits of its last field."""
        if not self.knows:
            return UNKNOWN_STAMP + bytes(3)
        now = self.now()
        return date_time(now) + bytes([now.isoweekday(), now.microsecond * 256 // 10**6, reason])


def date_time(local: datetime) -> bytes:
    """The seven bytes of a Date Time."""
    year, month, day, hour, minute, second = local.timetuple()[:6]
    return struct.pack("<HBBBBB", year, month, day, hour, minute, second)


def from_date_time(value: bytes) -> datetime | None:
    """The moment in the first seven bytes; None: it is none."""
    try:
        return datetime(*struct.unpack("<HBBBBB", value[:7]))  # noqa: DTZ001  has no zone
    except (ValueError, struct.error):
        return None


def _loop_s() -> float:
    return asyncio.get_running_loop().time()

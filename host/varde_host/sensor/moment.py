"""A sensor's clock: what it shows, and how far that is from ours.

Sensors keep local time without a zone (docs/clock.md), so what is compared and written is the
wall-clock time of the place. `datetime`s here have no zone on purpose.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from varde_protocols import gatt
from varde_protocols.errors import GattError

from . import table

TOLERANCE_S = 2
"""A clock that was set and reads back within this is set: a second for the sensor's own tick,
one for the way."""

_MANUAL = 1  # adjust reason (Current Time Service 1.1, 3.1.2.1)


@dataclass(frozen=True)
class Shown:
    """A clock as it was read. `local` is None for one that is not set, or that shows no time."""

    characteristic: int
    raw: bytes
    local: dt.datetime | None
    ahead_s: int | None
    """The sensor's time less ours; None without a time."""


def shown(characteristic: int, raw: bytes, now: dt.datetime) -> Shown:
    """Return what `raw` says at local time `now`; bytes that are no time show none."""
    local = _local(characteristic, raw)
    ahead_s = None if local is None else round((local - now.replace(tzinfo=None)).total_seconds())
    return Shown(characteristic, raw, local, ahead_s)


def _local(characteristic: int, raw: bytes) -> dt.datetime | None:
    try:
        fields = gatt.decode(characteristic, raw)
    except GattError:
        return None
    stamp = fields.get("timestamp")
    try:
        return dt.datetime.fromisoformat(str(stamp))
    except ValueError:  # year, month or day 0: not known
        return None


def written(characteristic: int, now: dt.datetime) -> bytes:
    """Return the value that sets a clock to local time `now`, by 0x2A08 or 0x2A2B."""
    stamp = f"{now:%Y-%m-%dT%H:%M:%S}"
    if characteristic == table.DATE_TIME:
        return gatt.encode(characteristic, {"timestamp": stamp})
    fields: dict[str, int | str] = {
        "timestamp": stamp,
        "day_of_week": now.isoweekday(),
        "fraction_256": now.microsecond * 256 // 1_000_000,
        "adjust_reason": _MANUAL,
    }
    return gatt.encode(characteristic, fields)

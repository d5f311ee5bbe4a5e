"""The sensor's own time among the fields of a value, and whether it tells measurements apart."""

from __future__ import annotations

from collections.abc import Mapping

# What an elapsed time may say of where it has its time from: nothing, or "not synchronized"
# (Elapsed Time Service 1.0, Time Sync Source Type). Such a clock may begin anew with a battery.
_UNTRUSTED_SOURCES = (0, 7)


def of(fields: Mapping[str, object]) -> str | None:
    """Return the sensor's stamp as it was decoded, also that of a value inside a record."""
    stamp = fields.get("timestamp")
    recorded = fields.get("recorded")
    if stamp is None and isinstance(recorded, Mapping):
        stamp = recorded.get("timestamp")
    return None if stamp is None else str(stamp)


def is_dated(fields: Mapping[str, object]) -> bool:
    """Whether a whole date is among them, by a clock of which nothing says that it is not set."""
    if fields.get("clock_not_set") or _is_untrusted(fields.get("clock")):
        return False
    stamp = of(fields) or str(fields.get("base_time") or "")
    is_whole = stamp[:10].count("-") == 2 and "00" not in (stamp[5:7], stamp[8:10])
    return is_whole and not stamp.startswith("0000")


def _is_untrusted(clock: object) -> bool:
    """Of an elapsed time: not synchronized, or from before the clock was last set."""
    if not isinstance(clock, Mapping):
        return False
    return clock["sync_source"] in _UNTRUSTED_SOURCES or not clock["current_timeline"]

"""What a hub was without power for, by its last word before. Pure."""

from __future__ import annotations

from varde_host.fleet_view import hub_faults
from varde_host.missed import causes, running
from varde_host.missed.evidence import Evidence
from varde_host.missed.life import Life
from varde_protocols import records


def why_off(life: Life, off: running.Off) -> tuple[str, tuple[Evidence, ...]]:
    """Return what a hub was off for, by its last word before."""
    low = was_low(life, off.since_ms)
    if low is not None:
        return causes.HUB_BATTERY, (low,)
    before = [one for one in life.words if (one.made.earliest_ms or 0) <= off.since_ms]
    if not before or before[-1].facts.number(records.FACT_BATTERY_MV) is None:
        return causes.NO_POWER, ()
    is_fresh = off.since_ms - (before[-1].made.earliest_ms or 0) <= life.pause_ms
    return (causes.NO_POWER if is_fresh else causes.HUB_OFF), ()


def was_low(life: Life, at_ms: int) -> Evidence | None:
    """Say that the hub's battery was low at its last word before a moment."""
    before = [one for one in life.words if (one.made.earliest_ms or 0) <= at_ms]
    if not before:
        return None
    facts = before[-1].facts
    battery_mv = facts.number(records.FACT_BATTERY_MV)
    is_powered = facts.truth(records.FACT_EXTERNAL_POWER)
    if battery_mv is None or is_powered or not 0 < battery_mv < hub_faults.BATTERY_LOW_MV:
        return None
    return Evidence.of("battery", millivolts=battery_mv, at_ms=before[-1].made.latest_ms)


def of_off(off: running.Off) -> Evidence:
    return Evidence.of("off", from_ms=off.since_ms, until_ms=off.ended_ms)

"""A row in words and in JSON. Numbers keep the digits that the sensor sent."""

from __future__ import annotations

import datetime as dt

from varde_host.receiver import opening, sensor_clock, stamp, timeline, value_words
from varde_protocols import assigned

_UTC = "%Y-%m-%d %H:%M:%S"
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST_MS, _LAST_MS = 0, 253_402_300_800_000  # to the end of the year 9999


def as_json(row: opening.Row) -> dict[str, object]:
    """Return the row as `readings --json` gives it (docs/receiver.md)."""
    when = row.when or timeline.Instant(None, None, None, None)
    return {
        "hub": row.hub_id.hex(),
        "seq": row.seq,
        "boot": row.boot,
        "uptime_ms": row.uptime_ms,
        "slot": row.slot,
        "service": None if row.content is None else assigned.name(row.content.service),
        "characteristic": characteristic(row),
        "address": None if row.content is None else address(row.content.address),
        "model": None if row.content is None else row.content.model,
        "hex": None if row.content is None else row.content.value.hex(),
        "values": row.fields or None,
        "words": value_words.of(row.fields, row.characteristic) or None,
        "sensor_time": stamp.of(row.fields),
        **_by_the_sensor(row.sensor),
        "utc_ms": when.utc_ms,
        "uncertainty_ms": when.uncertainty_ms,
        "not_before_ms": when.not_before_ms,
        "not_after_ms": when.not_after_ms,
        "signature": row.signature,
        "error": row.error,
        "test": row.is_test,
        "verification": None if row.standing is None else row.standing.as_json(),
        "repeats": row.repeats,
        "part_of": row.part_of,
        "parts": row.parts,
    }


def _by_the_sensor(claim: sensor_clock.Claim | None) -> dict[str, object]:
    """Return what the sensor's own stamp says, and the look at its clock that this rests on."""
    if claim is None:
        claim = sensor_clock.Claim(None, None, None, None)
    return {
        "sensor_utc_ms": claim.utc_ms,
        "sensor_utc_uncertainty_ms": claim.uncertainty_ms,
        "sensor_clock_step": claim.step_s,
        "sensor_clock": None if claim.look is None else claim.look._asdict(),
    }


def characteristic(row: opening.Row) -> str | None:
    """Return the characteristic as four hex digits, a vendor's by its name."""
    return None if row.characteristic is None else assigned.name(row.characteristic)


def address(raw: bytes) -> str:
    """Return a sensor's address (type, then 6 bytes) as public/AA:BB:CC:DD:EE:FF."""
    kind = {0: "public", 1: "random"}.get(raw[0], f"type {raw[0]}")
    return f"{kind}/{raw[1:].hex(':').upper()}"


def moment(utc_ms: int | None) -> str:
    """Return a time to the second, in UTC; an ellipsis for none, or one beyond all calendars.

    A hub may sign any number as its uptime.
    """
    if utc_ms is None or not _FIRST_MS <= utc_ms < _LAST_MS:
        return "…"
    return f"{_EPOCH + dt.timedelta(milliseconds=utc_ms):{_UTC}}Z"


def bound(uncertainty_ms: int) -> str:
    """Return an uncertainty in seconds with one decimal, rounded up."""
    tenths = -(-uncertainty_ms // 100)
    return f"± {tenths // 10}.{tenths % 10} s"

"""A row in words and in JSON. Numbers keep the digits that the sensor sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from varde_host.receiver import opening, stamp, timeline, value_words
from varde_protocols import assigned, gatt

# What decoders do not say in a field of their own, by the specifications of the services.
_UNITS = {
    "spo2": "% SpO₂",
    "pulse_rate": "/min",
    "bmi": "kg/m²",
    "level": "%",
    "pulse_amplitude_index": "% PAI",
}
_STATUS = {"measurement_status": "status", "sensor_status": "sensor"}
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
        "utc_ms": when.utc_ms,
        "uncertainty_ms": when.uncertainty_ms,
        "not_before_ms": when.not_before_ms,
        "not_after_ms": when.not_after_ms,
        "signature": row.signature,
        "error": row.error,
        "repeats": row.repeats,
        "part_of": row.part_of,
        "parts": row.parts,
    }


def characteristic(row: opening.Row) -> str | None:
    """Return the characteristic as four hex digits, a vendor's by its name."""
    return None if row.characteristic is None else assigned.name(row.characteristic)


def address(raw: bytes) -> str:
    """Return a sensor's address (type, then 6 bytes) as public/AA:BB:CC:DD:EE:FF."""
    kind = {0: "public", 1: "random"}.get(raw[0], f"type {raw[0]}")
    return f"{kind}/{raw[1:].hex(':').upper()}"


def values(fields: Mapping[str, object]) -> str:
    """Return the measured values with their units, and the status words that are not zero."""
    parts = _pressure(fields) + _amounts(fields)
    parts += [f"{name} {word:#06x}" for key, name in _STATUS.items() if (word := fields.get(key))]
    return ", ".join(parts)


def _pressure(fields: Mapping[str, object]) -> list[str]:
    if "systolic" in fields:
        both = f"{_text(fields['systolic'])}/{_text(fields['diastolic'])}"
        return [f"{both} {fields['unit']}"]
    if "cuff_pressure" in fields:
        return [f"{_text(fields['cuff_pressure'])} {fields['unit']}"]
    return []


def _amounts(fields: Mapping[str, object]) -> list[str]:
    units = dict(_UNITS)
    units["weight"] = str(fields.get("unit", ""))
    units["height"] = str(fields.get("height_unit", ""))
    order = ("weight", "height", *_UNITS)
    known = [(name, fields.get(name)) for name in order]
    return [f"{_text(value)} {units[name]}" for name, value in known if value is not None]


def _text(value: object) -> str:
    return value.text() if isinstance(value, gatt.Number) else str(value)


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

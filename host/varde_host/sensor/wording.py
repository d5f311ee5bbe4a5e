"""Sensors and their values in words and in JSON. Numbers keep the digits that the sensor sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from varde_host import messages
from varde_host.receiver import stamp, value_words
from varde_protocols import assigned, gatt
from varde_protocols.errors import GattError

from . import models, moment, table
from .decoder import Decoder, is_part
from .heard import Heard
from .inquiry import Info


class Value:
    """One value as it came, with what the sensor's decoder makes of it."""

    def __init__(
        self,
        service: int,
        number: int,
        raw: bytes,
        decoder: Decoder,
        utc_ms: int,
        local: dt.datetime,
        repeats: bool,
    ) -> None:
        self.number = number
        self._repeats = repeats
        self._service = service
        self._raw = raw
        self._utc_ms = utc_ms
        self._local = local
        self._error: str | None = None
        self._fields: Mapping[str, Any] | None = None
        try:
            self._fields = decoder.fields(number, raw)
        except GattError as error:
            self._error = error.code

    def as_json(self) -> dict[str, object]:
        """As one line of `read --json` and `watch --json` (docs/sensor-command.md)."""
        return {
            "service": assigned.name(self._service),
            "characteristic": assigned.name(self.number),
            "hex": self._raw.hex(),
            "values": None if self._fields is None else dict(self._fields),
            "error": self._error,
            "repeats": self._repeats,
            "utc_ms": self._utc_ms,
        }

    def lines(self) -> list[str]:
        """Two lines: the time and what it says; the characteristic and the bytes."""
        name = assigned.name(self.number)
        again = "  " + messages.text("sensor.sent-again") if self._repeats else ""
        return [
            f"{self._local:%H:%M:%S}  {self._words()}",
            f"          {name} {self._raw.hex()}{again}",
        ]

    def _words(self) -> str:
        if self._fields is None:
            return messages.text("sensor.not-decoded", error=str(self._error))
        if is_part(self._fields):
            return messages.text("sensor.part")
        words = value_words.of(self._fields, self.number)
        told = stamp.of(self._fields)
        at = "" if told is None else "  " + messages.text("sensor.by-its-clock", stamp=told)
        return (words or messages.text("sensor.no-value")) + at


def measures(numbers: Sequence[int]) -> str:
    """Return what services measure, in words."""
    words = dict.fromkeys(
        messages.text(f"measures.{table.SERVICE_WORDS[number]}")
        for number in numbers
        if number in table.SERVICE_WORDS
    )
    return ", ".join(words)


def heard_row(one: Heard) -> tuple[str, str, str, str, str]:
    """Return a row of the table of `scan`."""
    services = [*one.services, *(service for service, _ in one.service_data)]
    return (one.address, one.name, str(one.rssi_dbm), measures(services), _likeness(one))


def _likeness(one: Heard) -> str:
    model = models.looks_like(one)
    parts = [] if model is None else [model.name]
    mode = models.is_in_pairing_mode(one.raw_name)
    if mode is not None:
        parts.append(messages.text("sensor.pairing-mode" if mode else "sensor.transfer-mode"))
    return "\n".join(parts)


def heard_json(one: Heard) -> dict[str, object]:
    """Return one of the list of `scan --json`."""
    model = models.looks_like(one)
    return {
        "address": one.address,
        "name": one.raw_name or None,
        "rssi_dbm": one.rssi_dbm,
        "services": list(one.uuids),
        "companies": list(one.companies),
        "service_data": {assigned.name(number): data.hex() for number, data in one.service_data},
        "looks_like": None if model is None else model.name,
        "pairing_mode": models.is_in_pairing_mode(one.raw_name),
    }


def clock_json(shown: moment.Shown | None) -> dict[str, object] | None:
    """Return a clock as JSON; `ahead_s` is null for one that is not set."""
    if shown is None:
        return None
    return {
        "characteristic": assigned.name(shown.characteristic),
        "hex": shown.raw.hex(),
        "local": None if shown.local is None else shown.local.isoformat(),
        "ahead_s": shown.ahead_s,
    }


def clock_words(shown: moment.Shown | None) -> str:
    """Return what a clock shows, and how far that is from ours."""
    if shown is None:
        return messages.text("sensor.clock-none")
    if shown.local is None:
        return messages.text("sensor.clock-not-set", raw=shown.raw.hex())
    key = "sensor.clock-right"
    if shown.ahead_s is not None and abs(shown.ahead_s) > moment.TOLERANCE_S:
        key = "sensor.clock-ahead" if shown.ahead_s > 0 else "sensor.clock-behind"
    apart = _duration(abs(shown.ahead_s or 0))
    return messages.text(key, local=f"{shown.local:%Y-%m-%d %H:%M:%S}", apart=apart)


def _duration(seconds: int) -> str:
    """Return "12 s", "01:00:12" or "2517 d 09:36:13"."""
    if seconds < 60:
        return f"{seconds} s"
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} d {clock}" if days else clock


def text(raw: bytes) -> str:
    """Return a string of a sensor, safe to print, without the NULs that pad it."""
    decoded = raw.rstrip(b"\0").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "?" for c in decoded)


def info_json(address: str, info: Info, model: str | None) -> dict[str, object]:
    """Return the document of `info --json`."""
    return {
        "address": address,
        "services": [assigned.name(number) for number in info.services if number],
        "identity": {key: _identity(key, raw) for key, raw in info.identity.items()},
        "battery": _battery(info.battery),
        "features": {
            assigned.name(number): {"hex": raw.hex(), "values": _fields(number, raw)}
            for _, number, raw in info.features
        },
        "clock": clock_json(info.clock),
        "model": model,
        "verdict": info.verdict,
        "locked": info.locked,
    }


def info_rows(info: Info) -> list[tuple[str, str]]:
    """Return the rows of the table of `info`."""
    rows = [(messages.text("sensor.measures"), measures(info.services) or "-")]
    for key, raw in info.identity.items():
        rows.append((messages.text(f"identity.{key}"), _identity(key, raw)))
    level = _battery(info.battery)
    rows.append((messages.text("sensor.battery"), "-" if level is None else f"{level} %"))
    rows.append((messages.text("sensor.clock"), clock_words(info.clock)))
    for _, number, raw in info.features:
        said = _fields(number, raw)
        can = [key for key, value in (said or {}).items() if value is True]
        plainly = f"{assigned.name(number)} {raw.hex()}"
        rows.append((messages.text("sensor.can"), ", ".join(can) or plainly))
    return rows


def _identity(key: str, raw: bytes) -> str:
    return raw.hex() if key in ("system-id", "pnp-id") else text(raw)


def _battery(raw: bytes | None) -> int | None:
    """Return percent; 101 to 255 are reserved."""
    return raw[0] if raw and raw[0] <= 100 else None


def _fields(number: int, raw: bytes) -> dict[str, Any] | None:
    try:
        return dict(gatt.decode(number, raw))
    except GattError:
        return None

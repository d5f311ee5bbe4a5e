"""What the bits of status words mean. A bit without a name here is told in hexadecimal.

The names stand in the decoders' modules and the services' specifications: Blood Pressure Service
1.1.1, Pulse Oximeter Service 1.0.1, Glucose Service 1.0.1, Generic Health Sensor Service 1.0, and
Nonin's sample application (`nonin_3230`).
"""

from __future__ import annotations

from collections.abc import Mapping

from varde_host import messages

_PRESSURE = {0: "movement", 1: "cuff-loose", 2: "irregular-pulse", 5: "wrong-position"}
_PULSE_RANGE = {1: "pulse-above", 2: "pulse-below"}
_PULSE_RANGE_BITS, _PULSE_RANGE_SHIFT = 0x18, 3
_OXIMETRY = {
    5: "ongoing", 6: "early-estimate", 7: "validated", 8: "fully-qualified", 9: "from-storage",
    10: "demonstration", 11: "testing", 12: "calibrating", 13: "unavailable", 14: "questionable",
    15: "invalid",
}  # fmt: skip
_OXIMETER = {
    0: "display-updating", 1: "malfunction", 2: "signal-irregular", 3: "signal-inadequate",
    4: "signal-poor", 5: "low-perfusion", 6: "signal-erratic", 7: "no-pulsation",
    8: "pulse-questionable", 9: "analysing", 10: "interference", 11: "not-on-user",
    12: "unknown-probe", 13: "displaced", 14: "probe-malfunction", 15: "probe-unplugged",
}  # fmt: skip
_GLUCOSE = {
    0: "battery-low", 1: "malfunction", 2: "sample-too-small", 3: "strip-inserted-badly",
    4: "wrong-strip", 5: "result-above", 6: "result-below", 7: "too-hot", 8: "too-cold",
    9: "strip-pulled-out", 10: "fault", 11: "time-fault",
}  # fmt: skip
_OBSERVATION = {
    0: "invalid", 1: "questionable", 2: "unavailable", 4: "calibrating", 5: "testing",
    6: "early-estimate", 14: "threshold", 15: "threshold",
}  # fmt: skip
# All that is well has no word here: what the display shows, and an encrypted link.
_NONIN = {1: "signal-poor", 2: "fully-qualified", 3: "searching", 5: "battery-low"}
_NONIN_FINGER = 0x10
_NONIN_SILENT = 0x51

# A field that only this kind of value has; the status word; its bits.
_KINDS = (
    ("systolic", "measurement_status", _PRESSURE),
    ("cuff_pressure", "measurement_status", _PRESSURE),
    ("base_time", "sensor_status", _GLUCOSE),
    ("counter_s", "sensor_status", _NONIN),
    ("class", "status", _OBSERVATION),
    ("spo2", "measurement_status", _OXIMETRY),
    ("spo2", "sensor_status", _OXIMETER),
)
_NAMES = {"measurement_status": "status", "sensor_status": "sensor", "status": "status"}


def of(fields: Mapping[str, object]) -> list[str]:
    """Return the status words of a value that are not zero, in words."""
    said: list[str] = []
    taken: set[str] = set()
    for only, key, names in _KINDS:
        word = fields.get(key)
        if only in fields and key not in taken and isinstance(word, int):
            taken.add(key)
            said += _bits(word, names, _NAMES[key])
    for key in ("measurement_status", "sensor_status"):
        word = fields.get(key)
        if key not in taken and isinstance(word, int):
            said += _bits(word, {}, _NAMES[key])
    return said


def has_finger(fields: Mapping[str, object]) -> bool:
    """Whether nothing says that there is none."""
    status = fields.get("sensor_status")
    if "counter_s" in fields and isinstance(status, int):
        return status & _NONIN_FINGER != 0
    return not fields.get("no_finger") and fields.get("worn") != 0


def _bits(word: int, names: Mapping[int, str], name: str) -> list[str]:
    said, rest = [], word
    if names is _PRESSURE and (word & _PULSE_RANGE_BITS) >> _PULSE_RANGE_SHIFT in _PULSE_RANGE:
        said.append(_PULSE_RANGE[(word & _PULSE_RANGE_BITS) >> _PULSE_RANGE_SHIFT])
        rest &= ~_PULSE_RANGE_BITS
    if names is _NONIN:
        rest &= ~_NONIN_SILENT
    for bit, leaf in names.items():
        if rest & 1 << bit:
            said.append(leaf)
            rest &= ~(1 << bit)
    words = [messages.text(f"status.{leaf}") for leaf in dict.fromkeys(said)]
    return [*words, f"{name} {rest:#06x}"] if rest else words

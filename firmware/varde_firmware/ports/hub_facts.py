"""What a report says of the hub that only its hardware knows. Loaded when a report is written."""

import sys

import esp32
import machine

from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const

from . import board, identity_store

if TYPE_CHECKING:
    from typing import Any, Dict

# One conversion is off by some 50 mV (ESP32-S3 data sheet, ADC characteristics).
_SAMPLES = const(8)


def gather(board_name: str) -> "Dict[int, Any]":
    """Return interpreter, crashes, battery, cause of the last reset."""
    found = {
        records.FACT_INTERPRETER: _interpreter(),
        records.FACT_RESET_CAUSE: board.Board.reset_cause(),
        records.FACT_CRASHES: _number("crashes"),
    }
    pins = __import__("boards." + board_name, None, None, ("BATTERY_ADC",))
    if pins.BATTERY_ADC is not None and hasattr(machine, "ADC"):
        found[records.FACT_BATTERY_MV] = _battery_mv(*pins.BATTERY_ADC)
    return found


def _interpreter() -> str:
    running: "Any" = sys.implementation
    return "%s %s" % (running[0], ".".join([str(part) for part in running[1][:3]]))


def _number(key: str) -> int:
    """One of the supervisor's (main.py); it is not there before the first."""
    try:
        return int(esp32.NVS(identity_store.NAMESPACE).get_i32(key))
    except OSError:
        return 0


def _battery_mv(pin: int, divider: int) -> int:
    converter = machine.ADC(machine.Pin(pin))
    total_uv = 0
    for _ in range(_SAMPLES):
        total_uv += converter.read_uv()
    return total_uv * divider // (1000 * _SAMPLES)

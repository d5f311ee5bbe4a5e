"""Jumper 500F ("My Oximeter"), an oximeter for the fingertip; service CDEACB80-....

Frames 0x80 hold the waveform, a frame 0x81 each second pulse, SpO2 and perfusion: a second and a
bit of it holds one.

Source: SensorsIot/Oximeters-BLE-Hack-ESP32.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import stream

if TYPE_CHECKING:
    from .. import steps

_TAKE_MS = const(1_200)


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """A second of it, every five seconds."""
    yield from stream.procedure(facts, _TAKE_MS)

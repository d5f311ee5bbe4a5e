"""Masimo MightySat, an oximeter for the fingertip.

Of the Pulse Oximeter Service it has the spot check 0x2A5E only, and sends it once, when the finger
goes out. So the hub stays connected and waits. The live values are its maker's secret.

Source: weliem/blessed-android issue 81.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from .. import procedures
from . import plain

if TYPE_CHECKING:
    from .. import steps

# Longer than anybody sits still with a clip on the finger.
_FINGER_MS = const(900_000)


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """Wait for the end of the measurement."""
    wanted, _found = yield from plain.set_up(facts, (facts.sensor.service,))
    yield from procedures.secure(facts)
    switches = yield from procedures.find_switches(wanted)
    yield from procedures.subscribe(facts, wanted, switches)
    yield from plain.receive(wanted, _FINGER_MS)

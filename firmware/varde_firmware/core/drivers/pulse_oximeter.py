"""Pulse oximeters by the Pulse Oximeter Service 0x1822 (PLXS 1.0.1).

Spot checks 0x2A5E are indicated, continuous values 0x2A5F notified while the finger is in. Stored
spot checks come by the Record Access Control Point, which here knows no filter but "all records":
what was transferred must be deleted, or it comes again for ever. It is, once it is durable.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from .. import procedures
from . import battery, plain, record_access, sensor_clock

if TYPE_CHECKING:
    from .. import steps

SPOT_CHECK = const(0x2A5E)


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """As most, and then what is stored."""
    wanted, found = yield from plain.set_up(facts, (facts.sensor.service,))
    yield from procedures.secure(facts)
    switches = yield from procedures.find_switches(wanted)
    yield from sensor_clock.look_after(facts, found)
    level = yield from battery.find(facts)
    control = None
    if procedures.pick(wanted, SPOT_CHECK) is not None:  # else nobody would keep what is deleted
        control = procedures.pick(found, record_access.CONTROL_POINT)
    if control is not None:
        yield from record_access.open_point(facts, control)
    yield from procedures.subscribe(facts, wanted, switches)
    if control is not None:
        yield from record_access.drain(facts, control)
    yield from plain.receive(wanted)
    if level is None:
        yield from procedures.prove(switches)
    else:
        yield from battery.look(facts, level)

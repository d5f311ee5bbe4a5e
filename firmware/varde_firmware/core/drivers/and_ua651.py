"""A&D UA-651BLE, a cuff; the scale UC-352BLE behaves alike.

It pairs while its button is held, then advertises for a burst after each measurement, holds up to
30 readings and disconnects after about two idle seconds. It wants its clock, Date Time 0x2A08 in
the measurement's own service, written on each connection before anything else (by a hub that does
not know the time: as it was), and indicates from the CCCD write on. A host that looks at all its
services makes it switch off or show E10, so only the one service is looked up, and nothing is read
afterwards. Its own service 233BF000-... (store on, store deleted, unit) is not written.

Sources: weliem/pi-health-hub 47f2eaf (order, clock, hold-off 15 s); andengineering/
AndroidSampleCode issue 1 (E10).
"""

from varde_protocols._compat import TYPE_CHECKING

from .. import procedures
from . import plain, sensor_clock

if TYPE_CHECKING:
    from .. import steps


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """The clock first, then the readings."""
    wanted, found = yield from plain.set_up(facts, (facts.sensor.service,))
    yield from procedures.secure(facts)
    clock = procedures.pick(found, sensor_clock.DATE_TIME)
    if clock is not None:
        yield from sensor_clock.look_after_one(facts, clock, sensor_clock.ALWAYS)
    switches = yield from procedures.find_switches(wanted)
    yield from procedures.subscribe(facts, wanted, switches)
    yield from plain.receive(wanted)

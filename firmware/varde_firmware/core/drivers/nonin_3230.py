"""Nonin 3230, an oximeter for the fingertip; wants a bond, and may ask for it twice.

Besides the Pulse Oximeter Service it has its maker's own, 46A970E0-..., with continuous values
once a second; the config says which of the two are wanted. It is connected while the finger is in.

Source: weliem/blessed-android issue 125.
"""

from varde_protocols import assigned
from varde_protocols._compat import TYPE_CHECKING, const

from .. import procedures
from . import plain

if TYPE_CHECKING:
    from .. import steps

_PLX = const(0x1822)
_OF_NONIN = (assigned.NONIN_CONTINUOUS,)


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """Both services, as far as the config names their characteristics."""
    services = [facts.sensor.service]
    for number in facts.sensor.characteristics:
        service = assigned.NONIN_SERVICE if number in _OF_NONIN else _PLX
        if service not in services:
            services.append(service)
    wanted, _found = yield from plain.set_up(facts, services)
    yield from procedures.secure(facts)
    switches = yield from procedures.find_switches(wanted)
    yield from procedures.subscribe(facts, wanted, switches)
    yield from plain.receive(wanted)

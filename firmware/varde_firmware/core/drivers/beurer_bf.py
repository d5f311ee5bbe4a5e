"""Beurer BF720/BF105/BF500/BF788/BF950, scales that ask for a bond and for a user's consent.

After the consent (User Data Service, index and code of the config) it sends that user's history,
weight 0x2A9D and body composition 0x2A9C. The composition comes zeroed until somebody has entered
the user's profile; the hub has none and writes none. Batteries out, and users and consents are
gone: the consent is refused then, which the event "sensor refused" tells.

Sources: oliexdev/openScale issues 635, 868, 1332; KristianP26/ble-scale-sync issues 83, 168, 229.
"""

from varde_protocols._compat import const

from .. import procedures, steps
from . import plain, sensor_clock, user_consent

_WEIGHT = const(0x2A9D)
_WEIGHT_SERVICE = const(0x181D)
_BODY_SERVICE = const(0x181B)


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """Everything stands before the consent, because the history comes with it."""
    services = [facts.sensor.service]
    for number in facts.sensor.characteristics:
        service = _WEIGHT_SERVICE if number == _WEIGHT else _BODY_SERVICE
        if service not in services:
            services.append(service)
    yield steps.ExchangeMtu()
    wanted, found = yield from plain.set_up(facts, services)
    yield from procedures.secure(facts)
    switches = yield from procedures.find_switches(wanted)
    yield from sensor_clock.look_after(facts, found)
    control = yield from user_consent.open_point(facts)
    yield from procedures.subscribe(facts, wanted, switches)
    yield from user_consent.consent(facts, control)
    yield from plain.receive(wanted)
    yield from procedures.prove(switches)

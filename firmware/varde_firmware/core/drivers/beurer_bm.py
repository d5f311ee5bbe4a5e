"""Beurer BM48/BM59/BM85 and alike, cuffs by the Blood Pressure Service with ways of their own.

It wants about 100 ms of rest before it is subscribed to, and sends its whole store then, on every
connection. Its clock is its owner's. Some show a passkey, which the config must know. Its bytes
are not quite the specification's either (pulse and status the wrong way round), which is for who
decodes.

Sources: derdilla/blood-pressure-monitor-fl 17aba3d0, shmuelzon/esp32-ble2mqtt issue 33.
"""

from varde_protocols._compat import const

from .. import procedures, steps
from . import plain

_REST_MS = const(100)


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """Rest, then subscribe."""
    wanted, _found = yield from plain.set_up(facts, (facts.sensor.service,))
    yield from procedures.secure(facts)
    switches = yield from procedures.find_switches(wanted)
    yield steps.Wait(_REST_MS)
    yield from procedures.subscribe(facts, wanted, switches)
    yield from plain.receive(wanted)

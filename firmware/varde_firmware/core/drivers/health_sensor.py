"""Sensors by the Generic Health Sensor Service 0x1840 (GHS 1.0).

Live observations 0x2B8B come when the control point 0x2BF4 was told to start; stored ones 0x2BDD
by the Record Access Control Point. An observation is longer than a packet: each segment is a
reading of its own here, in order, and who decodes puts them together. The clock is an Elapsed Time
0x2BF2 in its own service 0x183F; it is read and not set, because its scale is the sensor's choice.
"""

from varde_protocols import records
from varde_protocols._compat import const

from .. import procedures, steps
from .. import sensor_words as words
from . import plain, record_access

LIVE = const(0x2B8B)
STORED = const(0x2BDD)
CONTROL_POINT = const(0x2BF4)
_START = b"\x01"
_TIME_SERVICE = const(0x183F)
_ELAPSED_TIME = const(0x2BF2)


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """Start the live observations, ask for the stored."""
    yield steps.ExchangeMtu()
    wanted, found = yield from plain.set_up(facts, (facts.sensor.service,))
    yield from procedures.secure(facts)
    switches = yield from procedures.find_switches(wanted)
    clock = yield from procedures.seek(facts, _TIME_SERVICE, _ELAPSED_TIME)
    if clock is not None:
        status, value = yield from procedures.read(facts, clock.value_handle)
        if status == 0:
            yield words.ClockRead(_ELAPSED_TIME, value, records.CLOCK_READ)
    wants_stored = procedures.pick(wanted, STORED) is not None
    records_point = procedures.pick(found, record_access.CONTROL_POINT) if wants_stored else None
    if records_point is not None:
        yield from record_access.open_point(facts, records_point)
    start = procedures.pick(found, CONTROL_POINT)
    if start is not None and start.properties & procedures.SENDS:
        yield from record_access.open_point(facts, start)
    yield from procedures.subscribe(facts, wanted, switches)
    if start is not None and procedures.pick(wanted, LIVE) is not None:
        yield from procedures.write(facts, start.value_handle, _START)
    if records_point is not None:
        yield words.Ready()
        yield from record_access.ask(
            facts, records_point, record_access.REPORT, record_access.ALL
        )
    yield from plain.receive(wanted)
    yield from procedures.prove(switches)

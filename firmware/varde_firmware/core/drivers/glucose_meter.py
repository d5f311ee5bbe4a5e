"""Glucose meters by the Glucose Service 0x1808 (GLS 1.0.1).

All measurements are stored ones: 0x2A18, and its context 0x2A34, are notified when the Record
Access Control Point was asked to report. Each has a sequence number, so only what is new is asked
for; what the meter stores is its owner's, and is not deleted. Numbers that begin anew, after a
reset of the meter, show in a smaller count: then all is asked for.
"""

from varde_protocols._compat import const

from .. import procedures, steps
from .. import sensor_words as words
from . import battery, plain, record_access, sensor_clock

MEASUREMENT = const(0x2A18)
_NUMBER_AT = const(1)  # u16 after the flags, in measurement and context alike


def procedure(facts: "steps.Facts") -> "steps.Procedure":
    """Ask for what is new."""
    wanted, found = yield from plain.set_up(facts, (facts.sensor.service,))
    control = procedures.pick(found, record_access.CONTROL_POINT)
    if control is None:
        raise steps.EndedError(words.NO_CHARACTERISTIC)
    yield from procedures.secure(facts)
    switches = yield from procedures.find_switches(wanted)
    yield from sensor_clock.look_after(facts, found)
    level = yield from battery.find(facts)
    yield from record_access.open_point(facts, control)
    yield from procedures.subscribe(facts, wanted, switches)
    yield words.Ready()
    yield from report(facts, control)
    if level is not None:
        yield from battery.look(facts, level)


def report(facts: "steps.Facts", control: "words.CharacteristicFound") -> "steps.Procedure":
    """Have the new records reported, and remember the newest."""
    stored = yield from record_access.count(facts, control)
    which = record_access.ALL
    if facts.last_number is not None and stored is not None and stored >= facts.last_count:
        which = record_access.from_number((facts.last_number + 1) & 0xFFFF)
    result = yield from record_access.ask(facts, control, record_access.REPORT, which)
    lost, newest = yield steps.Flush()
    is_whole = result == record_access.SUCCESS and not lost
    if is_whole and stored is not None and len(newest) >= _NUMBER_AT + 2:
        facts.last_number = newest[_NUMBER_AT] | newest[_NUMBER_AT + 1] << 8
        facts.last_count = stored

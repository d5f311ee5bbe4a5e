"""Glucose meters by the Glucose Service 0x1808 (GLS 1.0.1).

All measurements are stored ones: 0x2A18, and its context 0x2A34, are notified when the Record
Access Control Point was asked to report. Each has a sequence number, so only what is new is asked
for; what the meter stores is its owner's, and is not deleted. Numbers that begin anew, after a
reset of the meter, show in a smaller count: then all is asked for.

A meter may hold a thousand of them, and notifies faster than they can be journaled: many are asked
for in portions, each durable before the next. The operators for that are optional, so a meter that
does not know them is asked for all at once, and again for what was lost.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from .. import procedures, steps
from .. import sensor_words as words
from . import battery, plain, record_access, sensor_clock

if TYPE_CHECKING:
    from typing import Any, Generator, Optional, Tuple

    from varde_protocols.value import Value

MEASUREMENT = const(0x2A18)
# With their contexts these fill two thirds of the ring for notifications.
PORTION = const(48)
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
    if facts.last_number is None or stored is None or stored < facts.last_count:
        facts.last_number, facts.last_count = None, 0
    is_done = False
    if stored is not None and stored - facts.last_count > PORTION:
        is_done = yield from report_in_portions(facts, control, stored)
    if is_done:
        return
    which = record_access.ALL
    if facts.last_number is not None:
        which = record_access.from_number((facts.last_number + 1) & 0xFFFF)
    newest = yield from newest_of(facts, control, which)
    if newest is not None and stored is not None:
        facts.last_number, facts.last_count = newest, stored


def report_in_portions(
    facts: "steps.Facts", control: "words.CharacteristicFound", stored: int
) -> "Generator[Value, Any, bool]":
    """The same, some at a time; False if the meter does not know how."""
    high = yield from newest_of(facts, control, record_access.LAST)
    low = high
    if facts.last_number is not None:
        low = facts.last_number + 1
    elif high is not None:
        low = yield from newest_of(facts, control, record_access.FIRST)
    if high is None or low is None or high < low:
        return False
    while low <= high:
        end = min(low + PORTION - 1, high)
        which = record_access.between(low, end)
        result = yield from record_access.ask(facts, control, record_access.REPORT, which)
        lost, _newest = yield steps.Flush()
        if lost or result == record_access.UNANSWERED:
            return True  # the next session goes on from here
        if result not in (record_access.SUCCESS, record_access.NO_RECORDS):
            return False
        facts.last_number = end
        facts.last_count = max(0, stored - (high - end))
        low = end + 1
    return True


def newest_of(
    facts: "steps.Facts", control: "words.CharacteristicFound", which: bytes
) -> "Generator[Value, Any, Optional[int]]":
    """Have these reported; return the last one's number if all of them are durable."""
    result = yield from record_access.ask(facts, control, record_access.REPORT, which)
    answer: "Tuple[int, bytes]" = yield steps.Flush()
    lost, newest = answer
    if result != record_access.SUCCESS or lost or len(newest) < _NUMBER_AT + 2:
        return None
    return newest[_NUMBER_AT] | newest[_NUMBER_AT + 1] << 8

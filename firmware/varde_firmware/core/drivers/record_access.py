"""The Record Access Control Point 0x2A52: stored records on request (GSS 3.180, GLS 1.0.1).

A request is an op code, an operator and an operand; the answer comes as an indication, after the
records that were asked for. "No records" is a normal end. The records are complete only when the
answer is there, and safe only when they are flushed: nothing is deleted before.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from .. import procedures, steps
from .. import sensor_words as words

if TYPE_CHECKING:
    from typing import Any, Generator, List, Optional

    from varde_protocols.value import Value

CONTROL_POINT = const(0x2A52)
REPORT = const(1)
DELETE = const(2)
ABORT = const(3)
COUNT = const(4)
_COUNT_IS = const(5)
_ANSWER = const(6)
ALL = b"\x01"  # operators "all records", "first record", "last record", without operand
FIRST = b"\x05"
LAST = b"\x06"
_NULL = b"\x00"
SUCCESS = const(1)
NO_RECORDS = const(6)
UNANSWERED = const(0)  # no result of the specification
# Between two records, or before the first: a meter reads its flash meanwhile.
QUIET_MS = const(10_000)
_ABORT_MS = const(2_000)


def from_number(number: int) -> bytes:
    """Operator "greater than or equal to", filter type 1: by the sequence number, u16."""
    return bytes((3, 1, number & 0xFF, number >> 8))


def between(first: int, last: int) -> bytes:
    """Operator "within range of, inclusive", by the sequence number."""
    return bytes((4, 1, first & 0xFF, first >> 8, last & 0xFF, last >> 8))


def ask(
    facts: "steps.Facts", control: "words.CharacteristicFound", op_code: int, which: bytes
) -> "Generator[Value, Any, int]":
    """Send a request, wait for its records and its answer; return the result.

    A sensor that falls silent is told to abort, and its result is UNANSWERED; one that refuses the
    write as well.
    """
    handle = control.value_handle
    status = yield from procedures.write(facts, handle, bytes((op_code,)) + which)
    if status:
        return UNANSWERED
    while True:
        answer: "Optional[bytes]" = yield steps.AwaitControl(handle, QUIET_MS)
        if answer is None:
            yield from procedures.write(facts, handle, bytes((ABORT,)) + _NULL)
            yield steps.AwaitControl(handle, _ABORT_MS)
            return UNANSWERED
        if len(answer) >= 4 and answer[0] == _ANSWER and answer[2] == op_code:
            return answer[3]


def count(
    facts: "steps.Facts", control: "words.CharacteristicFound"
) -> "Generator[Value, Any, Optional[int]]":
    """Return how many records are stored, None if the sensor does not say."""
    handle = control.value_handle
    status = yield from procedures.write(facts, handle, bytes((COUNT,)) + ALL)
    if status:
        return None
    answer: "Optional[bytes]" = yield steps.AwaitControl(handle, QUIET_MS)
    if answer is None or len(answer) < 3 or answer[0] != _COUNT_IS:
        return None
    number = 0
    for byte in reversed(answer[2:6]):
        number = number << 8 | byte
    return number


def open_point(
    facts: "steps.Facts", control: "words.CharacteristicFound"
) -> "steps.Procedure":
    """Listen to the control point and switch it on: without that, a request is refused."""
    yield words.ListenControl(control.value_handle)
    found: "List[words.CharacteristicFound]" = [control]
    switches = yield from procedures.find_switches(found)
    yield from procedures.subscribe(facts, found, switches)


def drain(facts: "steps.Facts", control: "words.CharacteristicFound") -> "steps.Procedure":
    """Have everything reported; delete it when all of it is durable, and only then.

    A success without a single value is a sensor's mistake; then it keeps what it has.
    """
    yield words.Ready()
    result = yield from ask(facts, control, REPORT, ALL)
    lost, newest = yield steps.Flush()
    if result == SUCCESS and newest and not lost:
        yield from ask(facts, control, DELETE, ALL)

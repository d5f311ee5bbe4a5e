"""Test readings: known values that go the whole way of a reading, and are none.

Whoever tests a hub has it make a *run* of them. Each is a reading (`records.Reading`) of the slot
255 and of characteristic `assigned.TEST`, sealed, journaled and delivered as any, with the value

    run (16 bytes) || number (1 to count) || count || fill (48 bytes)

where fill is SHA-256(run || number), then the first 16 bytes of SHA-256 of that. So the receiver
can tell a value that was altered on the way, and which one is missing. The run is the nonce of the
service request that asked for it, or random where somebody held the hub's button.
"""

import hashlib

from . import assigned
from ._compat import TYPE_CHECKING, const
from .value import Value

if TYPE_CHECKING:
    from typing import Optional

    from .records import Reading

SLOT = const(255)  # a config gives it to no sensor

RUN_BYTES = const(16)
COUNT = const(20)  # of a run, as hubs make it
FILL_BYTES = const(48)
BY_BENCH = const(1)  # who asked for a run, in the detail of records.EVENT_TEST
BY_BUTTON = const(2)
VALUE_BYTES = const(66)


def value(run: bytes, number: int, count: int = COUNT) -> bytes:
    """Return the value of test reading `number` (1 to `count`) of a run of 16 bytes."""
    digest = hashlib.sha256(run + bytes((number,))).digest()
    fill = (digest + hashlib.sha256(digest).digest())[:FILL_BYTES]
    return run + bytes((number, count)) + fill


def is_one(reading: "Reading") -> bool:
    """Tell if a reading is a test, by what stands in clear: then it is of no sensor."""
    return reading.slot == SLOT or reading.characteristic == assigned.TEST


class Known(Value):
    """What a test reading holds: the run, and its number of how many."""

    FIELDS = ("run", "number", "count")
    run: bytes
    number: int
    count: int


def read(data: bytes) -> "Optional[Known]":
    """Return what a value says, None if it is not as a hub made it."""
    if len(data) != VALUE_BYTES:
        return None
    run, number, count = data[:RUN_BYTES], data[RUN_BYTES], data[RUN_BYTES + 1]
    if not 1 <= number <= count or data != value(run, number, count):
        return None
    return Known(run, number, count)

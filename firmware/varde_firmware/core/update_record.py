"""What a hub knows of its updates: one record of 48 bytes, NVS blob `update`.

Every arrow below is one write of the whole record, which NVS makes durable or not at all:

    IDLE -> FETCHING -> STAGED -> TRIAL -> CONFIRMED | RETURNED -> FETCHING ...

    IDLE       nothing was ever updated
    FETCHING   blocks are on their way; the slots not in force may hold anything
    STAGED     what `parts` names lies whole where it will be tried
    TRIAL      it runs, or is about to; `starts` counts how often the supervisor began it
    CONFIRMED  it is in force; what was is the spare
    RETURNED   what was in force before is again; `reason` says why

CONFIRMED and RETURNED stay, with `parts` and the new numbers, until the next is fetched: they are
what a report says of updates. A trial of the config alone begins from any state but TRIAL.

`is_told` is 0 until the end of a trial is journaled. Only then is it counted as a try, so nobody
may fetch or try anything before. `slot` and `interpreter` are those in force, 0 and 1 for /a and
/b, ota_0 and ota_1; a trial runs from the other. `is_spare_whole`: the other application slot
holds `spare_release`, which was in force once and is not below `floor`. `assignment` is the
highest number confirmed, 0 if only the bench has put one in place.

The supervisor (main.py) reads and writes some bytes of it by their places; a test compares.
"""

import struct

from varde_protocols import update_words as words
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

if TYPE_CHECKING:
    from typing import Any, List, Protocol, Tuple

    class Store(Protocol):
        """As ports.update_store.UpdateStore."""

        def load(self) -> bytes: ...

        def save(self, data: bytes) -> None: ...


VERSION = const(1)
IDLE = const(0)  # the other states are those of update_words
# Bits of `parts`: what was fetched, staged, tried.
CONFIG = const(1)
APPLICATION = const(2)
INTERPRETER = const(4)

LAYOUT = "<11Bx9I"
RECORD_BYTES = const(48)
# The most that each byte behind the version may be; a record beyond it is none of ours.
MOST = bytes((words.RETURNED, 7, 255, 255, 1, 1, 1, 1, 255, 255))


class Record(Value):
    """See above. Numbers are of 32 bits, 0 where there is none."""

    FIELDS = (
        "state", "parts", "starts", "reason", "is_told", "slot", "interpreter", "is_spare_whole",
        "release_tries", "assignment_tries", "release", "floor", "assignment", "spare_release",
        "new_release", "new_floor", "new_assignment", "failed_release", "failed_assignment",
    )  # fmt: skip
    state: int
    parts: int
    starts: int
    reason: int
    is_told: int
    slot: int
    interpreter: int
    is_spare_whole: int
    release_tries: int  # trials of `failed_release` that ended in a return
    assignment_tries: int
    release: int  # in force; 0: what the bench has installed
    floor: int  # of the releases that this hub may run
    assignment: int
    spare_release: int
    new_release: int
    new_floor: int
    new_assignment: int
    failed_release: int  # the last one that returned
    failed_assignment: int

    def changed(self, **fields: "Any") -> "Record":
        """Return the same record but for these fields."""
        for name in self.FIELDS:
            fields.setdefault(name, getattr(self, name))
        return Record(**fields)

    def encode(self) -> bytes:
        return struct.pack(LAYOUT, VERSION, *self._items())

    @property
    def on_trial(self) -> int:
        """Bits of what runs on trial now; 0: nothing."""
        return self.parts if self.state == words.TRIAL else 0

    @property
    def running_slot(self) -> int:
        """The application slot that the supervisor starts."""
        return self.slot ^ (self.on_trial & APPLICATION > 0)

    @property
    def running_release(self) -> int:
        return self.new_release if self.on_trial & ~CONFIG else self.release

    @property
    def is_at_rest(self) -> bool:
        """Nothing is fetched, staged or tried: what lies about is left over."""
        return self.state not in (words.FETCHING, words.STAGED, words.TRIAL)

    def confirmed(self) -> "Record":
        """Return the record after a trial that has proven itself."""
        after = {"state": words.CONFIRMED, "reason": words.NONE, "is_told": 0}
        floor, spare, is_whole = self.floor, self.spare_release, self.is_spare_whole
        if self.parts & CONFIG:
            after["assignment"] = self.new_assignment
        if self.parts & ~CONFIG:
            after["release"] = self.new_release
            after["floor"] = floor = max(floor, self.new_floor)
        if self.parts & APPLICATION:
            after["slot"] = 1 - self.slot
            after["spare_release"] = spare = self.release
            is_whole = 1
        if self.parts & INTERPRETER:
            after["interpreter"] = 1 - self.interpreter
        after["is_spare_whole"] = int(is_whole and spare >= floor)
        return self.changed(**after)

    def told(self) -> "Record":
        """Return the record once its end is journaled: a return counts as a try."""
        after = {"is_told": 1}
        if self.state == words.RETURNED and self.parts & CONFIG:
            after["assignment_tries"] = min(self.tries_of_assignment(self.new_assignment) + 1, 255)
            after["failed_assignment"] = self.new_assignment
        if self.state == words.RETURNED and self.parts & ~CONFIG:
            after["release_tries"] = min(self.tries_of_release(self.new_release) + 1, 255)
            after["failed_release"] = self.new_release
        return self.changed(**after)

    def numbers(self) -> "List[Tuple[int, int]]":
        """Return (what, number) of each part, as update_words has them."""
        found = []
        for what in (words.CONFIG, words.APPLICATION, words.INTERPRETER):
            if self.parts >> what - 1 & 1:
                is_config = what == words.CONFIG
                found.append((what, self.new_assignment if is_config else self.new_release))
        return found

    def fact(self, held: int = 0, in_all: int = 0) -> "List[int]":
        """Return FACT_UPDATE, of the weightiest part; blocks held and in all."""
        what, number = (self.numbers() or [(0, 0)])[-1]
        is_config = what == words.CONFIG
        tries = self.tries_of_assignment(number) if is_config else self.tries_of_release(number)
        return [what, number, self.state, self.reason, held, in_all, tries]

    def tries_of_assignment(self, number: int) -> int:
        """Return how often the assignment of this number has come back from its trial."""
        return self.assignment_tries if number == self.failed_assignment else 0

    def tries_of_release(self, number: int) -> int:
        """Return how often the release of this number has come back from its trial."""
        return self.release_tries if number == self.failed_release else 0


def decode(data: bytes) -> "Record | None":
    """Return the record in these bytes; None if they are none."""
    if len(data) != RECORD_BYTES or data[0] != VERSION or data[11]:
        return None
    for index in range(len(MOST)):
        if data[index + 1] > MOST[index]:
            return None
    return Record(*struct.unpack(LAYOUT, data)[1:])


def load(store: "Store") -> Record:
    """Return the hub's record; of a hub that was never updated, or has lost it, the default.

    The supervisor writes one that is lost anew, with the slots that it found. So a hub that has
    started has one, and the default is for the bench's scripts.
    """
    return decode(store.load()) or Record(IDLE, 0, 0, 0, 1, *[0] * 14)


def save(store: "Store", record: Record) -> None:
    """Write it: durable on return."""
    store.save(record.encode())

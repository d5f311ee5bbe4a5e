"""What advertisements have shown so far about sensors that are known by their name.

A row for each address that was heard lately: does it list services at all, and, for each sensor,
has it shown its name, its service, that its button is held. Rows are made beforehand and used in
turn; all runs in the radio's handler and allocates nothing.
"""

from varde_protocols import assigned
from varde_protocols._compat import TYPE_CHECKING, const

from . import ad_structures

if TYPE_CHECKING:
    from typing import List

    from varde_protocols.hub_config import Sensor

    from .ad_structures import Buffer

# The start of the name in everyday mode, and with the button held for pairing
# (StanfordSpezi/SpeziDevices at f6d0b16, OmronReverseEngineering.md).
NAMES = {"omron-evolv": (b"BLESmart_", b"BLEsmart_")}

# Facts, as bits.
NAMED = const(1)
LISTED = const(2)
PAIRING = const(4)  # it has shown the name that says so
_OF_NAME = const(5)

NO_ROW = const(-1)
# An advertisement and its scan response come within milliseconds: so many strangers in between.
ROWS = const(16)
_ADDRESS_BYTES = const(6)


class AdvertMemory:
    """`note` a packet, then ask for `facts` of the row that it returns."""

    def __init__(self, sensors: "List[Sensor]") -> None:
        self._count = len(sensors)
        self._prefixes = [(s.name_prefix or "").encode() for s in sensors]
        self._services = [_raw(s.service) for s in sensors]
        self._models = [NAMES.get(s.model) for s in sensors]
        self._addresses = [bytearray(_ADDRESS_BYTES) for _ in range(ROWS)]
        self._types = bytearray(b"\xff" * ROWS)  # 255: nobody's row
        self._lists = bytearray(ROWS)
        self._facts = bytearray(ROWS * self._count)
        self._now = bytearray(self._count)  # facts of the packet at hand
        self._lists_now = 0
        self._next_row = 0

    def note(self, address_type: int, address: "Buffer", data: "Buffer") -> int:
        """Take a packet in; return the row of its address, NO_ROW if it has and needs none."""
        shows_something = self._read(data)
        row = self._row_of(address_type, address)
        if row == NO_ROW:
            if not shows_something:
                return NO_ROW
            row = self._new_row(address_type, address)
        if self._lists_now:
            self._lists[row] = 1
        first = row * self._count
        for index in range(self._count):
            facts = self._now[index]
            if facts & _OF_NAME:  # a new name takes the place of the old
                self._facts[first + index] &= LISTED
            self._facts[first + index] |= facts
        return row

    def facts(self, row: int, index: int) -> int:
        """Return what this address has shown about a sensor: NAMED, LISTED, PAIRING."""
        facts = self._facts[row * self._count + index]
        if not self._lists[row]:
            facts |= LISTED  # it lists no services at all: its name is enough
        if not self._prefixes[index]:
            facts |= NAMED
        return facts

    def name_facts(self, index: int, data: "Buffer") -> int:
        """Return what the name in a packet says of a sensor's mode: NAMED, PAIRING, 0 without."""
        start = 0
        end = ad_structures.end_of(data, 0)
        while end:
            if ad_structures.is_name(data[start + 1]):
                return self._facts_of_name(index, data, start + 2, end)
            start = end
            end = ad_structures.end_of(data, start)
        return 0

    def _read(self, data: "Buffer") -> bool:
        """Fill `_now`; True if there is something to remember. Stops at a cut structure."""
        for index in range(self._count):
            self._now[index] = 0
        self._lists_now = 0
        shows_something = False
        start = 0
        end = ad_structures.end_of(data, 0)
        while end:
            kind = data[start + 1]
            if ad_structures.is_name(kind):
                for index in range(self._count):
                    self._now[index] |= self._facts_of_name(index, data, start + 2, end)
                    if self._now[index]:
                        shows_something = True
            elif ad_structures.SERVICES_16_SOME <= kind <= ad_structures.SERVICES_128_ALL:
                self._read_services(kind, data, start + 2, end)
                shows_something = True
            start = end
            end = ad_structures.end_of(data, start)
        return shows_something

    def _read_services(self, kind: int, data: "Buffer", start: int, end: int) -> None:
        self._lists_now = 1
        width = 16 if kind >= ad_structures.SERVICES_128_SOME else 2
        for index in range(self._count):
            service = self._services[index]
            if len(service) == width and ad_structures.lists(data, start, end, service):
                self._now[index] |= LISTED

    def _facts_of_name(self, index: int, data: "Buffer", start: int, end: int) -> int:
        names = self._models[index]
        prefix = self._prefixes[index]
        if names is None:
            if prefix and ad_structures.begins(data, start, end, prefix):
                return NAMED
            return 0
        if ad_structures.begins(data, start, end, names[1]):
            return NAMED | PAIRING
        if ad_structures.begins(data, start, end, prefix or names[0]):
            return NAMED
        return 0

    def _row_of(self, address_type: int, address: "Buffer") -> int:
        for row in range(ROWS):
            if self._types[row] == address_type and self._addresses[row] == address:
                return row
        return NO_ROW

    def _new_row(self, address_type: int, address: "Buffer") -> int:
        row = self._next_row
        self._next_row = (row + 1) % ROWS
        self._types[row] = address_type
        for i in range(_ADDRESS_BYTES):
            self._addresses[row][i] = address[i]
        self._lists[row] = 0
        for index in range(row * self._count, (row + 1) * self._count):
            self._facts[index] = 0
        return row


def _raw(service: int) -> bytes:
    """The UUID as it is listed; one that no list holds for a number that has none."""
    try:
        return assigned.raw(service)
    except KeyError:
        return b""

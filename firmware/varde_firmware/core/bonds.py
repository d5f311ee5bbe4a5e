"""The keys of bonds, as the Bluetooth stack hands them out and asks for them.

A key store entry is (kind, key, value): kind 1 is ours of a bond, 2 the sensor's, 10 our own
identity key; the key of a bond's entry is the sensor's identity address, type and 6 bytes, least
significant first; the value is the stack's own structure and nobody else's business. The stack
asks by key, or for the index-th entry of a kind (`_IRQ_GET_SECRET` of MicroPython's `bluetooth`).

Each entry has a place, a number under which a port keeps it. There is no room for more than
MAX_ENTRIES; nothing of a configured sensor gives way to a new one, because a sensor whose bond has
gone will not talk until somebody holds its button.

`get` and `holds` are asked in handlers and allocate nothing.
"""

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import List, Optional, Tuple, Union

    Buffer = Union[bytes, bytearray, memoryview]

OURS = const(1)
SENSORS = const(2)
# Ours and not the stack's: where a bonded sensor's values come from, by its address as advertised.
HANDLES = const(32)
# Three for each of the 24 sensors that a config may have, and our identity.
MAX_ENTRIES = const(73)
NO_PLACE = const(-1)
MAX_KEY_BYTES = const(16)  # an address has 7, the stack's name for our identity 3
# NimBLE's structure has some 100 bytes (the simulator's some 300).
MAX_VALUE_BYTES = const(480)
_HEAD_BYTES = const(2)
MAX_BLOB_BYTES = _HEAD_BYTES + MAX_KEY_BYTES + MAX_VALUE_BYTES
_ADDRESS_BYTES = const(7)
_FREE = const(0)
_ASIDE = const(0x80)  # with a kind: the sensor has lost its half, and there is no other yet


class Bonds:
    """All entries, in memory."""

    def __init__(self) -> None:
        self._kinds = bytearray(MAX_ENTRIES)
        self._keys: "List[bytes]" = [b""] * MAX_ENTRIES
        self._values: "List[bytes]" = [b""] * MAX_ENTRIES

    def get(self, kind: int, index: int, key: "Optional[Buffer]") -> "Optional[bytes]":
        """Return the value of `key`; without a key, of the index-th entry of this kind."""
        for place in range(MAX_ENTRIES):
            if self._kinds[place] == kind:
                if key is None:
                    if index == 0:
                        return self._values[place]
                    index -= 1
                elif self._keys[place] == key:
                    return self._values[place]
        return None

    def place_of(self, kind: int, key: "Buffer") -> int:
        """Return where this entry stands, also one set aside, NO_PLACE if it does not."""
        for place in range(MAX_ENTRIES):
            if self._kinds[place] & ~_ASIDE == kind and self._keys[place] == key:
                return place
        return NO_PLACE

    def free_place(self) -> int:
        """Return where a new entry may stand, NO_PLACE if there is no room."""
        for place in range(MAX_ENTRIES):
            if self._kinds[place] == _FREE:
                return place
        return NO_PLACE

    def put(self, place: int, kind: int, key: bytes, value: bytes) -> None:
        """Set an entry."""
        self._keys[place] = key
        self._values[place] = value
        self._kinds[place] = kind  # last: a handler that asks meanwhile finds all or nothing

    def drop(self, place: int) -> None:
        """Forget an entry."""
        self._kinds[place] = _FREE
        self._keys[place] = self._values[place] = b""

    def set_aside(self, address_type: int, address: "Buffer") -> None:
        """Act as if there were no bond with this address, until `restore` or a new one."""
        for place in self.places_of(address_type, address):
            self._kinds[place] |= _ASIDE

    def restore(self, address_type: int, address: "Buffer") -> None:
        """Use the bond again that was set aside."""
        for place in range(MAX_ENTRIES):
            if self._kinds[place] and self._is_of(place, address_type & 1, address):
                self._kinds[place] &= ~_ASIDE

    def holds(self, address_type: int, address: "Buffer") -> bool:
        """True if there is a bond with this address, as adverts give it: most significant first.

        Types 2 and 3 are the public and the random address that a private one stands for (Core
        5.4, Vol 4, Part E, 7.7.65.2).
        """
        for place in range(MAX_ENTRIES):
            if self._kinds[place] == SENSORS and self._is_of(place, address_type & 1, address):
                return True
        return False

    def _is_of(self, place: int, address_type: int, address: "Buffer") -> bool:
        key = self._keys[place]
        if len(key) != _ADDRESS_BYTES or key[0] & 1 != address_type:
            return False
        for i in range(6):  # noqa: SIM110  (`all` would allocate a generator)
            if key[6 - i] != address[i]:
                return False
        return True

    def places_of(self, address_type: int, address: "Buffer") -> "List[int]":
        """Return the places of a bond with this address, the sensor's keys first.

        Without those we cannot encrypt: whatever of the rest survives a power cut is no bond.
        """
        places = range(MAX_ENTRIES)
        own = [place for place in places if self._is_of(place, address_type & 1, address)]
        theirs = [place for place in own if self._kinds[place] == SENSORS]
        return theirs + [place for place in own if self._kinds[place] == OURS]

    def strangers(self, addresses: "List[bytes]") -> "List[int]":
        """Return the places of all that is with none of these addresses, as advertised."""
        found = []
        for place in range(MAX_ENTRIES):
            kind, key = self._kinds[place] & ~_ASIDE, self._keys[place]
            if kind in (OURS, SENSORS):
                key = key[:1] + bytes(reversed(key[1:]))
            if kind in (OURS, SENSORS, HANDLES) and key not in addresses:
                found.append(place)
        return found

    def halves(self) -> "List[int]":
        """Return the places of our keys for which there are none of the sensor.

        The stack stores ours first: the power went in between.
        """
        ours = [place for place in range(MAX_ENTRIES) if self._kinds[place] == OURS]
        return [at for at in ours if self.place_of(SENSORS, self._keys[at]) == NO_PLACE]


def encode(kind: int, key: bytes, value: bytes) -> bytes:
    """Return an entry as one blob: u8 kind, u8 length of the key, key, value."""
    return bytes((kind, len(key))) + key + value


def decode(blob: bytes) -> "Optional[Tuple[int, bytes, bytes]]":
    """Return (kind, key, value) of a blob, None if it is none of ours."""
    if len(blob) < _HEAD_BYTES or blob[0] == _FREE:
        return None
    end = _HEAD_BYTES + blob[1]
    if end > len(blob):
        return None
    return blob[0], blob[_HEAD_BYTES:end], blob[end:]


def is_storable(kind: int, key: "Buffer", value: "Buffer") -> bool:
    """True if an entry is within our limits."""
    return _FREE < kind <= 255 and len(key) <= MAX_KEY_BYTES and len(value) <= MAX_VALUE_BYTES


def encode_handles(handles: "List[Tuple[int, int, int]]") -> bytes:
    """Return (handle, service, characteristic) of each: u16, u24, u24."""
    blob = b""
    for handle, service, number in handles:
        for field, size in ((handle, 2), (service, 3), (number, 3)):
            blob += field.to_bytes(size, "little")
    return blob


def decode_handles(blob: bytes) -> "List[Tuple[int, int, int]]":
    """Return the handles of `encode_handles`."""
    found = []
    for at in range(0, len(blob) - 7, 8):
        fields = (blob[at : at + 2], blob[at + 2 : at + 5], blob[at + 5 : at + 8])
        handle, service, number = [int.from_bytes(field, "little") for field in fields]
        found.append((handle, service, number))
    return found

"""Values that were journaled already: some sensors send their whole memory at every connection.

A value that carries the sensor's own time is one measurement however often it comes, so the
second one is kept out. One without a time is never kept out: a person may weigh 70.0 kg twice. The
memory is of this boot and of bounded size; what comes twice beyond it is journaled twice, and the
receiver tells by the same rule (docs/receiver.md).
"""

import hashlib

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Union

    Buffer = Union[bytes, memoryview]

# Two cuffs with the largest store seen (250) that dump all of it each time.
REMEMBERED = const(512)
# 64 bits of SHA-256: two of some thousand values a day alike once in a million million years.
_DIGEST_BYTES = const(8)

_YEAR_BYTES = const(2)
_STAMP_BYTES = const(7)
# Where the time stamp (Date Time, 7 bytes) begins, and the flag that says so. 2A9C has 16 flags;
# 2A18 always has its base time, behind the sequence number. Sources: docs/decoders.md.
_STAMPS = {
    0x2A18: (0, 3),
    0x2A1C: (0x02, 5),
    0x2A35: (0x02, 7),
    0x2A5E: (0x01, 5),
    0x2A9C: (0x02, 4),
    0x2A9D: (0x02, 3),
}
_SPOT_CHECK = const(0x2A5E)
_CLOCK_NOT_SET = const(0x10)  # a flag of 2A5E
_BODY_COMPOSITION = const(0x2A9C)
_MORE_FOLLOWS = const(0x10)  # its flag "multiple packet", in the second byte


def is_stamped(characteristic: int, value: "Buffer") -> bool:
    """True if `value` carries a whole date by the sensor's own clock."""
    if characteristic not in _STAMPS or not value:
        return False
    flag, at = _STAMPS[characteristic]
    if (flag and not value[0] & flag) or len(value) < at + _STAMP_BYTES:
        return False
    if characteristic == _SPOT_CHECK and value[0] & _CLOCK_NOT_SET:
        return False
    if characteristic == _BODY_COMPOSITION and value[1] & _MORE_FOLLOWS:
        return False  # kept out, it would leave its second part without a beginning
    has_year = value[at] or value[at + 1]
    return bool(has_year and value[at + _YEAR_BYTES] and value[at + _YEAR_BYTES + 1])


class KnownValues:
    """Remembers the last `size` stamped values."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._digests = bytearray(size * _DIGEST_BYTES)
        self._next = 0
        self.kept_out = 0

    def has(self, slot: int, characteristic: int, address: bytes, value: bytes) -> bool:
        """True, and counted, if this very value was added before."""
        if not is_stamped(characteristic, value):
            return False
        digest = _digest(slot, characteristic, address, value)
        at = self._digests.find(digest)
        while at >= 0 and at % _DIGEST_BYTES:  # across the border of two others
            at = self._digests.find(digest, at + 1)
        if at < 0:
            return False
        self.kept_out += 1
        return True

    def add(self, slot: int, characteristic: int, address: bytes, value: bytes) -> None:
        """It is journaled now; the oldest is forgotten."""
        if is_stamped(characteristic, value):
            at = self._next
            self._digests[at : at + _DIGEST_BYTES] = _digest(slot, characteristic, address, value)
            self._next = (at + _DIGEST_BYTES) % len(self._digests)


def _digest(slot: int, characteristic: int, address: bytes, value: bytes) -> bytes:
    place = bytes((slot, characteristic & 0xFF, characteristic >> 8 & 0xFF, characteristic >> 16))
    return hashlib.sha256(place + address + value).digest()[:_DIGEST_BYTES]

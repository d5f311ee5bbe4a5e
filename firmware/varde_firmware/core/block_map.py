"""Which blocks of a component are held: a bit each.

It is never written down. What lies in the staging slot is hashed against the list of blocks when
a sitting begins, and what fits is held: so the map cannot lie, costs no flash operation, and a
power cut loses no more than the block that was on its way.

Where things lie in the staging slot (the interpreter slot that does not run), in sectors of 4096
bytes, of which each holds a block:

    0 ...                 the interpreter's image
    count - 64 - 9 ...    its list of blocks: 1024 SHA-256s
    count - 64 - 1        the list of the application's blocks
    count - 64 ...        the application's bundle, 256 KiB at most
"""

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Optional, Tuple

BLOCK_BYTES = const(4096)  # a sector of the flash
DIGEST_BYTES = const(32)
_BUNDLE_SECTORS = const(64)
_LISTS_SECTORS = const(9)  # the interpreter's 8, and the application's


class BlockMap:
    """`held` of `count` blocks are there."""

    def __init__(self, count: int) -> None:
        self._bits = bytearray((count + 7) // 8)
        self.count = count
        self.held = 0

    def has(self, index: int) -> bool:
        return bool(self._bits[index >> 3] >> (index & 7) & 1)

    def note(self, index: int) -> None:
        """The block was found to be what the list says."""
        if not self.has(index):
            self._bits[index >> 3] |= 1 << (index & 7)
            self.held += 1

    def missing(self, start: int = 0) -> "Optional[int]":
        """Return the first block from `start` on that is not held, None if there is none."""
        for index in range(start, self.count):
            if not self.has(index):
                return index
        return None


def places(is_bundle: bool, block_count: int, slot_sectors: int) -> "Optional[Tuple[int, int]]":
    """Return the first sectors of a component and of its list; None if it does not fit."""
    bundle = slot_sectors - _BUNDLE_SECTORS
    first_list = bundle - _LISTS_SECTORS
    rows = BLOCK_BYTES // DIGEST_BYTES
    if is_bundle:
        at, list_at, most = bundle, bundle - 1, _BUNDLE_SECTORS
    else:
        at, list_at, most = 0, first_list, min(first_list, (_LISTS_SECTORS - 1) * rows)
    return (at, list_at) if block_count <= most else None

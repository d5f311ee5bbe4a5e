"""The journal's flash: a raw data partition, as core/journal.py wants it.

`esp32.Partition` speaks MicroPython's block protocol. With an offset, `readblocks` and
`writeblocks` take any length, and the latter programs without erasing first, so one call here is
one flash operation there. The ESP32 reads and programs at any byte; it erases 4096.
"""

import esp32

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any

LABEL = "journal"
_SECTOR_BYTES = const(4096)
_IOCTL_BLOCK_COUNT = const(4)
_IOCTL_BLOCK_SIZE = const(5)
_IOCTL_BLOCK_ERASE = const(6)


class FlashStore:
    """`sector_count` sectors of 4096 bytes. Methods allocate nothing; errors are OSError."""

    def __init__(self, partition: "Any") -> None:
        size = partition.ioctl(_IOCTL_BLOCK_SIZE, 0)
        if size != _SECTOR_BYTES:
            raise OSError("flash_store: blocks of %d bytes, the journal needs 4096" % size)
        self.sector_count: int = partition.ioctl(_IOCTL_BLOCK_COUNT, 0)
        self._partition = partition

    def read_into(self, offset: int, buffer: "bytearray | memoryview") -> None:
        """Fill `buffer` with what stands from byte `offset` on."""
        self._partition.readblocks(offset // _SECTOR_BYTES, buffer, offset % _SECTOR_BYTES)

    def program(self, offset: int, data: "bytes | bytearray | memoryview") -> None:
        """Turn the bits that are 0 in `data` to 0, from byte `offset` on, within a sector."""
        self._partition.writeblocks(offset // _SECTOR_BYTES, data, offset % _SECTOR_BYTES)

    def erase(self, sector: int) -> None:
        """Turn all bits of a sector to 1."""
        self._partition.ioctl(_IOCTL_BLOCK_ERASE, sector)


def find(label: str = LABEL) -> FlashStore:
    """Return the journal's partition; raises OSError when the flash has none of that label."""
    found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label=label)
    if not found:
        raise OSError("flash_store: no data partition %r; flash Varde's partition table" % label)
    return FlashStore(found[0])

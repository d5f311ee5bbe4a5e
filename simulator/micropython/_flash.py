"""The board's flash and its always-on page: files of the world, mapped.

Flash obeys NOR rules: programming only clears bits (a wish to set one is counted as an error and
has no effect), erasing sets a whole sector. Every program and every erase is one *operation*. With
VARDE_CUT="n" or "n:fraction" the power goes in the n-th operation of this boot: that fraction of
its bytes is done (none if not given), then the VM is gone.

Nothing here allocates: littlefs may be called by a finaliser, when the heap is locked.

The page (VARDE_FLASH + ".board", layout in `varde_simulator/board_page.py`) is what survives a
reset on the chip, RTC memory, and what the world reads without asking: operation counts, watchdog.
"""

import struct

import _mapping
import uos as os

import micropython

FLASH_BYTES = 16 * 1024 * 1024
SECTOR_BYTES = 4096
PAGE_BYTES = 64
_KILL = micropython.const(9)

_getpid = _mapping.libc.func("i", "getpid", "")
_kill = _mapping.libc.func("i", "kill", "ii")

_path = os.getenv("VARDE_FLASH")
# Without a board of the world there is no flash, and the page is forgotten.
bytes_of = _mapping.map_file(_path, FLASH_BYTES, True) if _path else bytearray(0)
page = _mapping.map_file(_path + ".board", PAGE_BYTES, True) if _path else bytearray(PAGE_BYTES)

# viper: `page` words are 0 operations, 1 programs, 2 erases, 3 programmed bytes, 4 NOR errors,
# 7 the operation in which the power goes, 10 how many thousandths of it are done.


@micropython.viper
def _count(page: ptr32, kind: int, amount: int) -> bool:  # noqa: F821  viper's own types
    """Whether this operation is the last."""
    page[0] += 1
    page[kind] += 1
    page[3] += amount
    return page[0] == page[7]


@micropython.viper
def _part(page: ptr32, count: int) -> int:  # noqa: F821
    return count * page[10] // 1000


@micropython.viper
def _program(flash: ptr8, at: int, data: ptr8, count: int, page: ptr32):  # noqa: F821
    for index in range(count):
        old = flash[at + index]
        new = data[index]
        if new & ~old:
            page[4] += 1
        flash[at + index] = old & new


@micropython.viper
def _erase(flash: ptr8, at: int, count: int):  # noqa: F821
    for index in range(count):
        flash[at + index] = 0xFF


@micropython.viper
def _read(flash: ptr8, at: int, into: ptr8, count: int):  # noqa: F821
    for index in range(count):
        into[index] = flash[at + index]


def read_into(at, into):
    _read(bytes_of, at, into, len(into))


def program(at, data):
    count = len(data)
    if _count(page, 1, count):
        _program(bytes_of, at, data, _part(page, count), page)
        _kill(_getpid(), _KILL)
    _program(bytes_of, at, data, count, page)


def erase(at):
    """Of the sector that begins at `at`."""
    if _count(page, 2, 0):
        _erase(bytes_of, at, _part(page, SECTOR_BYTES))
        _kill(_getpid(), _KILL)
    _erase(bytes_of, at, SECTOR_BYTES)


def _arm_cut():
    number, _, fraction = os.getenv("VARDE_CUT").partition(":")
    struct.pack_into("<I", page, 28, int(number))
    struct.pack_into("<I", page, 40, int(float(fraction or "0") * 1000))


if os.getenv("VARDE_CUT"):
    _arm_cut()

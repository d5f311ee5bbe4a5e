"""Files of the world mapped into the VM's memory.

A mapping shares its bytes with the world at once and keeps them when the VM is killed, as flash
keeps its bits when the power goes. Works on the interpreter's `ffi`, so without copies and, once
made, without allocation.
"""

import ffi
import uctypes

_PROT_READ = 1
_PROT_WRITE = 2
_MAP_SHARED = 1
_O_RDONLY = 0
_O_RDWR = 2
_FAILED = -1

libc = ffi.open(None)
_open = libc.func("i", "open", "sii")
_close = libc.func("i", "close", "i")
_mmap = libc.func("l", "mmap", "pliiil")


def map_file(path, size, writable):
    """The first `size` bytes of the file as a bytearray. Raises OSError."""
    fd = _open(path, _O_RDWR if writable else _O_RDONLY, 0)
    if fd < 0:
        raise OSError(2)
    protection = _PROT_READ | (_PROT_WRITE if writable else 0)
    address = _mmap(None, size, protection, _MAP_SHARED, fd, 0)
    _close(fd)
    if address == _FAILED:
        raise OSError(12)
    return uctypes.bytearray_at(address, size)

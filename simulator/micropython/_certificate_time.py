"""Lets certificates be judged by the hub's own clock, as on the chip.

The interpreter's TLS asks the C library's `time()`, which knows only this machine's clock. So this
writes the hub's idea of now into that function, in this process: "load this number, return". A
hub whose RTC stands in the year 2000 is then refused by the real certificate check, and nothing
in `tls` is replaced. For x86 (32 and 64 bit, the same six bytes); elsewhere certificates are
judged by this machine's clock, and `works` is False.
"""

import struct
import sys

import _mapping
import uctypes

_READ_WRITE_EXECUTE = 7
_PAGE_BYTES = 4096
_MOV_EAX = 0xB8
_RET = 0xC3
_CODE_BYTES = 6
_ARCH_X86 = 1  # of native code in .mpy files, bits 10 and up of `_mpy`
_ARCH_X64 = 2

works = False
_code = None


def set_time(unix_s):
    """What certificates are compared with from now on (until 2106)."""
    if _code is not None:
        struct.pack_into("<I", _code, 1, unix_s)


def _patch():
    global works, _code
    if (sys.implementation._mpy >> 10) & 15 not in (_ARCH_X86, _ARCH_X64):
        return
    address = _mapping.libc.addr("time")
    if struct.calcsize("P") == 4:
        address &= 0xFFFFFFFF
    mprotect = _mapping.libc.func("i", "mprotect", "PLi")
    page = address & ~(_PAGE_BYTES - 1)
    if mprotect(page, 2 * _PAGE_BYTES, _READ_WRITE_EXECUTE) != 0:
        return
    code = uctypes.bytearray_at(address, _CODE_BYTES)
    code[0] = _MOV_EAX
    code[5] = _RET
    _code = code
    probe = 0x5A5A5A5A
    set_time(probe)
    works = _mapping.libc.func("I", "time", "p")(None) == probe


_patch()

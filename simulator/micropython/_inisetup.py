"""A `vfs` partition without a file system: what `inisetup.py` of MicroPython's ESP32 port does.

One that is erased gets a new file system, with a boot.py of comments. One that holds something
else is never touched: the console says so again and again, until a Ctrl-C.
"""

import sys
import time

import vfs

import micropython

_SECTOR_BYTES = micropython.const(4096)
_COMPLAIN_EVERY_S = micropython.const(3)

_CORRUPTED = """\
The filesystem appears to be corrupted. If you had important data there, you
may want to make a flash snapshot to try to recover it. Otherwise, perform
factory reprogramming of MicroPython firmware (completely erase flash, followed
by firmware programming).
"""
_BOOT = """\
# This file is executed on every boot (including wake-boot from deepsleep)
#import esp
#esp.osdebug(None)
#import webrepl
#webrepl.start()
"""


def file_system(partition, sizes):
    """The new one; None if the partition was not erased."""
    sector = bytearray(_SECTOR_BYTES)
    partition.readblocks(0, sector)
    if bytes(sector).count(b"\xff") != _SECTOR_BYTES:
        _complain()
        return None
    print("Performing initial setup")
    vfs.VfsLfs2.mkfs(partition, **sizes)
    made = vfs.VfsLfs2(partition, **sizes)
    with made.open("boot.py", "w") as file:
        file.write(_BOOT)
    return made


def _complain():
    micropython.kbd_intr(3)
    try:
        while True:
            print(_CORRUPTED)
            time.sleep(_COMPLAIN_EVERY_S)
    except KeyboardInterrupt as error:
        sys.print_exception(error)

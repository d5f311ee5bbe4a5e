"""What bench_release.py runs on the hub interpreter.

    micropython release_on_vm.py heap|memory|files|nothing BUNDLE ROUNDS

heap: prints the bytes of heap that an opened stream keeps. memory: inflates the bundle from the
heap, with a buffer of 512 bytes, and prints the microseconds it took. files: from littlefs on a
disk in memory into another file there, as a hub does. nothing: as memory, without inflating.
"""

import gc
import io
import sys
import time

import deflate

SUBJECT, BUNDLE, ROUNDS = sys.argv[1:4]
BUFFER = bytearray(512)
BLOCK_BYTES = 4096


class Disk:
    """Blocks as the ESP32's partition has them, in memory."""

    def __init__(self, count):
        self.data = bytearray(count * BLOCK_BYTES)

    def readblocks(self, number, buffer, offset=0):
        at = number * BLOCK_BYTES + offset
        buffer[:] = memoryview(self.data)[at : at + len(buffer)]

    def writeblocks(self, number, buffer, offset=None):
        at = number * BLOCK_BYTES + (offset or 0)
        self.data[at : at + len(buffer)] = buffer

    def ioctl(self, operation, _argument):
        if operation == 4:
            return len(self.data) // BLOCK_BYTES
        return BLOCK_BYTES if operation == 5 else 0


def copy(source, sink=None):
    """Read to the end."""
    view = memoryview(BUFFER)
    while True:
        taken = source.readinto(BUFFER)
        if not taken:
            return
        if sink is not None:
            sink.write(view[:taken])


def heap(data):
    source = io.BytesIO(data)
    gc.collect()
    before = gc.mem_alloc()
    stream = deflate.DeflateIO(source, deflate.ZLIB)
    stream.readinto(BUFFER)  # the window is taken with the first read
    gc.collect()
    return gc.mem_alloc() - before


def memory(data):
    copy(deflate.DeflateIO(io.BytesIO(data), deflate.ZLIB))


def nothing(data):
    copy(io.BytesIO(data))


def files(_data):
    with open("/disk/bundle", "rb") as source, open("/disk/out", "wb") as sink:
        copy(deflate.DeflateIO(source, deflate.ZLIB), sink)


with open(BUNDLE, "rb") as file:
    content = file.read()
if SUBJECT == "files":
    import vfs

    disk = Disk(192)  # the bundle, what comes out, and that of the round before
    vfs.VfsLfs2.mkfs(disk)
    vfs.mount(vfs.VfsLfs2(disk), "/disk")
    with open("/disk/bundle", "wb") as file:
        file.write(content)
if SUBJECT == "heap":
    print(heap(content))
else:
    start = time.ticks_us()
    for _ in range(int(ROUNDS)):
        globals()[SUBJECT](content)
    print(time.ticks_diff(time.ticks_us(), start))

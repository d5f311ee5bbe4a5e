"""The world's clock, and waiting in its time.

Virtual microseconds are CLOCK_MONOTONIC microseconds plus the offset in the clock file (layout in
`varde_simulator/clock.py`, path in VARDE_CLOCK). Without that file time is the machine's own.

A VM that has nothing to do says so before it waits: `time.idle`, with the virtual time it wants to
be woken at and the number of frames from the world that it has dealt with. Only if the world has
sent no further frame does it believe the word, and leaps if everybody else is idle too; then it
sends `time.wake`, which rings the bell. So a wait lasts as long as it says, in virtual time.
"""

import struct
import sys

import _air
import uos as os
import uselect as native_select
import utime as native

import micropython

TICKS_MASK = micropython.const(0x3FFFFFFF)  # 30 bits, as on the ESP32
_SLICE_MS = micropython.const(20)  # a wait looks round this often, should a ring have been lost
_CLOCK_BYTES = micropython.const(24)
_CLOCK_MONOTONIC = micropython.const(1)
_STREAM_POLL = micropython.const(3)  # MP_STREAM_POLL

_file = None
_timespec = bytearray(2 * struct.calcsize("l"))
_clock_gettime = None
_sequence = -1
_offset_us = 0
_offset_ms_ticks = 0
_offset_us_ticks = 0
_boot_us = 0

check_interrupt = None  # raises KeyboardInterrupt, on a board with a console


@micropython.viper
def _read_sequence(file: ptr32) -> int:  # noqa: F821  viper's own types
    return file[0]


@micropython.viper
def _add_ticks(left: int, right: int) -> int:
    return (left + right) & 0x3FFFFFFF


def _read_offset():
    global _sequence, _offset_us, _offset_ms_ticks, _offset_us_ticks
    while True:
        sequence = _read_sequence(_file)
        offset_us = struct.unpack_from("<q", _file, 8)[0]
        if not sequence & 1 and sequence == _read_sequence(_file):
            break
    # The offset is a whole number of milliseconds, so both ticks turn over together.
    _offset_us = offset_us
    _offset_ms_ticks = ((offset_us - _boot_us) // 1000) & TICKS_MASK
    _offset_us_ticks = (offset_us - _boot_us) & TICKS_MASK
    _sequence = sequence


def ticks_ms():
    if _file is not None and _read_sequence(_file) != _sequence:
        _read_offset()
    return _add_ticks(native.ticks_ms(), _offset_ms_ticks)


def ticks_us():
    if _file is not None and _read_sequence(_file) != _sequence:
        _read_offset()
    return _add_ticks(native.ticks_us(), _offset_us_ticks)


def now_us():
    """Virtual microseconds of the world (not of this VM's life); grows for ever."""
    if _file is None:
        return native.time_ns() // 1000
    if _read_sequence(_file) != _sequence:
        _read_offset()
    _clock_gettime(_CLOCK_MONOTONIC, _timespec)
    seconds, nanoseconds = struct.unpack("@ll", _timespec)
    return seconds * 1000000 + nanoseconds // 1000 + _offset_us


def has_world():
    """Whether time is the world's."""
    return _file is not None


def _ticks_add(ticks, delta):
    return (ticks + delta) & TICKS_MASK


def _ticks_diff(left, right):
    half = (TICKS_MASK + 1) // 2
    return ((left - right + half) & TICKS_MASK) - half


# On a 64-bit interpreter these count on a ring of 62 bits; the chip's has 30.
ticks_add = native.ticks_add if sys.maxsize < 1 << 32 else _ticks_add
ticks_diff = native.ticks_diff if sys.maxsize < 1 << 32 else _ticks_diff


# Waiting


class Poller:
    """As `select.poll()`, in virtual time; callbacks from the world run meanwhile.

    Objects that answer `ioctl` in Python (asyncio's flags) are asked here: the interpreter's own
    poll would wait a whole millisecond at every look as soon as it has one of them.
    """

    def __init__(self):
        self._native = native_select.poll()
        self._flags = []  # [object, events] each
        self._bell = None

    def register(self, stream, events=native_select.POLLIN | native_select.POLLOUT):
        if not hasattr(stream, "ioctl"):
            self._native.register(stream, events)
            return
        for entry in self._flags:
            if entry[0] is stream:
                entry[1] |= events
                return
        self._flags.append([stream, events])

    def unregister(self, stream):
        if hasattr(stream, "ioctl"):
            self._flags = [entry for entry in self._flags if entry[0] is not stream]
        else:
            self._native.unregister(stream)

    def modify(self, stream, events):
        if not hasattr(stream, "ioctl"):
            self._native.modify(stream, events)
        for entry in self._flags:
            if entry[0] is stream:
                entry[1] = events

    def poll(self, timeout_ms=-1):
        until_us = None if timeout_ms < 0 else now_us() + timeout_ms * 1000
        while True:
            if check_interrupt is not None:
                check_interrupt()
            # Before the look: what a callback does after the look came with a frame not counted.
            seen = _air.frames_seen() if _air.is_connected() else 0
            ready = self._look(0)
            if ready or timeout_ms == 0:
                return ready
            left_us = _SLICE_MS * 1000 if until_us is None else until_us - now_us()
            if left_us <= 0:
                return ready
            if seen < 0:
                native.sleep_ms(0)  # the callback that takes the event runs now
                continue
            _air.post("time.idle", until_us, seen)
            ready = self._look(min(left_us // 1000 + 1, _SLICE_MS))
            if ready:
                return ready

    def ipoll(self, timeout_ms=-1, flags=0):
        return iter(self.poll(timeout_ms))

    def _look(self, timeout_ms):
        if self._bell is None and _air.is_connected():
            self._bell = _air.bell()
            self._native.register(self._bell, native_select.POLLIN)
        ready = self._native.poll(timeout_ms)
        for entry in ready:
            if entry[0] is self._bell:
                _air.hush()
                ready = [other for other in ready if other is not entry]
                break
        for stream, events in self._flags:
            happened = stream.ioctl(_STREAM_POLL, events)
            if happened:
                ready.append((stream, happened))
        return ready


_sleeper = Poller()


def sleep_ms(duration_ms):
    if duration_ms > 0:
        _sleeper.poll(int(duration_ms))
    else:
        native.sleep_ms(0)
        if check_interrupt is not None:
            check_interrupt()


def start():
    """Takes the world's time, if VARDE_CLOCK names it. This VM's ticks begin now."""
    global _file, _clock_gettime, _boot_us
    path = os.getenv("VARDE_CLOCK")
    if _file is None and path:
        import _mapping  # noqa: PLC0415  only needed with a world

        _clock_gettime = _mapping.libc.func("i", "clock_gettime", "ip")
        _file = _mapping.map_file(path, _CLOCK_BYTES, False)
        _boot_us = now_us() // 1000 * 1000
        _read_offset()
        import _tasks  # noqa: PLC0415  it needs this module

        sys.modules["_asyncio"] = _tasks


start()

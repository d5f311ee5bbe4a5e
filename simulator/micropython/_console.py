"""The board's serial console: stdin and stdout as the chip's, and what Ctrl-C does.

Loaded only where the world has put a console on the board; else stdin is silent and stdout a log.
Here as on the chip `sys.stdin` is text (a carriage return reads as a line feed) and
`sys.stdin.buffer` bytes, a read waits for all that was asked, `print` ends lines with CR LF and
`sys.stdout.buffer` changes nothing (MicroPython `shared/runtime/sys_stdio_mphal.c`). A wait for
input is one in the world's time.

Ctrl-C. The chip's interrupt looks at each byte as it comes: the interrupt character is swallowed
and leaves a KeyboardInterrupt for the running code, any other byte is input. Here the world looks
at the byte, and two words of the board's page, which both see at once, carry the rest: which
character it is now (`kbd_intr`), and that it has come. Code here takes notice where it waits,
prints, reads or opens a file, never in the middle of a machine instruction as a signal would, so
no file system is ever caught half-way. Code that does none of these hears nothing: the world ends
it after a while (`usb/console.py`).
"""

import builtins
import io
import sys
from errno import EINVAL

import _clock
import _flash

import micropython

CTRL_C = micropython.const(3)
_CHARACTER = micropython.const(11)  # word of the page: the interrupt character plus one, 0 = none
_HAS_COME = micropython.const(12)
_PHASE = micropython.const(13)
_AWAITED = micropython.const(14)
_STREAM_POLL = micropython.const(3)  # MP_STREAM_POLL
_STREAM_POLL_RD = micropython.const(1)
_STREAM_POLL_WR = micropython.const(4)
_CHUNK_BYTES = micropython.const(256)  # the driver's ring buffer on the chip

_native_in = sys.stdin.buffer  # of a pipe that does not block
raw_out = sys.stdout.buffer
_native_print = print
_native_open = open
_native_sys = sys
_native_micropython = micropython


@micropython.viper
def _word(page: ptr32, index: int) -> int:  # noqa: F821  viper's own types
    return page[index]


@micropython.viper
def _set_word(page: ptr32, index: int, value: int):  # noqa: F821
    page[index] = value


def kbd_intr(character):
    """-1: every byte is input. What has come before is still raised, as on the chip."""
    _set_word(_flash.page, _CHARACTER, character + 1 if character >= 0 else 0)


def forget():
    """What has come, and is for no code any more."""
    _set_word(_flash.page, _HAS_COME, 0)


def check():
    """Raises the KeyboardInterrupt that has come."""
    if _word(_flash.page, _HAS_COME):
        _set_word(_flash.page, _HAS_COME, 0)
        raise KeyboardInterrupt


def tell_phase(phase):
    """What runs now, for who may have to end it (`BoardPage`)."""
    _set_word(_flash.page, _PHASE, phase)


def is_awaited(phase):
    """Whether the world wants to know when Ctrl-C has its meaning in this phase, and its code has
    not begun."""
    return _word(_flash.page, _AWAITED) == phase


class Input(io.IOBase):
    """`sys.stdin.buffer`: bytes as they come."""

    def __init__(self):
        self._chunk = bytearray(_CHUNK_BYTES)
        self._at = 0
        self._end = 0
        self._poller = _clock.Poller()
        self._poller.register(self, _STREAM_POLL_RD)

    def take(self, most):
        """At least one byte, at most so many: what is here, after waiting for any."""
        while not self._has_some():
            self._poller.poll()
        end = min(self._end, self._at + most)
        taken = bytes(memoryview(self._chunk)[self._at : end])
        self._at = end
        return taken

    def piece(self, most, controls):
        """As `take`, up to the first of these bytes; or that byte alone, if it comes first."""
        while not self._has_some():
            self._poller.poll()
        if self._chunk[self._at] in controls:
            return self.take(1)
        end = min(self._end, self._at + most)
        for at in range(self._at, end):
            if self._chunk[at] in controls:
                end = at
                break
        return self.take(end - self._at)

    def rest(self):
        """What has come and nobody took."""
        return bytes(memoryview(self._chunk)[self._at : self._end])

    def read(self, count=-1):
        if count < 0:
            count = 1 << 30  # to the end, which a console does not have
        data = b""
        while len(data) < count:
            data += self.take(count - len(data))
        return data

    def readinto(self, into, count=-1):
        wanted = len(into) if count < 0 else min(count, len(into))
        into[:wanted] = self.read(wanted)
        return wanted

    def readline(self, count=-1):
        line = b""
        while not line.endswith(b"\n") and len(line) != count:
            line += self.take(1)
        return line

    def ioctl(self, request, argument):
        if request != _STREAM_POLL:
            return -EINVAL
        return _STREAM_POLL_RD if argument & _STREAM_POLL_RD and self._has_some() else 0

    def _has_some(self):
        if self._at == self._end:
            self._at = 0
            self._end = _native_in.readinto(self._chunk) or 0
        return self._at < self._end


class TextInput(io.IOBase):
    """`sys.stdin`."""

    def __init__(self, buffer):
        self.buffer = buffer
        self.ioctl = buffer.ioctl

    def read(self, count=-1):
        data = b""
        while count:
            first = self.buffer.take(1)
            data += first + self.buffer.read(_more_bytes(first[0]))
            count -= 1
        return str(data.replace(b"\r", b"\n"), "utf-8")

    def readinto(self, into, count=-1):
        data = self.buffer.read(len(into) if count < 0 else min(count, len(into)))
        into[: len(data)] = data.replace(b"\r", b"\n")
        return len(data)

    def readline(self, count=-1):
        line = ""
        while not line.endswith("\n") and len(line) != count:
            line += self.read(1)
        return line


def _more_bytes(first):
    """Of a character in UTF-8, after this one."""
    return 0 if first < 0xC0 else 1 if first < 0xE0 else 2 if first < 0xF0 else 3


class TextOutput(io.IOBase):
    """`sys.stdout`, and where `print` writes."""

    buffer = raw_out

    def write(self, data):
        if isinstance(data, str):
            data = data.encode()
        size = len(data)  # more than was given would have the interpreter write on past its end
        if b"\n" in data:
            data = bytes(data).replace(b"\n", b"\r\n")
        raw_out.write(data)
        return size

    def flush(self):
        pass

    def ioctl(self, request, argument):
        return argument & _STREAM_POLL_WR if request == _STREAM_POLL else 0


stdin = Input()
stdout = TextOutput()


def _print(*values, **options):
    if "file" not in options:
        options["file"] = stdout
    _native_print(*values, **options)
    check()


def _open(*arguments, **options):
    check()
    return _native_open(*arguments, **options)


def print_exception(error, file=stdout):
    _native_sys.print_exception(error, file)


class _Shadow:
    """A built-in module with some names of its own, as other modules will find it."""

    def __init__(self, native, **own):
        self._native = native
        for name, value in own.items():
            setattr(self, name, value)

    def __getattr__(self, name):
        return getattr(self._native, name)


def start():
    """From now on whoever imports `sys` or `micropython` gets the console's."""
    builtins.print = _print
    builtins.open = _open
    modules = _native_sys.modules
    modules["sys"] = _Shadow(
        _native_sys,
        stdin=TextInput(stdin),
        stdout=stdout,
        stderr=stdout,
        print_exception=print_exception,
    )
    modules["micropython"] = _Shadow(_native_micropython, kbd_intr=kbd_intr)
    _clock.check_interrupt = check

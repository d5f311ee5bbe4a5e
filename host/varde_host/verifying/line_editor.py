"""A keyboard at the bench: a line, or one of the keys that mean something at once.

    Enter    the line as it is; empty is yes, next
    Esc      back: the last answer was wrong
    F2       it cannot be done
    Ctrl-C, Ctrl-D   stop; all that was answered is kept

`Keys` is pure: bytes in, keys out. Terminals send F2 as ESC O Q or ESC [ 1 2 ~, and Esc as the
same first byte with nothing behind it; so a lone ESC is known by the silence after it. Where the
input is no terminal, lines are read: `?` is F2, `<` is Esc, and a reason may follow: `!too heavy`.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

TYPED, CANNOT, BACK, STOP = "typed", "cannot", "back", "stop"
F2 = (b"OQ", b"[12~", b"[[B")
ESC_SILENCE_S = 0.05
_MAX_SEQUENCE_BYTES = 6
_ENTER, _BACKSPACE, _ESC = b"\r\n", b"\x7f\x08", 0x1B
_INTERRUPT, _END = 0x03, 0x04


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said: `what` is one of the four, `text` the line or the reason."""

    what: str
    text: str = ""


def of_line(line: str) -> Said:
    """Return what a whole line says; "" (no line at all) is the end of the input."""
    if not line:
        return Said(STOP)
    text = line.strip()
    if text.startswith(("?", "!")):
        return Said(CANNOT, text[1:].strip())
    if text.startswith("<"):
        return Said(BACK, text[1:].strip())
    return Said(TYPED, text)


class Keys:
    """Bytes of a terminal, one at a time; `line` is what stands there so far."""

    def __init__(self) -> None:
        self.line = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
        self._sequence: bytes | None = None

    @property
    def may_be_esc(self) -> bool:
        """Tell if the Esc key was pressed, unless more comes at once."""
        return self._sequence == b""

    def silence(self) -> Said | None:
        """Say that nothing came for a while."""
        was_esc, self._sequence = self.may_be_esc, None
        return Said(BACK) if was_esc else None

    def take(self, byte: int) -> Said | None:
        """Take one byte; return what was said if that was the end of it."""
        if self._sequence is not None:
            return self._in_sequence(byte)
        if byte == _ESC:
            self._sequence = b""
        elif byte in (_INTERRUPT, _END):
            return Said(STOP)
        elif byte in _ENTER:
            return of_line(self.line + "\n")
        elif byte in _BACKSPACE:
            self.line = self.line[:-1]
        else:
            character = self._decoder.decode(bytes((byte,)))
            self.line += character if character.isprintable() else ""
        return None

    def _in_sequence(self, byte: int) -> Said | None:
        assert self._sequence is not None
        self._sequence += bytes((byte,))
        if self._sequence in F2:
            self._sequence = None
            return Said(CANNOT)
        is_begin = any(key.startswith(self._sequence) for key in F2)
        ends = chr(byte).isalpha() or byte == ord("~") or not is_begin
        if (ends and not is_begin) or len(self._sequence) > _MAX_SEQUENCE_BYTES:
            self._sequence = None
        return None


def read(prompt: str) -> Said:
    """Ask on standard error, and wait for what is said on standard input."""
    try:
        return _read(prompt)
    except KeyboardInterrupt:
        return Said(STOP)


def _read(prompt: str) -> Said:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    if not sys.stdin.isatty():
        said = of_line(sys.stdin.readline())
        sys.stderr.write("\n")
        return said
    try:
        return _from_keys(sys.stdin.fileno())
    finally:
        sys.stderr.write("\n")
        sys.stderr.flush()


@contextmanager
def keyboard() -> Iterator[None]:
    """Have each key at once while this lasts; what is typed ahead (a scanner) is not lost."""
    if not sys.stdin.isatty():
        yield
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor, termios.TCSADRAIN)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def forget_typed() -> None:
    """Forget what was typed while nothing was asked: an impatient Enter is no answer."""
    if sys.stdin.isatty():
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def _from_keys(descriptor: int) -> Said:
    keys = Keys()
    while True:
        wait_s = ESC_SILENCE_S if keys.may_be_esc else None
        said, before = None, keys.line
        if not select.select([descriptor], [], [], wait_s)[0]:
            said = keys.silence()
        else:
            data = os.read(descriptor, 1)
            if not data:
                return Said(STOP)
            said = keys.take(data[0])
        if said is not None:
            return said
        _echo(before, keys.line)


def _echo(before: str, after: str) -> None:
    """Show what a key did to the line."""
    if len(after) < len(before):
        sys.stderr.write("\b \b")
    else:
        sys.stderr.write(after[len(before) :])
    sys.stderr.flush()

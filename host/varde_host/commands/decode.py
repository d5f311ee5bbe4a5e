"""`varde decode`: what a characteristic value says, as JSON with exact numbers.

One value from the command line, or with `--lines` a stream of `char hex` lines, one JSON object
each. A value that cannot be read gives `{"error": code, "hint": text}`: alone it is also the
command's failure, in a stream it is an answer like the others and the stream goes on.
"""

from __future__ import annotations

import functools
import re
import sys
from typing import Annotated, BinaryIO, Protocol, cast

import typer

from varde_host import json_text
from varde_host.errors import EXIT_REFUSED, InputRefused
from varde_protocols import gatt
from varde_protocols.errors import GattError
from varde_protocols.gatt import layout

MAX_LINE_BYTES = 2048
"""The longest honest line is a 36-character UUID and 512 bytes (ATT's limit) in hex: 1061."""
_READ_BYTES = 1 << 16
_SHOWN_CHARACTERS = 40
_KNOWN_CHARACTERISTICS = 1024
"""How many spellings of characteristics are remembered; a stream repeats a handful."""

_BASE_UUID_TAIL = "-0000-1000-8000-00805f9b34fb"
_CHARACTERISTIC = re.compile(
    rf"(?:0x)?([0-9a-f]{{4}})|0000([0-9a-f]{{4}})(?:{_BASE_UUID_TAIL})?", re.ASCII
)
_HEX = re.compile(r"(?:0[xX])?((?:[0-9a-fA-F]{2})*)", re.ASCII)


@functools.lru_cache(_KNOWN_CHARACTERISTICS)
def characteristic_number(text: str) -> int:
    """Return the 16-bit number of "2A35", "0x2a35" or its UUID on the Bluetooth base.

    Raises InputRefused("bad-characteristic").
    """
    match = _CHARACTERISTIC.fullmatch(text.lower())
    if match is None:
        hint = "give four hex digits (2A35) or a UUID on the Bluetooth base"
        raise InputRefused("bad-characteristic", _shown(text), hint=hint)
    return int(match[1] or match[2], 16)


def value_bytes(text: str) -> bytes:
    """Return the bytes of hex digits in either case; InputRefused("bad-hex")."""
    match = _HEX.fullmatch(text)
    if match is None:
        hint = "give two hex digits a byte, without spaces between"
        raise InputRefused("bad-hex", _shown(text), hint=hint)
    return bytes.fromhex(match[1])


def decode_text(characteristic: str, value: str) -> layout.Fields:
    """Return the fields of a value in hex; InputRefused or GattError."""
    return gatt.decode(characteristic_number(characteristic), value_bytes(value))


class AvailableBytes(Protocol):
    """An input that gives what has arrived, and waits only when nothing has."""

    def read1(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


class LineDecoder:
    """Turns a stream of `char hex` lines into one of JSON lines, however the input is cut."""

    def __init__(self) -> None:
        self._unfinished = b""

    def receive(self, data: bytes) -> str:
        """Return the answers to the lines that `data` ends."""
        *lines, rest = (self._unfinished + data).split(b"\n")
        self._unfinished = rest[: MAX_LINE_BYTES + 1]  # enough to know that it is too long
        return "".join([_answer(line) + "\n" for line in lines])

    def finish(self) -> str:
        """Return the answer to a last line that has no line feed, if there is one."""
        return self.receive(b"\n") if self._unfinished else ""


def _answer(line: bytes) -> str:
    try:
        return json_text.dumps(decode_text(*_words(line)))
    except (InputRefused, GattError) as error:
        return json_text.dumps(_refusal(error))


def _words(line: bytes) -> list[str]:
    if len(line) > MAX_LINE_BYTES:
        hint = f"a line has at most {MAX_LINE_BYTES} bytes"
        raise InputRefused("line-too-long", _shown(line.decode("latin-1")), hint=hint)
    words = [word.decode("latin-1") for word in line.split()]
    if len(words) != 2:
        code = "bad-line" if words else "empty-line"
        raise InputRefused(code, _shown(" ".join(words)), hint="a line is: char hex")
    return words


def _shown(text: str) -> str:
    """Return the start of somebody's text, safe to print."""
    return ascii(text[:_SHOWN_CHARACTERS])


def _refusal(error: InputRefused | GattError) -> dict[str, str]:
    hint = str(error.fields["hint"]) if isinstance(error, InputRefused) else error.hint
    return {"error": error.code, "where": error.where, "hint": hint}


def run_one(characteristic: str, value: str, stdout: BinaryIO, stderr: BinaryIO) -> int:
    """Print one value's fields and return the exit code; a refusal also goes to `stderr`."""
    try:
        fields = decode_text(characteristic, value)
    except (InputRefused, GattError) as error:
        refusal = _refusal(error)
        stdout.write(json_text.dumps(refusal).encode() + b"\n")
        stderr.write("{where}: {error}; {hint}\n".format(**refusal).encode())
        return EXIT_REFUSED
    stdout.write(json_text.dumps(fields).encode() + b"\n")
    return 0


def run_lines(stdin: AvailableBytes, stdout: BinaryIO) -> int:
    """Answer every line of `stdin`, at once when the other end waits with the pipe open."""
    decoder = LineDecoder()
    while data := stdin.read1(_READ_BYTES):
        stdout.write(decoder.receive(data).encode())
        stdout.flush()
    stdout.write(decoder.finish().encode())
    stdout.flush()
    return 0


def run(characteristic: str | None, value: str | None, lines: bool) -> int:
    """Do what the arguments say on the process's own streams; return the exit code."""
    if lines and characteristic is None and value is None:
        return run_lines(cast("AvailableBytes", sys.stdin.buffer), sys.stdout.buffer)
    if not lines and characteristic is not None and value is not None:
        return run_one(characteristic, value, sys.stdout.buffer, sys.stderr.buffer)
    raise typer.BadParameter("--char & --hex | --lines")


def register(app: typer.Typer) -> None:
    """Put the command on the command line."""

    @app.command("decode")
    def decode(
        char: Annotated[str | None, typer.Option("--char", metavar="UUID")] = None,
        hex_value: Annotated[str | None, typer.Option("--hex", metavar="HEX")] = None,
        lines: Annotated[bool, typer.Option("--lines")] = False,
    ) -> None:
        raise typer.Exit(run(char, hex_value, lines))

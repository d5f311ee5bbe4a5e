"""`varde decode`: what a characteristic value says, as JSON with exact numbers.

One value from the command line, or with `--lines` a stream of `char hex [model]` lines, one JSON
object each. A value that cannot be read gives `{"error": code, "hint": text}`: alone it is also
the command's failure, in a stream it is an answer like the others and the stream goes on.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from typing import Annotated, BinaryIO, Protocol, cast

import typer

from varde_host import json_text
from varde_host.errors import EXIT_REFUSED, InputRefused
from varde_protocols import assigned, gatt
from varde_protocols.errors import GattError
from varde_protocols.gatt import float_type, frame, layout, registry, sfloat

MAX_LINE_BYTES = 2048
"""The longest honest line is a 36-character UUID and 512 bytes (ATT's limit) in hex: 1061."""
_READ_BYTES = 1 << 16
_SHOWN_CHARACTERS = 40
_KNOWN_READERS = 1024
"""How many spellings of characteristics and models are remembered; a stream repeats a handful."""

_BASE_UUID_TAIL = "-0000-1000-8000-00805f9b34fb"
_CHARACTERISTIC = re.compile(
    rf"(?:0x)?([0-9a-f]{{4}})|0000([0-9a-f]{{4}})(?:{_BASE_UUID_TAIL})?", re.ASCII
)
_HEX = re.compile(r"(?:0[xX])?((?:[0-9a-fA-F]{2})*)", re.ASCII)

_NUMBER_TYPES = {"sfloat": (2, sfloat.decode), "float": (4, float_type.decode)}
# Xiaomi's advertised service data without the UUID it came with: its size tells which it is.
_XIAOMI_ADVERT = "adv-service-data:xiaomi"
_XIAOMI_MODEL = "xiaomi-scale"
_XIAOMI_WEIGHT_BYTES = 10


def _vendor_spellings() -> dict[str, int]:
    """Return the numbers of `assigned` by name, by five hex digits and by 128-bit UUID."""
    spellings: dict[str, int] = {}
    for number in assigned.NUMBERS:
        spellings[assigned.name(number)] = spellings[f"{number:x}"] = number
        spellings[f"0x{number:x}"] = number
        try:
            digits = bytes(reversed(assigned.raw(number))).hex()
        except KeyError:  # what is advertised has no UUID of its own
            continue
        parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        spellings["-".join(parts)] = number
    return spellings


_VENDOR_SPELLINGS = _vendor_spellings()


def characteristic_number(text: str) -> int:
    """Return the number of "2A35", "0x2a35", its UUID, or a vendor's UUID, name or number.

    Raises InputRefused("bad-characteristic").
    """
    match = _CHARACTERISTIC.fullmatch(text.lower())
    if match is not None:
        return int(match[1] or match[2], 16)
    if text.lower() not in _VENDOR_SPELLINGS:
        hint = "give four hex digits (2A35), a UUID, or a name such as nonin-continuous-oximetry"
        raise InputRefused("bad-characteristic", _shown(text), hint=hint)
    return _VENDOR_SPELLINGS[text.lower()]


@functools.lru_cache(_KNOWN_READERS)
def reader(characteristic: str, model: str) -> Callable[[bytes], layout.Fields]:
    """Return what reads a characteristic's values as `model` sends them, "" by the specification.

    Raises InputRefused: "bad-characteristic", "bad-model".
    """
    if model and model not in registry.MODELS:
        hint = "known are " + ", ".join(registry.MODELS)
        raise InputRefused("bad-model", _shown(model), hint=hint)
    if characteristic.lower() in _NUMBER_TYPES:
        return functools.partial(_bare_number, characteristic.lower())
    if characteristic == _XIAOMI_ADVERT:
        return _xiaomi_advert
    return functools.partial(gatt.decode, characteristic_number(characteristic), model=model)


def _bare_number(name: str, value: bytes) -> layout.Fields:
    size_bytes, decode = _NUMBER_TYPES[name]
    frame.check_size(value, name.upper(), size_bytes)
    return {"value": decode(int.from_bytes(value, "little"))}


def _xiaomi_advert(value: bytes) -> layout.Fields:
    is_weight = len(value) <= _XIAOMI_WEIGHT_BYTES
    number = assigned.XIAOMI_ADVERT_WEIGHT if is_weight else assigned.XIAOMI_ADVERT_BODY
    return gatt.decode(number, value, _XIAOMI_MODEL)


def value_bytes(text: str) -> bytes:
    """Return the bytes of hex digits in either case; InputRefused("bad-hex")."""
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if value and 2 * len(value) == len(text):  # fromhex alone lets white space pass
        return value
    match = _HEX.fullmatch(text)
    if match is None:
        hint = "give two hex digits a byte, without spaces between"
        raise InputRefused("bad-hex", _shown(text), hint=hint)
    return bytes.fromhex(match[1])


def decode_text(characteristic: str, value: str, model: str = "") -> layout.Fields:
    """Return the fields of a value in hex; InputRefused or GattError."""
    return reader(characteristic, model)(value_bytes(value))


class AvailableBytes(Protocol):
    """An input that gives what has arrived, and waits only when nothing has."""

    def read1(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


class LineDecoder:
    """Turns a stream of `char hex [model]` lines into JSON lines, however the input is cut."""

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
    if not 2 <= len(words) <= 3:
        code = "bad-line" if words else "empty-line"
        raise InputRefused(code, _shown(" ".join(words)), hint="a line is: char hex [model]")
    return words


def _shown(text: str) -> str:
    """Return the start of somebody's text, safe to print."""
    return ascii(text[:_SHOWN_CHARACTERS])


def _refusal(error: InputRefused | GattError) -> dict[str, str]:
    hint = str(error.fields["hint"]) if isinstance(error, InputRefused) else error.hint
    return {"error": error.code, "where": error.where, "hint": hint}


def run_one(
    characteristic: str, value: str, stdout: BinaryIO, stderr: BinaryIO, model: str = ""
) -> int:
    """Print one value's fields and return the exit code; a refusal also goes to `stderr`."""
    try:
        fields = decode_text(characteristic, value, model)
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


def run(characteristic: str | None, value: str | None, lines: bool, model: str | None) -> int:
    """Do what the arguments say on the process's own streams; return the exit code."""
    if lines and characteristic is None and value is None and model is None:
        return run_lines(cast("AvailableBytes", sys.stdin.buffer), sys.stdout.buffer)
    if not lines and characteristic is not None and value is not None:
        return run_one(characteristic, value, sys.stdout.buffer, sys.stderr.buffer, model or "")
    raise typer.BadParameter("--char & --hex [& --model] | --lines")


def decode(
    char: Annotated[str | None, typer.Option("--char", metavar="UUID")] = None,
    hex_value: Annotated[str | None, typer.Option("--hex", metavar="HEX")] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="NAME")] = None,
    lines: Annotated[bool, typer.Option("--lines")] = False,
) -> None:
    """Decode one value, or a stream of them; the exit status is that of `run`."""
    raise typer.Exit(run(char, hex_value, lines, model))

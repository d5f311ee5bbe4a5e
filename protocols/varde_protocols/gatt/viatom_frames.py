"""Frames of Viatom's "Oxy" rings (O2Ring, SleepO2, ...; not the O2Ring S, which is another kind).

sync (0xAA request, 0x55 answer), u8 command or, in an answer, status (0 success), its
complement, u16 block, u16 length, data, CRC-8 (polynomial 0x07) of all before it. An answer says
nothing of its command, so ask one thing at a time. It comes in notifications of up to 20 bytes,
or of the MTU, so it has to be joined: `Frames` is a stream codec, and dead after an error.

From home-health-hub/viatom-o2ring-ble, src/viatom_o2ring_ble/protocol.py and commands.py, and
the request that ecostech/viatom-ble documents (AA 17 E8 00 00 00 00 1B). Only requests that read
are here: others of the family write settings, or start pumps in Viatom's cuffs.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import GattError
from varde_protocols.value import Value

from . import frame

if TYPE_CHECKING:
    from typing import List, Optional

NEED_DATA = None
MAX_DATA_BYTES = 2048
"""More than any answer that is asked for here: device information has some 400 bytes."""

INFO = const(0x14)
READ_SENSORS = const(0x17)
READ_RT_DATA = const(0x1B)

_REQUEST = const(0xAA)
_ANSWER = const(0x55)
_HEAD_BYTES = const(7)
_NAME = "10021"


class Frame(Value):
    """One answer: status (0 success), block number, data."""

    FIELDS = ("status", "block", "data")
    status: int
    block: int
    data: bytes


class Frames:
    """Joins notifications to answers."""

    def __init__(self) -> None:
        self._buffer = b""
        self._frames: "List[Frame]" = []
        self._error: "Optional[GattError]" = None

    def receive(self, data: bytes) -> None:
        """Take one notification.

        Raises GattError: "bad-sync", "bad-head", "value-too-long", "bad-crc"; then for ever.
        """
        if self._error is not None:
            raise self._error
        self._buffer += data
        try:
            while (size := frame_bytes(self._buffer)) is not None and len(self._buffer) >= size:
                self._frames.append(decode_frame(self._buffer[:size]))
                self._buffer = self._buffer[size:]
        except GattError as error:
            self._error = error
            self._buffer = b""
            raise

    def next_event(self) -> "Optional[Frame]":
        """Return the next answer, or NEED_DATA."""
        return self._frames.pop(0) if self._frames else NEED_DATA


def request(command: int) -> bytes:
    """Return the request INFO, READ_SENSORS or READ_RT_DATA."""
    if command not in (INFO, READ_SENSORS, READ_RT_DATA):
        raise ValueError("command %#x is not one that only reads" % command)
    data = b"\x00" if command == READ_RT_DATA else b""  # 0: the waveform at 125 Hz
    return _framed(_REQUEST, command, 0, data)


def decode_request(value: bytes) -> int:
    """Return the command of a request, for virtual sensors; GattError as `decode_frame`."""
    return _open(value, _REQUEST).status


def decode_frame(value: bytes) -> Frame:
    """Return the answer that `value` is, whole.

    Raises GattError: "truncated", "over-long", "bad-sync", "bad-head", "value-too-long",
    "bad-crc".
    """
    return _open(value, _ANSWER)


def encode_frame(answer: Frame) -> bytes:
    """Return the bytes of an answer, before they are cut into notifications."""
    return _framed(_ANSWER, answer.status, answer.block, answer.data)


def frame_bytes(start: bytes, sync: int = _ANSWER) -> "Optional[int]":
    """Return the size of the frame that begins with `start`, None if that is too short to say.

    Raises GattError: "bad-sync", "bad-head", "value-too-long".
    """
    if start and start[0] != sync:
        raise GattError("bad-sync", _NAME + " at byte 0", "0x%02X begins no answer" % start[0])
    if len(start) < _HEAD_BYTES:
        return None
    if start[1] ^ start[2] != 0xFF:
        raise GattError("bad-head", _NAME + " at byte 2", "the complement does not match")
    length = start[5] | start[6] << 8
    if length > MAX_DATA_BYTES:
        raise GattError("value-too-long", _NAME + " at byte 5", "%d bytes of data" % length)
    return _HEAD_BYTES + length + 1


def crc8(data: bytes) -> int:
    """Return the CRC-8 with polynomial 0x07, beginning at 0, not reflected."""
    crc = 0
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def _open(value: bytes, sync: int) -> Frame:
    size = frame_bytes(value, sync)
    if size is None:
        raise frame.truncated(_NAME, len(value), _HEAD_BYTES - len(value), 0)
    if len(value) < size:
        raise frame.truncated(_NAME, len(value), size - len(value), 0)
    if len(value) > size:
        raise frame.over_long(_NAME, size, len(value) - size)
    if crc8(value[:-1]) != value[-1]:
        raise GattError("bad-crc", "%s at byte %d" % (_NAME, size - 1), "ask again")
    return Frame(value[1], value[3] | value[4] << 8, value[_HEAD_BYTES:-1])


def _framed(sync: int, command: int, block: int, data: bytes) -> bytes:
    if not (0 <= command <= 0xFF and 0 <= block <= 0xFFFF and len(data) <= MAX_DATA_BYTES):
        raise ValueError("no frame: %d, block %d, %d bytes" % (command, block, len(data)))
    head = bytes((sync, command, command ^ 0xFF, block & 0xFF, block >> 8))
    body = head + len(data).to_bytes(2, "little") + data
    return body + bytes((crc8(body),))

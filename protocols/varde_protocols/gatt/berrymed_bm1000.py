"""BerryMed BM1000 (B, C, E): the stream 49535343-1E4D-4BD9-BA61-23C647249616 ("BCI protocol").

Packets of five bytes, about a hundred a second, several in a notification. Only the first byte of
a packet has its top bit set. 1: bits 0-3 signal strength, 4 signal flag, 5 probe unplugged,
6 pulse beep. 2: waveform, 0 to 100. 3: bits 0-3 bar graph, 4 no finger, 5 searching for a pulse,
6 the pulse rate's bit 7. 4: pulse rate, bits 0-6 (255 in all: none). 5: SpO2 (127: none).

From ehborisov/BerryMed-Pulse-Oximeter-tool, berrymed_pulse_oximeter.py, and Adafruit's
Adafruit_CircuitPython_BLE_BerryMed_Pulse_Oximeter; the manufacturer's paper is in
zh2x/BCI_Protocol. What the signal flag says is disputed between readers ("has signal", "no
signal"), so it is given as a number, `signal_flag`.

`Packets` is a stream codec for a stream whose packets are cut anywhere; it finds its place again
by the top bit and counts what it skipped.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import GattError

from . import frame

if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

    from .layout import Fields, GivenFields

    Packet = Dict[str, Any]

NEED_DATA = None
PACKET_BYTES = 5
MAX_WAITING = 512
"""Packets that wait to be taken: five seconds. Older ones are dropped and counted."""

_NAME = "10031"
_SYNC = const(0x80)
_NO_PULSE = const(255)
_NO_SPO2 = const(127)
_FLAGS = ("probe_unplugged", "pulse_beep", "no_finger", "searching")
_NUMBERS = (("signal_strength", 15), ("signal_flag", 1), ("waveform", 127), ("bar_graph", 15))
_PACKET_KEYS = ("spo2", "pulse_rate") + _FLAGS + tuple([row[0] for row in _NUMBERS])
_OF_THE_LAST = ("spo2", "pulse_rate", "no_finger", "searching")


def decode_stream(value: bytes) -> "Fields":
    """Return the packets of one notification, which must begin and end with a packet.

    `packets` is a list of dicts with spo2 and pulse_rate (None: none), the four flags and the
    four numbers; spo2, pulse_rate, no_finger and searching beside it are those of the last.
    Raises GattError: "truncated", "bad-sync".
    """
    if not value or len(value) % PACKET_BYTES:
        left = len(value) % PACKET_BYTES
        raise frame.truncated(_NAME + " packet", len(value) - left, PACKET_BYTES, left)
    for at, octet in enumerate(value):
        if (octet >= _SYNC) != (at % PACKET_BYTES == 0):
            raise GattError("bad-sync", "%s at byte %d" % (_NAME, at), "join the stream first")
    packets = [_packet(value, at) for at in range(0, len(value), PACKET_BYTES)]
    fields: "Fields" = {"packets": packets}
    for key in _OF_THE_LAST:
        fields[key] = packets[-1][key]
    return fields


def encode_stream(fields: "GivenFields") -> bytes:
    """Return the notification with the dicts of `fields["packets"]`."""
    frame.check_keys(_NAME, fields, ("packets",) + _OF_THE_LAST)
    packets = fields["packets"]
    if not isinstance(packets, list) or not packets:
        raise TypeError("packets are a list, not %r" % (packets,))
    return b"".join([encode_packet(packet) for packet in packets])


def encode_packet(packet: "Any") -> bytes:
    """Return the five bytes of one packet; what is left out is 0, and no finger is no value."""
    frame.check_keys("a packet", packet, _PACKET_KEYS)
    number = {key: frame.checked_int(key, packet.get(key, 0), 0, most) for key, most in _NUMBERS}
    flag = {key: bool(packet.get(key)) for key in _FLAGS}
    spo2, pulse = packet.get("spo2"), packet.get("pulse_rate")
    pulse = frame.checked_int("pulse_rate", _NO_PULSE if pulse is None else pulse, 0, 255)
    first = number["signal_strength"] | number["signal_flag"] << 4
    third = number["bar_graph"] | flag["no_finger"] << 4 | flag["searching"] << 5
    return bytes(
        (
            _SYNC | first | flag["probe_unplugged"] << 5 | flag["pulse_beep"] << 6,
            number["waveform"],
            third | pulse >> 7 << 6,
            pulse & 0x7F,
            frame.checked_int("spo2", _NO_SPO2 if spo2 is None else spo2, 0, 127),
        )
    )


class Packets:
    """Finds packets in a stream; `skipped_bytes` and `dropped_packets` say what was lost."""

    def __init__(self) -> None:
        self._buffer = b""
        self._packets: "List[Packet]" = []
        self.skipped_bytes = 0
        self.dropped_packets = 0

    def receive(self, data: bytes) -> None:
        """Take one notification, wherever it is cut."""
        buffer = self._buffer + data
        at = 0
        while at < len(buffer):
            size = _whole(buffer, at)
            if size is None:
                break
            if size == PACKET_BYTES:
                self._packets.append(_packet(buffer, at))
            else:
                self.skipped_bytes += size
            at += size
        self._buffer = buffer[at:]
        if len(self._packets) > MAX_WAITING:
            self.dropped_packets += len(self._packets) - MAX_WAITING
            self._packets = self._packets[-MAX_WAITING:]

    def next_event(self) -> "Optional[Packet]":
        """Return the next packet, or NEED_DATA."""
        return self._packets.pop(0) if self._packets else NEED_DATA


def _whole(buffer: bytes, at: int) -> "Optional[int]":
    """Return 5 for a packet at `at`, how many bytes to skip, or None to wait for more."""
    if buffer[at] < _SYNC:
        return 1
    for i in range(1, PACKET_BYTES):
        if at + i >= len(buffer):
            return None
        if buffer[at + i] >= _SYNC:
            return i
    return PACKET_BYTES


def _packet(value: bytes, at: int) -> "Packet":
    first, waveform, third, low_pulse, spo2 = value[at : at + PACKET_BYTES]
    pulse = low_pulse | (third & 0x40) << 1
    return {
        "spo2": None if spo2 == _NO_SPO2 else spo2,
        "pulse_rate": None if pulse == _NO_PULSE else pulse,
        "no_finger": third & 0x10 != 0,
        "searching": third & 0x20 != 0,
        "probe_unplugged": first & 0x20 != 0,
        "pulse_beep": first & 0x40 != 0,
        "signal_strength": first & 0x0F,
        "signal_flag": first >> 4 & 1,
        "bar_graph": third & 0x0F,
        "waveform": waveform,
    }

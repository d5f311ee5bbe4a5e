"""One SNTP question and its answer (RFC 4330; the packet as in RFC 5905 section 7.3).

The question carries 64 random bits where a clock would stand (transmit timestamp): an answer
must repeat them, so who does not see our packets cannot answer for the server. That is all the
protection there is; a lie from the path is met by `hub_clock` and by the exchange's signed time.

Nothing here raises for a bad answer but `SntpError`, with the rule that it breaks.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import WireError
from varde_protocols.value import Value

if TYPE_CHECKING:
    from typing import Union

PACKET_BYTES = const(48)
NONCE_BYTES = const(8)
# Leap indicator 0, version 4, mode 3 (client); all else zero (RFC 4330 section 5).
_QUESTION_HEAD = b"\x23" + bytes(39)
_MODE_SERVER = const(4)
_LEAP_ALARM = const(3)  # the server's own clock is not set
_MAX_STRATUM = const(15)
# A server that is a second away from its own source is of no use here (RFC 4330 section 5, 7).
_MAX_ROOT_MS = const(1_000)
# 1900-01-01 to 1970-01-01 in seconds (RFC 5905 section 6), and the length of an NTP era.
_UNIX_EPOCH_S = 2_208_988_800
_ERA_S = 1 << 32
_ERA_0_FROM_S = 1 << 31  # below this, seconds count from 2036 (RFC 4330 section 3)


class SntpError(WireError):
    """An answer that breaks the rules, or a server that asks to be left alone."""


class TimeAnswer(Value):
    """UTC at the moment the answer came, and how wrong it may be."""

    FIELDS = ("utc_ms", "uncertainty_ms")
    utc_ms: int
    uncertainty_ms: int


def question(nonce: bytes) -> bytes:
    """Return the packet to send; `nonce` is 8 random bytes."""
    return _QUESTION_HEAD + nonce


def read_answer(raw: "Union[bytes, memoryview]", nonce: bytes, round_trip_ms: int) -> TimeAnswer:
    """Check the answer to `question(nonce)` that came `round_trip_ms` after it was sent.

    Raises SntpError: the packet is then to be ignored, or the server to be left alone.
    """
    if len(raw) < PACKET_BYTES:
        raise SntpError("sntp-short", "SNTP answer", "ask another server")
    if raw[0] & 7 != _MODE_SERVER:
        raise SntpError("sntp-mode", "SNTP answer", "only mode 4 answers a client")
    if raw[24:32] != nonce:
        raise SntpError("sntp-originate", "SNTP answer", "it answers somebody else's question")
    if raw[1] == 0:
        raise SntpError("sntp-kiss-of-death", "SNTP answer", "ask less often")
    if raw[1] > _MAX_STRATUM or raw[0] >> 6 == _LEAP_ALARM:
        raise SntpError("sntp-unsynchronised", "SNTP server", "ask another server")
    return _time_of(raw, round_trip_ms)


def _time_of(raw: "Union[bytes, memoryview]", round_trip_ms: int) -> TimeAnswer:
    root_ms = _short_ms(raw, 4) // 2 + _short_ms(raw, 8)  # half the delay, and the dispersion
    if root_ms > _MAX_ROOT_MS:
        raise SntpError("sntp-distance", "SNTP server", "ask another server")
    received_ms = _timestamp_ms(raw, 32)
    sent_ms = _timestamp_ms(raw, 40)
    away_ms = sent_ms - received_ms
    if not 0 <= away_ms <= round_trip_ms:
        raise SntpError("sntp-order", "SNTP answer", "it was sent before it was asked for")
    half_ms = (round_trip_ms - away_ms + 1) // 2
    return TimeAnswer(sent_ms + half_ms, half_ms + root_ms + 1)  # 1: all were cut to whole ms


def _uint32(raw: "Union[bytes, memoryview]", at: int) -> int:
    return raw[at] << 24 | raw[at + 1] << 16 | raw[at + 2] << 8 | raw[at + 3]


def _short_ms(raw: "Union[bytes, memoryview]", at: int) -> int:
    """Return an NTP short (16.16 s) in ms, rounded up."""
    return (_uint32(raw, at) * 1000 + 0xFFFF) >> 16


def _timestamp_ms(raw: "Union[bytes, memoryview]", at: int) -> int:
    """Return an NTP timestamp (32.32 s) as Unix ms."""
    seconds = _uint32(raw, at)
    if seconds < _ERA_0_FROM_S:
        seconds += _ERA_S
    return (seconds - _UNIX_EPOCH_S) * 1000 + (_uint32(raw, at + 4) * 1000 >> 32)

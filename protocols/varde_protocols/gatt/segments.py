"""Values in segments: Blood Pressure Record 0x2B36, and the joining of segments of any value.

Each segment begins with a byte: bit 0 first, bit 1 last, bits 2-7 a counter that goes on from one
segment to the next and wraps (Blood Pressure Service 1.1.1, 3.5; Generic Health Sensor Service
1.0). A Blood Pressure Record holds a stored value of another characteristic, `uuid16`.

`Segments` is a stream codec: give it each notification, take each whole value. A lost segment
ends it with a GattError, and a new one has to be made.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import GattError

from . import field, frame, layout

if TYPE_CHECKING:
    from typing import List, Optional

    from .layout import Fields, GivenFields

NEED_DATA = None
MAX_VALUE_BYTES = 4096
"""The longest joined value: eight times what one attribute may hold; more is no measurement."""

_FIRST = const(0x01)
_LAST = const(0x02)
_COUNTER_SHIFT = const(2)
_COUNTER_MOST = const(63)

_RECORD = layout.Layout(
    "2B36",
    1,
    (
        (layout.ALWAYS, "sequence", field.Uint(2)),
        (layout.ALWAYS, "uuid16", field.Uint(2)),
        (layout.ALWAYS, "data_hex", field.Rest()),
    ),
    also=("first_segment", "last_segment", "segment_counter"),
)


def decode_header(header: int) -> "Fields":
    """Return first_segment, last_segment and segment_counter."""
    return {
        "first_segment": header & _FIRST != 0,
        "last_segment": header & _LAST != 0,
        "segment_counter": header >> _COUNTER_SHIFT,
    }


def encode_header(fields: "GivenFields") -> int:
    """Return the segment byte; a value is whole in one segment unless `fields` say otherwise."""
    counter = fields.get("segment_counter", 0)
    header = frame.checked_int("segment_counter", counter, 0, _COUNTER_MOST) << _COUNTER_SHIFT
    header |= _FIRST if fields.get("first_segment", True) else 0
    return header | (_LAST if fields.get("last_segment", True) else 0)


def split(value: bytes, most_bytes: int, counter: int = 0) -> "List[bytes]":
    """Return `value` as segments of at most `most_bytes` (2 or more), numbered from `counter`."""
    parts = [value[at : at + most_bytes - 1] for at in range(0, len(value), most_bytes - 1)]
    frames = []
    for i, part in enumerate(parts or [b""]):
        fields: "Fields" = {
            "first_segment": i == 0,
            "last_segment": i >= len(parts) - 1,
            "segment_counter": counter + i & _COUNTER_MOST,
        }
        frames.append(bytes((encode_header(fields),)) + part)
    return frames


class Segments:
    """Joins segments to values; `name` is the characteristic's, for errors."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._part: "Optional[bytes]" = None  # of an unfinished value
        self._next_counter = 0
        self._values: "List[bytes]" = []
        self._error: "Optional[GattError]" = None

    def receive(self, data: bytes) -> None:
        """Take one notification or indication.

        Raises GattError: "truncated" (empty), "lost-segment", "value-too-long"; then for ever.
        """
        if self._error is None:
            self._error = self._fault(data)
        if self._error is not None:
            raise self._error
        header = data[0]
        part = data[1:] if header & _FIRST else (self._part or b"") + data[1:]
        self._next_counter = (header >> _COUNTER_SHIFT) + 1 & _COUNTER_MOST
        self._part = None if header & _LAST else part
        if header & _LAST:
            self._values.append(part)

    def next_event(self) -> "Optional[bytes]":
        """Return the next whole value without its segment bytes, or NEED_DATA."""
        return self._values.pop(0) if self._values else NEED_DATA

    def _fault(self, data: bytes) -> "Optional[GattError]":
        if not data:
            return frame.truncated(self._name + " segment", 0, 1, 0)
        counter, is_first = data[0] >> _COUNTER_SHIFT, data[0] & _FIRST != 0
        where = "%s segment %d" % (self._name, counter)
        if is_first != (self._part is None) or not (is_first or counter == self._next_counter):
            return GattError("lost-segment", where, "keep the segments, ask for the value again")
        if len(data) - 1 + len(self._part or b"") > MAX_VALUE_BYTES:
            return GattError("value-too-long", where, "%d bytes at most" % MAX_VALUE_BYTES)
        return None


def decode_blood_pressure_record(value: bytes) -> "Fields":
    """Return first_segment, last_segment, segment_counter, sequence, uuid16 and data_hex.

    Raises GattError: "truncated".
    """
    flags, fields = _RECORD.decode(value)
    fields.update(decode_header(flags))
    return fields


def encode_blood_pressure_record(fields: "GivenFields") -> bytes:
    """Return the frame of `fields`, keyed as `decode_blood_pressure_record` returns them."""
    return _RECORD.encode(fields, encode_header(fields))

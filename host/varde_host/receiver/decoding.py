"""Decode a value as the receiver shows it: the shared decoders, and what a stored record holds.

A Blood Pressure Record 2B36 holds a value of another characteristic, which is decoded into
`recorded` when the record is whole. Of a segment that is not the first, only the segment's byte
and its data are read: sequence and UUID stand in the first.

A test reading (`varde_protocols.test_readings`) is told by what it is, says its run and its
number, and nobody hands it on (`source`).
"""

from __future__ import annotations

from collections.abc import Mapping

from varde_protocols import assigned, gatt, test_readings
from varde_protocols.errors import GattError
from varde_protocols.gatt import segments

STORED_RECORD = 0x2B36
ALTERED = "test-altered"
"""The error of a test reading that is not as a hub made it."""
SEGMENTED = {STORED_RECORD: "2B36", 0x2B8B: "2B8B", 0x2BDD: "2BDD"}
_ONLY_SEGMENT = b"\x03"  # first and last
_SEGMENT_KEYS = ("first_segment", "last_segment", "segment_counter")


def decode(characteristic: int, value: bytes, model: str) -> Mapping[str, object]:
    """Return the fields of a value. Raises GattError."""
    if characteristic == assigned.TEST:
        return _test(value)
    if characteristic == STORED_RECORD:
        return _stored_record(value, model)
    return gatt.decode(characteristic, value, model)


def decode_joined(characteristic: int, body: bytes, model: str) -> Mapping[str, object]:
    """Return the fields of a value that came in segments, joined without their bytes."""
    fields = dict(decode(characteristic, _ONLY_SEGMENT + body, model))
    for key in _SEGMENT_KEYS:
        del fields[key]
    return fields


def is_whole_segment(value: bytes) -> bool:
    """Whether a segment is the first and the last."""
    return value[:1] != b"" and value[0] & _ONLY_SEGMENT[0] == _ONLY_SEGMENT[0]


def body(characteristic: int | None, value: bytes) -> bytes:
    """Return what was measured, without the counter of a segment that holds all of it."""
    if characteristic in SEGMENTED and is_whole_segment(value):
        return value[1:]
    return value


def _test(value: bytes) -> Mapping[str, object]:
    known = test_readings.read(value)
    if known is None:
        raise GattError(ALTERED, "test reading", "find out where on the way it changed")
    return {"test_run": known.run.hex(), "test_number": known.number, "test_count": known.count}


def _stored_record(value: bytes, model: str) -> Mapping[str, object]:
    fields: dict[str, object]
    if value and not segments.decode_header(value[0])["first_segment"]:
        fields = {"sequence": None, "uuid16": None, "data_hex": value[1:].hex()}
        fields.update(segments.decode_header(value[0]))
    else:
        fields = dict(gatt.decode(STORED_RECORD, value, model))
    fields["recorded"] = None
    uuid16 = fields["uuid16"]
    if isinstance(uuid16, int) and is_whole_segment(value):
        fields["recorded"] = _recorded(uuid16, bytes.fromhex(str(fields["data_hex"])), model)
    return fields


def _recorded(uuid16: int, value: bytes, model: str) -> Mapping[str, object] | None:
    """Return the fields of the value in a record; None if it cannot be read, its bytes stay."""
    try:
        return dict(gatt.decode(uuid16, value, model))
    except GattError:
        return None

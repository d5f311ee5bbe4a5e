"""Generic Health Sensor Service 1.0: observations, live 0x2B8B and stored 0x2BDD.

Behind the segment byte (`segments`): in 0x2BDD the u32 record number; then u8 class, u16 length
of what follows, u16 flags, and by flag: type, time stamp (`elapsed_time`), duration, status,
object id, patient, supplemental codes, derived from, has member, TLVs; then the value. Types,
units and codes are MDC numbers, partition x 65536 + term. `status` is raw: bit 0 invalid,
1 questionable, 2 not available, 4 calibrating, 5 test data, 6 early estimate, 14 and 15
thresholds.

Numeric and compound observations are read; the values of other classes, and all that follows a
TLV or a component of another class, are given raw in `rest_hex`. A value that is not whole in
one segment is given raw in `data_hex`; join it with `segments.Segments` and give it to
`decode_observation`. No product was at hand: the order of fields is that of the service, the
sizes of patient (u8), codes (u8 count, u32 each) and components (u32 type, u8 class) those of
philips-labs/BLE-GHS-Client-Example, app/src/main/java/com/philips/bleclient/observations.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import decimal_field, elapsed_time, field, frame, segments

if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    from .layout import Fields, GivenFields

_NUMERIC = const(1)
_COMPOUND = const(7)
_CLASSES = {1: "numeric", 2: "discrete", 3: "string", 4: "sample-array", 5: "compound-discrete",
            6: "compound-state", 7: "compound", 8: "tlv", 0xFF: "bundle"}  # fmt: skip
_CLASS_CODES = {name: code for code, name in _CLASSES.items()}

_FLAG_TYPE = const(0x0001)
_FLAG_TIME_STAMP = const(0x0002)
_FLAG_TLVS = const(0x0200)
_HEAD_BYTES = const(3)  # class and length, which the length does not count
_LIST_MOST = const(255)

_U8, _U16, _U32 = field.Uint(1), field.Uint(2), field.Uint(4)
_FLOAT = decimal_field.Float()
_OPTIONAL = (
    (0x0004, "duration_s", _FLOAT),
    (0x0008, "status", _U16),
    (0x0010, "object_id", _U32),
    (0x0020, "patient", _U8),
)
_LISTS = ((0x0040, "supplemental"), (0x0080, "derived_from"), (0x0100, "has_member"))
_KEYS = ("record_number", "class", "type", "timestamp", "clock", "duration_s", "status",
         "object_id", "patient", "supplemental", "derived_from", "has_member", "has_tlvs",
         "unit", "value", "components", "component_count", "rest_hex", "data_hex")  # fmt: skip
_SEGMENT_KEYS = ("first_segment", "last_segment", "segment_counter")


def decode_live(value: bytes) -> "Fields":
    """Return the segment's fields and the observation's, if the one holds the other.

    Raises GattError: "truncated", "over-long", "out-of-range" (class).
    """
    return _decode(value, "2B8B")


def encode_live(fields: "GivenFields") -> bytes:
    """Return one segment with the observation of `fields`; `segments.split` makes several."""
    return _encode(fields, False)


def decode_stored(value: bytes) -> "Fields":
    """Return the same for a stored observation, with its record_number."""
    return _decode(value, "2BDD")


def encode_stored(fields: "GivenFields") -> bytes:
    """Return one segment with the stored observation of `fields`."""
    return _encode(fields, True)


def decode_observation(body: bytes, name: str = "2B8B") -> "Fields":
    """Return the fields of a joined value, without its segment bytes.

    All keys of `decode_live` but those of the segment. `clock` is the time stamp as
    `elapsed_time` has it, `timestamp` its date; `components` is a list of dicts with type, unit
    and value.
    """
    fields: "Fields" = dict.fromkeys(_KEYS)
    reader = _Reader(body, name)
    if name == "2BDD":
        fields["record_number"] = reader.take(_U32, "record_number")
    code = reader.take(_U8, "class")
    if code not in _CLASSES:
        raise frame.reserved(name + " class", reader.at - 1, code)
    fields["class"] = _CLASSES[code]
    reader.bound(reader.take(_U16, "length"))
    flags = reader.take(_U16, "flags")
    _read_attributes(reader, flags, fields)
    fields["has_tlvs"] = flags & _FLAG_TLVS != 0
    if code == _NUMERIC and not fields["has_tlvs"]:
        fields["unit"] = reader.take(_U32, "unit")
        fields["value"] = reader.take(_FLOAT, "value")
    elif code == _COMPOUND and not fields["has_tlvs"]:
        _read_components(reader, fields)
    else:
        fields["rest_hex"] = reader.rest()
    reader.finish()
    return fields


def encode_observation(fields: "GivenFields", is_stored: bool = False) -> bytes:
    """Return the joined value of `fields`, keyed as `decode_observation` returns them."""
    flags, body = _attributes(fields)
    if fields["class"] == "numeric" and not fields.get("has_tlvs"):
        body += _U32.encode(fields["unit"]) + _FLOAT.encode(fields["value"])
    elif fields["class"] == "compound" and not fields.get("has_tlvs"):
        body += _components(fields)
    rest = fields.get("rest_hex")
    body += b"" if rest is None else field.from_hex(rest)
    head = _U8.encode(_CLASS_CODES.get(str(fields["class"]))) + _U16.encode(len(body) + 2)
    number = _U32.encode(fields["record_number"]) if is_stored else b""
    return number + head + _U16.encode(flags) + body


def _decode(value: bytes, name: str) -> "Fields":
    if not value:
        raise frame.truncated(name + " segment", 0, 1, 0)
    fields = segments.decode_header(value[0])
    if fields["first_segment"] and fields["last_segment"]:
        fields.update(decode_observation(value[1:], name))
    else:
        for key in _KEYS:
            fields[key] = None
        fields["data_hex"] = field.to_hex(value[1:])
    return fields


def _encode(fields: "GivenFields", is_stored: bool) -> bytes:
    frame.check_keys("an observation", fields, _KEYS + _SEGMENT_KEYS)
    header = bytes((segments.encode_header(fields),))
    if fields.get("data_hex") is not None:
        return header + field.from_hex(fields["data_hex"])
    return header + encode_observation(fields, is_stored)


class _Reader:
    """Walks a value, checking the length before each field."""

    def __init__(self, value: bytes, name: str) -> None:
        self._value = value
        self._name = name
        self._end = len(value)
        self.at = 0

    def take(self, kind: "field.Kind", key: str) -> "Any":
        """Return the field's value and step over it."""
        end = self.at + kind.size_bytes
        place = "%s %s" % (self._name, key)
        if end > self._end:
            raise frame.truncated(place, self.at, kind.size_bytes, self._end - self.at)
        found = kind.decode(self._value, self.at, place)
        self.at = end
        return found

    def bound(self, length: int) -> None:
        """Let the observation end `length` bytes from here."""
        left = len(self._value) - self.at
        if length > left:
            raise frame.truncated(self._name + " length", self.at, length, left)
        self._end = self.at + length

    def left(self) -> int:
        return self._end - self.at

    def structure(self, size_bytes: int, key: str) -> bytes:
        if self.left() < size_bytes:
            place = "%s %s" % (self._name, key)
            raise frame.truncated(place, self.at, size_bytes, self.left())
        self.at += size_bytes
        return self._value[self.at - size_bytes : self.at]

    def rest(self) -> str:
        data = self._value[self.at : self._end]
        self.at = self._end
        return field.to_hex(data)

    def finish(self) -> None:
        if self.at != len(self._value):
            raise frame.over_long(self._name, self.at, len(self._value) - self.at)


def _read_attributes(reader: _Reader, flags: int, fields: "Fields") -> None:
    if flags & _FLAG_TYPE:
        fields["type"] = reader.take(_U32, "type")
    if flags & _FLAG_TIME_STAMP:
        raw = reader.structure(elapsed_time.SIZE_BYTES, "timestamp")
        fields["clock"] = clock = elapsed_time.decode_structure(raw)
        fields["timestamp"] = clock.pop("timestamp")
    for flag, key, kind in _OPTIONAL:
        if flags & flag:
            fields[key] = reader.take(kind, key)
    for flag, key in _LISTS:
        if flags & flag:
            fields[key] = [reader.take(_U32, key) for _ in range(reader.take(_U8, key))]


def _attributes(fields: "GivenFields") -> "Tuple[int, bytes]":
    flags, body = 0, b""
    if fields.get("type") is not None:
        flags, body = _FLAG_TYPE, _U32.encode(fields["type"])
    clock = fields.get("clock")
    if isinstance(clock, dict):
        flags |= _FLAG_TIME_STAMP
        body += elapsed_time.encode_structure(clock)
    for flag, key, kind in _OPTIONAL:
        if fields.get(key) is not None:
            flags |= flag
            body += kind.encode(fields[key])
    for flag, key in _LISTS:
        codes = fields.get(key)
        if isinstance(codes, list):
            flags |= flag
            frame.checked_int(key, len(codes), 0, _LIST_MOST)
            body += _U8.encode(len(codes)) + b"".join([_U32.encode(code) for code in codes])
    return flags | (_FLAG_TLVS if fields.get("has_tlvs") else 0), body


def _read_components(reader: _Reader, fields: "Fields") -> None:
    """Read numeric components up to the first of another class, which begins `rest_hex`."""
    fields["component_count"] = count = reader.take(_U8, "component_count")
    components: "List[Dict[str, Any]]" = []
    for _ in range(count):
        start = reader.at
        kind = reader.take(_U32, "component type")
        if reader.take(_U8, "component class") != _NUMERIC:
            reader.at = start
            fields["rest_hex"] = reader.rest()
            break
        unit = reader.take(_U32, "component unit")
        value = reader.take(_FLOAT, "component value")
        components.append({"type": kind, "unit": unit, "value": value})
    fields["components"] = components


def _components(fields: "GivenFields") -> bytes:
    components = fields["components"]
    if not isinstance(components, list):
        raise TypeError("components are a list, not %r" % (components,))
    count: "Optional[Any]" = fields.get("component_count")
    body = _U8.encode(len(components) if count is None else count)
    for one in components:
        if not isinstance(one, dict):
            raise TypeError("a component is a dict, not %r" % (one,))
        body += _U32.encode(one["type"]) + _U8.encode(_NUMERIC)
        body += _U32.encode(one["unit"]) + _FLOAT.encode(one["value"])
    return body

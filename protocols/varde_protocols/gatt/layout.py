"""One characteristic as a table of its fields, walked in both directions.

A measurement characteristic starts with flags; optional fields follow in the order of their flag
bits. The walk checks the length before each field. Three rules follow from the specification and
from what devices do:

- a frame that ends early is refused ("truncated"), naming the field and the byte;
- flag bits that the table does not know are reserved for future use, and are ignored;
- bytes after the last known field are refused ("over-long"). The specification would let a reader
  skip them. But cuffs are sold that send a field whose flag is clear, so that everything after it
  means something else; a frame that does not add up must not come out as a normal reading. Its
  bytes are kept in the record, so a decoder that knows the model can still read it.
"""

from varde_protocols._compat import TYPE_CHECKING

from . import frame

if TYPE_CHECKING:
    from typing import Any, Dict, List, Mapping, Tuple, Union

    from . import field, number

    # A dict is fields in their turn: of a structure inside, or of one of several.
    FieldValue = Union[
        int, bool, str, number.Number, None, List[int], Dict[str, Any], List[Dict[str, Any]]
    ]
    Fields = Dict[str, FieldValue]  # an absent field is None
    GivenFields = Mapping[str, FieldValue]
    Row = Tuple[int, str, field.Kind]

ALWAYS = 0  # in a row, instead of a flag: the field is in every frame


class Layout:
    """Rows of (flag, field name, kind) in wire order, after `flags_bytes` of flags.

    `also` names the keys that stand for flag bits; the caller reads and writes those.
    """

    def __init__(
        self, name: str, flags_bytes: int, rows: "Tuple[Row, ...]", also: "Tuple[str, ...]" = ()
    ) -> None:
        self._name = name
        self._flags_bytes = flags_bytes
        self._rows = [(flag, key, kind, "%s %s" % (name, key)) for flag, key, kind in rows]
        self._keys = [row[1] for row in rows] + list(also)

    def decode(self, value: bytes) -> "Tuple[int, Fields]":
        """Return the flags and every field of `value`; GattError if it is not such a frame."""
        at = self._flags_bytes
        if len(value) < at:
            raise frame.truncated(self._name + " flags", 0, at, len(value))
        flags = int.from_bytes(value[:at], "little")
        fields: "Fields" = {}
        for flag, key, kind, place in self._rows:
            if flag and not flags & flag:
                fields[key] = None
                continue
            end = at + kind.size_bytes
            if end > len(value):
                raise frame.truncated(place, at, kind.size_bytes, len(value) - at)
            fields[key] = kind.decode(value, at, place)
            at = end if kind.size_bytes else len(value)
        if at != len(value):
            raise frame.over_long(self._name, at, len(value) - at)
        return flags, fields

    def encode(self, fields: "GivenFields", flags: int = 0) -> bytes:
        """Return the frame with the fields that are given and not None, and their flags.

        Raises ValueError or TypeError for an unknown key, for a field that must be there and is
        not (so also for half of a pair that shares a flag), and for what does not fit.
        """
        frame.check_keys(self._name, fields, self._keys)
        for flag, key, _, _ in self._rows:
            if fields.get(key) is not None:
                flags |= flag
        data = flags.to_bytes(self._flags_bytes, "little") if self._flags_bytes else b""
        for flag, key, kind, _ in self._rows:
            if not flag or flags & flag:
                data += kind.encode(fields.get(key))
        return data

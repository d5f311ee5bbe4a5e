"""Checks of a message's fields, with the error class and the codes of the format that owns it.

    _checks = FieldChecks(RecordError, "record")
    _checks.uint(seq, 0, MAX_SEQ, "seq")        # RecordError, code "record-range"

A check returns nothing, or raises.
"""

from ._compat import TYPE_CHECKING, const
from .cbor_scalars import key_bytes

if TYPE_CHECKING:
    from typing import Any

    from .errors import WireError

_MAX_SHOWN = const(40)  # how much of a peer's text an error repeats


class FieldChecks:
    """Raises `error` with the codes `<prefix>-range`, `-shape`, `-unknown-key`, `-missing-key`."""

    def __init__(self, error: "type[WireError]", prefix: str) -> None:
        self._error = error
        self._prefix = prefix

    def _fault(self, code: str, where: str, hint: str) -> "WireError":
        return self._error("%s-%s" % (self._prefix, code), where, hint)

    def uint(self, number: "Any", low: int, high: int, name: str) -> None:
        """`number` is an int of low..high."""
        if type(number) is not int or not low <= number <= high:
            raise self._fault("range", name, "send an integer of %d to %d" % (low, high))

    def byte_string(self, data: "Any", low: int, high: int, name: str) -> None:
        """`data` is a byte string of low..high bytes.

        A decoder gives bytes only, so a buffer that can still change is ours: TypeError.
        """
        if type(data) is bytearray or type(data) is memoryview:
            raise TypeError("%s is a buffer; give bytes" % name)
        if type(data) is not bytes or not low <= len(data) <= high:
            raise self._fault("range", name, "send %d to %d bytes" % (low, high))

    def text(self, text: "Any", low: int, high: int, name: str) -> None:
        """`text` is a text string of low..high bytes of UTF-8."""
        if type(text) is not str or not low <= len(text.encode()) <= high:
            raise self._fault("range", name, "send text of %d to %d bytes" % (low, high))

    def values(self, fields: "Any", count: int, name: str) -> "list[Any]":
        """Return the values of a map with exactly the keys 1..count, in their order."""
        self.keys(fields, count, name)
        return [fields[key] for key in range(1, count + 1)]

    def keys(self, fields: "Any", count: int, name: str) -> None:
        """`fields` is a map with exactly the keys 1..count.

        Of several unknown keys the first on the wire is named: dicts have no order of their own.
        """
        if type(fields) is not dict:
            raise self._fault("shape", name, "send a map")
        unknown = [key for key in fields if type(key) is not int or not 1 <= key <= count]
        if unknown:
            where = "%s key %s" % (name, shown(least_key(unknown)))
            raise self._fault("unknown-key", where, "leave it out")
        for key in range(1, count + 1):
            if key not in fields:
                raise self._fault("missing-key", "%s key %d" % (name, key), "send it")


def least_key(keys: "list[Any]") -> "Any":
    """Return the one of some map keys that stands first on the wire (RFC 8949 section 4.2.1)."""
    return min(keys, key=key_bytes)


def shown(key: "Any") -> str:
    """Return a peer's map key as an error may repeat it."""
    return repr(key)[:_MAX_SHOWN]

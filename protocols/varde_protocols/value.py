"""A small stand-in for `dataclasses`, which MicroPython lacks.

A subclass lists its fields, in order, in `FIELDS` and annotates them at class level:

    class Anchor(Value):
        FIELDS = ("seq", "utc_ms")
        seq: int
        utc_ms: int

        def _check(self) -> None:
            if self.utc_ms < 0:
                raise RecordError("anchor-time", "anchor", "utc_ms must not be negative")

Values are immutable by habit: nothing stops an assignment, nobody makes one.
"""

from ._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class Value:
    """Equal by type and field values, hashable if its fields are, validated when built."""

    FIELDS: "tuple[str, ...]" = ()

    def __init__(self, *args: "Any", **named: "Any") -> None:
        """Take every field once, positionally in the order of FIELDS or by name.

        Raises TypeError (ours) for a missing, doubled or unknown field, and what `_check` raises.
        """
        fields = self.FIELDS
        if len(args) + len(named) != len(fields):
            raise TypeError(
                "%s takes %d fields, got %d"
                % (type(self).__name__, len(fields), len(args) + len(named))
            )
        for name, value in zip(fields, args):
            setattr(self, name, value)
        for name in fields[len(args) :]:
            if name not in named:
                raise TypeError("%s misses field %s" % (type(self).__name__, name))
            setattr(self, name, named[name])
        self._check()

    def _check(self) -> None:
        """Raise if the fields do not make a legal value; overridden by subclasses."""

    def _items(self) -> "tuple[Any, ...]":
        return tuple([getattr(self, name) for name in self.FIELDS])

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._items() == other._items()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._items()))

    def __repr__(self) -> str:
        shown = ", ".join(["%s=%r" % (name, getattr(self, name)) for name in self.FIELDS])
        return "%s(%s)" % (type(self).__name__, shown)

"""Values that a sensor sent in several records, put together.

Three kinds of value do not always fit in one notification: body composition 2A9C (two frames,
both flagged), what comes in segments (2B8B, 2BDD, 2B36), and the answers of a Viatom ring. The
hub keeps every frame as a record of its own. Here they are joined again, if they are

- of one hub, slot, characteristic and sensor address, in the order of their numbers,
- of one boot, and each at most MAX_APART_MS after the one before, and
- nothing that is not known lies between: no missing number, no record that cannot be verified,
  and in that slot and characteristic none that cannot be opened.

The row of the last part gets the fields of the whole. Parts that do not come to a whole keep what
they say by themselves, and the error "missing-parts"; what arrives later may still mend that. No
row is left out, and none is made.

The second frame of a scale says nothing of the first. If the radio lost the second of one
weighing and the first of the next, both within MAX_APART_MS, nobody could tell; but they are
indicated, one after the other is confirmed.

A sensor that did not learn that a part was kept sends it again. The same bytes directly after a
part, or after the last one, are that part *again*: they belong to the whole and add nothing. Only
a ring's answers are without that: there equal pieces may follow each other.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from varde_host.receiver import decoding
from varde_protocols import assigned
from varde_protocols.errors import GattError
from varde_protocols.gatt import body_composition, segments, viatom_frames

if TYPE_CHECKING:
    from varde_host.receiver.opening import Row

MISSING_PARTS = "missing-parts"
MAX_APART_MS = 30_000
"""A sensor that waits longer for the confirmation of a part must give the connection up (Core
Specification 5.4, Vol 3, Part F, 3.3.3)."""

_BODY_COMPOSITION = 0x2A9C
_RING = "viatom-o2ring"

_Decode = Callable[[int, bytes, str], Mapping[str, object]]

# What a part is to those before it.
_GOES_ON, _ENDS, _AGAIN, _STRANGE = "goes on", "ends", "again", "strange"


@dataclass(frozen=True, eq=False)
class Whole:
    """A value put together; its rows share this object.

    `parts`: the numbers of the records, in order; what came again is not among them. `value`:
    what two of them have in common if they are the same measurement. `error`: why the joined
    value could not be decoded.
    """

    parts: tuple[int, ...]
    value: bytes
    fields: Mapping[str, object] = field(default_factory=dict)
    error: str | None = None


class _Pair:
    """2A9C: the second frame has what found no room in the first."""

    def __init__(self, row: Row) -> None:
        self._fields: dict[str, Any] = dict(row.fields)
        self._value = _bytes(row)
        if not row.fields.get("multiple_packet"):
            raise GattError("whole", "2A9C", "no part of anything")

    def take(self, row: Row) -> str:
        if not row.fields.get("multiple_packet"):
            return _STRANGE
        for key in ("timestamp", "user_id"):  # stand at the beginning: then this one begins
            if self._fields[key] is None and row.fields[key] is not None:
                return _STRANGE
        try:
            second: dict[str, Any] = dict(row.fields)
            self._fields = body_composition.merge(self._fields, second)
        except GattError:
            return _STRANGE
        self._value += _bytes(row)
        return _ENDS

    def whole(self, parts: tuple[int, ...], _row: Row) -> Whole:
        return Whole(parts, self._value, self._fields)


class _Segmented:
    """What has a segment byte before each part."""

    def __init__(self, row: Row) -> None:
        value = _bytes(row)
        if decoding.is_whole_segment(value):
            raise GattError("whole", "segment", "no part of anything")
        self._segments = segments.Segments(decoding.SEGMENTED[row.characteristic or 0])
        self._segments.receive(value)
        self._body = b""

    def take(self, row: Row) -> str:
        try:
            self._segments.receive(_bytes(row))
        except GattError:
            return _STRANGE
        joined = self._segments.next_event()
        if joined is None:
            return _GOES_ON
        self._body = joined
        return _ENDS

    def whole(self, parts: tuple[int, ...], row: Row) -> Whole:
        return _decoded(parts, self._body, row, decoding.decode_joined)


class _Answer:
    """An answer of a ring, which says its size in its head and has a CRC at its end.

    The CRC has eight bits: of 256 wrong sums one is right. So the pieces must fit as well: all of
    the first one's size but the last, which is not larger, and none that looks like a beginning.
    """

    def __init__(self, row: Row) -> None:
        self._value = _bytes(row)
        self._piece_bytes = len(self._value)
        size = viatom_frames.frame_bytes(self._value)
        if not self._value or (size is not None and len(self._value) >= size):
            raise GattError("whole", "10021", "no part of anything")

    def take(self, row: Row) -> str:
        piece = _bytes(row)
        joined = self._value + piece
        try:
            size = viatom_frames.frame_bytes(joined)
            is_whole = size is not None and len(joined) >= size
            if is_whole:
                viatom_frames.decode_frame(joined)
        except GattError:
            return _STRANGE
        is_cut = len(piece) != self._piece_bytes
        if not piece or len(piece) > self._piece_bytes or (is_cut and not is_whole):
            return _STRANGE
        if _begins_an_answer(piece):
            return _STRANGE
        self._value = joined
        return _ENDS if is_whole else _GOES_ON

    def whole(self, parts: tuple[int, ...], row: Row) -> Whole:
        return _decoded(parts, self._value, row, decoding.decode)


_Kind = type[_Pair] | type[_Segmented] | type[_Answer]


class _Unfinished:
    """The parts of one value so far, by the places of their rows; after the end, what may still
    come again."""

    def __init__(self, place: int, row: Row) -> None:
        """Raises GattError if nothing begins with `row`."""
        kind = _kind(row)
        if kind is None:
            raise TypeError("this characteristic has no parts")
        self._joiner = kind(row)
        self._is_answer = kind is _Answer
        self._last = row
        self.parts = [place]
        self.again: list[tuple[int, int]] = []  # place, and which part it is
        self.whole: Whole | None = None

    def take(self, place: int, row: Row, rows: Sequence[Row]) -> str:
        """Say what `row` is to this value, and take it unless it is strange."""
        if not _is_near(self._last, row):
            return _STRANGE
        if not self._is_answer and _bytes(row) == _bytes(self._last):
            self.again.append((place, len(self.parts) - 1))
            return _AGAIN
        verdict = _STRANGE if self.whole else self._joiner.take(row)
        if verdict != _STRANGE:
            self.parts.append(place)
            self._last = row
        if verdict == _ENDS:
            numbers = tuple(rows[part].seq for part in self.parts)
            self.whole = self._joiner.whole(numbers, row)
        return verdict

    def given_up(self) -> list[int]:
        """Return the places of parts that may belong to the next value; this one will not end.

        What goes on in an answer cannot be told from what begins one but by the CRC at its end.
        """
        if self.whole or not self._is_answer:
            return []
        self.parts, freed = self.parts[:1], self.parts[1:]
        return freed

    def written_into(self, rows: list[Row]) -> None:
        """Let the rows say what they are."""
        whole = self.whole
        if whole is None:
            for place in [*self.parts, *(place for place, _ in self.again)]:
                rows[place] = replace(rows[place], error=MISSING_PARTS)
            return
        for part, place in enumerate(self.parts):
            rows[place] = replace(rows[place], error=None, whole=whole, part=part)
        last = self.parts[-1]
        rows[last] = replace(rows[last], fields=whole.fields, error=whole.error)
        for place, part in self.again:
            rows[place] = replace(rows[place], error=None, whole=whole, part=part, is_again=True)


class _Assembler:
    """Goes through one hub's rows; `unfinished` by slot, characteristic and sensor address."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._unfinished: dict[tuple[object, ...], _Unfinished] = {}
        self.done: list[_Unfinished] = []

    def take(self, place: int, row: Row) -> None:
        if row.slot is None:
            self.forget()
        elif row.content is None:
            self.forget(row.slot, row.characteristic)
        elif _kind(row) is not None:
            self._take_parts((row.slot, row.characteristic, row.content.address), [place])

    def forget(self, *start: object) -> None:
        """What comes after this row may belong to something that is not known."""
        for key in [key for key in self._unfinished if key[: len(start)] == start]:
            while key in self._unfinished:
                self._take_parts(key, self._unfinished.pop(key).given_up())

    def _take_parts(self, key: tuple[object, ...], places: list[int]) -> None:
        while places:
            place = places.pop(0)
            current = self._unfinished.get(key)
            if current is None:
                self._begin(key, place)
            elif current.take(place, self._rows[place], self._rows) == _STRANGE:
                del self._unfinished[key]
                places = [*current.given_up(), place, *places]

    def _begin(self, key: tuple[object, ...], place: int) -> None:
        try:
            begun = _Unfinished(place, self._rows[place])
        except GattError:
            return
        self.done.append(begun)
        self._unfinished[key] = begun


def join(rows: Sequence[Row], gaps: Sequence[int] = ()) -> list[Row]:
    """Return one hub's rows with the values that came in parts put together.

    `rows` are in order of their numbers; `gaps` are the numbers, in order, of the records before
    which one is missing.
    """
    assembler = _Assembler(rows)
    before = 0
    for place, row in enumerate(rows):
        if bisect.bisect(gaps, row.seq) > bisect.bisect(gaps, before):
            assembler.forget()
        before = row.seq
        assembler.take(place, row)
    assembler.forget()
    joined = [_orphan(row) for row in rows]
    for each in assembler.done:
        each.written_into(joined)
    return joined


def _orphan(row: Row) -> Row:
    """Mark a segment that continues something; a whole that it belongs to takes that back."""
    if row.characteristic in decoding.SEGMENTED and row.error is None and row.content is not None:
        is_first = row.fields["first_segment"]
        return row if is_first else replace(row, error=MISSING_PARTS)
    return row


def _kind(row: Row) -> _Kind | None:
    if row.content is None:
        return None
    if row.characteristic == _BODY_COMPOSITION:
        return _Pair
    if row.characteristic in decoding.SEGMENTED:
        return _Segmented
    is_ring = row.characteristic == assigned.VIATOM_NOTIFY and row.content.model == _RING
    return _Answer if is_ring else None


def _begins_an_answer(piece: bytes) -> bool:
    try:
        return viatom_frames.frame_bytes(piece) is not None
    except GattError:
        return False


def _is_near(before: Row, row: Row) -> bool:
    if before.uptime_ms is None or row.uptime_ms is None or before.boot != row.boot:
        return False
    return abs(row.uptime_ms - before.uptime_ms) <= MAX_APART_MS


def _bytes(row: Row) -> bytes:
    if row.content is None:
        raise TypeError("only what was opened has a value")
    return row.content.value


def _decoded(parts: tuple[int, ...], value: bytes, row: Row, decode: _Decode) -> Whole:
    if row.content is None or row.characteristic is None:
        raise TypeError("only what was opened has a value")
    try:
        return Whole(parts, value, decode(row.characteristic, value, row.content.model))
    except GattError as error:
        return Whole(parts, value, error=error.code)

"""Makes room in a journal that nobody fetches. Loaded when it is needed.

What is *continuous* goes, the oldest sector first: samples of a stream, of which the next one
comes in a second. What a person measured once, an event, a session, an anchor, a sensor's clock is
never given up. The order is what makes a cut harmless:

1. A gap record is appended that names the numbers given up. A number that it names and that is
   delivered all the same is not lost; the receiver subtracts.
2. The rest of the sector is moved, and the sector is released (journal_moving.py).

The gap record says again what this boot's newest one says while that is pending, and what those
say that stand in the sector, which are given up then, and named with the rest. So a stream that
nobody fetches for a week costs one growing range, and the last gap record says it all.
"""

from varde_protocols import assigned, cbor, cose, records
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.errors import WireError

from . import journal_moving
from .journal import MAKES_ROOM

if TYPE_CHECKING:
    from typing import Any, List, Optional, Tuple

    from .recorder import Recorder

# Measurements that are one of a stream, by their characteristic. A Viatom ring's answers are not
# here: its stored files come by the same one. What is added here counts for sectors not begun.
CONTINUOUS = (
    0x2A1E,  # intermediate temperature
    0x2A36,  # intermediate cuff pressure
    0x2A37,  # heart rate
    0x2A5F,  # PLX continuous
    assigned.NONIN_CONTINUOUS,
    assigned.BERRYMED_NOTIFY,
    assigned.JUMPER_NOTIFY,
)
# A sector with less is not worth it: the largest gap record takes some 700 bytes, and a moved
# record 5 more than it took.
LEAST_BYTES = const(1024)
# Looked into by one call: each costs 25 records to be taken apart, a quarter of a second.
MOST_SECTORS = const(8)


class _Loss:
    """What a gap record says."""

    def __init__(self) -> None:
        self.ranges: "List[List[int]]" = []
        self.sources: "List[List[int]]" = []

    def takes(self, ranges: "List[List[int]]", sources: "List[List[int]]") -> bool:
        """Add them. False: there is no room, and nothing was added."""
        joined = list(self.sources)
        for source in sources:
            if source not in joined:
                joined.append(source)
        if len(joined) > records.MAX_GAP_SOURCES:
            return False
        self.ranges = _joined(self.ranges + ranges)
        self.sources = sorted(joined)
        return True


def _joined(ranges: "List[List[int]]") -> "List[List[int]]":
    """Return the same numbers in ascending ranges that do not touch, as many as a record takes.

    Where they are too many, the smallest holes are closed: what was kept there is delivered, and
    so it is not lost though it is named.
    """
    joined: "List[List[int]]" = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1][1] = max(joined[-1][1], last)
        else:
            joined.append([first, last])
    while len(joined) > records.MAX_GAP_RANGES:
        holes = [joined[n + 1][0] - joined[n][1] for n in range(len(joined) - 1)]
        at = holes.index(min(holes))
        joined[at][1] = joined.pop(at + 1)[1]
    return joined


def make_room(recorder: "Recorder", uptime_ms: int) -> "Optional[bool]":
    """Free the oldest sector that is worth it, and remember up to where none is.

    True: one is free. False: up to the head there is none. None: call again. Raises JournalFull
    when not even that finds room, and OSError of the flash.
    """
    journal = recorder.journal
    sector = journal._index.oldest(-1, recorder.looked_to)
    for _ in range(MOST_SECTORS):
        if sector < 0:
            return False
        if sector != journal._head:
            recorder.looked_to = journal._index.first_seq(sector)
            if _free(recorder, sector, uptime_ms):
                return True
        sector = journal._index.oldest(sector, recorder.looked_to)
    return None


def _free(recorder: "Recorder", sector: int, uptime_ms: int) -> bool:
    """Free the sector if it is worth it; tell whether it was."""
    journal = recorder.journal
    given_up: "List[int]" = []
    sources: "List[List[int]]" = []
    gaps: "List[Any]" = []
    continuous_bytes = 0
    for seq, start, end in journal._pending_frames(sector):
        kind, body = _unverified(bytes(journal._image[start:end]))
        if kind == records.GAP:
            gaps.append((seq, body))
        elif kind == records.READING and body[2] in CONTINUOUS:
            given_up.append(seq)
            continuous_bytes += end - start
            sources.append([body[1], body[2]])
    if journal_moving.is_moving(journal, sector):  # a cut ended it; the gap record is durable
        return journal_moving.move_out(journal, sector, given_up)
    if continuous_bytes < LEAST_BYTES:
        return False
    loss = _Loss()
    if not loss.takes([[seq, seq] for seq in given_up], sources):
        return False  # 32 streams in one sector: no hub has so many
    newest = journal_moving.pending_record(journal, recorder.gap_seq)
    if newest:
        body = _unverified(newest)[1]
        loss.takes(body[1], body[2])
    for seq, body in gaps:
        if loss.takes(body[1] + [[seq, seq]], body[2]):
            given_up.append(seq)
    number = journal.next_seq
    lost = (loss.ranges, loss.sources, records.GAP_JOURNAL_FULL)
    recorder._append(records.Gap(number, recorder._boot, uptime_ms, *lost), MAKES_ROOM)
    recorder.gap_seq = number
    recorder.given_up += len(given_up)
    return journal_moving.move_out(journal, sector, given_up)


def _unverified(data: bytes) -> "Tuple[int, Any]":
    """(kind, body) of a signed record that we wrote; (0, None) if it is none, and so is kept."""
    try:
        fields = cbor.decode(cose.Sign1.parse(data).unverified_payload)
        return fields[1], fields[5]
    except WireError:
        return 0, None

"""When a home is reminded to measure, how long, and what became of it.

A reminder is due once on each of its dates, when the clock on the wall has come to its minute.
It is shown until

1. somebody presses the button (silenced; the one button is for all that are shown),
2. a value of its sensor comes (done), or
3. it was shown for an hour (missed).

A value of the two hours before, in this boot, makes it done as well, and nothing is shown.

*The wall's clock jumps*, so what counts is how far it has ever come (`_looked`). When an hour is
skipped in March, what stands in it is due right after; when an hour comes twice in October, the
wall is behind what was looked at, and nothing is due a second time. Back by more than two hours is
no summer time: the clock was wrong before, and counting begins anew.

*Unknown time, and no power*: what came due then and is not older than an hour is shown when the
time is known again; what is older is not shown any more, and counts neither as due nor as missed:
nobody was asked, and the boots tell that the hub was off. One that was shown when the power went,
and is over when it comes back, is missed.

*What outlives a start* (`kept`, 14 bytes of NVS, written when a reminder comes due, when it ends
and when a report has told): how far the wall had come, which are shown, the counts. So a reminder
that was silenced or done does not come again. If reminders were changed, those shown are missed.
"""

import struct

from varde_protocols import hub_config
from varde_protocols._compat import TYPE_CHECKING, const

from . import local_time

if TYPE_CHECKING:
    from typing import Dict, List, Optional

SHOWN_MS = const(3_600_000)
BEFORE_MS = const(7_200_000)
SOUND_EVERY_MS = const(600_000)
LATE_MIN = const(60)
BACK_MIN = const(120)  # the hour of October, and room
_MINUTE_MS = const(60_000)
_KEPT = "<I5H"  # minutes looked to, mark of the reminders, shown as bits, due, silenced, missed
KEPT_BYTES = const(14)
_MOST = const(0xFFFF)
_DUE = const(0)
_SILENCED = const(1)
_MISSED = const(2)


class Reminders:
    """`counts` are those due, silenced and missed since a report told; `is_changed` says that
    `kept()` is to be written: whoever does takes it back."""

    def __init__(
        self, rows: "List[List[int]]", quiet: "Optional[List[int]]", kept: bytes
    ) -> None:  # fmt: skip
        """`rows` and `quiet` as `hub_config.HubConfig` has them; `kept` as written, or b""."""
        self._rows = rows
        self._quiet = quiet
        self._is_quiet = False
        self._until_ms: "Dict[int, int]" = {}  # of those shown, by their place in `rows`
        self._measured_ms: "Dict[int, int]" = {}  # by slot; of ANY_SLOT: by any
        self._sound_ms = 0
        self.is_changed = False
        if len(kept) != KEPT_BYTES:
            kept = bytes(KEPT_BYTES)
        self._looked, mark, self._shown_before = struct.unpack(_KEPT, kept)[:3]
        self.counts = list(struct.unpack(_KEPT, kept)[3:])
        self._mark = _mark(rows)
        if mark != self._mark:  # others, or none before
            self._looked = 0
            while self._shown_before:
                self._count(_MISSED, self._shown_before & 1)
                self._shown_before >>= 1

    @property
    def is_shown(self) -> bool:
        return len(self._until_ms) > 0

    def kept(self) -> bytes:
        """Return what shall outlive this start."""
        shown = self._shown_before
        for index in self._until_ms:
            shown |= 1 << index
        return struct.pack(_KEPT, self._looked, self._mark, shown, *self.counts)

    def told(self, counts: "List[int]") -> None:
        """A report has told these."""
        for index in range(3):
            self._count(index, -counts[index])

    def measured(self, slot: int, now_ms: int) -> None:
        """A value of this slot's sensor is kept: in the radio's handler, looked at later."""
        self._measured_ms[slot] = self._measured_ms[hub_config.ANY_SLOT] = now_ms

    def press(self) -> None:
        """Somebody has pressed the button."""
        self._count(_SILENCED, len(self._until_ms))
        self._until_ms.clear()

    def sounds(self, now_ms: int) -> bool:
        """Return whether to make the sound now; then it is made again in ten minutes."""
        if not self._until_ms or self._is_quiet or now_ms < self._sound_ms:
            return False
        self._sound_ms = now_ms + SOUND_EVERY_MS
        return True

    def look(self, minutes: "Optional[int]", now_ms: int) -> None:
        """Look at the wall's clock, in minutes since 1970 of its own; None: UTC is not known."""
        for index in list(self._until_ms):
            is_done = self._has_measured(index, now_ms)
            if is_done or now_ms >= self._until_ms[index]:
                self._until_ms.pop(index)
                self._count(_MISSED, 0 if is_done else 1)
                self.is_changed = True
        if minutes is not None:
            if self._quiet is not None:
                minute = minutes % local_time.DAY_MINUTES
                self._is_quiet = local_time.is_in(self._quiet, minute)
            self._take_up(minutes, now_ms)
            self._find_due(minutes, now_ms)

    def _count(self, index: int, number: int) -> None:
        if number:
            self.counts[index] = min(self.counts[index] + number, _MOST)
            self.is_changed = True

    def _take_up(self, minutes: int, now_ms: int) -> None:
        """What was shown when the last boot ended: how long it still is.

        Somebody may have measured in this boot before its time was known: how old it was then.
        """
        for index in range(len(self._rows)):
            if self._shown_before >> index & 1:
                minute, _, slot = self._rows[index]
                age_min = minutes - _last(minute, self._looked)
                measured_ms = self._measured_ms.get(slot)
                if measured_ms is not None:
                    age_min -= (now_ms - measured_ms) // _MINUTE_MS
                if not -BACK_MIN <= age_min < LATE_MIN:
                    self._count(_MISSED, 1)
                elif measured_ms is not None:
                    self.is_changed = True  # done
                else:
                    left_min = min(LATE_MIN - age_min, LATE_MIN)
                    self._until_ms[index] = now_ms + left_min * _MINUTE_MS
        self._shown_before = 0

    def _find_due(self, minutes: int, now_ms: int) -> None:
        if self._looked == 0 or self._looked > minutes + BACK_MIN:
            self._looked = minutes - 1
        # One minute more: 02:00 on the night of March, when 03:00 comes right after 01:59.
        since = max(self._looked, minutes - LATE_MIN - 1)
        for index, (minute, weekdays, _) in enumerate(self._rows):
            at = _last(minute, minutes)
            if at > since and weekdays >> local_time.weekday(at // local_time.DAY_MINUTES) & 1:
                self._count(_DUE, 1)
                if not self._has_measured(index, now_ms):
                    self._until_ms[index] = now_ms + SHOWN_MS
                    self._sound_ms = now_ms
        self._looked = max(self._looked, minutes)

    def _has_measured(self, index: int, now_ms: int) -> bool:
        """Lately. What is shown had nobody measure lately when it came due: so it is done."""
        measured_ms = self._measured_ms.get(self._rows[index][2])
        return measured_ms is not None and now_ms - measured_ms <= BEFORE_MS


def _last(minute: int, minutes: int) -> int:
    """Return when the wall showed this minute of the day last, at `minutes` or before."""
    return minutes - (minutes - minute) % local_time.DAY_MINUTES


def _mark(rows: "List[List[int]]") -> int:
    """Return 16 bits that are others for other reminders; places in a list mean nothing alone."""
    mark = len(rows)
    for row in rows:
        for number in row:
            mark = (mark * 1021 + number + 1) & _MOST
    return mark

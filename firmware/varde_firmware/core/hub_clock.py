"""What the hub knows about UTC, and when that is worth an anchor.

Readings are stamped with (boot, uptime); an anchor ties uptime to UTC. This decider takes
measurements of UTC (SNTP, the exchange's answer) and keeps the difference of the last anchor. It
writes an anchor

1. when time is first known,
2. when a measurement contradicts what is known: a step, which is also an event,
3. when the last anchor is six hours old,
4. when a measurement is far better than the one behind the last anchor,
5. when the collector, whose word is signed, tells the time first in this boot.

A measurement contradicts if it is off by more than both uncertainties, what a crystal may have
drifted since, and two seconds. Nothing is averaged: the evidence is in the anchors. Rule 5 is for
the receiver, who must choose if anchors of this boot and of others exclude each other: without it
the collector's word that the time server was right would not be on record.
"""

from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

from . import decider

if TYPE_CHECKING:
    from typing import List, Optional

    from .decider import Outcome

UNKNOWN = "unknown"
KNOWN = "known"

ANCHOR_EVERY_MS = const(21_600_000)
# A server that did not answer is asked again so much later, and only when the link is in use
# (RFC 4330 section 10: never more often than every 15 s).
ASK_AGAIN_MS = const(16_000)
STEP_MS = const(2_000)
# Crystals are within 40 ppm; boards get cold and warm and old. One in 5,000 is 200 ppm.
DRIFT_DIVISOR = const(5_000)
# Rule 4: worth an anchor if four times as certain, and the last is worse than a second.
COARSE_MS = const(1_000)
BETTER_FACTOR = const(4)
# 2024-01-01, before the first of these hubs: an earlier time is wrong whoever says it.
EARLIEST_UTC_MS = 1_704_067_200_000
# 2068-01-19, 2**31 s after 2000: the chip's clock cannot be set to a later time. Anybody on the
# path can answer for a time server.
LATEST_UTC_MS = 3_094_168_447_000
# Who contradicts himself does so once an hour: two collectors behind one name whose clocks differ
# would else make two records of every exchange, and every record another exchange.
STEP_AGAIN_MS = const(3_600_000)


class Measured(Value):
    """UTC as it was at `uptime_ms`, by a source of `records.SOURCE_*`."""

    FIELDS = ("source", "uptime_ms", "utc_ms", "uncertainty_ms")
    source: int
    uptime_ms: int
    utc_ms: int
    uncertainty_ms: int


class Doubted(Value):
    """A server's certificate was refused for its time: one of the two clocks is wrong."""


class AnchorLost(Value):
    """The anchor found no room in the journal."""


class Measure(Value):
    """Ask a time server."""


class WriteAnchor(Value):
    """Journal this anchor."""

    FIELDS = ("source", "uptime_ms", "utc_ms", "uncertainty_ms")
    source: int
    uptime_ms: int
    utc_ms: int
    uncertainty_ms: int


class WriteStep(Value):
    """Journal that time stepped by so many seconds."""

    FIELDS = ("seconds",)
    seconds: int


class SetRtc(Value):
    """Set the chip's clock, by which TLS judges certificates."""

    FIELDS = ("utc_ms",)
    utc_ms: int


class HubClock(decider.Decider):
    """Decides what becomes of a measurement; due when it wants one."""

    MOVES = {
        (UNKNOWN, decider.Expired): "_ask",
        (UNKNOWN, Measured): "_first",
        (KNOWN, decider.Expired): "_ask",
        (UNKNOWN, Doubted): "_nothing",
        (KNOWN, Measured): "_compare",
        (KNOWN, Doubted): "_doubted",
        (KNOWN, AnchorLost): "_anchor_lost",
    }

    def __init__(self) -> None:
        super().__init__(UNKNOWN)
        self.deadline_ms: "Optional[int]" = 0
        self._offset_ms = 0  # UTC minus uptime, by the last anchor
        self._uncertainty_ms = 0  # of the last anchor
        self._anchored_ms = 0  # uptime of the last anchor
        self._source = 0  # of the last anchor
        self._has_signed = False  # an anchor by the collector's word is journaled
        self._ask_from_ms = 0  # servers are left alone until then

    def utc_ms(self, now_ms: int) -> "Optional[int]":
        """Return UTC as far as known, or None."""
        return None if self.state == UNKNOWN else now_ms + self._offset_ms

    def quality(self, now_ms: int) -> "Optional[List[int]]":
        """Return source, uncertainty in ms and age in ms of the last anchor, or None."""
        if self.state == UNKNOWN:
            return None
        return [self._source, self._uncertainty_ms, now_ms - self._anchored_ms]

    def _ask(self, _event: Value, now_ms: int) -> "Outcome":
        self._ask_from_ms = now_ms + ASK_AGAIN_MS
        return self.state, self._ask_from_ms, [Measure()]

    def _doubted(self, _event: Value, now_ms: int) -> "Outcome":
        """Set the chip's clock once more, should it have jumped, and ask what the time is."""
        self._source = 0  # whoever told us may now contradict himself
        return KNOWN, max(now_ms, self._ask_from_ms), [SetRtc(now_ms + self._offset_ms)]

    def _anchor_lost(self, _event: Value, now_ms: int) -> "Outcome":
        """The next measurement is as good as the first."""
        self._has_signed = False
        return UNKNOWN, max(now_ms, self._ask_from_ms), []

    def _nothing(self, _event: Value, _now_ms: int) -> "Outcome":
        return self.state, self.deadline_ms, []

    def _first(self, event: Measured, now_ms: int) -> "Outcome":
        if not EARLIEST_UTC_MS <= event.utc_ms <= LATEST_UTC_MS:
            return self._nothing(event, now_ms)
        return self._anchor(event, now_ms, [])

    def _compare(self, event: Measured, now_ms: int) -> "Outcome":
        if not EARLIEST_UTC_MS <= event.utc_ms <= LATEST_UTC_MS:
            return self._nothing(event, now_ms)
        age_ms = event.uptime_ms - self._anchored_ms
        doubt_ms = self._uncertainty_ms + age_ms // DRIFT_DIVISOR
        off_ms = abs(event.utc_ms - event.uptime_ms - self._offset_ms)
        if off_ms > STEP_MS + doubt_ms + event.uncertainty_ms:
            if event.source == self._source and age_ms < STEP_AGAIN_MS:
                return self._nothing(event, now_ms)
            return self._anchor(event, now_ms, [WriteStep((off_ms + 500) // 1000)])
        known_ms = self._uncertainty_ms
        is_better = known_ms > COARSE_MS and event.uncertainty_ms * BETTER_FACTOR <= known_ms
        if is_better or age_ms >= ANCHOR_EVERY_MS:
            return self._anchor(event, now_ms, [])
        if event.source == records.SOURCE_EXCHANGE and not self._has_signed:
            self._has_signed = True
            return KNOWN, self.deadline_ms, [WriteAnchor(*event._items())]
        return self._nothing(event, now_ms)

    def _anchor(self, event: Measured, now_ms: int, actions: "List[Value]") -> "Outcome":
        self._offset_ms = event.utc_ms - event.uptime_ms
        self._uncertainty_ms = event.uncertainty_ms
        self._anchored_ms = event.uptime_ms
        self._source = event.source
        self._has_signed = self._has_signed or event.source == records.SOURCE_EXCHANGE
        actions.append(WriteAnchor(*event._items()))
        actions.append(SetRtc(now_ms + self._offset_ms))
        return KNOWN, now_ms + ANCHOR_EVERY_MS, actions

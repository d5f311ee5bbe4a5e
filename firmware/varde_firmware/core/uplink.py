"""When to exchange with the collector.

Soon after something was journaled, in batches, so that the values of one measurement travel
together; and at the heartbeat, which shows the collector a living hub and the hub the time. While
a backlog drains, the connection is kept and the next batch follows after a pause; then it is
closed.

After an outage not all hubs of a region shall come at once. Who was cut off for long comes in a
*slot*: a moment drawn at random once in an outage, and again every half an hour; anew if there was
no link then. When an outage begins, a way is tried a few times within a minute, later and later,
and then once in each slot; another way (the next network, 4G) at once when it is up. All that
waits, waits for the slot: backlog, events, the heartbeat. What a sensor measured just now does
not: people measure when they like, and not all in one minute.

States, and what each means:

    NO_LINK     nothing to exchange over
    IDLE        deadline: the next exchange
    EXCHANGING  a request is under way
    DRAINING    the connection is open, more waits; deadline: the next batch
    RESTING     the last exchange failed; deadline: the next try
"""

from varde_protocols import exchange
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

from . import decider

if TYPE_CHECKING:
    from typing import Optional

    from .backoff import Backoff
    from .decider import Outcome

NO_LINK = "no-link"
IDLE = "idle"
EXCHANGING = "exchanging"
DRAINING = "draining"
RESTING = "resting"

MODEM_WAY = const(15)  # `LinkUp.way` of the modem; of a WiFi network its index
# A transfer from a sensor takes one to three seconds; its values then share one request.
BATCH_MS = const(3_000)
# Between two requests of a backlog: sensors and radio have their turn, and the collector, which
# takes two requests a second of a hub for good, never has to send us away.
PAUSE_MS = const(500)
# Delays after the first failures of an outage, for whoever makes the Backoff.
BACKOFF_FIRST_MS = const(2_000)
BACKOFF_MOST_MS = const(32_000)
QUICK_TRIES = const(5)
# Who is away for so long may be one of many.
AWAY_MS = const(60_000)
# Slots: 1000 hubs over half an hour are 33 a minute, and hardly ever 50 (5 %) in one.
SPREAD_MS = const(1_800_000)
# A value just measured is tried at once, but in an outage not each of a stream.
MEASURED_AGAIN_MS = const(300_000)
# When the collector says when to come: Retry-After counts seconds, half a batch may follow sooner.
# Up to half more by jitter.
RETRY_LEAST_MS = const(200)
RETRY_MOST_MS = const(3_600_000)
# Who is not enrolled is mostly being enrolled: whoever does it waits as long again as it took.
# From there it is doubled up to the heartbeat.
NOT_TAKEN_FIRST_MS = const(15_000)
_MOST_DOUBLED = const(13)
# A report is most of what an idle hub sends; another way to the collector is told at once.
REPORT_EVERY_MS = const(3_600_000)
# One that cannot be delivered is not written anew each half an hour.
REPORT_AGAIN_MS = const(86_400_000)


class LinkUp(Value):
    """An exchange may be tried over this way."""

    FIELDS = ("way",)
    way: int


class LinkDown(Value):
    """There is no link."""


class Pending(Value):
    """So many records wait in the journal; `is_measured`: what a sensor sent just now is new."""

    FIELDS = ("count", "is_measured")
    count: int
    is_measured: bool


class Acknowledged(Value):
    """The answer was good: it released so many records, so many are left."""

    FIELDS = ("released", "left", "heartbeat_s")
    released: int
    left: int
    heartbeat_s: int


class Failed(Value):
    """The exchange came to nothing, or its answer was not to be trusted."""


class TurnedAway(Value):
    """The collector itself says when to come again; `after_ms` 0: it does not take anything."""

    FIELDS = ("after_ms",)
    after_ms: int


class Exchange(Value):
    """Send one batch, over the open connection if there is one; maybe after a report."""

    FIELDS = ("is_report_due",)
    is_report_due: bool


class HangUp(Value):
    """Close the connection."""


class Uplink(decider.Decider):
    """Decides when to exchange."""

    MOVES = {
        (NO_LINK, LinkUp): "_link_up",
        (NO_LINK, Pending): "_nothing",
        (IDLE, LinkDown): "_link_down",
        (IDLE, Pending): "_pending",
        (IDLE, decider.Expired): "_exchange",
        (EXCHANGING, Pending): "_nothing",
        (EXCHANGING, LinkDown): "_link_down",
        (EXCHANGING, Acknowledged): "_acknowledged",
        (EXCHANGING, Failed): "_failed",
        (EXCHANGING, TurnedAway): "_turned_away",
        (DRAINING, LinkDown): "_link_down",
        (DRAINING, Pending): "_nothing",
        (DRAINING, decider.Expired): "_exchange",
        (RESTING, LinkDown): "_link_down",
        (RESTING, Pending): "_pending",
        (RESTING, decider.Expired): "_exchange",
    }

    def __init__(self, heartbeat_s: int, backoff: "Backoff") -> None:
        super().__init__(NO_LINK)
        self._backoff = backoff
        self._heartbeat_ms = 0
        self._set_heartbeat(heartbeat_s)
        self._way = -1  # the last that was up
        self._link_down_ms = 0  # when it went; the boot, before the first
        self._slot_ms: "Optional[int]" = None  # the next slot; None: we are not cut off
        self._tried = 0  # ways tried in vain since the last slot, a bit each
        self._not_before_ms = 0  # for what can wait
        self._measured_from_ms = 0  # for what was measured just now
        self._is_hastened = False  # the exchange under way is for what was measured just now
        self._obeyed_ms = 0  # for anything: the collector's word
        self._not_taken = 0  # how often in a row it took nothing
        self._report_from_ms = 0
        self._has_report = False  # one waits in the journal
        self._reported_way = -1  # that was up when the last was written

    def _set_heartbeat(self, heartbeat_s: int) -> None:
        within = min(max(heartbeat_s, exchange.MIN_HEARTBEAT_S), exchange.MAX_HEARTBEAT_S)
        self._heartbeat_ms = within * 1000

    def _link_up(self, event: LinkUp, now_ms: int) -> "Outcome":
        """A way that was not tried yet is tried at once; after a long time away in a slot."""
        has_changed = MODEM_WAY in (event.way, self._way) and event.way != self._way
        is_again = self._tried >> event.way & 1 and event.way != MODEM_WAY
        is_back = now_ms - self._link_down_ms >= AWAY_MS and event.way != MODEM_WAY
        self._way = event.way
        if is_back and not has_changed:
            if self._slot_ms is not None and self._slot_ms <= now_ms:
                self._slot_ms = None  # missed without a link: its beat may never meet one
            self._not_before_ms = self._next_slot(now_ms)
            self._tried |= 1 << event.way
        elif has_changed or not is_again:
            self._backoff.reset()
            self._not_before_ms = min(self._not_before_ms, now_ms)
        return IDLE, max(now_ms, self._not_before_ms, self._obeyed_ms), []

    def _next_slot(self, now_ms: int) -> int:
        """Slots keep their beat, so however long it takes they stay as spread as they began."""
        slot_ms = self._slot_ms
        if slot_ms is None:
            slot_ms = now_ms + self._backoff.below(SPREAD_MS)
        elif slot_ms <= now_ms:
            slot_ms += ((now_ms - slot_ms) // SPREAD_MS + 1) * SPREAD_MS
        self._slot_ms = slot_ms
        return slot_ms

    def _link_down(self, _event: Value, now_ms: int) -> "Outcome":
        self._link_down_ms = now_ms
        return NO_LINK, None, [HangUp()]

    def _pending(self, event: Pending, now_ms: int) -> "Outcome":
        from_ms = self._measured_from_ms if event.is_measured else self._not_before_ms
        soon_ms = max(now_ms + BATCH_MS, from_ms, self._obeyed_ms)
        if event.count and (self.deadline_ms is None or soon_ms < self.deadline_ms):
            return self.state, soon_ms, []
        return self.state, self.deadline_ms, []

    def _exchange(self, _event: Value, now_ms: int) -> "Outcome":
        if self._slot_ms is not None and now_ms >= self._slot_ms:
            self._next_slot(now_ms)
            self._tried = 0
        self._is_hastened = now_ms < self._not_before_ms
        is_other_way = self._way != self._reported_way and not self._has_report
        is_report_due = is_other_way or now_ms >= self._report_from_ms
        if is_report_due:
            self._reported_way = self._way
            self._report_from_ms = now_ms + REPORT_AGAIN_MS
            self._has_report = True
        return EXCHANGING, None, [Exchange(is_report_due)]

    def _acknowledged(self, event: Acknowledged, now_ms: int) -> "Outcome":
        if event.left and not event.released:
            # A good answer that takes nothing: asking again at once would go on for ever.
            return self._failed(event, now_ms)
        self._reached()
        self._not_taken = 0
        self._set_heartbeat(event.heartbeat_s)
        if self._has_report:
            self._has_report = False
            self._report_from_ms = now_ms + max(REPORT_EVERY_MS, self._heartbeat_ms)
        if event.left:
            return DRAINING, now_ms + PAUSE_MS, []
        return IDLE, now_ms + self._heartbeat_ms, [HangUp()]

    def _reached(self) -> None:
        """We are not cut off."""
        self._backoff.reset()
        self._slot_ms = None
        self._tried = self._not_before_ms = self._measured_from_ms = 0

    def _failed(self, _event: Value, now_ms: int) -> "Outcome":
        slot_ms = self._next_slot(now_ms)
        self._tried |= 1 << self._way
        if self._backoff.tries < QUICK_TRIES:
            self._not_before_ms = now_ms + self._backoff.next_ms()
            self._measured_from_ms = self._not_before_ms
        else:
            self._not_before_ms = slot_ms
            if self._is_hastened:
                self._measured_from_ms = now_ms + MEASURED_AGAIN_MS
        return RESTING, self._not_before_ms, [HangUp()]

    def _turned_away(self, event: TurnedAway, now_ms: int) -> "Outcome":
        wait_ms = min(self._heartbeat_ms, NOT_TAKEN_FIRST_MS << self._not_taken)
        if not event.after_ms:
            self._not_taken = min(self._not_taken + 1, _MOST_DOUBLED)
        else:
            wait_ms = min(max(event.after_ms, RETRY_LEAST_MS), RETRY_MOST_MS)
            wait_ms += self._backoff.below(wait_ms // 2)
        self._reached()
        self._obeyed_ms = now_ms + wait_ms
        return RESTING, self._obeyed_ms, [HangUp()]

    def _nothing(self, _event: Value, _now_ms: int) -> "Outcome":
        return self.state, self.deadline_ms, []

"""When to exchange with the collector.

Soon after something was journaled, in batches, so that the values of one measurement travel
together; and at the heartbeat, which shows the collector a living hub and the hub the time. After
a failure later and later, with jitter. While a backlog drains, the connection is kept and the
next batch follows at once; then it is closed.

States, and what each means:

    NO_LINK     nothing to exchange over
    IDLE        deadline: the next exchange
    EXCHANGING  a request is under way
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
RESTING = "resting"

# A transfer from a sensor takes one to three seconds; its values then share one request.
BATCH_MS = const(3_000)
# Delays after failures, for whoever makes the Backoff.
BACKOFF_FIRST_MS = const(2_000)
BACKOFF_MOST_MS = const(900_000)
# A link that was away for a minute is another link: what failed before may work now.
FRESH_LINK_MS = const(60_000)


class LinkUp(Value):
    """An exchange may be tried."""


class LinkDown(Value):
    """There is no link."""


class Pending(Value):
    """So many records wait in the journal."""

    FIELDS = ("count",)
    count: int


class Acknowledged(Value):
    """The answer was good: it released so many records, so many are left."""

    FIELDS = ("released", "left", "heartbeat_s")
    released: int
    left: int
    heartbeat_s: int


class Failed(Value):
    """The exchange came to nothing, or its answer was not to be trusted."""


class Exchange(Value):
    """Send one batch, over the open connection if there is one."""


class HangUp(Value):
    """Close the connection."""


class Uplink(decider.Decider):
    """Decides when to exchange."""

    MOVES = {
        (NO_LINK, LinkUp): "_link_up",
        (NO_LINK, Pending): "_nothing",
        (IDLE, LinkUp): "_nothing",
        (IDLE, LinkDown): "_link_down",
        (IDLE, Pending): "_pending",
        (IDLE, decider.Expired): "_exchange",
        (EXCHANGING, Pending): "_nothing",
        (EXCHANGING, LinkDown): "_link_down",
        (EXCHANGING, Acknowledged): "_acknowledged",
        (EXCHANGING, Failed): "_failed",
        (RESTING, LinkUp): "_nothing",
        (RESTING, LinkDown): "_link_down",
        (RESTING, Pending): "_nothing",
        (RESTING, decider.Expired): "_exchange",
    }

    def __init__(self, heartbeat_s: int, backoff: "Backoff") -> None:
        super().__init__(NO_LINK)
        self._backoff = backoff
        self._heartbeat_ms = 0
        self._set_heartbeat(heartbeat_s)
        self._link_down_ms: "Optional[int]" = None
        self._not_before_ms = 0  # the backoff's word, also across a short loss of the link

    def _set_heartbeat(self, heartbeat_s: int) -> None:
        within = min(max(heartbeat_s, exchange.MIN_HEARTBEAT_S), exchange.MAX_HEARTBEAT_S)
        self._heartbeat_ms = within * 1000

    def _link_up(self, _event: Value, now_ms: int) -> "Outcome":
        down_ms = self._link_down_ms
        if down_ms is None or now_ms - down_ms >= FRESH_LINK_MS:
            self._backoff.reset()
            self._not_before_ms = now_ms
        return IDLE, max(now_ms, self._not_before_ms), []

    def _link_down(self, _event: Value, now_ms: int) -> "Outcome":
        self._link_down_ms = now_ms
        return NO_LINK, None, [HangUp()]

    def _pending(self, event: Pending, now_ms: int) -> "Outcome":
        soon_ms = max(now_ms + BATCH_MS, self._not_before_ms)
        if event.count and (self.deadline_ms is None or soon_ms < self.deadline_ms):
            return IDLE, soon_ms, []
        return IDLE, self.deadline_ms, []

    def _exchange(self, _event: Value, _now_ms: int) -> "Outcome":
        return EXCHANGING, None, [Exchange()]

    def _acknowledged(self, event: Acknowledged, now_ms: int) -> "Outcome":
        if event.left and not event.released:
            # A good answer that takes nothing: asking again at once would go on for ever.
            return self._failed(event, now_ms)
        self._backoff.reset()
        self._not_before_ms = now_ms
        self._set_heartbeat(event.heartbeat_s)
        if event.left:
            return EXCHANGING, None, [Exchange()]
        return IDLE, now_ms + self._heartbeat_ms, [HangUp()]

    def _failed(self, _event: Value, now_ms: int) -> "Outcome":
        self._not_before_ms = now_ms + self._backoff.next_ms()
        return RESTING, self._not_before_ms, [HangUp()]

    def _nothing(self, _event: Value, _now_ms: int) -> "Outcome":
        return self.state, self.deadline_ms, []

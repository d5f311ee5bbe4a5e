"""Which network to join, and when to leave it.

An address from an access point proves little: "up" means that the collector has acknowledged an
exchange. A network over which exchanges keep failing is left, and the next one is tried.

States, and what each means:

    OFF       not begun, or switched off
    JOINING   asked to join; deadline: give up
    UNPROVEN  there is an address; exchanges may be tried
    UP        the collector has acknowledged an exchange over this link
    WAITING   no network would have us; deadline: try the next
"""

from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

from . import decider

if TYPE_CHECKING:
    from typing import List

    from .backoff import Backoff
    from .decider import Outcome

OFF = "off"
JOINING = "joining"
UNPROVEN = "unproven"
UP = "up"
WAITING = "waiting"
USABLE = (UNPROVEN, UP)
UNKNOWN = const(0)  # for the station to say

# Association and DHCP take 2 to 8 s; a weak access point may need two tries of its own.
JOIN_MS = const(20_000)
# So many exchanges in a row failed: the network gives addresses but leads nowhere. With the
# uplink's backoff this is half a minute at least, so a collector's restart does not count.
LEAVE_AFTER_FAILURES = const(4)
# One that has led nowhere since the collector was last reached is left at the first failure if
# there is another way: in a long outage the uplink tries a way once in half an hour.
LEAVE_SOONER = const(1)
# Delays between tries, for whoever makes the Backoff.
BACKOFF_FIRST_MS = const(2_000)
BACKOFF_MOST_MS = const(300_000)


class SwitchOn(Value):
    """Begin."""


class SwitchOff(Value):
    """Let WiFi be."""


class Joined(Value):
    """The station has an address."""


class Dropped(Value):
    """The network is gone, or would not have us."""


class ExchangeAcknowledged(Value):
    """The collector's signed answer came over this link."""


class ExchangeFailed(Value):
    """An exchange over this link came to nothing."""


class Join(Value):
    """Join the configured network of this index."""

    FIELDS = ("index",)
    index: int


class Leave(Value):
    """Drop the network, or stop trying."""


class Failed(Value):
    """The network of this index came to nothing: records.WIFI_..., UNKNOWN for the station to say.

    Said before Leave, while the station still knows.
    """

    FIELDS = ("index", "reason")
    index: int
    reason: int


class Exhausted(Value):
    """Every network was tried, and the collector has not been reached over any."""


class Link(decider.Decider):
    """Decides about WiFi; `state in USABLE` tells whether an exchange is worth a try."""

    MOVES = {
        (OFF, SwitchOn): "_switch_on",
        (JOINING, Joined): "_joined",
        (JOINING, Dropped): "_not_joined",
        (JOINING, decider.Expired): "_not_joined",
        (UNPROVEN, Joined): "_nothing",
        (UNPROVEN, Dropped): "_dropped",
        (UNPROVEN, ExchangeAcknowledged): "_proven",
        (UNPROVEN, ExchangeFailed): "_failed",
        (UP, Joined): "_nothing",
        (UP, Dropped): "_dropped",
        (UP, ExchangeAcknowledged): "_proven",
        (UP, ExchangeFailed): "_failed",
        (WAITING, Joined): "_nothing",
        (WAITING, Dropped): "_nothing",
        (WAITING, ExchangeFailed): "_nothing",
        (WAITING, decider.Expired): "_join",
        (JOINING, ExchangeFailed): "_nothing",
        (JOINING, SwitchOff): "_switch_off",
        (UNPROVEN, SwitchOff): "_switch_off",
        (UP, SwitchOff): "_switch_off",
        (WAITING, SwitchOff): "_switch_off",
    }

    def __init__(self, networks: int, backoff: "Backoff") -> None:
        super().__init__(OFF)
        self._networks = networks
        self._backoff = backoff
        self._index = 0  # the network in use or to be tried next
        self._failures = 0  # exchanges in a row that failed over this link
        self._in_vain = 0  # networks tried since the last acknowledged exchange
        self._drops = 0  # that came before an acknowledged exchange
        self._nowhere = 0  # networks that led nowhere since then, a bit each
        self.has_reserve = False  # there is 4G

    @property
    def index(self) -> int:
        """The network in use or to be tried next."""
        return self._index

    def joining_ms(self, now_ms: int) -> int:
        """Return for how long the network has been asked to let us in; only while JOINING."""
        assert self.deadline_ms is not None
        return now_ms - (self.deadline_ms - JOIN_MS)

    def _switch_on(self, event: Value, now_ms: int) -> "Outcome":
        self._in_vain = self._drops = self._nowhere = 0
        return self._join(event, now_ms)

    def _switch_off(self, _event: Value, _now_ms: int) -> "Outcome":
        self._backoff.reset()
        return OFF, None, [Leave()]

    def _join(self, _event: Value, now_ms: int) -> "Outcome":
        self._failures = 0
        return JOINING, now_ms + JOIN_MS, [Join(self._index)]

    def _joined(self, _event: Value, _now_ms: int) -> "Outcome":
        return UNPROVEN, None, []

    def _proven(self, _event: Value, _now_ms: int) -> "Outcome":
        self._failures = self._in_vain = self._drops = self._nowhere = 0
        self._backoff.reset()
        return UP, None, []

    def _failed(self, _event: Value, now_ms: int) -> "Outcome":
        self._failures += 1
        has_other = self._networks > 1 or self.has_reserve
        is_known = has_other and self._nowhere >> self._index & 1
        if self._failures < (LEAVE_SOONER if is_known else LEAVE_AFTER_FAILURES):
            return self.state, None, []
        self._nowhere |= 1 << self._index
        return self._next(records.WIFI_LEADS_NOWHERE, now_ms)

    def _dropped(self, _event: Value, now_ms: int) -> "Outcome":
        """The network went away by itself: wait for this one first."""
        actions: "List[Value]" = [Leave()]
        self._drops += 1
        if self._drops >= LEAVE_AFTER_FAILURES:
            self._drops = 0
            actions = [Failed(self._index, records.WIFI_LEADS_NOWHERE), Leave(), Exhausted()]
        return WAITING, now_ms + self._backoff.next_ms(), actions

    def _not_joined(self, _event: Value, now_ms: int) -> "Outcome":
        return self._next(UNKNOWN, now_ms)

    def _next(self, reason: int, now_ms: int) -> "Outcome":
        """Go on to the next network; wait only when all have been tried."""
        actions: "List[Value]" = [Failed(self._index, reason), Leave()]
        self._in_vain += 1
        if self._in_vain >= self._networks:
            self._in_vain = 0
            actions.append(Exhausted())
        self._index = (self._index + 1) % self._networks
        wait_ms = self._backoff.next_ms() if self._index == 0 else 0
        return WAITING, now_ms + wait_ms, actions

    def _nothing(self, _event: Value, _now_ms: int) -> "Outcome":
        return self.state, self.deadline_ms, []

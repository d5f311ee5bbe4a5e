"""When to scan, whom to connect to, and how never to go deaf.

The scan is near continuous, because a sensor advertises for seconds and then is gone. Each scan
has a length, and its end is the radio's proof of life: a radio that does not report the end of a
scan is restarted, also if nobody advertised for hours. One sensor is set up at a time (the stack
discovers for one connection only); several may then stay connected and send.

States, and what each means:

    OFF         the radio is not on
    SCANNING    a scan runs; deadline: its end is overdue, or a hold-off ends
    SETTING_UP  a session is between the advertisement and its subscriptions; connecting has
                stopped the scan
    FULL        the journal has no room: sensors keep what they have, nobody is connected to
    BROKEN      the radio failed; deadline: when it is restarted

After a session its sensor is left alone for a while: it may still advertise for a minute though
it has nothing more to say.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

from . import decider
from . import sensor_words as words

if TYPE_CHECKING:
    from typing import Dict, List, Optional

    from .backoff import Backoff
    from .decider import Outcome

OFF = "off"
SCANNING = "scanning"
SETTING_UP = "setting-up"
FULL = "full"
BROKEN = "broken"

# Proof of life every ten minutes: short enough that a deaf radio costs one measurement at most,
# long enough to cost nothing.
SCAN_MS = const(600_000)
SCAN_GRACE_MS = const(10_000)
# NimBLE on the ESP32 is built for four connections; one stays free.
MAX_SESSIONS = const(3)
# Most sensors are gone or silent ten seconds after the transfer; new values wait in the others.
HOLD_OFF_DONE_MS = const(10_000)
# The link broke or was never made: the sensor may be in its last seconds, so do not wait.
HOLD_OFF_LOST_MS = const(500)
# Then again longer, each time: connecting stops the scan, so a sensor at the edge of our reach, or
# somebody who bears its address, must not keep the hub from hearing the others.
HOLD_OFF_MOST_MS = const(60_000)
MISSES = (words.NO_CONNECTION, words.LOST, words.TIMED_OUT)
# It is not what the configuration says, or refuses: asking again every second helps nobody.
HOLD_OFF_WRONG_MS = const(60_000)
# Subscribed, but nothing came: it has nothing, or the link broke just then.
HOLD_OFF_SILENT_MS = const(5_000)
HOLD_OFF_MS = {
    words.DONE: HOLD_OFF_DONE_MS,
    words.NO_VALUES: HOLD_OFF_SILENT_MS,
    words.NO_CONNECTION: HOLD_OFF_LOST_MS,
    words.NO_SERVICE: HOLD_OFF_WRONG_MS,
    words.NO_CHARACTERISTIC: HOLD_OFF_WRONG_MS,
    words.NO_SWITCH: HOLD_OFF_WRONG_MS,
    words.REFUSED: HOLD_OFF_WRONG_MS,
    words.LOST: HOLD_OFF_LOST_MS,
    words.TIMED_OUT: HOLD_OFF_DONE_MS,
    words.STOPPED: HOLD_OFF_DONE_MS,
    words.RADIO_DEAF: HOLD_OFF_LOST_MS,
    words.RADIO_FAILED: HOLD_OFF_LOST_MS,
}
# As many restarts in a row without a sign of life, and only the whole chip can help.
MAX_RESTARTS = const(8)


class SwitchOn(Value):
    """Begin."""


class ScanEnded(Value):
    """The scan has run its length, or something stopped it."""


class Sighted(Value):
    """A configured sensor (by index) advertises."""

    FIELDS = ("index",)
    index: int


class SetUp(Value):
    """The session of this sensor has subscribed."""

    FIELDS = ("index",)
    index: int


class SessionEnded(Value):
    """The session of this sensor is over."""

    FIELDS = ("index", "outcome")
    index: int
    outcome: str


class RoomChanged(Value):
    """The journal has room for a session, or no more."""

    FIELDS = ("has_room",)
    has_room: bool


class RadioFailed(Value):
    """A radio call raised, or the radio lost an event."""


class StartScan(Value):
    """Scan for `duration_ms`."""

    FIELDS = ("duration_ms",)
    duration_ms: int


class StopScan(Value):
    """Stop scanning."""


class OpenSession(Value):
    """Make a session with this sensor and begin it."""

    FIELDS = ("index",)
    index: int


class StopSessions(Value):
    """Tell every session that is open to stop."""


class Mute(Value):
    """Do not report this sensor's advertisements."""

    FIELDS = ("index",)
    index: int


class Unmute(Value):
    """Report this sensor's advertisements again."""

    FIELDS = ("index",)
    index: int


class RestartRadio(Value):
    """Switch the radio off and on."""


class GiveUp(Value):
    """The radio is beyond our means: the hub should be reset."""


class Scanner(decider.Decider):
    """Decides what the radio does between sessions."""

    MOVES = {
        (OFF, SwitchOn): "_scan",
        (SCANNING, ScanEnded): "_scan_ended",
        (SCANNING, Sighted): "_sighted",
        (SCANNING, decider.Expired): "_expired",
        (SETTING_UP, ScanEnded): "_nothing",
        (SETTING_UP, Sighted): "_nothing",
        (SETTING_UP, SetUp): "_set_up",
        (SETTING_UP, decider.Expired): "_expired",
        (FULL, ScanEnded): "_nothing",
        (FULL, Sighted): "_nothing",
        (FULL, SetUp): "_nothing",
        (FULL, decider.Expired): "_expired",
        (BROKEN, ScanEnded): "_nothing",
        (BROKEN, Sighted): "_nothing",
        (BROKEN, SetUp): "_nothing",
        (BROKEN, RadioFailed): "_nothing",
        (BROKEN, decider.Expired): "_restart",
    }
    for _state in (SCANNING, SETTING_UP, FULL):
        MOVES[(_state, RadioFailed)] = "_radio_failed"
    for _state in (SCANNING, SETTING_UP, FULL, BROKEN):
        MOVES[(_state, SessionEnded)] = "_session_ended"
        MOVES[(_state, RoomChanged)] = "_room_changed"

    def __init__(self, backoff: "Backoff") -> None:
        super().__init__(OFF)
        self._backoff = backoff
        self._has_room = True
        self._setting_up: "Optional[int]" = None
        self._open: "List[int]" = []  # sensors with a session, also the one being set up
        self._held_until_ms: "Dict[int, int]" = {}
        self._misses: "Dict[int, int]" = {}  # sensor: sessions in a row that came to nothing
        self._scan_due_ms = 0  # when the end of the running scan is overdue

    def _scan(self, _event: Value, now_ms: int) -> "Outcome":
        return self._scanning(now_ms, [])

    def _scanning(self, now_ms: int, actions: "List[Value]") -> "Outcome":
        """Go on as there is room: scan, or wait for room."""
        if not self._has_room:
            return FULL, self._next_release_ms(), actions
        self._scan_due_ms = now_ms + SCAN_MS + SCAN_GRACE_MS
        return SCANNING, self._wake_ms(), actions + [StartScan(SCAN_MS)]

    def _wake_ms(self) -> int:
        release_ms = self._next_release_ms()
        return self._scan_due_ms if release_ms is None else min(self._scan_due_ms, release_ms)

    def _next_release_ms(self) -> "Optional[int]":
        return min(self._held_until_ms.values()) if self._held_until_ms else None

    def _scan_ended(self, _event: Value, now_ms: int) -> "Outcome":
        self._backoff.reset()
        return self._scanning(now_ms, [])

    def _sighted(self, event: Sighted, _now_ms: int) -> "Outcome":
        if event.index in self._held_until_ms or event.index in self._open:
            return SCANNING, self.deadline_ms, []
        if len(self._open) >= MAX_SESSIONS:
            return SCANNING, self.deadline_ms, []
        self._open.append(event.index)
        self._setting_up = event.index
        actions: "List[Value]" = [Mute(event.index), OpenSession(event.index)]
        return SETTING_UP, self._next_release_ms(), actions

    def _set_up(self, event: SetUp, now_ms: int) -> "Outcome":
        if event.index != self._setting_up:
            return self._nothing(event, now_ms)
        self._setting_up = None
        self._backoff.reset()
        return self._scanning(now_ms, [])

    def _session_ended(self, event: SessionEnded, now_ms: int) -> "Outcome":
        self._open.remove(event.index)
        self._held_until_ms[event.index] = now_ms + self._hold_off_ms(event)
        if event.outcome in (words.RADIO_DEAF, words.RADIO_FAILED) and self.state != BROKEN:
            return self._radio_failed(event, now_ms)
        if event.index == self._setting_up:
            self._setting_up = None
            if self.state == SETTING_UP:
                return self._scanning(now_ms, [])
        return self._waiting([])

    def _hold_off_ms(self, event: SessionEnded) -> int:
        hold_ms: int = HOLD_OFF_MS[event.outcome]
        if event.outcome not in MISSES:
            self._misses[event.index] = 0
            return hold_ms
        misses = self._misses.get(event.index, 0)
        self._misses[event.index] = misses + 1
        return min(hold_ms << min(misses, 7), HOLD_OFF_MOST_MS)

    def _waiting(self, actions: "List[Value]") -> "Outcome":
        """Stay in this state, with the deadline that belongs to it."""
        if self.state == SCANNING:
            return SCANNING, self._wake_ms(), actions
        if self.state == BROKEN:
            return BROKEN, self.deadline_ms, actions
        return self.state, self._next_release_ms(), actions

    def _expired(self, event: Value, now_ms: int) -> "Outcome":
        if self.state == SCANNING and now_ms >= self._scan_due_ms:
            return self._radio_failed(event, now_ms)
        return self._waiting(self._released(now_ms))

    def _released(self, now_ms: int) -> "List[Value]":
        over = [i for i, until_ms in self._held_until_ms.items() if now_ms >= until_ms]
        for index in over:
            del self._held_until_ms[index]
        return [Unmute(index) for index in over]

    def _room_changed(self, event: RoomChanged, now_ms: int) -> "Outcome":
        self._has_room = event.has_room
        if event.has_room and self.state == FULL:
            return self._scanning(now_ms, [])
        if event.has_room or self.state in (FULL, BROKEN):
            return self._waiting([])
        # Connecting has stopped the scan already; the sessions tell us when they have ended.
        self._setting_up = None
        stop: "List[Value]" = [StopScan()] if self.state == SCANNING else []
        stop.append(StopSessions())
        return FULL, self._next_release_ms(), stop

    def _radio_failed(self, _event: Value, now_ms: int) -> "Outcome":
        self._setting_up = None
        actions: "List[Value]" = [StopSessions()]
        if self._backoff.tries >= MAX_RESTARTS:
            actions.append(GiveUp())
        return BROKEN, now_ms + self._backoff.next_ms(), actions

    def _restart(self, _event: Value, now_ms: int) -> "Outcome":
        # Unmute first: should the restart fail, nothing after it is done.
        return self._scanning(now_ms, self._released(now_ms) + [RestartRadio()])

    def _nothing(self, _event: Value, _now_ms: int) -> "Outcome":
        return self.state, self.deadline_ms, []

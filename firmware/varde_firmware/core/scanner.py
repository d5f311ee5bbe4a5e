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
it has nothing more to say. How long after a good one is a matter of the model.

There are three places. If all are taken and another sensor is heard, the one with the least to say
gives up its own: one that is silent, or one that has sent for a minute and will go on for hours.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

from . import decider, hold_offs, sensor_words
from . import scanner_words as words

if TYPE_CHECKING:
    from typing import Dict, List, Optional, Sequence

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
# A session that has been silent for so long may be ended in favour of a sensor that calls now: a
# cuff that still measures keeps its value and is met again.
SILENT_MS = const(5_000)
# One that sends and sends may be ended after this: a stream loses ten seconds, and every sensor
# gets its turn however many of them there are.
TURN_MS = const(60_000)
# So long its place is kept for the sensor that called; one that is there calls again by then.
KEEP_PLACE_MS = const(5_000)
# As many restarts in a row without a sign of life, and only the whole chip can help.
MAX_RESTARTS = const(8)
_RADIO_FAULTS = (sensor_words.RADIO_DEAF, sensor_words.RADIO_FAILED)


class Scanner(decider.Decider):
    """Decides what the radio does between sessions."""

    MOVES = {
        (OFF, words.SwitchOn): "_scan",
        (SCANNING, words.ScanEnded): "_scan_ended",
        (SCANNING, words.Sighted): "_sighted",
        (SCANNING, decider.Expired): "_expired",
        (SETTING_UP, words.ScanEnded): "_nothing",
        (SETTING_UP, words.Sighted): "_nothing",
        (SETTING_UP, words.SetUp): "_set_up",
        (SETTING_UP, decider.Expired): "_expired",
        (FULL, words.ScanEnded): "_nothing",
        (FULL, words.Sighted): "_nothing",
        (FULL, words.SetUp): "_nothing",
        (FULL, decider.Expired): "_expired",
        (BROKEN, words.ScanEnded): "_nothing",
        (BROKEN, words.Sighted): "_nothing",
        (BROKEN, words.SetUp): "_nothing",
        (BROKEN, words.RadioFailed): "_nothing",
        (BROKEN, decider.Expired): "_restart",
    }
    for _state in (SCANNING, SETTING_UP, FULL):
        MOVES[(_state, words.RadioFailed)] = "_radio_failed"
    for _state in (SCANNING, SETTING_UP, FULL, BROKEN):
        MOVES[(_state, words.SessionEnded)] = "_session_ended"
        MOVES[(_state, words.RoomChanged)] = "_room_changed"
        MOVES[(_state, words.ValueCame)] = "_value_came"

    def __init__(self, backoff: "Backoff", done_hold_off_ms: "Sequence[int]" = ()) -> None:
        """`done_hold_off_ms`: for each sensor, how long it is left alone after a good session."""
        super().__init__(OFF)
        self._backoff = backoff
        self._hold_offs = hold_offs.HoldOffs(done_hold_off_ms)
        self._has_room = True
        self._setting_up: "Optional[int]" = None
        self._open: "List[int]" = []  # sensors with a session, also the one being set up
        self._since_ms: "Dict[int, int]" = {}  # sensor: when its session had subscribed
        self._heard_ms: "Dict[int, int]" = {}  # sensor: when its session last had a value
        self._yielding: "Optional[int]" = None  # the sensor whose session is ended for another
        self._caller: "Optional[int]" = None  # that other, which has the next place
        self._caller_until_ms = 0
        self._scan_due_ms = 0  # when the end of the running scan is overdue

    def _scan(self, _event: Value, now_ms: int) -> "Outcome":
        return self._scanning(now_ms, [])

    def _scanning(self, now_ms: int, actions: "List[Value]") -> "Outcome":
        """Go on as there is room: scan, or wait for room."""
        if not self._has_room:
            return FULL, self._hold_offs.next_ms(), actions
        self._scan_due_ms = now_ms + SCAN_MS + SCAN_GRACE_MS
        return SCANNING, self._wake_ms(), actions + [words.StartScan(SCAN_MS)]

    def _wake_ms(self) -> int:
        release_ms = self._hold_offs.next_ms()
        return self._scan_due_ms if release_ms is None else min(self._scan_due_ms, release_ms)

    def _scan_ended(self, _event: Value, now_ms: int) -> "Outcome":
        self._backoff.reset()
        return self._scanning(now_ms, [])

    def _sighted(self, event: words.Sighted, now_ms: int) -> "Outcome":
        if event.index in self._hold_offs or event.index in self._open:
            return SCANNING, self.deadline_ms, []
        if len(self._open) >= MAX_SESSIONS:
            return SCANNING, self.deadline_ms, self._make_place(event.index, now_ms)
        if self._is_kept_for_another(event.index, now_ms):
            return SCANNING, self.deadline_ms, []
        if event.index == self._caller:
            self._caller = None
        self._open.append(event.index)
        self._since_ms[event.index] = self._heard_ms[event.index] = now_ms
        self._setting_up = event.index
        actions: "List[Value]" = [words.Mute(event.index), words.OpenSession(event.index)]
        return SETTING_UP, self._hold_offs.next_ms(), actions

    def _is_kept_for_another(self, index: int, now_ms: int) -> bool:
        """True if the last free place is somebody else's."""
        if self._caller in (None, index) or now_ms >= self._caller_until_ms:
            return False
        return len(self._open) == MAX_SESSIONS - 1

    def _make_place(self, caller: int, now_ms: int) -> "List[Value]":
        """End the session that has been silent longest, or has had the longest turn."""
        if self._yielding is not None:
            return []
        silent = min(self._open, key=self._heard_at_ms)
        oldest = min(self._open, key=self._since_at_ms)
        if now_ms - self._heard_at_ms(silent) >= SILENT_MS:
            self._yielding = silent
        elif now_ms - self._since_at_ms(oldest) >= TURN_MS:
            self._yielding = oldest
        else:
            return []
        self._caller = caller
        return [words.StopSession(self._yielding)]

    def _heard_at_ms(self, index: int) -> int:
        return self._heard_ms[index]

    def _since_at_ms(self, index: int) -> int:
        return self._since_ms[index]

    def _value_came(self, event: words.ValueCame, now_ms: int) -> "Outcome":
        if event.index in self._open:
            self._heard_ms[event.index] = now_ms
        return self.state, self.deadline_ms, []

    def _set_up(self, event: words.SetUp, now_ms: int) -> "Outcome":
        if event.index != self._setting_up:
            return self._nothing(event, now_ms)
        self._since_ms[event.index] = self._heard_ms[event.index] = now_ms
        self._setting_up = None
        self._backoff.reset()
        return self._scanning(now_ms, [])

    def _session_ended(self, event: words.SessionEnded, now_ms: int) -> "Outcome":
        self._open.remove(event.index)
        if event.index == self._yielding:
            self._yielding = None
            self._caller_until_ms = now_ms + KEEP_PLACE_MS
        self._hold_offs.begin(event.index, event.outcome, now_ms)
        if event.outcome in _RADIO_FAULTS and self.state != BROKEN:
            return self._radio_failed(event, now_ms)
        if event.index == self._setting_up:
            self._setting_up = None
            if self.state == SETTING_UP:
                return self._scanning(now_ms, [])
        return self._waiting([])

    def _waiting(self, actions: "List[Value]") -> "Outcome":
        """Stay in this state, with the deadline that belongs to it."""
        if self.state == SCANNING:
            return SCANNING, self._wake_ms(), actions
        if self.state == BROKEN:
            return BROKEN, self.deadline_ms, actions
        return self.state, self._hold_offs.next_ms(), actions

    def _expired(self, event: Value, now_ms: int) -> "Outcome":
        if self.state == SCANNING and now_ms >= self._scan_due_ms:
            return self._radio_failed(event, now_ms)
        return self._waiting(self._released(now_ms))

    def _released(self, now_ms: int) -> "List[Value]":
        return [words.Unmute(index) for index in self._hold_offs.release(now_ms)]

    def _room_changed(self, event: words.RoomChanged, now_ms: int) -> "Outcome":
        self._has_room = event.has_room
        if event.has_room and self.state == FULL:
            return self._scanning(now_ms, [])
        if event.has_room or self.state in (FULL, BROKEN):
            return self._waiting([])
        # Connecting has stopped the scan already; the sessions tell us when they have ended.
        self._setting_up = None
        stop: "List[Value]" = [words.StopScan()] if self.state == SCANNING else []
        stop.append(words.StopSessions())
        return FULL, self._hold_offs.next_ms(), stop

    def _radio_failed(self, _event: Value, now_ms: int) -> "Outcome":
        self._setting_up = None
        actions: "List[Value]" = [words.StopSessions()]
        if self._backoff.tries >= MAX_RESTARTS:
            actions.append(words.GiveUp())
        return BROKEN, now_ms + self._backoff.next_ms(), actions

    def _restart(self, _event: Value, now_ms: int) -> "Outcome":
        # words.Unmute first: should the restart fail, nothing after it is done.
        return self._scanning(now_ms, self._released(now_ms) + [words.RestartRadio()])

    def _nothing(self, _event: Value, _now_ms: int) -> "Outcome":
        return self.state, self.deadline_ms, []

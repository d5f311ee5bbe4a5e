"""One connection to one sensor, from the advertisement to the last value.

What is asked of the sensor, and in which order, is its driver's business: a generator of steps
(see `steps`). The session connects, performs one step after the other, each within its time, and
ends the link in good order. Its states, and what each waits for:

    IDLE             Begin
    CONNECTING       the controller to catch the next advertisement and connect
    (a step's)       its answer: TUNING the MTU exchange, FINDING_... services and so on, READING,
                     WRITING, ENCRYPTING, also by pairing; WAITING only time, AWAITING_... a
                     value, FLUSHING all readings to be durable, RECEIVING until it is quiet
    CLOSING          the disconnection we asked for
    CLOSED           nothing: a session is used once

Values may arrive from the first CCCD write on, with a bond from encryption on. The radio's handler
keeps them, by the map that `Listen` sets up before; the session only hears `ValueKept`. Security
may change at any time (`link_security`). Whether the last confirmation arrived: `sureness`.
"""

from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

from . import decider, link_security, steps, sureness
from . import sensor_words as words

if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

    from .decider import Outcome

IDLE = "idle"
CONNECTING = "connecting"
CLOSING = "closing"
CLOSED = "closed"
STEPPING = (
    steps.TUNING, steps.FINDING_SERVICE, steps.FINDING_CHARACTERISTICS, steps.FINDING_SWITCH,
    steps.READING, steps.WRITING, steps.ENCRYPTING, steps.WAITING, steps.AWAITING_CONTROL,
    steps.AWAITING_VALUE, steps.FLUSHING, steps.RECEIVING,
)  # fmt: skip
UNDER_WAY = STEPPING + (CLOSING,)

# A scale advertises for some seconds only, but at slow intervals when it saves its battery.
CONNECT_MS = const(10_000)
# The port's own limit is CONNECT_MS; without word from it by then, the radio itself is in doubt.
CONNECT_GRACE_MS = const(3_000)
# Nobody else is heard or set up meanwhile, so one that dawdles at every step gets no more in all.
SET_UP_MS = const(20_000)
# A disconnection takes at most the supervision timeout, 6 s as we ask for it.
CLOSE_MS = const(8_000)
# Answers of control points that nobody awaits yet; of more, the oldest go.
MAX_CONTROLS = const(4)

# Whatever the step: the link breaks, time is up, the sensor sends, asks, or comes too late.
_AT_ANY_STEP: "Dict[type, str]" = {
    words.Disconnected: "_gone",
    words.Stop: "_stop",
    decider.Expired: "_step_over",
    words.ValueKept: "_early_value",
    words.Control: "_early_control",
    words.Secured: "_secured",
    words.PasskeyAsked: "_passkey_asked",
}
_TOO_LATE = (
    words.MtuSet, words.ServiceFound, words.CharacteristicFound, words.DescriptorFound,
    words.StageDone, words.ReadDone, words.Flushed, words.Control, words.PasskeyAsked,
)  # fmt: skip
_WRONG = (words.NO_SERVICE, words.NO_CHARACTERISTIC, words.NO_SWITCH, words.REFUSED)


class SensorSession(decider.Decider):
    """Decides one session; feed it the radio's events, perform its actions in order."""

    MOVES = {
        (IDLE, words.Begin): "_begin",
        (CONNECTING, words.Connected): "_connected",
        (CONNECTING, words.Disconnected): "_not_connected",
        (CONNECTING, words.Stop): "_stop_connecting",
        (CONNECTING, decider.Expired): "_no_word_from_radio",
        (steps.TUNING, words.MtuSet): "_over",
        (steps.TUNING, decider.Expired): "_over",
        (steps.FINDING_SERVICE, words.ServiceFound): "_found",
        (steps.FINDING_SERVICE, words.StageDone): "_done",
        (steps.FINDING_CHARACTERISTICS, words.CharacteristicFound): "_found",
        (steps.FINDING_CHARACTERISTICS, words.StageDone): "_done",
        (steps.FINDING_SWITCH, words.DescriptorFound): "_found",
        (steps.FINDING_SWITCH, words.StageDone): "_done",
        (steps.READING, words.ReadDone): "_done",
        (steps.WRITING, words.StageDone): "_done",
        (steps.ENCRYPTING, words.Secured): "_encrypted",
        (steps.ENCRYPTING, words.Disconnected): "_gone_encrypting",
        (steps.ENCRYPTING, decider.Expired): "_never_encrypted",
        (steps.WAITING, decider.Expired): "_over",
        (steps.AWAITING_CONTROL, words.Control): "_control",
        (steps.AWAITING_CONTROL, words.ValueKept): "_next_value",
        (steps.AWAITING_CONTROL, decider.Expired): "_over",
        (steps.AWAITING_VALUE, words.ValueKept): "_awaited_value",
        (steps.AWAITING_VALUE, decider.Expired): "_over",
        (steps.FLUSHING, words.Flushed): "_flushed",
        (steps.RECEIVING, words.ValueKept): "_next_value",
        (steps.RECEIVING, decider.Expired): "_over",
        (CLOSING, words.Disconnected): "_hung_up",
        (CLOSING, words.ValueKept): "_late_value",
        (CLOSING, words.Secured): "_secured",
        (CLOSING, words.Stop): "_stay",
        (CLOSING, decider.Expired): "_never_hung_up",
    }

    def __init__(self, facts: "steps.Facts", procedure: "steps.Procedure") -> None:
        super().__init__(IDLE)
        self.values = 0
        self.sureness = sureness.Sureness()
        self._facts = facts
        self._procedure = procedure
        self._step: "Any" = None  # the one under way, and when it began
        self._step_ms = 0
        self._result: "Any" = None  # of it, as far as there is one
        self._controls: "List[words.Control]" = []
        self._is_ready = False
        self._outcome = words.NO_VALUES
        self._set_up_by_ms = 0

    def _move_for(self, kind: type) -> "Optional[str]":
        """Return the state's own move, else that of any step: as a table that is 200 rows."""
        move = self.MOVES.get((self.state, kind))
        if move is None and self.state in STEPPING:
            move = _AT_ANY_STEP.get(kind)
        if move is None and self.state in UNDER_WAY and kind in _TOO_LATE:
            return "_stay"
        return move

    def _begin(self, _event: Value, now_ms: int) -> "Outcome":
        self._facts.begin()
        return CONNECTING, now_ms + CONNECT_MS + CONNECT_GRACE_MS, [words.Connect(CONNECT_MS)]

    def _no_word_from_radio(self, _event: Value, now_ms: int) -> "Outcome":
        return self._stop_connecting(words.Stop(words.RADIO_DEAF), now_ms)

    def _not_connected(self, _event: Value, _now_ms: int) -> "Outcome":
        return self._closed(words.NO_CONNECTION, [])

    def _stop_connecting(self, event: words.Stop, _now_ms: int) -> "Outcome":
        return self._closed(event.outcome, [words.CancelConnect()])

    def _connected(self, _event: Value, now_ms: int) -> "Outcome":
        self._set_up_by_ms = now_ms + SET_UP_MS
        return self._advance(None, now_ms)

    # From step to step

    def _advance(self, result: "Any", now_ms: int) -> "Outcome":
        """Hand the driver the result of its step; begin the next."""
        actions: "List[Value]" = []
        self._facts.now_ms = now_ms
        while True:
            try:
                step: "Any" = self._procedure.send(result)
            except StopIteration:
                outcome = words.DONE if self.values else words.NO_VALUES
                return self._closing(outcome, now_ms, actions)
            except steps.EndedError as end:
                return self._closing(end.outcome, now_ms, actions)
            result = None
            if not isinstance(step, steps.Step):
                self._is_ready = self._is_ready or type(step) is words.Ready
                actions.append(step)
            elif type(step) is steps.AwaitControl and self._is_early(step):
                result = self._result
            else:
                return self._start(step, now_ms, actions)

    def _start(self, step: "Any", now_ms: int, actions: "List[Value]") -> "Outcome":
        self._step, self._step_ms, self._result = step, now_ms, step.no_result()
        limit_ms = now_ms + step.limit_ms
        if type(step) is steps.Receive:
            if not self._is_ready:
                actions.append(words.Ready())
                self._is_ready = True
            limit_ms = now_ms + (step.quiet_ms if self.values else step.first_ms)
        elif step.IS_SET_UP and not self._is_ready:
            limit_ms = min(limit_ms, self._set_up_by_ms)
        return step.STATE, limit_ms, actions + step.actions()

    def _is_early(self, step: steps.AwaitControl) -> bool:
        """True if what is awaited has come already."""
        for control in self._controls:
            if control.value_handle == step.value_handle:
                self._controls.remove(control)
                self._result = control.value
                return True
        return False

    # What comes of a step

    def _over(self, _event: Value, now_ms: int) -> "Outcome":
        return self._advance(self._result, now_ms)

    def _found(self, event: Value, _now_ms: int) -> "Outcome":
        self._result = self._step.found(self._result, event)
        return self._stay()

    def _done(self, event: "Any", now_ms: int) -> "Outcome":
        if event.status and not event.status & words.ATT_ERROR:
            return self.state, now_ms + steps.GONE_MS, []  # no answer, nor a finding
        self.sureness.answered(event.status, self._step_ms)
        return self._advance(self._step.done(event, self._result), now_ms)

    def _flushed(self, event: words.Flushed, now_ms: int) -> "Outcome":
        return self._advance((event.lost, event.value), now_ms)

    def _step_over(self, _event: Value, now_ms: int) -> "Outcome":
        return self._closing(words.TIMED_OUT, now_ms, [])

    # Values and control points

    def _early_value(self, event: words.ValueKept, now_ms: int) -> "Outcome":
        self.values = event.total
        self.sureness.value(now_ms)
        return self._stay()

    def _next_value(self, event: words.ValueKept, now_ms: int) -> "Outcome":
        self._early_value(event, now_ms)
        return self.state, now_ms + getattr(self._step, "quiet_ms", self._step.limit_ms), []

    def _awaited_value(self, event: words.ValueKept, now_ms: int) -> "Outcome":
        self._early_value(event, now_ms)
        return self._advance(True, now_ms)

    def _late_value(self, event: words.ValueKept, now_ms: int) -> "Outcome":
        self.values = event.total
        self.sureness.late_value(now_ms)
        return self._stay()

    def _control(self, event: words.Control, now_ms: int) -> "Outcome":
        if event.value_handle != self._step.value_handle:
            return self._early_control(event, now_ms)
        return self._advance(event.value, now_ms)

    def _early_control(self, event: words.Control, _now_ms: int) -> "Outcome":
        self._controls = self._controls[1 - MAX_CONTROLS :] + [event]
        return self._stay()

    # Security

    def _encrypted(self, event: words.Secured, now_ms: int) -> "Outcome":
        self._set_up_by_ms += now_ms - self._step_ms  # pairing has its own limit
        told = link_security.note(self._facts, event)
        if self._facts.is_encrypted:
            state, limit_ms, actions = self._advance(None, now_ms)
            return state, limit_ms, told + actions
        outcome, actions = link_security.refused(self._facts)
        return self._closing(outcome, now_ms, told + actions)

    def _secured(self, event: words.Secured, _now_ms: int) -> "Outcome":
        """The sensor has asked for it; if it failed, what we ask next will be refused."""
        return self.state, self.deadline_ms, link_security.note(self._facts, event)

    def _passkey_asked(self, event: words.PasskeyAsked, now_ms: int) -> "Outcome":
        answer = link_security.passkey(self._facts, event)
        if answer:
            return self.state, self.deadline_ms, answer
        outcome, actions = link_security.refused(self._facts)
        return self._closing(outcome, now_ms, actions)

    def _gone_encrypting(self, _event: Value, _now_ms: int) -> "Outcome":
        return self._closed(*link_security.unanswered(self._facts))

    def _never_encrypted(self, _event: Value, now_ms: int) -> "Outcome":
        outcome, told = link_security.unanswered(self._facts)
        return self._closing(outcome, now_ms, told)

    # The end

    def _stop(self, event: words.Stop, now_ms: int) -> "Outcome":
        return self._closing(event.outcome, now_ms, [])

    def _gone(self, _event: Value, now_ms: int) -> "Outcome":
        if self.values:
            is_sure = self.sureness.left(now_ms) and (self._is_ready or self.sureness.is_proven)
            return self._closed(words.DONE, [], is_sure)
        return self._closed(words.NO_VALUES if self._is_ready else words.LOST, [])

    def _closing(self, outcome: str, now_ms: int, actions: "List[Value]") -> "Outcome":
        self._outcome = outcome
        self.sureness.hang_up(now_ms)
        if outcome in _WRONG:
            actions = actions + [words.Tell(records.EVENT_SENSOR_REFUSED)]
        return CLOSING, now_ms + CLOSE_MS, actions + [words.Disconnect()]

    def _hung_up(self, _event: Value, now_ms: int) -> "Outcome":
        return self._closed(self._outcome, [], self.sureness.hung_up(now_ms))

    def _never_hung_up(self, _event: Value, _now_ms: int) -> "Outcome":
        return self._closed(words.RADIO_DEAF, [], self.sureness.is_proven)

    def _closed(self, outcome: str, actions: "List[Value]", is_sure: bool = False) -> "Outcome":
        return CLOSED, None, actions + [words.Finish(outcome, self.values, is_sure)]

    def _stay(self, _event: "Any" = None, _now_ms: int = 0) -> "Outcome":
        return self.state, self.deadline_ms, []

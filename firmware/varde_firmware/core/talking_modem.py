"""Makes a modem talk, and switches it off: questions, silence, power.

`core.at_talk` reads answers. In each state that asks one question is out at most, and the deadline
says when to ask again. Commands as in the A76XX series' manual, 3GPP TS 27.007 and V.250.

    OFF          no power, as far as we know
    WAKING       asked AT until it answers; its key is pressed if it does not at once
    RESTARTING   told to start anew
    LEAVING      told to switch off

What does not answer is made to, ever harder: restarted by command while it talks, by its reset
pin, by its key. Each is tried once, until a call stands again. `core.modem` goes on where this
ends: at `_greet`.
"""

from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

from . import at_talk, decider, modem_words
from .modem_words import Answered, GaveUp, Press, Send, SwitchOff, SwitchOn, Troubled, Use

if TYPE_CHECKING:
    from typing import Dict, List, Optional, Tuple

    from .decider import Outcome

OFF = "off"
WAKING = "waking"
RESTARTING = "restarting"
LEAVING = "leaving"

# From the key to the first word 8 to 15 s (SIM7670G, A7670), after a crash of its own longer.
WAKE_MS = const(30_000)
ASK_AGAIN_MS = const(1_000)
UNHEARD_ASKS = const(2)  # a modem that is on answers one of them
# Hardware design of both: the key is held 50 ms to switch on and 2.5 s to switch off, reset 2 s.
PRESS_ON_MS = const(200)
PRESS_OFF_MS = const(3_000)
PRESS_RESET_MS = const(2_500)
OFF_MS = const(4_000)  # it says good-bye to the network, and its supply falls
# With a poor line every second answer is lost; of six in a row one comes through 63 times in 64.
SILENT_LIMIT = const(6)
LEAVE_TRIES = const(2)
_RESET_RUNG = const(2)
_KEY_RUNG = const(3)


class TalkingModem(decider.Decider):
    """The part of `core.modem.Modem` that all of its states share."""

    MOVES = {
        (OFF, SwitchOn): "_switch_on",
        (WAKING, Answered): "_woke",
        (RESTARTING, Answered): "_restarted",
        (LEAVING, Answered): "_left",
    }
    QUESTIONS: "Dict[str, Tuple[str, int]]" = {  # by state: command, and how long to wait
        WAKING: ("AT", 500),
        RESTARTING: ("AT+CFUN=1,1", 5_000),
        LEAVING: ("AT+CPOF", 3_000),
    }

    def __init__(self) -> None:
        super().__init__(OFF)
        self._rung = 0  # how hard it was made to answer: 1 restarted, 2 reset, 3 by its key
        self._asked = 0  # questions in this state
        self._silent = 0  # without an answer, in a row
        self._until_ms = 0  # the end of this state's patience

    def _move_for(self, kind: type) -> "Optional[str]":
        """What asks is asked again at its deadline, and may be told to stop."""
        if self.state in self.QUESTIONS:
            if kind is decider.Expired:
                return "_ask_again"
            if kind is SwitchOff and self.state != LEAVING:
                return "_leave"
        return super()._move_for(kind)

    def _ask(self, state: str, now_ms: int, patience_ms: int = 0) -> "Outcome":
        """Enter a state that asks; with `patience_ms` until when it may take."""
        self._asked = 0
        if patience_ms:
            self._until_ms = now_ms + patience_ms
        return state, None, [self._question(state)]

    def _question(self, state: str) -> Value:
        self._asked += 1
        return Send(*self.QUESTIONS[state])

    def _ask_again(self, _event: Value, _now_ms: int) -> "Outcome":
        return self.state, None, [self._question(self.state)]

    def _later(self, now_ms: int, wait_ms: int) -> "Outcome":
        return self.state, now_ms + wait_ms, []

    def _is_heard(self, event: Answered) -> bool:
        """False if there was no answer; then `_unheard` is the move."""
        self._silent = self._silent + 1 if event.result == at_talk.SILENT else 0
        return event.result != at_talk.SILENT

    def _unheard(self, now_ms: int) -> "Outcome":
        if self._silent < SILENT_LIMIT:
            return self._later(now_ms, ASK_AGAIN_MS)
        return self._harder(now_ms, [Troubled(records.MODEM_HUNG)])

    def _greet(self, now_ms: int) -> "Outcome":
        """It talks: go on."""
        raise NotImplementedError

    def _switch_on(self, _event: Value, now_ms: int) -> "Outcome":
        self._rung = self._silent = 0
        state, deadline_ms, actions = self._ask(WAKING, now_ms, WAKE_MS)
        actions.insert(0, Use(modem_words.OPEN))
        return state, deadline_ms, actions

    def _woke(self, event: Answered, now_ms: int) -> "Outcome":
        if event.result != at_talk.SILENT:
            self._silent = 0
            return self._greet(now_ms)
        if self._rung == 0 and self._asked == UNHEARD_ASKS:
            return WAKING, now_ms + ASK_AGAIN_MS, [Press(modem_words.KEY, PRESS_ON_MS)]
        if now_ms < self._until_ms:
            return self._later(now_ms, ASK_AGAIN_MS)
        return self._harder(now_ms, [])

    def _harder(self, now_ms: int, actions: "List[Value]") -> "Outcome":
        """It talks no more."""
        self._rung = max(self._rung + 1, _RESET_RUNG)
        self._silent = self._asked = 0
        self._until_ms = now_ms + WAKE_MS
        if self._rung == _RESET_RUNG:
            actions.append(Press(modem_words.RESET, PRESS_RESET_MS))
        elif self._rung == _KEY_RUNG:
            actions.append(Press(modem_words.KEY, PRESS_OFF_MS))
            actions.append(Press(modem_words.NOTHING, OFF_MS))
            actions.append(Press(modem_words.KEY, PRESS_ON_MS))
        else:
            return self._give_up(records.MODEM_SILENT, now_ms)
        return WAKING, now_ms + ASK_AGAIN_MS, actions

    def _restarted(self, event: Answered, now_ms: int) -> "Outcome":
        if event.result != at_talk.OK:
            return self._harder(now_ms, [])
        self._until_ms = now_ms + WAKE_MS
        # For a moment it goes on answering as the one that it was.
        return WAKING, now_ms + OFF_MS, []

    def _give_up(self, reason: int, now_ms: int) -> "Outcome":
        state, deadline_ms, actions = self._ask(LEAVING, now_ms)
        actions.insert(0, GaveUp(reason))
        return state, deadline_ms, actions

    def _leave(self, _event: Value, now_ms: int) -> "Outcome":
        return self._ask(LEAVING, now_ms)

    def _left(self, event: Answered, now_ms: int) -> "Outcome":
        """Silence twice is as good as a word: it is off, or it will be woken the hard way.

        The key is for one that talks and does not know the command: held on one that is off, it
        would switch it on.
        """
        if event.result == at_talk.SILENT and self._asked < LEAVE_TRIES:
            return self._later(now_ms, OFF_MS)
        actions: "List[Value]" = [Press(modem_words.NOTHING, OFF_MS), Use(modem_words.CLOSE)]
        if event.result not in (at_talk.SILENT, at_talk.OK):
            actions.insert(0, Press(modem_words.KEY, PRESS_OFF_MS))
        return OFF, None, actions

"""Brings a 4G modem's data call up and down: SIM, network, call.

`core.talking_modem` has the states before and after these. The link side wants one of three
things: a call, none (READY), or all off.

    GREETING     echo off, errors as numbers, the operator's time taken over
    SIM          asked what the card wants; TRIES and UNLOCKING: it wants its PIN
    CONTEXT      told the APN, which the network is asked for when registering
    REGISTERING  asked whether a network has taken us
    SIGNAL, CLOCK   asked how strong it is, what time it says
    DIALLING     ATD; then PPP: shakes hands; UP: an exchange may be tried
    STOPPING     PPP is being closed; BREAKING: to a modem that hears commands again
    READY        registered, no call

A card locks after three wrong PINs, and a locked card means a visit. So ours is tried only when
the card says that at least two tries are left, never twice in a boot unless it was right, never if
it was refused before. Remembered over a power cut is also PIN_TRYING, before the try: then only
with all tries left, which says that it was not used up.
"""

from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

from . import at_talk, decider, modem_words, talking_modem
from .modem_words import (
    Answered,
    HangUp,
    PppDown,
    PppUp,
    Remember,
    Send,
    TimeTold,
    Troubled,
    Use,
)
from .talking_modem import ASK_AGAIN_MS, SILENT_LIMIT

if TYPE_CHECKING:
    from typing import Optional

    from varde_protocols import hub_config

    from .decider import Outcome

GREETING = "greeting"
SIM = "sim"
TRIES = "tries"
UNLOCKING = "unlocking"
CONTEXT = "context"
REGISTERING = "registering"
SIGNAL = "signal"
CLOCK = "clock"
DIALLING = "dialling"
PPP = "ppp"
UP = "up"
STOPPING = "stopping"
BREAKING = "breaking"
READY = "ready"

# A card is read some seconds after the modem speaks; after a power cut it may be busy for 90 s
# (Xinyuan-LilyGO/T-SIM7600X issue 29).
SIM_MS = const(20_000)
SIM_BUSY_ASKS = const(60)
SIM_AGAIN_MS = const(2_000)
# A search over all bands takes minutes; a network that says no may be one of several.
REGISTER_MS = const(240_000)
DENIED_MS = const(45_000)
REGISTER_AGAIN_MS = const(3_000)
TIME_TRIES = const(4)  # the operator tells it some seconds after registration
TIME_AGAIN_MS = const(2_000)
PPP_MS = const(30_000)
DIAL_AGAIN_MS = const(3_000)
DIALS = const(2)  # in a row, before a restart and after it
BREAK_TRIES = const(3)
PLENTY_OF_TRIES = const(3)
LEAST_TRIES = const(2)

_REGISTERED = (1, 5)
_DENIED = const(3)
_QUESTIONS = {
    GREETING: ("ATE0+CMEE=1;+CTZU=1", 2_000),
    SIM: ("AT+CPIN?", 5_000),
    TRIES: ("AT+SPIC", 5_000),
    UNLOCKING: ('AT+CPIN="%s"', 10_000),
    CONTEXT: ('AT+CGDCONT=1,"IP","%s"', 5_000),
    REGISTERING: ("AT+CEREG?", 2_000),
    SIGNAL: ("AT+CSQ", 2_000),
    CLOCK: ("AT+CCLK?", 2_000),
    DIALLING: ("ATD*99#", 30_000),
    BREAKING: ("ATH", 2_000),
}
_QUESTIONS.update(talking_modem.TalkingModem.QUESTIONS)
_MOVES: "decider.Moves" = {
    (GREETING, Answered): "_greeted",
    (SIM, Answered): "_sim_said",
    (TRIES, Answered): "_tries_said",
    (UNLOCKING, Answered): "_unlocked",
    (CONTEXT, Answered): "_context_set",
    (REGISTERING, Answered): "_registration_said",
    (SIGNAL, Answered): "_signal_said",
    (CLOCK, Answered): "_clock_said",
    (DIALLING, Answered): "_dialled",
    (PPP, PppUp): "_up",
    (PPP, decider.Expired): "_no_ppp",
    (PPP, HangUp): "_stop",
    (PPP, modem_words.SwitchOff): "_stop",
    (UP, PppDown): "_stop",
    (UP, HangUp): "_stop",
    (UP, modem_words.SwitchOff): "_stop",
    (STOPPING, modem_words.Stopped): "_stopped",
    (BREAKING, Answered): "_broke",
    (READY, modem_words.SwitchOn): "_dial",
    (READY, modem_words.SwitchOff): "_leave",
}
_MOVES.update(talking_modem.TalkingModem.MOVES)


class Modem(talking_modem.TalkingModem):
    """Decides about the modem; `signal_dbm` as last read, None if it was not."""

    MOVES = _MOVES
    QUESTIONS = _QUESTIONS

    def __init__(self, modem: "hub_config.Modem", pin_state: int) -> None:
        """`pin_state`: what was remembered of this PIN (modem_words.PIN_...)."""
        super().__init__()
        self._config = modem
        self._pin_state = pin_state
        self._was_tried = False  # our PIN, in this boot, and we do not know that it was right
        self._dials = 0  # that failed, in a row
        self.signal_dbm: "Optional[int]" = None
        self.wants_time = True  # the hub does not know it: worth some seconds
        self.wants_call = True  # False: READY is enough

    def _question(self, state: str) -> Value:
        self._asked += 1
        command, timeout_ms = _QUESTIONS[state]
        if state == UNLOCKING:
            command = command % self._config.pin
        elif state == CONTEXT:
            command = command % self._config.apn
        elif state == REGISTERING and self._asked % 2 == 0:
            command = "AT+CREG?"  # where there is no LTE
        return Send(command, timeout_ms)

    # SIM

    def _greet(self, now_ms: int) -> "Outcome":
        return self._ask(GREETING, now_ms)

    def _greeted(self, event: Answered, now_ms: int) -> "Outcome":
        if not self._is_heard(event):
            return self._unheard(now_ms)
        if event.result != at_talk.OK and self._asked < SILENT_LIMIT:
            return self._later(now_ms, ASK_AGAIN_MS)  # a spike has made an error of it
        return self._ask(SIM, now_ms, SIM_MS)

    def _sim_said(self, event: Answered, now_ms: int) -> "Outcome":
        if not self._is_heard(event):
            return self._unheard(now_ms)
        if event.text == "READY":
            return self._remember(self._ask(CONTEXT, now_ms), modem_words.PIN_UNTRIED)
        if event.text == "SIM PIN" and self._may_try_pin():
            return self._ask(TRIES, now_ms)
        if event.text in ("SIM PIN", "SIM PUK") or event.code == at_talk.CME_PUK_WANTED:
            return self._give_up(records.MODEM_PIN, now_ms)
        return self._no_card(event.code == at_talk.CME_SIM_BUSY, now_ms)

    def _no_card(self, is_busy: bool, now_ms: int) -> "Outcome":
        if is_busy and self._asked >= SIM_BUSY_ASKS:
            return self._give_up(records.MODEM_SIM_BUSY, now_ms)
        if is_busy:
            self._until_ms = max(self._until_ms, now_ms + SIM_MS)
        elif now_ms >= self._until_ms:
            return self._give_up(records.MODEM_NO_SIM, now_ms)
        return self._later(now_ms, SIM_AGAIN_MS)

    def _may_try_pin(self) -> bool:
        is_refused = self._pin_state == modem_words.PIN_REFUSED
        return bool(self._config.pin) and not self._was_tried and not is_refused

    def _tries_said(self, event: Answered, now_ms: int) -> "Outcome":
        if not self._is_heard(event):
            return self._unheard(now_ms)
        left = at_talk.tries_left(event.text)
        if left == at_talk.UNKNOWN and self._asked < SILENT_LIMIT:
            return self._later(now_ms, ASK_AGAIN_MS)
        if left < (PLENTY_OF_TRIES if self._pin_state else LEAST_TRIES):
            return self._give_up(records.MODEM_PIN, now_ms)
        self._was_tried = True
        return self._remember(self._ask(UNLOCKING, now_ms), modem_words.PIN_TRYING)

    def _unlocked(self, event: Answered, now_ms: int) -> "Outcome":
        """Whatever came of it, the card is asked again; the PIN is not sent twice."""
        if event.result == at_talk.ERROR and event.code == at_talk.CME_WRONG_PIN:
            refused = self._give_up(records.MODEM_PIN, now_ms)
            return self._remember(refused, modem_words.PIN_REFUSED)
        self._asked = 0
        self._until_ms = now_ms + SIM_MS
        return SIM, now_ms + SIM_AGAIN_MS, []

    def _remember(self, outcome: "Outcome", pin_state: int) -> "Outcome":
        """Keep what became of the PIN, before all else."""
        self._was_tried = self._was_tried and pin_state != modem_words.PIN_UNTRIED
        if pin_state != self._pin_state:
            self._pin_state = pin_state
            outcome[2].insert(0, Remember(pin_state))
        return outcome

    # Network

    def _context_set(self, event: Answered, now_ms: int) -> "Outcome":
        if not self._is_heard(event):
            return self._unheard(now_ms)
        if event.result != at_talk.OK and self._asked < SILENT_LIMIT:
            return self._later(now_ms, ASK_AGAIN_MS)
        return self._ask(REGISTERING, now_ms, REGISTER_MS)

    def _registration_said(self, event: Answered, now_ms: int) -> "Outcome":
        if not self._is_heard(event):
            return self._unheard(now_ms)
        stat = at_talk.registration(event.text)
        if stat in _REGISTERED:
            return self._ask(SIGNAL, now_ms)
        if stat == _DENIED and now_ms >= self._until_ms - REGISTER_MS + DENIED_MS:
            return self._give_up(records.MODEM_DENIED, now_ms)
        if now_ms >= self._until_ms:
            return self._give_up(records.MODEM_NO_NETWORK, now_ms)
        return self._later(now_ms, REGISTER_AGAIN_MS)

    def _signal_said(self, event: Answered, now_ms: int) -> "Outcome":
        if not self._is_heard(event):
            return self._unheard(now_ms)
        self.signal_dbm = at_talk.signal_dbm(event.text)
        return self._ask(CLOCK, now_ms)

    def _clock_said(self, event: Answered, now_ms: int) -> "Outcome":
        utc_ms = at_talk.utc_ms(event.text)
        if utc_ms is None and self.wants_time and self._asked < TIME_TRIES:
            return self._later(now_ms, TIME_AGAIN_MS)
        outcome = self._ask(DIALLING, now_ms) if self.wants_call else (READY, None, [])
        state, deadline_ms, actions = outcome
        if utc_ms is not None:
            actions.insert(0, TimeTold(utc_ms))
        return state, deadline_ms, actions

    # Call

    def _dial(self, _event: Value, now_ms: int) -> "Outcome":
        """The signal first: the last call may have been over for an hour."""
        return self._ask(SIGNAL, now_ms)

    def _dialled(self, event: Answered, now_ms: int) -> "Outcome":
        if event.result == at_talk.CONNECT:
            return PPP, now_ms + PPP_MS, [Use(modem_words.START_PPP)]
        self._dials += 1
        if event.result != at_talk.SILENT:
            return self._not_dialled(now_ms)
        # The word may have been lost, and it waits for PPP by now.
        state, deadline_ms, actions = self._ask(BREAKING, now_ms)
        actions.insert(0, Use(modem_words.ESCAPE))
        return state, deadline_ms, actions

    def _not_dialled(self, now_ms: int) -> "Outcome":
        if self._dials < DIALS:
            return DIALLING, now_ms + DIAL_AGAIN_MS, []
        self._dials = 0
        if self._rung:
            return self._give_up(records.MODEM_NO_PPP, now_ms)
        self._rung = 1
        return self._ask(talking_modem.RESTARTING, now_ms)

    def _up(self, _event: Value, _now_ms: int) -> "Outcome":
        self._dials = self._rung = 0
        return UP, None, []

    def _no_ppp(self, event: Value, now_ms: int) -> "Outcome":
        self._dials += 1
        return self._stop(event, now_ms)

    def _stop(self, _event: Value, _now_ms: int) -> "Outcome":
        self._silent = 0
        return STOPPING, None, [Use(modem_words.STOP_PPP)]

    def _stopped(self, _event: Value, now_ms: int) -> "Outcome":
        return self._ask(BREAKING, now_ms)

    def _broke(self, event: Answered, now_ms: int) -> "Outcome":
        """Does it hear commands again? If not it takes our words for data: +++ ends that."""
        if self._is_heard(event):
            return self._not_dialled(now_ms) if self._dials >= DIALS else (READY, None, [])
        if self._silent >= BREAK_TRIES:
            return self._harder(now_ms, [Troubled(records.MODEM_HUNG)])
        return BREAKING, None, [Use(modem_words.ESCAPE), self._question(BREAKING)]

"""The modem: does what `core.modem` decides, until it is as wished."""

import asyncio

from varde_firmware.core import at_talk, decider, hub_clock, modem, modem_words, talking_modem
from varde_firmware.core import ladder_words as wishes
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Callable, Optional

    from varde_firmware.ports import IdentityStore, ModemPort
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.hub_time import HubTime
    from varde_firmware.shell.inbox import Inbox
    from varde_firmware.shell.keeper import Keeper
    from varde_protocols import hub_config
    from varde_protocols.value import Value

# An answer mostly comes within 20 ms; looking ever less for one that takes half a minute.
LOOK_FIRST_MS = const(20)
LOOK_MOST_MS = const(250)
# PPP does not tell that it is up, or gone; that a call carries nothing the exchange tells.
LOOK_FOR_PPP_MS = const(500)
LOOK_AT_PPP_MS = const(5_000)
# The clock that is read counts seconds and was set by a network whose own is right to a second or
# so: half of the one, and room for the other.
TIME_OFF_MS = const(500)
TIME_UNCERTAINTY_MS = const(2_500)

_IN_CALL = (modem.PPP, modem.UP)
_CLOSING = (modem.STOPPING, modem.BREAKING)


class ModemLink:
    """`wish` and `redial` say what is to be; `on_change` is called after each step."""

    def __init__(self, config: "hub_config.Modem", port: "ModemPort", store: "IdentityStore",
                 hub_time: "HubTime", keeper: "Keeper", inbox: "Inbox",
                 clock: "Clock") -> None:  # fmt: skip
        self._config = config
        self._pin_code = int("1" + config.pin)  # leading zeros count
        self._port = port
        self._store = store
        self._time = hub_time
        self._keeper = keeper
        self._inbox = inbox
        self._clock = clock
        kept = store.pin_tried()
        is_ours = kept // 4 == self._pin_code
        self._modem = modem.Modem(config, kept % 4 if is_ours else modem_words.PIN_UNTRIED)
        self._talk = at_talk.Talk()
        self._wish: int = wishes.MODEM_OFF
        self._redials = False
        self._calls = self._dials = 0
        self._gave_up = False
        self.on_change: "Callable[[], None]" = _nobody

    @property
    def call(self) -> int:
        """The number of the call that stands and may be used, 0 for none."""
        is_up = self._modem.state == modem.UP and self._wish == wishes.MODEM_CALL
        return self._calls if is_up and not self._redials else 0

    @property
    def is_as_wished(self) -> bool:
        """READY or OFF was wished, and is, as far as others are concerned."""
        state = self._modem.state
        if self._wish == wishes.MODEM_READY:
            return state == modem.READY
        is_free = state not in _IN_CALL and state not in _CLOSING
        return self._wish == wishes.MODEM_OFF and is_free

    @property
    def signal_dbm(self) -> "Optional[int]":
        """The strength as last read."""
        return self._modem.signal_dbm

    def take_gave_up(self) -> bool:
        """Tell once that there will be no call; the wish is OFF from then on."""
        gave_up, self._gave_up = self._gave_up, False
        return gave_up

    def wish(self, wish: int) -> None:
        """What is to be (ladder_words.MODEM_...); whatever is under way is ended for it."""
        self._wish = wish
        self._modem.wants_call = wish == wishes.MODEM_CALL
        self._inbox.wake()

    def redial(self) -> None:
        """The call leads nowhere."""
        self._redials = True
        self._inbox.wake()

    async def run(self) -> None:
        """Bring it to what is wished, again and again."""
        while True:
            event = self._next_event()
            if event is None:
                await self._inbox.wait(self._wait_ms())
                continue
            following: "Optional[Value]" = event
            while following is not None:
                following = await self._handle(following)
                self.on_change()

    def _next_event(self) -> "Optional[Value]":
        now_ms = self._clock.now_ms()
        core = self._modem
        wished = self._by_wish(core.state)
        if wished is not None:
            return wished
        if core.state == modem.PPP and self._port.is_connected():
            self._calls += 1
            self._redials = False
            return modem_words.PppUp()
        if core.state == modem.UP and (self._redials or not self._port.is_connected()):
            return modem_words.PppDown()
        return decider.Expired() if core.is_due(now_ms) else None

    def _by_wish(self, state: str) -> "Optional[Value]":
        """The event that leads from here to what is wished, if the wish is not on its way."""
        if state in (talking_modem.OFF, modem.READY):
            if self._wish == wishes.MODEM_CALL:
                return modem_words.SwitchOn()
            if state == modem.READY:
                return modem_words.SwitchOff() if self._wish == wishes.MODEM_OFF else None
            return modem_words.SwitchOn() if self._wish == wishes.MODEM_READY else None
        if self._wish == wishes.MODEM_OFF:
            is_ending = state == talking_modem.LEAVING or state in _CLOSING
            return None if is_ending else modem_words.SwitchOff()
        if self._wish == wishes.MODEM_READY and state in _IN_CALL:
            return modem_words.HangUp()
        return None

    def _wait_ms(self) -> "Optional[int]":
        core = self._modem
        wait_ms: "Optional[int]" = None
        if core.state in _IN_CALL:
            wait_ms = LOOK_FOR_PPP_MS if core.state == modem.PPP else LOOK_AT_PPP_MS
        if core.deadline_ms is not None:
            left_ms = max(0, core.deadline_ms - self._clock.now_ms())
            wait_ms = left_ms if wait_ms is None else min(wait_ms, left_ms)
        return wait_ms

    async def _handle(self, event: "Value") -> "Optional[Value]":
        """Do what the move says; return what came of it, if that is known at once."""
        core = self._modem
        core.wants_time = self._time.utc_ms(0) is None
        came: "Optional[Value]" = None
        for action in core.handle(event, self._clock.now_ms()):
            if isinstance(action, modem_words.Send):
                if self._by_wish(core.state) is not None:
                    return None  # not asked any more: the wish is the next event
                came = await self._ask(action.command, action.timeout_ms)
            elif isinstance(action, modem_words.Press):
                await self._port.press(action.pin, action.hold_ms)
            elif isinstance(action, modem_words.Use):
                came = await self._use(action.verb)
            else:
                self._note(action)
        return came

    async def _ask(self, command: str, timeout_ms: int) -> "Value":
        """Send a command and wait for its answer."""
        self._port.read()  # what nobody asked for
        self._talk.begin(command)
        self._port.write(command.encode() + b"\r")
        end_ms = self._clock.now_ms() + timeout_ms
        pause_ms = LOOK_FIRST_MS
        while True:
            answer = self._talk.receive(self._port.read())
            if answer is not None:
                return modem_words.Answered(answer.result, answer.code, answer.text)
            if self._clock.now_ms() >= end_ms:
                return modem_words.Answered(at_talk.SILENT, 0, "")
            await asyncio.sleep_ms(pause_ms)  # type: ignore[attr-defined]
            pause_ms = min(2 * pause_ms, LOOK_MOST_MS)

    async def _use(self, verb: int) -> "Optional[Value]":
        if verb == modem_words.START_PPP:
            # Which of the two the network wants it does not say: each has every second call.
            by_chap = self._dials % 2 == 0
            self._dials += 1
            try:
                self._port.start_ppp(self._config.user, self._config.password, by_chap)
            except (OSError, RuntimeError, MemoryError) as error:  # it will not be up, then
                print("varde: ppp:", error)
        elif verb == modem_words.STOP_PPP:
            self._redials = False
            await self._port.stop_ppp()
            return modem_words.Stopped()
        elif verb == modem_words.ESCAPE:
            await self._port.escape()
        elif verb == modem_words.OPEN:
            try:
                self._port.open()
            except (OSError, MemoryError) as error:  # nobody answers, then
                print("varde: modem:", error)
        else:
            self._port.close()
        return None

    def _note(self, action: "Value") -> None:
        now_ms = self._clock.now_ms()
        if isinstance(action, modem_words.Remember):
            self._store.set_pin_tried(self._pin_code * 4 + action.pin_state)
        elif isinstance(action, modem_words.TimeTold):
            utc_ms = action.utc_ms + TIME_OFF_MS
            self._time.offer(hub_clock.Measured(records.SOURCE_MODEM, now_ms, utc_ms,
                                                TIME_UNCERTAINTY_MS))  # fmt: skip
        elif isinstance(action, modem_words.Troubled):
            self._keeper.event_once(now_ms, records.EVENT_MODEM_FAILED, action.reason)
        elif isinstance(action, modem_words.GaveUp):
            self._keeper.event_once(now_ms, records.EVENT_MODEM_FAILED, action.reason)
            self._wish = wishes.MODEM_OFF
            self._gave_up = True


def _nobody() -> None:
    """Nobody wants to know."""

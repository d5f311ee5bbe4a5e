"""WiFi and modem on one hub: does what `core.ladder` decides. Only hubs with a modem load this."""

from varde_firmware.core import decider
from varde_firmware.core import ladder_words as words
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    from varde_firmware.core.ladder import Ladder
    from varde_firmware.core.status import Facts
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.data_meter import DataMeter
    from varde_firmware.shell.keeper import Keeper
    from varde_firmware.shell.modem_link import ModemLink
    from varde_firmware.shell.wifi_link import WifiLink
    from varde_protocols.value import Value


class Failover:
    """`calls` is the number of the modem's call that may be used, 0 for none."""

    def __init__(self, decisions: "Ladder", wifi: "WifiLink", modem: "ModemLink",
                 keeper: "Keeper", meter: "DataMeter", facts: "Facts",
                 clock: "Clock") -> None:  # fmt: skip
        self._ladder = decisions
        self._wifi = wifi
        self._modem = modem
        self._keeper = keeper
        self._meter = meter
        self._facts = facts
        self._clock = clock
        self._is_waited_for = False  # the modem is to become as wished
        self._call = 0
        self._switches = 0  # since the last report
        self.on_change: "Callable[[], None]" = _nobody
        wifi.on_exhausted = self._wifi_exhausted
        modem.on_change = self._modem_changed

    @property
    def calls(self) -> int:
        """The number of the call that stands, 0 for none."""
        return self._modem.call

    @property
    def signal_dbm(self) -> "Optional[int]":
        """The modem's, as last read."""
        return self._modem.signal_dbm

    def begin(self) -> None:
        """Bring the first link up."""
        self._handle(words.Begin())

    async def run(self) -> None:
        """Serve the modem."""
        await self._modem.run()

    def wait_ms(self, now_ms: int) -> int:
        """Return when to look again."""
        deadline_ms = self._ladder.deadline_ms
        return 1 << 30 if deadline_ms is None else max(0, deadline_ms - now_ms)

    def look(self) -> None:
        """See whether something has come about, or it is time for it."""
        self._modem_changed()
        if self._ladder.is_due(self._clock.now_ms()):
            self._handle(decider.Expired())

    def proved(self, is_good: bool) -> None:
        """An exchange went over the link that is up, or came to nothing."""
        self._handle(words.Acknowledged() if is_good else words.ExchangeFailed())

    def _wifi_exhausted(self) -> None:
        self._handle(words.WifiExhausted())

    def _modem_changed(self) -> None:
        if self._modem.take_gave_up():
            self._is_waited_for = False
            self._handle(words.ModemGaveUp())
        if self._is_waited_for and self._modem.is_as_wished:
            self._is_waited_for = False
            self._handle(words.ModemAsWished())
        call = self._modem.call
        if self._call and not call:
            self._handle(words.ExchangeFailed())  # a call that falls carries nothing either
        if call != self._call:
            self._call = call
            self.on_change()

    def _handle(self, event: "Value") -> None:
        ladder = self._ladder
        ladder.is_quiet = not self._facts.sessions
        ladder.allows_more = not self._meter.budget.is_spent
        now_ms = self._clock.now_ms()
        for action in ladder.handle(event, now_ms):
            if isinstance(action, words.UseWifi):
                self._wifi.switch(action.is_on)
            elif isinstance(action, words.UseModem):
                self._is_waited_for = action.wish != words.MODEM_CALL
                self._call = 0
                self._modem.wish(action.wish)
            elif isinstance(action, words.Redial):
                self._call = 0  # this one falls because we want it to
                self._modem.redial()
            elif isinstance(action, words.LedNowhere):
                self._keeper.event_once(now_ms, records.EVENT_MODEM_FAILED, records.MODEM_NO_PPP)
            elif isinstance(action, words.Switched):
                self._switches += 1
                self._keeper.event(now_ms, records.EVENT_LINK_SWITCHED, action.link)
            elif isinstance(action, words.Proved):
                self._keeper.event(now_ms, records.EVENT_RESERVE_PROOF, int(action.is_good))
        self.on_change()

    def facts(self) -> "Dict[int, Any]":
        """Return what a report says of it; what is counted begins anew."""
        found: "Dict[int, Any]" = {records.FACT_LINK_SWITCHES: self._switches}
        self._switches = 0
        if self._ladder.proven_ms is not None:
            found[records.FACT_RESERVE_PROVEN_MS] = self._ladder.proven_ms
        return found


def _nobody() -> None:
    """Nobody wants to know."""

"""WiFi: does what `core.link` decides, and tells what went wrong."""

from varde_firmware.core import decider, link
from varde_firmware.shell import upkeep_task
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Callable, List

    from varde_firmware.ports import Wifi
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.keeper import Keeper
    from varde_protocols.hub_config import Network
    from varde_protocols.value import Value

# How often to look whether the network has let us in, and whether it still stands. The interface
# does not tell by itself; an exchange that fails tells sooner.
# It is looked for often at first, then ever less; once joined, at every fourth pulse.
LOOK_LEAST_MS = const(500)
LOOK_SHARE = const(4)
LOOK_PULSES = const(4)


class WifiLink:
    """Owns the station; `on_exhausted` is called when every network was tried in vain."""

    def __init__(self, networks: "List[Network]", wifi: "Wifi", decisions: "link.Link",
                 keeper: "Keeper", clock: "Clock") -> None:  # fmt: skip
        self._networks = networks
        self._wifi = wifi
        self._link = decisions
        self._keeper = keeper
        self._clock = clock
        self.on_exhausted: "Callable[[], None]" = _nobody

    @property
    def is_usable(self) -> bool:
        """An exchange may be tried."""
        return self._link.state in link.USABLE

    @property
    def is_proven(self) -> bool:
        """The collector has answered over it."""
        return self._link.state == link.UP

    @property
    def index(self) -> int:
        """Which network is in use or tried."""
        return self._link.index

    def signal_dbm(self) -> int:
        """Return the strength, 0 if it is not known."""
        return self._wifi.signal_dbm()

    def switch(self, is_on: bool) -> None:
        """Begin, or let it be. Without networks there is nothing to begin."""
        if self._networks and is_on == (self._link.state == link.OFF):
            self._handle(link.SwitchOn() if is_on else link.SwitchOff())

    def proved(self, is_good: bool) -> None:
        """An exchange went over it, or came to nothing."""
        self._handle(link.ExchangeAcknowledged() if is_good else link.ExchangeFailed())

    def wait_ms(self, now_ms: int) -> int:
        """Return when to look again."""
        look_ms = upkeep_task.to_next_pulse_ms(now_ms, LOOK_PULSES)
        if self._link.state == link.JOINING:
            look_ms = max(LOOK_LEAST_MS, self._link.joining_ms(now_ms) // LOOK_SHARE)
        if self._link.deadline_ms is not None:
            look_ms = min(look_ms, max(0, self._link.deadline_ms - now_ms))
        return look_ms

    def look(self) -> None:
        """See what has become of it."""
        if self._link.state == link.OFF:
            return
        if self._wifi.is_joined():
            self._handle(link.Joined())
        elif self.is_usable:
            self._handle(link.Dropped())
        if self._link.is_due(self._clock.now_ms()):
            self._handle(decider.Expired())

    def _handle(self, event: "Value") -> None:
        for action in self._link.handle(event, self._clock.now_ms()):
            if isinstance(action, link.Failed):
                reason = action.reason or self._wifi.why_not()
                detail = action.index << 8 | reason
                self._keeper.event_once(self._clock.now_ms(), records.EVENT_WIFI_FAILED, detail)
            elif isinstance(action, link.Exhausted):
                self.on_exhausted()
            else:
                self._move(action)

    def _move(self, action: "Value") -> None:
        try:
            if isinstance(action, link.Join):
                network = self._networks[action.index]
                self._wifi.join(network.ssid, network.password)
            else:
                self._wifi.leave()
        except OSError as error:  # the deadline for joining stands; the next join tells
            print("varde: wifi:", error)


def _nobody() -> None:
    """Nobody wants to know."""

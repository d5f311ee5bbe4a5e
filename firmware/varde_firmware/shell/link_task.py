"""The task of the links: joins networks, leaves them, and says when an exchange may be tried.

The exchange side hears of it by `number`, and says of each exchange over which link it went.
"""

from varde_firmware.core import decider, link
from varde_firmware.shell import upkeep_task
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Callable, List

    from varde_firmware.ports import Wifi
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.inbox import Inbox
    from varde_firmware.shell.upkeep_task import Upkeep
    from varde_protocols.hub_config import Network
    from varde_protocols.value import Value

# How often to look whether the network has let us in, and whether it still stands. The interface
# does not tell by itself; an exchange that fails tells sooner.
# It is looked for often at first, then ever less; once joined, at every fourth pulse.
LOOK_LEAST_MS = const(500)
LOOK_SHARE = const(4)
LOOK_PULSES = const(4)


class LinkTask:
    """Owns WiFi; `run` returns only by an exception.

    `number` is 0 while there is no link, and another one for each link that came up; `on_change`
    is called when it has changed.
    """

    def __init__(self, networks: "List[Network]", wifi: "Wifi", decisions: "link.Link",
                 inbox: "Inbox", upkeep: "Upkeep", clock: "Clock") -> None:  # fmt: skip
        self._networks = networks
        self._wifi = wifi
        self._link = decisions
        self._inbox = inbox
        self._upkeep = upkeep
        self._clock = clock
        self._last_number = 0
        self.number = 0
        self.on_change: "Callable[[], None]" = _nobody

    async def run(self) -> None:
        """Bring a link up, again and again."""
        self._handle(link.SwitchOn())
        while True:
            await self._inbox.wait(self._wait_ms())
            self._look_at_wifi()
            if self._link.is_due(self._clock.now_ms()):
                self._handle(decider.Expired())

    def acknowledged(self, number: int) -> None:
        """The collector's signed answer came over the link of this number."""
        self._proved(number, link.ExchangeAcknowledged())

    def failed(self, number: int) -> None:
        """An exchange over the link of this number came to nothing."""
        self._proved(number, link.ExchangeFailed())

    def _proved(self, number: int, event: "Value") -> None:
        if number == self.number:  # else it went meanwhile: what is there now is another
            self._handle(event)
            self._inbox.wake()

    def _wait_ms(self) -> int:
        now_ms = self._clock.now_ms()
        look_ms = upkeep_task.to_next_pulse_ms(now_ms, LOOK_PULSES)
        if self._link.state == link.JOINING:
            look_ms = max(LOOK_LEAST_MS, self._link.joining_ms(now_ms) // LOOK_SHARE)
        if self._link.deadline_ms is not None:
            look_ms = min(look_ms, max(0, self._link.deadline_ms - now_ms))
        return look_ms

    def _look_at_wifi(self) -> None:
        if self._wifi.is_joined():
            self._handle(link.Joined())
        elif self._link.state in link.USABLE:
            self._handle(link.Dropped())

    def _handle(self, event: "Value") -> None:
        for action in self._link.handle(event, self._clock.now_ms()):
            try:
                if isinstance(action, link.Join):
                    network = self._networks[action.index]
                    self._wifi.join(network.ssid, network.password)
                else:
                    self._wifi.leave()
            except OSError as error:  # the deadline for joining stands; the next join tells
                print("varde: wifi:", error)
        self._upkeep.facts.link_up = self._link.state == link.UP
        self._upkeep.show()
        self._count()

    def _count(self) -> None:
        """Another number, if the link came or went."""
        is_usable = self._link.state in link.USABLE
        if is_usable == bool(self.number):
            return
        self._last_number += is_usable
        self.number = self._last_number if is_usable else 0
        self.on_change()


def _nobody() -> None:
    """Nobody wants to know."""

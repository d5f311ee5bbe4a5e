"""The task of the links: brings one up, and says when an exchange may be tried.

The exchange side hears of it by `number`, and says of each exchange over which link it went.
On a hub with a modem, `shell.failover` decides which link is to be up; else it is WiFi.
"""

import asyncio

from varde_firmware.core import uplink
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple

    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.data_meter import DataMeter
    from varde_firmware.shell.failover import Failover
    from varde_firmware.shell.inbox import Inbox
    from varde_firmware.shell.upkeep_task import Upkeep
    from varde_firmware.shell.wifi_link import WifiLink

_NONE = (0, 0)


class LinkTask:
    """Owns the links; `run` returns only by an exception.

    `number` is 0 while there is no link, and another one for each link that came up; `link` is
    records.LINK_... then. `on_change` is called when `number` has changed.
    """

    def __init__(self, wifi: "WifiLink", meter: "DataMeter", inbox: "Inbox", upkeep: "Upkeep",
                 clock: "Clock", failover: "Optional[Failover]" = None) -> None:  # fmt: skip
        self._wifi = wifi
        self.meter = meter
        self._inbox = inbox
        self._upkeep = upkeep
        self._clock = clock
        self._failover = failover
        self._up: "Tuple[int, int]" = _NONE  # the link that is up, and which call of the modem
        self._last_number = 0
        self._last_link = records.LINK_WIFI
        self.number = 0
        self._failed_exchanges = 0  # since the last report
        self.on_change: "Callable[[], None]" = _nobody
        if failover is not None:
            failover.on_change = self._links_changed

    @property
    def link(self) -> int:
        """The link that is up (records.LINK_...), 0 for none."""
        return self._up[0]

    @property
    def way(self) -> int:
        """The link that is up, as the exchange knows it (core.uplink)."""
        return uplink.MODEM_WAY if self.link == records.LINK_MODEM else self._wifi.index

    @property
    def is_thrifty(self) -> bool:
        """The data budget is spent, and this is the modem: what can wait shall wait."""
        return self.meter.budget.is_thrifty(self.link)

    def heartbeat_s(self, heartbeat_s: int) -> int:
        """Return the collector's heartbeat, stretched while the budget is spent."""
        return self.meter.budget.heartbeat_s(self.link, heartbeat_s)

    async def run(self) -> None:
        """Bring a link up, again and again."""
        if self._failover is None:
            self._wifi.switch(True)
            await self._watch()
        else:
            self._failover.begin()
            await asyncio.gather(self._watch(), self._failover.run())

    async def _watch(self) -> None:
        while True:
            await self._inbox.wait(self._wait_ms())
            self._wifi.look()
            if self._failover is not None:
                self._failover.look()
            self._count()

    def _links_changed(self) -> None:
        """At once: what ends over the link that went says nothing of the next."""
        self._count()
        self._inbox.wake()

    def _wait_ms(self) -> int:
        now_ms = self._clock.now_ms()
        wait_ms = self._wifi.wait_ms(now_ms)
        if self._failover is not None:
            wait_ms = min(wait_ms, self._failover.wait_ms(now_ms))
        return wait_ms

    def acknowledged(self, number: int) -> None:
        """The collector's signed answer came over the link of this number."""
        self._proved(number, True)

    def failed(self, number: int) -> None:
        """An exchange over the link of this number came to nothing."""
        self._failed_exchanges += 1
        self._proved(number, False)

    def turned_away(self, number: int, is_enrolled: bool) -> None:
        """Over the link of this number the collector was reached, and took nothing.

        That is not the link's fault.
        """
        self._failed_exchanges += 1
        if number == self.number:
            self._show(False, is_enrolled)
            if self._failover is not None:
                self._failover.proved(True)  # this is what a path is for
            self._count()

    def _show(self, link_up: bool, is_enrolled: bool) -> None:
        facts = self._upkeep.facts
        facts.link_up, facts.is_enrolled = link_up, is_enrolled
        self._upkeep.show()

    def _proved(self, number: int, is_good: bool) -> None:
        if number != self.number:  # it went meanwhile: what is there now is another
            return
        link = self.link
        self._show(is_good, is_good or self._upkeep.facts.is_enrolled)
        if self._failover is not None:
            self._failover.proved(is_good)
        if link == records.LINK_WIFI:  # after the ladder, to which it may say that WiFi is over
            self._wifi.proved(is_good)
        self._count()
        self._inbox.wake()

    def _count(self) -> None:
        """Another number, if a link came or went."""
        up = (records.LINK_WIFI, 0) if self._wifi.is_usable else _NONE
        if self._failover is not None and self._failover.calls:
            up = (records.LINK_MODEM, self._failover.calls)
        if up == self._up:
            return
        self._up = up
        if up != _NONE:
            self._last_number += 1
            self._last_link = up[0]
        self.number = self._last_number if up != _NONE else 0
        self._upkeep.facts.link_up = False
        self._upkeep.show()
        self.on_change()

    def count(self, len_bytes: int) -> None:
        """So many bytes went over the link that is up, or was until just now."""
        self.meter.count(self._last_link, len_bytes)

    def facts(self) -> "Dict[int, Any]":
        """Return what a report says of links and data; what is counted begins anew."""
        found: "Dict[int, Any]" = self.meter.facts()
        found[records.FACT_FAILED_EXCHANGES] = self._failed_exchanges
        self._failed_exchanges = 0
        if self.link:
            found[records.FACT_LINK] = self.link
        signal_dbm: "Optional[int]" = None
        if self.link == records.LINK_WIFI:
            found[records.FACT_NETWORK] = self._wifi.index
            signal_dbm = self._wifi.signal_dbm()
        if self._failover is not None:
            found.update(self._failover.facts())
            if self.link == records.LINK_MODEM:
                signal_dbm = self._failover.signal_dbm
        if signal_dbm:
            found[records.FACT_SIGNAL_DBM] = signal_dbm
        return found


def _nobody() -> None:
    """Nobody wants to know."""

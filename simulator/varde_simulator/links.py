"""All that connects one hub to the internet: WiFi with its wire, perhaps a modem with its own, and
which of them is the way out."""

import zlib
from collections.abc import Callable

from varde_simulator import wifi
from varde_simulator.air.channel import Channel
from varde_simulator.clock import VirtualClock
from varde_simulator.modem.settings import Settings
from varde_simulator.modem.virtual_modem import VirtualModem
from varde_simulator.network import SLOW, STALL, UP, HubNetwork
from varde_simulator.portal import Portal
from varde_simulator.routes import Routes


class Links:
    """One hub's. `on_delivery()` is called when bytes have gone into the hub's sockets."""

    def __init__(
        self,
        clock: VirtualClock,
        on_delivery: Callable[[], None],
        access_points: list[wifi.AccessPoint],
        node: str,
    ) -> None:
        self.clock = clock
        self.wire = HubNetwork(clock, on_delivery)
        self.wifi = wifi.VirtualWifi(access_points, self._wifi_changed, _seed(node))
        self.modem: VirtualModem | None = None
        self.routes = Routes()
        self._portal = Portal()
        self._node = node
        self._on_delivery = on_delivery

    @property
    def wires(self) -> list[HubNetwork]:
        """One an interface."""
        return [self.wire] if self.modem is None else [self.wire, self.modem.network]

    def fit_modem(self, settings: Settings | None = None) -> VirtualModem:
        """There is one from now on."""
        seed = _seed(self._node)
        self.modem = VirtualModem(self.clock, self._on_delivery, seed, settings=settings)
        return self.modem

    async def start(self, collector_name: str, ntp_name: str) -> None:
        """Opens the hub's end of every wire."""
        for wire in self.wires:
            await wire.start(collector_name, ntp_name)

    async def add_server(self, name: str, address: tuple[str, int]) -> None:
        """One more server that the hub can reach, by every wire; after `start`."""
        for wire in self.wires:
            await wire.add_server(name, address)

    def set_collector(self, host: str, port: int) -> None:
        """Where all wires end."""
        for wire in self.wires:
            wire.set_collector(host, port)

    async def close(self) -> None:
        """Everything off."""
        if self.modem is not None:
            self.modem.supply(False)
        await self._portal.close()
        for wire in self.wires:
            await wire.close()

    # The board's life

    def supply(self, is_there: bool) -> None:
        """The board's power comes or goes."""
        if self.modem is not None:
            self.modem.supply(is_there)

    def chip_stopped(self) -> None:
        """Its program has ended, for whatever reason; a modem runs on."""
        self.wifi.power_off()
        self.wire.set_link(False)  # also one that was only gone for a moment
        self.routes.reset()
        if self.modem is not None:
            self.modem.hub_stopped()

    def attach(self, channel: Channel) -> None:
        """The hub's program has begun."""
        station = self.wifi
        ops: dict[str, Callable[..., object]] = {
            "wifi.active": station.active,
            "wifi.connect": station.connect,
            "wifi.disconnect": station.disconnect,
            "wifi.status": station.status,
            "wifi.rssi": station.rssi_dbm,
            "wifi.scan": station.scan,
            "wifi.ifconfig": station.ifconfig,
            "net.resolve": self.routes.resolve,
            "ppp.default": self._ppp_begins,
            "ppp.up": lambda: self._ppp(True),
            "ppp.down": lambda: self._ppp(False),
            "ppp.gone": self._ppp_gone,
        }
        for op, handler in ops.items():
            channel.handle(op, handler)
        if self.modem is not None:
            self.modem.attach(channel)

    def pin(self, number: int, level: int) -> None:
        """The hub drives a pin."""
        if self.modem is not None:
            self.modem.pin(number, level)

    # Interfaces come and go

    def _wifi_changed(self, is_connected: bool) -> None:
        joined = self.wifi.joined
        fault = joined.fault if joined is not None else ""
        has_portal = fault == wifi.CAPTIVE_PORTAL
        self.wire.portal = self._portal if has_portal else None
        if fault == wifi.WEAK:
            self.wire.limit(SLOW, wifi.WEAK_BYTES_PER_S)
        else:
            self.wire.limit(STALL if fault == wifi.NO_INTERNET else UP)
        is_new = is_connected and not self.wire.has_link
        self.wire.set_link(is_connected, hold=self.wifi.comes_back)
        if is_new:
            self.routes.choose(self.wire)

    def _ppp_begins(self) -> None:
        if self.modem is not None:
            self.routes.choose(self.modem.network)

    def _ppp(self, is_up: bool) -> None:
        if self.modem is not None:
            self.modem.network.set_link(is_up)

    def _ppp_gone(self) -> None:
        if self.modem is not None:
            self.modem.network.set_link(False)
            self.routes.forget(self.modem.network)


def _seed(node: str) -> int:
    return zlib.crc32(node.encode())

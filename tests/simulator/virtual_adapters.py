"""Bluetooth chips behind sockets, as adapters are: whoever opens one by name talks HCI to it.

`TwoAdapters` are Bumble's own virtual controllers on Bumble's own link, nothing of Varde's air is
between. They carry data between static random addresses only (`docs/radio.md` has the gaps), so
public ones need `VirtualAdapter`: a chip on Varde's air, where hubs are.
"""

import asyncio

from bumble import controller, core, device, gatt_client, hci, host, link, transport

from varde_simulator.air.controller import VirtualController
from varde_simulator.air.station import address_of

BOUND_S = 300.0  # against hanging for ever, no more: machines are busy
PUBLIC_ADDRESSES = ("C0:FF:EE:00:00:01", "C0:FF:EE:00:00:02")


class TwoAdapters:
    """`async with`; `.sensor_spec` is the name of the sensor's transport, `.central` a device on
    the other."""

    def __init__(self, folder):
        self._specs = [f"unix-server:{folder}/sensor-hci", f"unix-server:{folder}/central-hci"]
        self.sensor_spec = f"unix:{folder}/sensor-hci"
        self._central_spec = f"unix:{folder}/central-hci"

    async def __aenter__(self):
        air = link.LocalLink()
        self._open = [await transport.open_transport(spec) for spec in self._specs]
        self.controllers = [
            controller.Controller(
                f"chip {number}",
                host_source=opened.source,
                host_sink=opened.sink,
                link=air,
                public_address=hci.Address(address, hci.Address.PUBLIC_DEVICE_ADDRESS),
            )
            for number, (opened, address) in enumerate(
                zip(self._open, PUBLIC_ADDRESSES, strict=True)
            )
        ]
        self._central_end = await transport.open_transport(self._central_spec)
        self.central = Central(host.Host(self._central_end.source, self._central_end.sink))
        await self.central.device.power_on()
        return self

    async def __aexit__(self, *_error):
        await self._central_end.close()
        for opened in self._open:
            await opened.close()
            opened.server.close()

    def pull_out_sensor(self):
        """The sensor's adapter is gone from one moment to the next."""
        self._open[0].sink.transport.abort()


class VirtualAdapter:
    """`await open(air, folder)`: a chip on `air`, opened by `.spec`."""

    async def open(self, air, folder, name="adapter"):
        self.spec = f"unix:{folder}/{name}-hci"
        self._end = await transport.open_transport(f"unix-server:{folder}/{name}-hci")
        self.chip = _ChipBehindSocket(name, air, address_of(name))
        self.chip.set_packet_sink(self._end.sink)
        self._end.source.set_packet_sink(self.chip)
        return self

    async def close(self):
        self.chip.power_off()
        await self._end.close()
        self._end.server.close()


class _ChipBehindSocket(VirtualController):
    def send_hci_packet(self, packet):
        if self.hci_sink:
            asyncio.get_running_loop().call_soon(self.hci_sink.on_packet, bytes(packet))


class Central:
    """Stock Bumble as a hub would use it: scan, connect, subscribe, collect."""

    def __init__(self, on_host):
        self.device = device.Device(
            name="central", address=hci.Address("F0:F1:F2:F3:F4:F5"), host=on_host
        )
        self.adverts = []
        self.values = []
        self.reasons = []
        self.device.on("advertisement", self._heard)

    def _heard(self, advertisement):
        self.adverts.append(advertisement)

    async def connect(self, address):
        self.connection = await self.device.connect(address)
        self.connection.on("disconnection", self.reasons.append)
        self.peer = device.Peer(self.connection)

    async def subscribe(self, service, characteristic, indicate):
        await self.peer.discover_service(core.UUID.from_16_bits(service))
        found = self.peer.get_services_by_uuid(core.UUID.from_16_bits(service))[0]
        await found.discover_characteristics([core.UUID.from_16_bits(characteristic)])
        proxy: gatt_client.CharacteristicProxy = found.characteristics[0]
        await self.peer.discover_descriptors(proxy)
        await self.peer.subscribe(proxy, self.values.append, prefer_notify=not indicate)


async def until(is_so, what):
    """Waits in real time, bounded."""
    loop = asyncio.get_running_loop()
    end = loop.time() + BOUND_S
    while not is_so():
        assert loop.time() < end, what
        await asyncio.sleep(0.01)

"""A central in Python, for tests that need no VM; and a loop whose time leaps."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from bumble import hci

from varde_simulator import clock
from varde_simulator.air import att_client
from varde_simulator.air.link import Air
from varde_simulator.air.station import Station, address_of


class Central:
    """Connects to a sensor, subscribes, and collects what comes. `confirms` may be turned off."""

    def __init__(self, air: Air, name: str = "central") -> None:
        self.air = air
        self.station = Station(air, name, address_of(name))
        self.station.on_report = self._on_report
        self.station.on_connection = self._on_connection
        self.station.on_connection_failure = self._on_failure
        self.failures: list[int] = []
        self.reports: list[tuple[int, bytes, int]] = []
        self.values: list[tuple[int, bytes]] = []
        self.confirms = True
        self.own_address_type = 0
        self.connection = None
        self.client: att_client.AttClient | None = None
        self.handles: dict[int, int] = {}
        self.connections = 0
        self.disconnected_us: list[int] = []

    async def scan(self, active: bool = True, interval: int = 16, window: int = 16) -> None:
        await self.station.command(
            hci.HCI_LE_Set_Scan_Parameters_Command(
                le_scan_type=int(active),
                le_scan_interval=interval,
                le_scan_window=window,
                own_address_type=0,
                scanning_filter_policy=0,
            )
        )
        await self._enable_scan(1)

    async def stop_scan(self) -> None:
        await self._enable_scan(0)

    async def _enable_scan(self, enable: int) -> None:
        await self.station.command(
            hci.HCI_LE_Set_Scan_Enable_Command(le_scan_enable=enable, filter_duplicates=0)
        )

    async def connect(self, address: hci.Address, supervision: int = 256) -> int:
        return await self.station.command(
            hci.HCI_LE_Create_Connection_Command(
                le_scan_interval=16,
                le_scan_window=16,
                initiator_filter_policy=0,
                peer_address_type=address.address_type,
                peer_address=address,
                own_address_type=self.own_address_type,
                connection_interval_min=24,
                connection_interval_max=40,
                max_latency=0,
                supervision_timeout=supervision,
                min_ce_length=0,
                max_ce_length=0,
            )
        )

    async def run(self, procedure: att_client.Procedure) -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        assert self.client is not None
        self.client.run(procedure, future.set_result)
        return await future

    async def discover(self) -> None:
        def found(_end: int, value_handle: int, _properties: int, uuid: bytes) -> None:
            self.handles[int.from_bytes(uuid[:2], "little")] = value_handle

        assert await self.run(att_client.discover_characteristics(1, 0xFFFF, None, found)) == 0

    async def subscribe(self, characteristic: int, bits: int) -> int:
        cccd = self.handles[characteristic] + 1
        return await self.run(att_client.write(cccd, struct.pack("<H", bits), 23))

    async def read(self, characteristic: int) -> bytes:
        read: list[bytes] = []
        assert await self.run(att_client.read(self.handles[characteristic], read.append)) == 0
        return read[0]

    def confirm(self) -> None:
        assert self.client is not None
        self.client.confirm()

    def _on_failure(self, status: int) -> None:
        self.failures.append(status)

    def _on_report(self, report: object) -> None:
        self.reports.append((int(report.event_type), bytes(report.data), report.rssi))

    def _on_connection(self, connection: object) -> None:
        self.connections += 1
        self.connection = connection
        handle = connection.handle
        self.client = att_client.AttClient(
            lambda pdu: self.station.send_att(handle, pdu), self._on_value, lambda: None
        )
        self.station.clients[handle] = self.client.on_pdu
        connection.once("disconnection", self._on_disconnection)

    def _on_disconnection(self, _reason: int) -> None:
        self.connection = None
        self.client.close()
        self.disconnected_us.append(round(asyncio.get_running_loop().time() * 1e6))

    def _on_value(self, handle: int, value: bytes, is_indication: bool) -> None:
        uuid = next((u for u, h in self.handles.items() if h == handle), handle)
        self.values.append((uuid, value))
        if is_indication and self.confirms:
            self.confirm()


async def until(is_so: Callable[[], object], limit_s: float = 120.0) -> None:
    """Waits in virtual time."""
    end = asyncio.get_running_loop().time() + limit_s
    while not is_so():
        assert asyncio.get_running_loop().time() < end, "waited in vain"
        await asyncio.sleep(0.005)


def in_virtual_time(tmp_path: Path, story: Callable[[Air], Awaitable[None]], **air: int) -> None:
    """Runs `story` with its own air in a world where nobody but the timers acts."""

    async def main() -> None:
        await story(Air(**air))

    world = clock.VirtualClock(tmp_path / "clock", datetime(2026, 3, 1, tzinfo=UTC))
    clock.run(world, main())
    world.close()

"""The wire between one hub and the internet: a TCP relay to the collector, counted and breakable.

A hub has one for each of its interfaces, and reaches it under the collector's host name
(`HubNetwork.resolve`). States:

    up      bytes flow
    slow    they flow at `bytes_per_s` of virtual time
    stall   they stop; connections stay open, new ones open and say nothing
    down    connections break, new ones are refused

What lies before the provider's line, an access point or a modem, may be worse than the line
(`limit`); the worse one counts.

It also says whether time may leap: not while a byte is on its way or the collector thinks.
"""

import asyncio
import contextlib
import errno
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from varde_simulator.clock import VirtualClock
from varde_simulator.portal import Portal
from varde_simulator.sntp import SntpServer

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 16384
UP, SLOW, STALL, DOWN = "up", "slow", "stall", "down"
STATES = (UP, SLOW, STALL, DOWN)  # from good to bad
NAME_UNKNOWN = -202  # what getaddrinfo raises on an ESP32 when a name cannot be resolved

# While a connection is open somebody is expected to speak: a hub closes it when it has its answer,
# and what is encrypted does not tell an answer from a session ticket. Silence of so much real time
# means that nobody will, and the hub's own timeouts decide.
PATIENCE_S = 2.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # linger on, for no time


@dataclass
class Traffic:
    """What has gone over the wire, in bytes as the hub's provider would count them (payload)."""

    connections: int = 0
    refused: int = 0
    up_bytes: int = 0
    down_bytes: int = 0


class _Relayed:
    """One connection: two streams and what is known about its silence (real seconds)."""

    def __init__(self, writers: list[asyncio.StreamWriter]) -> None:
        self.writers = writers
        self.moved_s = time.monotonic()
        self.delayed = 0  # pieces that wait for virtual time to pass
        self.is_over = False  # one side has closed; nobody will be answered any more

    def moved(self) -> None:
        self.moved_s = time.monotonic()

    def silence_needed_s(self) -> float:
        if self.delayed or self.is_over:
            return 0
        return max(0.0, self.moved_s + PATIENCE_S - time.monotonic())

    def close(self) -> None:
        for writer in self.writers:
            writer.close()

    def break_off(self) -> None:
        """With a reset, as when a router forgets the connection; not with a polite end."""
        for writer in self.writers:
            wire = writer.get_extra_info("socket")
            if wire is not None:
                with contextlib.suppress(OSError):
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()


class HubNetwork:
    """One hub's wire. `on_delivery()` is called when bytes have gone into the hub's sockets."""

    def __init__(self, clock: VirtualClock, on_delivery: Callable[[], None]) -> None:
        self.clock = clock
        self.state = UP
        self.bytes_per_s = 0
        self.traffic = Traffic()
        self.names: dict[str, tuple[str, int]] = {}
        self.has_link = False
        self.latency_s = 0.0  # of each piece of data, one way
        self.portal: Portal | None = None  # answers instead of everybody
        self._limit = (UP, 0)
        self._is_held = False
        self._on_delivery = on_delivery
        self._collector: tuple[str, int] | None = None
        self._relayed: set[_Relayed] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._servers: list[asyncio.Server] = []
        self._moved = asyncio.Event()
        self.sntp = SntpServer(clock, self)

    async def start(self, collector_name: str, ntp_name: str) -> None:
        """Opens the hub's end; names are what the hub's config says."""
        await self._open(collector_name, self._relay)
        self.names[ntp_name] = (LOOPBACK, await self.sntp.start())
        self.clock.add_gate(self.silence_needed_s, "bytes on the wire")

    async def add_server(self, name: str, address: tuple[str, int]) -> None:
        """One more that the hub can reach, under a name of its own."""

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._relay(reader, writer, address)

        await self._open(name, relay)

    async def _open(self, name: str, relay: Callable[..., Any]) -> None:
        server = await asyncio.start_server(relay, LOOPBACK, 0)
        self._servers.append(server)
        self.names[name] = (LOOPBACK, server.sockets[0].getsockname()[1])

    def set_collector(self, host: str, port: int) -> None:
        """Where the wire ends."""
        self._collector = (host, port)

    def set_state(self, state: str, bytes_per_s: int = 0) -> None:
        """One of STATES; `bytes_per_s` for slow."""
        self.state = state
        self.bytes_per_s = bytes_per_s
        self._apply()

    def limit(self, state: str, bytes_per_s: int = 0) -> None:
        """What lies before the line lets through; as `set_state`."""
        self._limit = (state, bytes_per_s)
        self._apply()

    def set_link(self, is_up: bool, hold: bool = False) -> None:
        """The hub's interface. Without it the wire is down whatever its state; with `hold`, what
        is open only waits for it to come back."""
        self.has_link = is_up
        self._is_held = hold and not is_up
        self._apply()

    @property
    def is_up(self) -> bool:
        """A hub could open a connection now."""
        return self.has_link and DOWN not in (self.state, self._limit[0])

    @property
    def flows(self) -> bool:
        """Bytes get through, fast or slowly."""
        return self.is_up and STALL not in (self.state, self._limit[0])

    @property
    def rate_bytes_per_s(self) -> int:
        """The slower of line and limit; 0: no limit."""
        rates = [
            rate for state, rate in ((self.state, self.bytes_per_s), self._limit) if state == SLOW
        ]
        return min((rate for rate in rates if rate), default=0)

    @property
    def open_connections(self) -> int:
        """How many the hub has now."""
        return len(self._relayed)

    def resolve(self, host: str, _port: int) -> list[object]:
        """Where (address, port) the hub finds that host."""
        found = self.names.get(host)
        if found is None and self.portal is not None:
            found = next(iter(self.names.values()), None)  # a portal knows every name
        if not self.flows or found is None:
            raise OSError(NAME_UNKNOWN)
        return list(found)

    def silence_needed_s(self) -> float:
        """This wire's word on leaping (see clock)."""
        if not self.flows:
            return 0
        return max((relayed.silence_needed_s() for relayed in self._relayed), default=0)

    def delivered(self) -> None:
        """Something has gone into the hub's sockets."""
        self._on_delivery()

    async def close(self) -> None:
        """The hub's end closes, everything breaks."""
        self.clock.remove_gate(self.silence_needed_s)
        self._break_all()
        self.sntp.close()
        for server in self._servers:
            server.close()
            await server.wait_closed()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _apply(self) -> None:
        if not self.is_up and not self._is_held:
            self._break_all()
        self._moved.set()
        self._moved = asyncio.Event()

    def _break_all(self) -> None:
        for relayed in tuple(self._relayed):
            relayed.break_off()
        if self._relayed:
            self.delivered()

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        address: tuple[str, int] | None = None,
    ) -> None:
        """To the collector, or to this address."""
        _acknowledge_at_once(writer)
        relayed = _Relayed([writer])
        self._relayed.add(relayed)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            first = await self._for_portal(reader)
            far_reader, far_writer = await self._reach(first, address)
            relayed.writers.append(far_writer)
            _acknowledge_at_once(far_writer)
            relayed.moved()
            self.traffic.connections += 1
            far_writer.write(first)
            await asyncio.gather(
                self._pump(reader, far_writer, relayed, to_collector=True),
                self._pump(far_reader, writer, relayed, to_collector=False),
            )
        except OSError:
            self.traffic.refused += len(relayed.writers) == 1
            relayed.break_off()
        finally:
            relayed.close()
            self._relayed.discard(relayed)
            self.delivered()

    async def _for_portal(self, reader: asyncio.StreamReader) -> bytes:
        """What a portal must see before it knows whom to play."""
        if self.portal is None or not self.is_up:
            return b""
        return await reader.read(CHUNK_BYTES)

    async def _reach(
        self, first: bytes, address: tuple[str, int] | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if not self.is_up:
            raise OSError(errno.ECONNREFUSED, "the wire is down")
        if self.portal is not None:
            return await asyncio.open_connection(*await self.portal.address_for(first))
        address = address or self._collector
        if address is None:
            raise OSError(errno.ECONNREFUSED, "nobody is there")
        return await asyncio.open_connection(*address)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        relayed: _Relayed,
        to_collector: bool,
    ) -> None:
        while data := await reader.read(CHUNK_BYTES):
            for end in relayed.writers:
                _acknowledge_at_once(end)
            await self._take_time(len(data), relayed)
            self._count(len(data), to_collector)
            relayed.moved()
            writer.write(data)
            if not to_collector:
                self.delivered()
            await writer.drain()
        relayed.is_over = True
        if writer.can_write_eof():
            writer.write_eof()
        if not to_collector:
            self.delivered()

    async def _take_time(self, count: int, relayed: _Relayed) -> None:
        relayed.delayed += 1
        while self._is_held or (self.is_up and not self.flows):
            await self._moved.wait()
        rate = self.rate_bytes_per_s
        wait_s = self.latency_s + (count / rate if rate else 0)
        if wait_s:
            await asyncio.sleep(wait_s)
        relayed.delayed -= 1

    def _count(self, count: int, to_collector: bool) -> None:
        if to_collector:
            self.traffic.up_bytes += count
        else:
            self.traffic.down_bytes += count


def _acknowledge_at_once(writer: asyncio.StreamWriter) -> None:
    """TCP holds a small write back until the one before is acknowledged, and this machine would do
    that 40 ms later: on loopback the longest part of an exchange. Linux only."""
    wire = writer.get_extra_info("socket")
    if wire is not None and hasattr(socket, "TCP_QUICKACK"):
        with contextlib.suppress(OSError):
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

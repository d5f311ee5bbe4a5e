"""The wire between a hub and the collector: it carries, counts, stalls, slows and breaks."""

import asyncio
import contextlib
import struct
from datetime import UTC, datetime

import pytest

from varde_simulator import clock, network, sntp, wifi

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
HOST, NTP = "collector.example", "ntp.example"


class Line:
    """A wire with an echoing collector behind it."""

    def __init__(self, virtual):
        self.deliveries = 0
        self.writers = []
        self.wire = network.HubNetwork(virtual, self._delivered)
        self.clock = virtual

    def _delivered(self):
        self.deliveries += 1

    async def open(self):
        self.server = await asyncio.start_server(self._echo, "127.0.0.1", 0)
        await self.wire.start(HOST, NTP)
        self.wire.set_collector(*self.server.sockets[0].getsockname())
        self.wire.set_link(True)

    async def close(self):
        for writer in self.writers:
            writer.transport.abort()
        await self.wire.close()
        self.server.close()

    async def connect(self):
        return await self.connect_to(*self.wire.resolve(HOST, 443))

    async def connect_to(self, host, port):
        reader, writer = await asyncio.open_connection(host, port)
        self.writers.append(writer)
        return reader, writer

    async def _echo(self, reader, writer):
        with contextlib.suppress(ConnectionResetError):  # some stories break the line
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()


def on_line(tmp_path, act):
    virtual = clock.VirtualClock(tmp_path / "clock", START)

    async def main():
        line = Line(virtual)
        await line.open()
        try:
            return await act(line)
        finally:
            await line.close()

    try:
        return clock.run(virtual, main())
    finally:
        virtual.close()


def test_bytes_go_through_and_are_counted(tmp_path):
    async def act(line):
        reader, writer = await line.connect()
        writer.write(b"x" * 100_000)
        assert await reader.readexactly(100_000) == b"x" * 100_000
        writer.close()
        traffic = line.wire.traffic
        assert (traffic.connections, traffic.up_bytes, traffic.down_bytes) == (1, 100_000, 100_000)
        assert line.deliveries > 0

    on_line(tmp_path, act)


def test_time_stands_while_a_connection_waits_for_its_answer(tmp_path):
    async def act(line):
        reader, writer = await line.connect()
        begun_us = line.clock.now_us()
        writer.write(b"question")
        alarm = asyncio.ensure_future(asyncio.sleep(600))
        assert await reader.readexactly(8) == b"question"
        assert line.clock.now_us() - begun_us < 500_000
        alarm.cancel()

    on_line(tmp_path, act)


def test_a_silent_connection_does_not_hold_time_for_ever(tmp_path):
    async def act(line):
        await line.connect()
        await asyncio.sleep(600)

    on_line(tmp_path, act)


def test_down_breaks_and_refuses(tmp_path):
    async def act(line):
        reader, writer = await line.connect()
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        port = line.wire.resolve(HOST, 443)
        line.wire.set_state("down")
        with pytest.raises(ConnectionError):
            await reader.readexactly(1)
        with pytest.raises(OSError, match="-202"):
            line.wire.resolve(HOST, 443)
        late_reader, _ = await line.connect_to(*port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await late_reader.readexactly(1)
        assert line.wire.traffic.refused == 1

    on_line(tmp_path, act)


def test_stall_holds_bytes_and_lets_them_go_later(tmp_path):
    async def act(line):
        reader, writer = await line.connect()
        line.wire.set_state("stall")
        writer.write(b"late")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(4), 3600)
        line.wire.set_state("up")
        assert await reader.readexactly(4) == b"late"

    on_line(tmp_path, act)


def test_slow_takes_virtual_time(tmp_path):
    async def act(line):
        line.wire.set_state("slow", bytes_per_s=1000)
        reader, writer = await line.connect()
        begun_us = line.clock.now_us()
        writer.write(bytes(10_000))
        await reader.readexactly(10_000)
        return (line.clock.now_us() - begun_us) / 1e6

    assert 19.9 <= on_line(tmp_path, act) < 25


def test_a_collector_that_is_away_is_a_broken_connection(tmp_path):
    async def act(line):
        line.server.close()
        await line.server.wait_closed()
        reader, _ = await line.connect()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)

    on_line(tmp_path, act)


def test_without_wifi_no_name_is_known(tmp_path):
    async def act(line):
        line.wire.set_link(False)
        with pytest.raises(OSError, match="-202"):
            line.wire.resolve(HOST, 443)

    on_line(tmp_path, act)


def test_the_time_server_tells_virtual_utc(tmp_path):
    async def act(line):
        await asyncio.sleep(86_400)
        line.wire.sntp.offset_ms = 5000
        answer = await ask(line, b"\x23" + bytes(39) + b"question", 60)
        assert answer[0] & 7 == sntp.MODE_SERVER
        assert answer[24:32] == b"question"
        transmit = struct.unpack(">Q", answer[40:])[0]
        told_ms = (transmit >> 32) * 1000 - sntp.NTP_EPOCH_MS
        assert abs(told_ms - 5000 - line.clock.utc_ms()) < 2000

    on_line(tmp_path, act)


def test_the_time_server_is_silent_to_nonsense_and_when_lost(tmp_path):
    async def act(line):
        for request, lost in (
            (b"short", False),
            (b"\x24" + bytes(47), False),
            (b"\x23" + bytes(47), True),
        ):
            line.wire.sntp.lost = lost
            with pytest.raises(TimeoutError):
                await ask(line, request)

    on_line(tmp_path, act)


async def ask(line, request, most_s=0.3):
    loop = asyncio.get_running_loop()
    answered = loop.create_future()

    class Asking(asyncio.DatagramProtocol):
        def datagram_received(self, data, addr):
            answered.set_result(data)

    transport, _ = await loop.create_datagram_endpoint(
        Asking, remote_addr=tuple(line.wire.resolve(NTP, 123))
    )
    try:
        transport.sendto(request)
        with line.clock.busy("an answer"):
            return await asyncio.wait_for(answered, most_s)
    finally:
        transport.close()


def test_the_station_keeps_trying_until_told_to_stop(tmp_path):
    changes = []
    virtual = clock.VirtualClock(tmp_path / "clock", START)

    async def main():
        home = wifi.AccessPoint("home", "password", is_up=False)
        station = wifi.VirtualWifi([home], changes.append)
        with pytest.raises(OSError, match="-12290"):
            station.connect("home", "password")
        station.active(True)
        station.connect("home", "password")
        assert station.status() == wifi.CONNECTING
        await asyncio.sleep(3600)
        assert station.status() == wifi.NO_AP_FOUND
        home.is_up = True
        station.access_points_changed()
        await asyncio.sleep(wifi.JOIN_S + 1)
        assert station.status() == wifi.GOT_IP
        station.disconnect()
        assert station.status() == wifi.IDLE

    clock.run(virtual, main())
    virtual.close()
    assert changes == [True, False]

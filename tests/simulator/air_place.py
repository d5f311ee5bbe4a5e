"""A place with an air, virtual sensors and real hub VMs, for tests. Every wait has a bound."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from varde_simulator.air.channel import Channel
from varde_simulator.air.link import Air
from varde_simulator.air.radio import Radio
from varde_simulator.sensors.model import Model
from varde_simulator.sensors.virtual_sensor import VirtualSensor

ROOT = Path(__file__).parents[2]
VARDE_VM = ROOT / "simulator" / "varde-vm"
BOUND_S = 300.0  # against hanging for ever, no more: machines are busy

# What hub scripts share: a handler that copies events into a list, and bounded waits.
PRELUDE = """
import bluetooth, sys, time
from bluetooth import UUID
ble = bluetooth.BLE()
events = []
def copied(args):
    return tuple(bytes(a) if isinstance(a, memoryview) else a for a in args)
def handler(number, args):
    if number in (29, 30):  # asked for secrets: this program keeps none
        return None
    events.append((number, copied(args)))
ble.irq(handler)
def wait(number, limit_ms=120000):
    start = time.ticks_ms()
    while True:
        while events:
            event = events.pop(0)
            if event[0] == number:
                return event[1]
        if time.ticks_diff(time.ticks_ms(), start) > limit_ms:
            print("no event", number)
            sys.exit(3)
        time.sleep_ms(1)
def say(*args):
    print(*args)
def find(name):
    ble.gap_scan(0, 30000, 30000, True)
    while True:
        found = wait(5)
        if name.encode() in found[4]:
            ble.gap_scan(None)
            return found[0], found[1]
def connect(name):
    ble.gap_connect(*find(name))
    return wait(7)[0]
def characteristics(conn):
    ble.gattc_discover_characteristics(conn, 1, 0xFFFF)
    table = {}
    start = time.ticks_ms()
    while True:
        while events:
            number, args = events.pop(0)
            if number == 11:
                table[args[4]] = (args[2], args[1])
            elif number == 12:
                return table
        if time.ticks_diff(time.ticks_ms(), start) > 120000:
            print("no characteristics")
            sys.exit(3)
        time.sleep_ms(1)
def subscribe(conn, value_handle, bits):
    ble.gattc_write(conn, value_handle + 1, bytes([bits, 0]), 1)
    return wait(17)[2]
"""


class Hub:
    """One VM process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        assert self.process.stdout is not None
        raw = await asyncio.wait_for(self.process.stdout.readline(), BOUND_S)
        return raw.decode().rstrip()

    async def until(self, text: str) -> list[str]:
        """The lines up to and with the one that begins with `text`."""
        lines: list[str] = []
        while True:
            line = await self.line()
            if not line:
                error = await self.process.stderr.read()
                raise AssertionError(f"hub ended before {text!r}: {lines} {error.decode()}")
            lines.append(line)
            if line.startswith(text):
                return lines

    async def finish(self) -> list[str]:
        """The remaining lines; it must end well and say nothing on stderr."""
        out, error = await asyncio.wait_for(self.process.communicate(), BOUND_S)
        assert error.decode() == ""
        assert self.process.returncode == 0, out.decode()
        return out.decode().splitlines()

    async def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        await asyncio.wait_for(self.process.wait(), BOUND_S)


class Place:
    """`async with`; hubs still alive at the end are killed."""

    def __init__(self, **air: int) -> None:
        self.air = Air(**air)
        self.radios: dict[str, Radio] = {}
        self.channels: dict[str, Channel] = {}
        self._hubs: list[Hub] = []

    async def __aenter__(self) -> "Place":
        self._folder = tempfile.TemporaryDirectory(prefix="varde-air-")
        self.path = str(Path(self._folder.name) / "air")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: Channel(self._greet), self.path)
        return self

    async def __aexit__(self, *_error: object) -> None:
        for hub in self._hubs:
            if hub.process.returncode is None:
                await hub.kill()
        self._server.close()
        self._folder.cleanup()

    def _greet(self, channel: Channel) -> None:
        self.channels[channel.node] = channel
        self.radios[channel.node] = Radio(channel, self.air)

    async def sensor(self, model: Model, label: str = "sensor") -> VirtualSensor:
        sensor = VirtualSensor(self.air, model, label)
        await sensor.start()
        return sensor

    async def hub(self, script: str, node: str = "hub", **env: str) -> Hub:
        process = await asyncio.create_subprocess_exec(
            VARDE_VM,
            "-c",
            PRELUDE + script,
            env={**os.environ, "VARDE_AIR": self.path, "VARDE_NODE": node, **env},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        hub = Hub(process)
        self._hubs.append(hub)
        return hub

    async def settle(self, is_so: Callable[[], bool], what: str) -> None:
        """Waits until something is so, bounded."""
        loop = asyncio.get_running_loop()
        end = loop.time() + BOUND_S
        while not is_so():
            assert loop.time() < end, what
            await asyncio.sleep(0.002)


def in_place(story: Callable[[Place], Awaitable[None]], **air: int) -> None:
    """Runs one test's story in a place of its own."""

    async def main() -> None:
        async with Place(**air) as place:
            await story(place)

    asyncio.run(asyncio.wait_for(main(), 2 * BOUND_S))

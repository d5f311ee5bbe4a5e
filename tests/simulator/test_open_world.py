"""A world anybody may join: VMs meet a sensor and each other, come, go, are killed; and the socket
is ours only."""

import asyncio
import collections
import gc
import os
import socket

import pytest

from simulator.air_place import PRELUDE, VARDE_VM, Hub
from varde_simulator.air import channel
from varde_simulator.bleak_backend import channel_client
from varde_simulator.open_world import OpenWorld, OpenWorldError
from varde_simulator.sensors import models

BOUND_S = 300.0  # against hanging for ever, no more: machines are busy
COMINGS = 12
AFTER_SUPERVISION_S = 2.7  # of those whose peer was killed: 2.56 s
# asyncio keeps cancelled timers until there are a hundred; weak references come with type checks.
SWEPT_LATER = {"TimerHandle", "Context", "ReferenceType"}
SCALE_READING = b"\0\x10\x27"


async def vm(world, script, **env):
    process = await asyncio.create_subprocess_exec(
        VARDE_VM,
        "-c",
        PRELUDE + script,
        env={**os.environ, "VARDE_AIR": str(world.socket_path), **env},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return Hub(process)


def in_world(path, story):
    async def main():
        async with OpenWorld(path) as world:
            await story(world)

    asyncio.run(asyncio.wait_for(main(), BOUND_S))


def test_a_vm_takes_a_reading_from_a_sensor_of_the_open_world(tmp_path):
    async def story(world):
        sensor = await world.add_sensor(models.scale(), "scale")
        hub = await vm(
            world,
            f"""
ble.active(True)
conn = connect({models.scale().name!r})
handle = characteristics(conn)[UUID(0x2A9D)][0]
subscribe(conn, handle, 2)
say(wait(19)[2].hex())
""",
        )
        sensor.measure([(models.WEIGHT_MEASUREMENT, SCALE_READING)])
        assert await hub.finish() == [SCALE_READING.hex()]

    in_world(tmp_path / "air", story)


def test_nodes_that_share_a_name_are_two_radios(tmp_path):
    async def story(world):
        seen = []
        world.on_node = lambda name, joined: seen.append((name, joined))
        script = "ble.active(True)\nsay(ble.config('mac')[1].hex())\nsys.stdin.readline()\n"
        hubs = [await vm(world, script, VARDE_NODE="") for _ in range(2)]
        first, second = [await hub.line() for hub in hubs]
        assert first != second
        assert set(world.channels) == {"hub", "hub-2"}
        for hub in hubs:
            hub.process.stdin.write(b"\n")
            await hub.finish()
        assert not world.channels
        assert sorted(seen) == sorted((n, j) for n in ("hub", "hub-2") for j in (True, False))

    in_world(tmp_path / "air", story)


def test_a_socket_left_by_a_killed_world_is_taken_over(tmp_path):
    path = tmp_path / "air"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    in_world(path, lambda _world: asyncio.sleep(0))
    assert not path.exists()


def test_a_path_in_use_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(OpenWorldError, match="no socket"):
        in_world(file, lambda _world: asyncio.sleep(0))
    assert file.read_text() == "mine"
    path = tmp_path / "air"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(OpenWorldError, match="another world"):
            in_world(path, lambda _world: asyncio.sleep(0))
    with pytest.raises(OpenWorldError, match="at most"):
        in_world(tmp_path / ("a" * 120), lambda _world: asyncio.sleep(0))
    with pytest.raises(OpenWorldError, match="--socket"):
        in_world(tmp_path / "no" / "air", lambda _world: asyncio.sleep(0))


def test_a_hub_meets_the_world_that_comes_after(tmp_path):
    path = tmp_path / "air"
    script = """
import errno
def until_on():
    while True:
        try:
            return ble.active(True)
        except OSError as error:
            assert error.errno == errno.ENODEV
            time.sleep_ms(10)
for n in range(3):
    until_on()
    say(n, ble.config("mac")[1].hex())
    try:
        ble.gap_scan(0, 30000, 30000)
        while True:
            ble.config("gap_name")
            time.sleep_ms(1)
    except OSError as error:
        assert error.errno == errno.ENODEV
say("end")
"""

    async def main():
        hub = None
        seen = []
        for _ in range(3):
            async with OpenWorld(path) as world:
                hub = hub or await vm(world, script, VARDE_NODE="hub7")
                seen.append((await hub.line()).split()[1])
        assert await hub.finish() == ["end"]
        assert len(seen) == 3
        assert len(set(seen)) == 1  # the name decides the address

    asyncio.run(asyncio.wait_for(main(), BOUND_S))


def test_a_node_that_says_what_no_hub_says_ends_alone(tmp_path):
    """Not the world, and not its neighbours."""

    async def story(world):
        loop = asyncio.get_running_loop()
        complaints = []
        loop.set_exception_handler(lambda _loop, context: complaints.append(context["message"]))
        script = "ble.active(True)\nsay('on')\nsys.stdin.readline()\nsay(ble.active())"
        hub = await vm(world, script)
        assert await hub.line() == "on"
        for op, arguments, is_heard in (
            ("ble.connect", ["x", None, 1, 2, 3], True),  # raises in a task
            ("ble.gatts_read", [], True),  # raises at once
            ("ble.gatts_register_services", [[[b"\0" * 3, []]]], False),
            ("air.hello", ["again", channel.VERSION], False),
            ("no.such_op", [7], False),
        ):
            node = await channel_client.join(str(world.socket_path), "n", lambda *_: None, str)
            await node.call("ble.active", True)
            error = OSError if is_heard else ValueError
            with pytest.raises(error):
                await node.call(op, *arguments)
            node.leave()
            await asyncio.sleep(0.02)
            assert bool(complaints) is is_heard, op
            complaints.clear()
        assert set(world.channels) == {"hub"}
        hub.process.stdin.write(b"\n")
        assert await hub.finish() == ["True"]

    in_world(tmp_path / "air", story)


@pytest.mark.parametrize("leaves", ["well", "in a pairing", "in a connection"])
def test_nodes_that_come_and_go_leave_nothing(tmp_path, leaves):
    """Whether they end well or are killed. What grows is told by type."""

    def census():
        gc.collect()
        kinds = [type(thing).__qualname__ for thing in gc.get_objects()]
        return collections.Counter(kind for kind in kinds if kind not in SWEPT_LATER)

    async def story(world):
        for _ in range(2):  # what is made once is made now
            await meeting(world, leaves)
            census()
        await asyncio.sleep(AFTER_SUPERVISION_S)
        before, files = census(), len(os.listdir("/proc/self/fd"))
        for _ in range(COMINGS):
            await meeting(world, leaves)
        await asyncio.sleep(AFTER_SUPERVISION_S)
        more = census() - before
        assert {kind: count for kind, count in more.items() if count > COMINGS} == {}
        assert len(os.listdir("/proc/self/fd")) == files
        assert not world.channels
        air = world.air
        assert not any((air.controllers, air._by_address, air._directions, air._listeners))
        assert air.pdus_in_flight == 0

    in_world(tmp_path / "air", story)


async def meeting(world, leaves):
    """Two nodes connect, discover and pair."""
    nodes = [await Node().join(world, name) for name in ("a", "b")]
    one, other = nodes
    mac = await other.call("mac")
    await other.call("gatts_register_services", [[b"\x0f\x18", [[b"\x19\x2a", 0x3A, []]]]])
    await other.call("advertise", 20_000, b"\2\1\6", b"", True)
    await one.call("scan", 0, 30_000, 30_000, True)
    await one.call("connect", *mac, 2000, 0, 0)
    connection = (await one.wait(7))[1]
    await one.call("gattc_discover_characteristics", connection, 1, 0xFFFF, None)
    await one.wait(12)
    await one.call("pair", connection)
    if leaves == "in a pairing":
        await asyncio.sleep(0.01)
    else:
        await one.wait(28)
    if leaves == "well":
        for node in nodes:
            await node.call("active", False)
    for node in nodes:
        node.client.leave()
    await asyncio.sleep(0.01)


class Node:
    """As a hub with a program that keeps its secrets."""

    async def join(self, world, name):
        self.events = []
        self.secrets = {}
        path = str(world.socket_path)
        self.client = await channel_client.join(path, name, self._on_event, lambda: None)
        await self.call("active", True)
        await self.call("security", "bond", 1)
        return self

    async def call(self, op, *args):
        return await self.client.call("ble." + op, *args)

    async def wait(self, irq):
        end = asyncio.get_running_loop().time() + BOUND_S
        while not (found := [event for event in self.events if event[0] == irq]):
            assert asyncio.get_running_loop().time() < end, f"no event {irq}: {self.events}"
            await asyncio.sleep(0.002)
        return found[0]

    def _on_event(self, name, arguments):
        if name == "ble.irq" and arguments[0] == 29 and arguments[3] is not None:
            return self.secrets.get((arguments[1], arguments[3]))
        if name == "ble.irq" and arguments[0] == 30:
            self.secrets[tuple(arguments[1:3])] = arguments[3]
            return True
        self.events.append(arguments)
        return None

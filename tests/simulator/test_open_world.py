"""A world anybody may join: real VMs meet a sensor and each other, and the socket is ours only."""

import asyncio
import os
import socket

import pytest

from simulator.air_place import PRELUDE, VARDE_VM, Hub
from varde_simulator.open_world import OpenWorld, OpenWorldError
from varde_simulator.sensors import models

BOUND_S = 30.0
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

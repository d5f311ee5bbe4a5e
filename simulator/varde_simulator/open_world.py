"""A world that anybody may join: a virtual air in real time behind one AF_UNIX socket.

`World` is for scenarios: its boards are known before they start and its time leaps. Here a process
that knows the path is a radio on the air: `VARDE_AIR=PATH simulator/varde-vm`, several at once,
or a client of the channel in another language. Time is the running loop's, so real on a plain one.

    python -m varde_simulator.open_world SOCKET [--intervals]     until its standard input ends

is such a world without sensors, for programs that bring both ends (`tools/conformance.py`). With
`--intervals` data travels at connection events, as on a radio; otherwise after 2 ms.
"""

import argparse
import asyncio
import contextlib
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from varde_simulator.air.channel import Channel
from varde_simulator.air.link import Air
from varde_simulator.air.radio import Radio
from varde_simulator.sensors.model import Model
from varde_simulator.sensors.virtual_sensor import VirtualSensor

UNNAMED_NODE = "hub"
# sockaddr_un has 108 bytes on Linux, 104 on macOS, the terminating zero included.
MAX_SOCKET_PATH_BYTES = 103


class OpenWorldError(Exception):
    """The socket cannot be served; says why and what to do."""


class OpenWorld:
    """`async with OpenWorld(path) as world:` then `await world.add_sensor(model, label)`.

    A node that gives no name, or one that is in use, gets the next free one (`hub`, `hub-2`, ...):
    the name decides the address of its radio. `on_node(name, joined)` hears of comings and goings.
    """

    def __init__(self, socket_path: Path, air: Air | None = None) -> None:
        self.socket_path = socket_path
        self.air = air or Air()
        self.sensors: dict[str, VirtualSensor] = {}
        self.channels: dict[str, Channel] = {}  # of those who are here, by name
        self.radios: dict[str, Radio] = {}
        self.on_node: Callable[[str, bool], None] = lambda _name, _joined: None
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "OpenWorld":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Serves the socket. Raises OpenWorldError."""
        _check_free(self.socket_path)
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_unix_server(
                lambda: Channel(self._on_hello), str(self.socket_path)
            )
        except OSError as error:
            reason = error.strerror or error
            raise OpenWorldError(
                f"{self.socket_path}: {reason}; name a path in a folder of your own with --socket"
            ) from error

    async def close(self) -> None:
        """Everything off; whoever is joined sees its world end."""
        for sensor in self.sensors.values():
            await sensor.close()
        for channel in list(self.channels.values()):
            channel.close()
        if self._server is not None:
            self._server.close()
            with contextlib.suppress(FileNotFoundError):
                self.socket_path.unlink()
            self._server = None

    async def add_sensor(self, model: Model, label: str) -> VirtualSensor:
        """A sensor on this air, asleep until it measures; `label` decides its address."""
        sensor = VirtualSensor(self.air, model, label)
        await sensor.start()
        self.sensors[label] = sensor
        return sensor

    def _on_hello(self, channel: Channel) -> None:
        channel.node = name = self._free_name(channel.node or UNNAMED_NODE)
        self.channels[name] = channel
        self.radios[name] = Radio(channel, self.air)
        channel.on_close.append(lambda: self._left(name))
        self.on_node(name, True)

    def _free_name(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self.channels:
            number += 1
            name = f"{wanted}-{number}"
        return name

    def _left(self, name: str) -> None:
        del self.channels[name], self.radios[name]
        self.on_node(name, False)


def _check_free(path: Path) -> None:
    """A socket that nobody serves any more is removed; nothing else ever is."""
    if len(str(path).encode()) > MAX_SOCKET_PATH_BYTES:
        raise OpenWorldError(
            f"{path}: at most {MAX_SOCKET_PATH_BYTES} bytes in a path; name a shorter one"
        )
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OpenWorldError(f"{path}: {error.strerror or error}; name another path") from error
    if not is_socket:
        raise OpenWorldError(f"{path}: exists and is no socket; name another path")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()  # left by a world that was killed
            return
        except OSError as error:
            raise OpenWorldError(f"{path}: {error.strerror or error}") from error
    raise OpenWorldError(f"{path}: another world serves it; name another path")


async def _serve(socket_path: Path, follows_intervals: bool) -> None:
    async with OpenWorld(socket_path, Air(follows_intervals=follows_intervals)):
        sys.stdout.write("open\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m varde_simulator.open_world")
    parser.add_argument("socket", type=Path)
    parser.add_argument("--intervals", action="store_true")
    arguments = parser.parse_args()
    try:
        asyncio.run(_serve(arguments.socket, arguments.intervals))
    except OpenWorldError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

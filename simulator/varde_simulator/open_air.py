"""An air in real time, open to every hub that says hello.

`World` runs in virtual time and knows its hubs beforehand. Tests written for boards bring their
own hubs and count real milliseconds: MicroPython's own, for one (`tools/conformance.py`). Here
each hub that joins gets a radio, all on one air.

    python -m varde_simulator.open_air SOCKET [--intervals]     until its standard input ends

With `--intervals` data travels at connection events, as on a radio; otherwise after 2 ms.
"""

import asyncio
import sys
from pathlib import Path

from varde_simulator.air.channel import Channel
from varde_simulator.air.link import Air
from varde_simulator.air.radio import Radio


class OpenAir:
    """`await start(path)`, then hubs join the socket at `path`; `close()` hangs up on them."""

    def __init__(self, air: Air | None = None) -> None:
        self.air = air or Air()
        self.radios: dict[str, Radio] = {}  # by node; the newest of that name
        self._channels: set[Channel] = set()
        self._server: asyncio.Server | None = None

    async def start(self, path: Path) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: Channel(self._greet), str(path))

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for channel in tuple(self._channels):
            channel.close()

    def _greet(self, channel: Channel) -> None:
        self._channels.add(channel)
        channel.on_close.append(lambda: self._channels.discard(channel))
        self.radios[channel.node] = Radio(channel, self.air)


async def _serve(path: Path, follows_intervals: bool) -> None:
    world = OpenAir(Air(follows_intervals=follows_intervals))
    await world.start(path)
    sys.stdout.write("open\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    world.close()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), "--intervals" in sys.argv[2:]))

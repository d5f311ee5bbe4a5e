"""`varde-sim boards`: bare boards on cables, in real time; `varde-sim image`: for their flash."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from varde_simulator import clock, interpreter, run_folder, sensors_command
from varde_simulator.board_stand import BoardPlan, BoardStand, Surroundings
from varde_simulator.interruption import Interruption
from varde_simulator.open_world import OpenWorld
from varde_simulator.scenario_links import HOME
from varde_simulator.sensor_places import PlaceError, model_of
from varde_simulator.sensor_stand import News, Stand, Tell, WordError
from varde_simulator.usb import chips, stand_in_image
from varde_simulator.world import World

MOST_BOARDS = 64  # each is a process, and 16 MB on disk
WRONG_KIND = "ESP32-C3"


def boards(
    context: typer.Context,
    count: Annotated[int, typer.Option(help="So many boards, numbered from 1.")] = 1,
    wrong: Annotated[
        list[str] | None,
        typer.Option(metavar="N[:KIND]", help=f"Board N is another kind of chip ({WRONG_KIND})."),
    ] = None,
    counterfeit: Annotated[
        list[int] | None, typer.Option(metavar="N", help="The flash of N is smaller than it says.")
    ] = None,
    no_psram: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Board N has no PSRAM.")
    ] = None,
    modem: Annotated[bool, typer.Option("--modem", help="A 4G modem on each.")] = False,
    wifi: Annotated[
        str, typer.Option(metavar="SSID:PASSWORD", help="The network they can hear.")
    ] = f"{HOME.ssid}:{HOME.password}",
    collector: Annotated[
        str, typer.Option(metavar="[NAME=]HOST:PORT", help="Where their wires end.")
    ] = "",
    ntp: Annotated[
        str, typer.Option(metavar="NAME", help="The time server's name.")
    ] = Surroundings.ntp_name,
    sensor: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL[:LABEL]", help="A sensor that all can hear; again for more."),
    ] = None,
    socket: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Let other programs join their air here.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides what the sensors measure.")] = 1,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Flash files and logs.")] = Path(
        "build/boards"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON an event.")] = False,
) -> None:
    """Put bare boards on USB cables: for esptool, mpremote, and a bench.

    Says a line a board: number, rfc2217:// port, PTY. Lines on standard input: `plug 3`
    (`plug 3 elsewhere`: another port), `unplug 3`, `cut 3` (`cut 3 100`: in the 100th flash
    operation from now), `boot 3 down`, `reset 3`, `press 3` (the button, of a hub that runs;
    `press 3 6`: for six seconds), and what `varde-sim sensors` understands.
    `help` shows all words, `quit` ends.
    """
    plans = _plans(count, wrong or [], counterfeit or [], no_psram or [], modem)
    around = _surroundings(collector, ntp)
    network = _network(wifi)
    wanted = sensors_command.labelled(sensor) if sensor else []
    tell = sensors_command.print_json if as_json else _print_line
    out = out.resolve()
    run_folder.fresh(out)
    world_clock = clock.VirtualClock(out / "clock", datetime.now(UTC))
    table = _Table(World(world_clock, out, seed), around, tell, seed)
    work = table.run(plans, network, wanted, socket, context.obj)
    clock.run_steadily(world_clock, work)


def image(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
) -> None:
    """Write an interpreter image for virtual boards, as MicroPython's downloads are laid out."""
    version = interpreter.find().version
    data = stand_in_image.build(version)
    try:
        file.write_bytes(data)
    except OSError as error:
        raise PlaceError(f"{file}: {error.strerror or error}; name another file") from error
    sys.stdout.write(f"{file}: {len(data)} bytes, stand-in for MicroPython {version}\n")


class _Table:
    """Boards and sensors in one world, and who hears which word."""

    def __init__(self, world: World, around: Surroundings, tell: Tell, seed: int) -> None:
        self.world = world
        self.tell = tell
        self.boards = BoardStand(world, around, tell)
        self.sensors = Stand(tell, seed)
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()

    async def run(
        self,
        plans: Sequence[BoardPlan],
        network: tuple[str, str],
        wanted: Sequence[tuple[str, str]],
        socket: Path | None,
        interruption: Interruption,
    ) -> None:
        """Until told to end."""
        interruption.cancels(asyncio.current_task())
        models = [(model_of(name), label) for name, label in wanted]
        async with self.world, self._open(socket), contextlib.AsyncExitStack() as closing:
            closing.push_async_callback(self.boards.close)
            self.world.add_access_point(*network)
            for model, label in models:
                self.sensors.put(await self.world.add_sensor(model, label), "the table's air")
            for plan in plans:
                await self.boards.put(plan)
            self.tell({"event": "complete", "boards": len(plans)})
            watch = asyncio.ensure_future(self.sensors.watch())
            closing.callback(watch.cancel)
            sensors_command.listen(self._lines.put_nowait)
            while (line := await self._lines.get()) is not None and line.strip() != "quit":
                await self._hear(line.strip())

    @contextlib.asynccontextmanager
    async def _open(self, socket: Path | None) -> AsyncIterator[None]:
        """The air, for programs from outside."""
        if socket is None:
            yield
            return
        async with OpenWorld(socket, self.world.air_of()) as door:
            door.on_node = self.sensors.tell_of_node
            yield

    async def _hear(self, line: str) -> None:
        words = (*self.boards.words, *self.sensors.words, "help", "quit")
        word = line.partition(" ")[0]
        try:
            if word == "help":
                self.tell({"event": "words", "words": list(words)})
            elif word in self.boards.words:
                await self.boards.say(line)
            elif word in self.sensors.words:
                self.sensors.say(line)
            elif word:
                self._refuse(f"no word {word!r}; there are {', '.join(words)}")
        except WordError as error:
            self._refuse(str(error))

    def _refuse(self, why: str) -> None:
        self.tell({"event": "not-understood", "why": why})


def _plans(
    count: int, wrong: list[str], counterfeit: list[int], no_psram: list[int], modem: bool
) -> list[BoardPlan]:
    """Raises PlaceError."""
    if not 1 <= count <= MOST_BOARDS:
        raise PlaceError(f"--count {count}: from 1 to {MOST_BOARDS}")
    plans = {number: BoardPlan(number, has_modem=modem) for number in range(1, count + 1)}
    kinds: dict[int, str] = {}
    for each in wrong:
        digits, _, kind = each.partition(":")
        if not digits.isdecimal():
            raise PlaceError(f"--wrong {each}: write the board's number, and :KIND")
        kinds[int(digits)] = kind or WRONG_KIND
    for number in (*kinds, *counterfeit, *no_psram):
        if number not in plans:
            raise PlaceError(f"there is no board {number}; they are numbered from 1 to {count}")
    for number, kind in kinds.items():
        if kind not in chips.KINDS:
            raise PlaceError(f"no kind {kind!r}; there are {', '.join(chips.KINDS)}")
        plans[number] = replace(plans[number], kind=chips.KINDS[kind])
    for number in counterfeit:
        plans[number] = replace(plans[number], is_counterfeit=True)
    for number in no_psram:
        plans[number] = replace(plans[number], psram_bytes=0)
    return list(plans.values())


def _surroundings(collector: str, ntp: str) -> Surroundings:
    if not collector:
        return Surroundings(ntp_name=ntp)
    name, _, address = collector.rpartition("=")
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 0x10000:
        raise PlaceError(f"--collector {collector}: write HOST:PORT, or NAME=HOST:PORT")
    return Surroundings((host, int(port)), name or Surroundings.collector_name, ntp)


def _network(wifi: str) -> tuple[str, str]:
    ssid, colon, password = wifi.partition(":")
    if not ssid or not colon:
        raise PlaceError("--wifi: write SSID:PASSWORD")
    return ssid, password


def _print_line(news: News) -> None:
    if news["event"] == "board":
        text = f"board {news['board']} {news['port']} {news['pty']}"
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    else:
        sensors_command.print_line(news)

"""`varde-sim practice`: a throw-away bench to practise at, with what an exercise plants."""

import asyncio
import os
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from varde_simulator import clock, run_folder, sensors_command
from varde_simulator.interruption import Interruption
from varde_simulator.practice import plan
from varde_simulator.practice.hand import HandError
from varde_simulator.practice.stand import PracticeBench
from varde_simulator.sensor_stand import Tell, WordError

MOST_TEMPORARY_BYTES = 70
"""A socket's path has at most 103 bytes, and its own part of it some 25."""
_OF_A_REAL_SITE = ("VARDE_SITE", "VARDE_DATABASE", "VARDE_INVENTORY", "VARDE_BY", "VARDE_RADIO")
_STANDARD_INPUT = 0
_READ_BYTES = 4096


def practice(
    context: typer.Context,
    exercise: Annotated[Path, typer.Option(metavar="FILE", help="What is practised.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="All of it; made anew.")] = Path(
        "build/practice"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON an event.")] = False,
) -> None:
    """Set up a bench in a municipality that does not exist: boards, sensors, references.

    Says when it is ready, and how things look whenever that changes, with the lines that hands
    can do now: `plug board-1`, `load scale 40 front-left`, `pump manometer 150`. These are read
    from standard input. Its end ends everything, as does `quit`.
    """
    wanted = plan.load(exercise)
    out = out.resolve()
    run_folder.fresh(out)
    _keep_to(out)
    tell = sensors_command.print_json if as_json else sensors_command.print_line
    world_clock = clock.VirtualClock(out / "clock", datetime.now(UTC))
    work = _run(wanted, exercise.stem, out, world_clock, tell, context.obj)
    clock.run_steadily(world_clock, work)


def _keep_to(out: Path) -> None:
    """Touch nothing of a real site, and leave nothing in the machine's temporary folder."""
    for name in _OF_A_REAL_SITE:
        os.environ.pop(name, None)
    temporary = out / "tmp"
    if len(os.fsencode(temporary)) <= MOST_TEMPORARY_BYTES:
        temporary.mkdir()
        tempfile.tempdir = str(temporary)


async def _run(
    wanted: plan.Plan,
    name: str,
    out: Path,
    world_clock: clock.VirtualClock,
    tell: Tell,
    interruption: Interruption,
) -> None:
    task = asyncio.current_task()
    interruption.cancels(task)
    lines: asyncio.Queue[str] = asyncio.Queue()
    over = asyncio.Event()

    def end() -> None:
        over.set()
        if not is_ready and task is not None:
            task.cancel()

    is_ready = False
    _listen(lines.put_nowait, end)
    try:
        async with PracticeBench(out, wanted, name, world_clock, tell) as bench:
            is_ready = True
            obeying = asyncio.ensure_future(_obey(bench, lines, over, tell))
            await over.wait()
            obeying.cancel()
    except asyncio.CancelledError:
        if not over.is_set():
            raise


async def _obey(
    bench: PracticeBench, lines: "asyncio.Queue[str]", over: asyncio.Event, tell: Tell
) -> None:
    while (line := (await lines.get()).strip()) != "quit":
        try:
            if line:
                await bench.say(line)
        except (HandError, WordError) as error:
            tell({"event": "not-understood", "line": line[:100], "why": str(error)})
        else:
            tell({"event": "done", "line": line})
    over.set()


def _listen(hear: Callable[[str], None], end: Callable[[], None]) -> None:
    """Lines of standard input, from a thread. Its end is the end of whoever started this, by
    whatever signal, so everything ends with it."""
    loop = asyncio.get_running_loop()

    def hand_over(call: Callable[[], None]) -> None:
        try:
            loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop has ended
            return

    def read() -> None:
        rest = b""
        try:
            while data := os.read(_STANDARD_INPUT, _READ_BYTES):
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    text = line.decode(errors="replace")
                    hand_over(lambda text=text: hear(text))  # type: ignore[misc]
        except OSError:
            pass
        hand_over(end)

    threading.Thread(target=read, name="standard input", daemon=True).start()

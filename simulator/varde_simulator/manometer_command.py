"""`varde-sim manometer`: a reference manometer on a serial port, with a cuff on the same hose."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from varde_simulator import clock, run_folder, sensors_command
from varde_simulator.instruments.manometer_stand import ManometerStand, StandError
from varde_simulator.instruments.plant import CuffSensor, Plant
from varde_simulator.interruption import Interruption
from varde_simulator.sensor_stand import Tell


def manometer(
    context: typer.Context,
    offset: Annotated[float, typer.Option(help="The cuff shows this many mmHg too much.")] = 0.0,
    gain: Annotated[float, typer.Option(help="And this part of the pressure: 0.02 is 2 %.")] = 0.0,
    slack: Annotated[float, typer.Option(help="Its hysteresis in mmHg.")] = 0.5,
    leak: Annotated[float, typer.Option(help="The leak in mmHg/min at 250 mmHg.")] = 1.0,
    error: Annotated[float, typer.Option(help="The manometer's own error in mmHg.")] = 0.0,
    quick: Annotated[
        bool, typer.Option("--quick", help="Time leaps while it measures: see VARDE_CLOCK.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Decides the noise.")] = 1,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The port and the clock.")] = Path(
        "build/manometer"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON an event.")] = False,
) -> None:
    """Put a manometer on a serial port, and on its hose a bulb and a cuff in manometer mode.

    Says where the port is. Lines on standard input are the hands: `pump 150`, `release 100`,
    `vent`, `display` (what the cuff shows), `leak 8`, `unplug`, `plug`, or a fault's name.
    `help` shows all words, `quit` ends.
    """
    out = out.resolve()
    run_folder.fresh(out)
    world_clock = clock.VirtualClock(out / "clock", datetime.now(UTC))
    tell = sensors_command.print_json if as_json else sensors_command.print_line
    plant, cuff = Plant(leak), CuffSensor(offset, gain, slack)
    stand = ManometerStand(out, plant, cuff, tell, error=error, seed=seed)
    # Measuring is the only thing that anybody waits for: all else is people.
    world_clock.add_gate(lambda: 0.0 if stand.is_measuring else clock.NEVER, "people")
    run = clock.run if quick else clock.run_steadily
    run(world_clock, _run(stand, tell, context.obj))


async def _run(stand: ManometerStand, tell: Tell, interruption: Interruption) -> None:
    interruption.cancels(asyncio.current_task())
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    stand.start()
    sensors_command.listen(lambda line: _hear(stand, tell, line, over))
    try:
        await over
    finally:
        stand.stop()


def _hear(
    stand: ManometerStand,
    tell: Tell,
    line: str | None,
    over: "asyncio.Future[None]",
) -> None:
    word = "quit" if line is None else line.strip()
    if word == "quit":
        if not over.done():
            over.set_result(None)
    elif word == "help":
        tell({"event": "words", "words": [*stand.words, "help", "quit"]})
    elif word:
        try:
            stand.say(word)
        except StandError as error:
            tell({"event": "not-understood", "why": str(error)})

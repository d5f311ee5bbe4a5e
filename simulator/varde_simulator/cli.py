"""`varde-sim`: plays scenarios, and many of them; puts sensors on the air."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from varde_simulator import (
    boards_command,
    clock,
    manometer_command,
    practice_command,
    scenario,
    scenario_file,
    sensors_command,
    stories_command,
)
from varde_simulator.air.adapter import AdapterError
from varde_simulator.host_programs import HostFailedError
from varde_simulator.interpreter import NoInterpreterError
from varde_simulator.interruption import Interruption
from varde_simulator.open_world import OpenWorldError
from varde_simulator.play import Outcome, Play, PlayError
from varde_simulator.run_folder import RunFolderError
from varde_simulator.scenario_table import ScenarioError
from varde_simulator.sensor_places import PlaceError
from varde_simulator.sensor_stand import WordError
from varde_simulator.stage import Stage, StageError
from varde_simulator.stories import StoriesError
from varde_simulator.view import LiveView, PlainView, QuietView, View, near, sum_table

EXIT_FAILED = 1  # something was lost, doubled or changed
EXIT_CANNOT = 3  # it could not be played at all

DEFAULT_SEED = 1
interruption = Interruption()
_CANNOT = (
    ScenarioError, StageError, PlayError, HostFailedError, NoInterpreterError, RunFolderError,
    AdapterError, OpenWorldError, PlaceError, WordError, StoriesError,
)  # fmt: skip
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


app.command("sensors")(sensors_command.sensors)
app.command("boards")(boards_command.boards)
app.command("image")(boards_command.image)
app.command("manometer")(manometer_command.manometer)
app.command("practice")(practice_command.practice)


@app.callback()
def _root(context: typer.Context) -> None:
    """A simulated home around the real firmware and the real collector."""
    context.obj = interruption


@app.command()
def play(
    name: Annotated[str, typer.Argument(metavar="SCENARIO")],
    seed: Annotated[int, typer.Option()] = DEFAULT_SEED,
    out: Annotated[Path, typer.Option(metavar="DIR")] = Path("build/demo"),
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Play a scenario; exit 0 only if every byte that a sensor sent arrived, once."""
    console = Console(soft_wrap=True)
    story = scenario_file.load(scenario_file.find(name))
    out = out.resolve()
    stage = Stage(out, story.start, story.heartbeat_min, seed)
    outcome, table = clock.run(stage.clock, _play(stage, story, seed, _view(console, as_json)))
    result = _result(story, seed, stage, outcome)
    file = out.with_name(out.name + ".json")
    file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        sys.stdout.write(table)
        _show(console, outcome, stage, file)
    if not outcome.passed:
        raise typer.Exit(EXIT_FAILED)


app.command("stories")(stories_command.stories)


async def _play(
    stage: Stage, story: scenario.Scenario, seed: int, view: View
) -> tuple[Outcome, str]:
    def tell(who: str, what: str) -> None:
        if interruption.signal is None:  # how the parts then end is no news
            view.tell(who, what)

    interruption.cancels(asyncio.current_task())
    async with stage:
        playing = Play(stage, story, seed, listener=tell)
        view.start(playing)
        try:
            draw = await playing.run()
        finally:
            view.stop()
        outcome = draw(await stage.host.readings(), await stage.host.repeats())
        return outcome, await stage.host.readings_table()


def _view(console: Console, as_json: bool) -> View:
    if as_json:
        return QuietView()
    return LiveView(console) if console.is_terminal else PlainView(console)


def _result(
    story: scenario.Scenario, seed: int, stage: Stage, outcome: Outcome
) -> dict[str, object]:
    """As docs/results.md describes it."""
    return {
        "scenario": story.name,
        "seed": seed,
        **outcome.sum.as_json(),
        "seconds": round(outcome.seconds, 1),
        "days": story.days,
        "cuts": outcome.cuts,
        "boots": outcome.boots,
        "crashes": outcome.crashes,
        "nor_errors": outcome.nor_errors,
        "flash_operations": outcome.flash_operations,
        "problems": list(outcome.problems),
        "interpreter": str(stage.world.vm),
        "passed": outcome.passed,
    }


def _show(console: Console, outcome: Outcome, stage: Stage, file: Path) -> None:
    console.print(sum_table(outcome), soft_wrap=False)
    for detail in outcome.sum.details:
        console.print(f"  {detail}", markup=False, highlight=False)
    for problem in outcome.problems:
        console.print(f"problem: {problem}", markup=False)
    word = "Everything arrived, once, unchanged." if outcome.passed else "NOT everything is right."
    console.print(
        f"{word} {outcome.seconds:.0f} s.", style=_style(outcome.passed), highlight=False
    )
    for name, what in (
        ("database", near(stage.host.database)),
        ("logs", f"{near(stage.folder)}/*.log"),
        ("result", near(file)),
        ("hub ran on", f"MicroPython {stage.world.vm.version}, {stage.world.vm.word_bits} bit"),
    ):
        console.print(f"{name:<10}  {what}", markup=False, highlight=False)


def _style(good: bool) -> str:
    return "bold green" if good else "bold red"


def main() -> None:
    """Entry point; errors that a person can act on are said in one line."""
    interruption.listen()
    try:
        app()
    except BaseException as error:
        if interruption.signal is not None:
            name = interruption.signal.name
            sys.stderr.write(f"varde-sim: interrupted by {name}; all that ran is stopped\n")
            sys.exit(interruption.status)
        if not isinstance(error, _CANNOT):
            raise
        sys.stderr.write(f"varde-sim: {error}\n")
        sys.exit(EXIT_CANNOT)


if __name__ == "__main__":
    main()

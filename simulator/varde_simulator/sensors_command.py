"""`varde-sim sensors`: virtual sensors in real time, on adapters or in a world others can join."""

import asyncio
import contextlib
import json
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from varde_simulator.interruption import Interruption
from varde_simulator.sensor_places import Lost, PlaceError, in_world, on_adapters
from varde_simulator.sensor_stand import News, Stand, WordError
from varde_simulator.sensors import models

_STANDARD_INPUT = 0
_READ_BYTES = 4096
_UNITS_S = {"ms": 0.001, "s": 1.0, "": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|m|h|)")
_SHORTEST_S = 0.1

Place = contextlib.AbstractAsyncContextManager[Lost]


def sensors(
    context: typer.Context,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[:LABEL]", help="A sensor; again for one more."),
    ] = None,
    transport: Annotated[
        list[str] | None,
        typer.Option(metavar="SPEC", help="An adapter, as Bumble names it; one for each sensor."),
    ] = None,
    socket: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Instead: an air that others join here.")
    ] = None,
    every: Annotated[str, typer.Option(metavar="30s", help="All measure this often.")] = "",
    for_: Annotated[str, typer.Option("--for", metavar="10min", help="End after so long.")] = "",
    fault: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A fault that all have, always.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides what they measure.")] = 1,
    list_: Annotated[bool, typer.Option("--list", help="Show the models, and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON an event.")] = False,
) -> None:
    """Put virtual sensors on the air: through real adapters, or for hubs in the simulator.

    Lines on standard input tell them what to do: `measure`, `pair` (its button is
    held), `wake`, or the name of a fault; a label after it means that one only.
    `help` shows all words, `quit` ends.
    """
    if list_:
        _show_models(as_json)
        return
    stand = Stand(print_json if as_json else print_line, seed, fault or ())
    place = _place(stand, transport or [], socket, labelled(model or []))
    every_s, for_s = _seconds("--every", every), _seconds("--for", for_)
    interruption: Interruption = context.obj
    asyncio.run(_run(stand, place, every_s, for_s, interruption))


def _place(
    stand: Stand, transports: list[str], socket: Path | None, wanted: list[tuple[str, str]]
) -> Place:
    if (socket is None) == (not transports):
        raise PlaceError("say where, one of: --transport SPEC (an adapter), --socket PATH")
    if socket is not None:
        return in_world(stand, socket, wanted)
    return on_adapters(stand, transports, wanted)


async def _run(
    stand: Stand,
    place: Place,
    every_s: float | None,
    for_s: float | None,
    interruption: Interruption,
) -> None:
    """Until told to end, the time is over, or the place is lost (which raises)."""
    interruption.cancels(asyncio.current_task())
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    async with place as lost:
        async with asyncio.TaskGroup() as group:
            work = [group.create_task(stand.watch())]
            if every_s is not None:
                work.append(group.create_task(stand.measure_every(every_s)))
            listen(lambda line: _hear(stand, line, over))
            try:
                ends = (over, lost)
                await asyncio.wait(ends, timeout=for_s, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in work:
                    task.cancel()
                stand.look()
        if lost.done():
            lost.result()


def _hear(stand: Stand, line: str | None, over: "asyncio.Future[None]") -> None:
    """A line of standard input; None: the person at the terminal has ended it."""
    word = "quit" if line is None else line.strip()
    if word == "quit":
        if not over.done():
            over.set_result(None)
    elif word == "help":
        stand.tell({"event": "words", "words": [*stand.words, "help", "quit"]})
    elif word:
        try:
            stand.say(word)
        except WordError as error:
            stand.tell({"event": "not-understood", "why": str(error)})


def listen(hear: Callable[[str | None], None]) -> None:
    """Lines of standard input, from a thread: not everything that can be one can be polled. The
    end of a pipe or of /dev/null means nothing, so that this runs under a service manager too."""
    loop = asyncio.get_running_loop()

    def hand_over(line: str | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(hear, line)

    def read() -> None:
        rest = b""
        # Not sys.stdin: its lock, held by a thread that waits, ends the interpreter badly.
        with contextlib.suppress(OSError):
            while data := os.read(_STANDARD_INPUT, _READ_BYTES):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    hand_over(line.decode(errors="replace"))
        if rest:
            hand_over(rest.decode(errors="replace"))
        with contextlib.suppress(OSError):
            if os.isatty(_STANDARD_INPUT):
                hand_over(None)

    threading.Thread(target=read, name="standard input", daemon=True).start()


def labelled(wanted: list[str]) -> list[tuple[str, str]]:
    """(model, label) of each; a model that comes again gets a number. Raises PlaceError."""
    if not wanted:
        raise PlaceError("say which: --model NAME; `varde-sim sensors --list` shows the models")
    seen: Counter[str] = Counter()
    labelled = []
    for each in wanted:
        name, _, label = each.partition(":")
        seen[name] += 1
        default = name if seen[name] == 1 else f"{name}-{seen[name]}"
        labelled.append((name, label or default))
    label, count = Counter(label for _, label in labelled).most_common(1)[0]
    if count > 1:
        raise PlaceError(f"{count} sensors with the label {label!r}; give each its own")
    return labelled


def _seconds(option: str, text: str) -> float | None:
    """Of `30s`, `500ms`, `5min`, `1h`, or a plain number of seconds; None of an empty text."""
    if not text:
        return None
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match[1]) * _UNITS_S[match[2]] if match else 0.0
    if seconds < _SHORTEST_S:
        raise PlaceError(f"{option} {text}: write 30s, 5min or 1h; at least {_SHORTEST_S:g}s")
    return seconds


def _show_models(as_json: bool) -> None:
    for name, factory in models.MODELS.items():
        built = factory()
        about = " ".join((factory.__doc__ or "").split()).split(". ", 1)[0].rstrip(".")
        if as_json:
            row: News = {"model": name, "name": built.name, "driver": built.driver, "about": about}
            print_json(row)
        else:
            sys.stdout.write(f"{name:<16}  {built.name:<22}  {about}\n")


def print_json(news: News) -> None:
    """A line of JSON."""
    sys.stdout.write(json.dumps(news) + "\n")
    sys.stdout.flush()


def print_line(news: News) -> None:
    """A line for a person."""
    more = {key: value for key, value in news.items() if key not in {"time", "sensor", "event"}}
    time = str(news.get("time", ""))[11:23]
    words = " ".join(f"{key} {_plain(value)}" for key, value in more.items())
    sys.stdout.write(f"{time:<12}  {news.get('sensor', ''):<16}  {news['event']:<13}  {words}\n")
    sys.stdout.flush()


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

"""`varde bench`: bare boards become hubs, one or a tray of them at a time (docs/bench.md)."""

from __future__ import annotations

import asyncio
import functools
import signal
import sys
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from varde_host import clock, errors, messages, output
from varde_host.bench import faults, live, making_run, settings, steps, work
from varde_host.bench import occasion as bench_occasion
from varde_host.bench.cable import ports
from varde_host.bench_desk import bench_file, orders
from varde_host.commands import inventory_options, options
from varde_host.inventory import progress
from varde_host.inventory import who as inventory_who
from varde_host.site import files

DEFAULT_IMAGE = Path("micropython.bin")
Ended = TypeVar("Ended")

STOPPED = 130
"""Exit status after Ctrl-C, as shells have it."""


def run(
    port: Annotated[list[str] | None, typer.Option(metavar="PORT|PATTERN|@FILE")] = None,
    image: Annotated[Path | None, typer.Option(metavar="FILE", envvar="VARDE_INTERPRETER")] = None,
    firmware: Annotated[Path | None, typer.Option(metavar="DIR")] = None,
    host: Annotated[str | None, typer.Option(metavar="NAME")] = None,
    collector_port: Annotated[int | None, typer.Option()] = None,
    wifi: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    modem: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    ntp_host: Annotated[str | None, typer.Option(metavar="NAME")] = None,
    ntp_port: Annotated[int | None, typer.Option()] = None,
    heartbeat_s: Annotated[int | None, typer.Option("--heartbeat", metavar="SECONDS")] = None,
    board: Annotated[str | None, typer.Option(metavar="NAME")] = None,
    until: Annotated[str | None, typer.Option(metavar="STEP")] = None,
    again: Annotated[list[str] | None, typer.Option(metavar="STEP")] = None,
    count: Annotated[int | None, typer.Option(min=0)] = None,
    flashers: Annotated[int, typer.Option(min=1)] = settings.DEFAULT_FLASHERS,
    come_back_s: Annotated[
        float, typer.Option("--come-back", metavar="SECONDS")
    ] = settings.Limits.come_back_s,
    scan: Annotated[bool | None, typer.Option("--scan/--no-scan")] = None,
    by: inventory_options.By = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    database_address: options.DatabaseAddress = None,
    inventory_address: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Work on all boards until each is done or given up; exit status 1 if one was given up."""
    whose = inventory_who.parse(by)
    here = bench_file.load(site).over(
        image=image, firmware=firmware, host=host, collector_port=collector_port, wifi=wifi,
        modem=modem, ntp_host=ntp_host, ntp_port=ntp_port, heartbeat_s=heartbeat_s, board=board,
        ports=tuple(port or ()),
    )  # fmt: skip
    wanted = orders.making(
        here.over(image=here.image or DEFAULT_IMAGE), until=until, again=tuple(again or []),
        count=count, flashers=flashers, scans=sys.stdin.isatty() if scan is None else scan,
    )  # fmt: skip
    site_files = files.load(site)
    with (
        inventory_options.opened(site, inventory_address, create=True) as inventory,
        shown(json=json) as view,
    ):
        occasion = bench_occasion.Occasion(
            site=site_files, by=whose, inventory=inventory, tell=view.tell, ask=Questions().ask,
            database=options.database_address(site, database_address),
            utc_ms=clock.from_environment().utc_ms, candidates=ports.candidates(here.ports),
            limits=settings.Limits(come_back_s=come_back_s),
        )  # fmt: skip
        ended = play(making_run.make(occasion, wanted))
    if not json:
        output.line(messages.text("bench.summary", done=ended.done, boards=ended.boards))
    if ended.done < ended.boards:
        raise SystemExit(errors.EXIT_REFUSED)


@contextmanager
def shown(*, json: bool) -> Iterator[live.View]:
    """Show what happens: lines of JSON on standard output, else a table on standard error."""
    for_people = live.Table if sys.stderr.isatty() else live.TextLines
    view: live.View = live.JsonLines() if json else for_people()
    with view:
        yield view


def play(work_on: Coroutine[Any, Any, Ended]) -> Ended:
    """Do it; Ctrl-C and SIGTERM end it in order, programs it started included."""

    async def main() -> Ended:
        task = asyncio.ensure_future(work_on)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        return await task

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        output.progress(messages.text("bench.stopped"))
        raise SystemExit(STOPPED) from None


class Questions:
    """Asks the technician: one question at a time, answered by a line on standard input."""

    async def ask(self, _board: work.Board, question: str, _fields: Mapping[str, object]) -> str:
        """Return the answer; a line `! REASON` says that it cannot be done."""
        line: str = await asyncio.to_thread(sys.stdin.readline)
        answer = line.strip()
        if answer.startswith("!") or not line:
            raise faults.Fault("cannot", reason=answer.lstrip("! ") or question)
        return answer


def show_ports(json: options.Json = False) -> None:
    """List the ports at which a board may be."""
    found = ports.scan()
    if json:
        output.as_json(
            [{"port": p.name, "description": p.description, "chip": p.chip_id} for p in found]
        )
    elif not found:
        output.line(messages.text("bench.no-ports"))
    else:
        columns = [f"bench.column.{name}" for name in ("port", "description", "chip")]
        output.table(columns, [(p.name, p.description, p.chip_id) for p in found], whole={0, 2})


def status(
    chip: Annotated[str | None, typer.Argument(metavar="CHIP")] = None,
    site: options.SiteDirectory = options.DEFAULT_SITE,
    inventory_address: inventory_options.InventoryAddress = None,
    json: options.Json = False,
) -> None:
    """Show each board's steps, and what each took of hands and of the machine."""
    with inventory_options.opened(site, inventory_address) as inventory:
        known = inventory.read(progress.chips)
        if chip is not None and chip not in known:
            raise errors.InputRefused("chip-unknown", chip[:20])
        chosen = known if chip is None else [chip]
        done = {
            one: inventory.read(functools.partial(progress.finished, chip_id=one))
            for one in chosen
        }
    if json:
        output.as_json(done)
        return
    columns = ("chip", "board-step", "machine", "hands", "tries")
    output.table([f"bench.column.{name}" for name in columns], list(_rows(done)), whole={0})


def _rows(done: Mapping[str, Mapping[str, work.Evidence]]) -> Iterator[tuple[str, ...]]:
    for chip, finished in done.items():
        for name, evidence in finished.items():
            took = evidence.get("took", {})
            yield (
                chip,
                live.step_text(name),
                _seconds(took.get("machine_ms", 0)),
                _seconds(took.get("hands_ms", 0)),
                str(took.get("tries", "")),
            )
        left = [step.name for step in steps.TABLE if step.name not in finished]
        if left:
            yield (chip, live.step_text(left[0]), "–", "–", "")


def _seconds(spent_ms: int) -> str:
    return f"{spent_ms / 1000:.1f} s"

"""`varde-sim stories`: a short scenario again and again, each time with other power cuts."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from varde_simulator import stories as campaigns
from varde_simulator.story_rows import Row

EXIT_FAILED = 1
MOST_FAILURES = 3  # of a batch in full; a broken stage fails all of its stories alike
# What is said first, and in this order: the campaign's own counts.
FIRST = (
    "operations", "cut_operations", "runs", "cuts", "boots", "offered", "durable", "delivered",
    "lost", "twice", "altered", "failed",
)  # fmt: skip


def stories(
    context: typer.Context,
    name: Annotated[str, typer.Option("--scenario", metavar="SCENARIO")] = "cut",
    runs: Annotated[int, typer.Option(min=1)] = 200,
    seed: Annotated[int, typer.Option()] = 1,
    cuts: Annotated[
        int, typer.Option(min=1, max=9, help="power cuts in each run, one after the other")
    ] = 1,
    every_operation: Annotated[
        bool, typer.Option(help="a run for each flash operation and tear, not by seed")
    ] = False,
    twice: Annotated[
        int,
        typer.Option(min=0, help="with --every-operation: so many more, cut again in recovery"),
    ] = 0,
    out: Annotated[Path, typer.Option(metavar="FILE")] = Path("build/stories.json"),
) -> None:
    """Play a short scenario many times, with power cuts at other flash operations each time."""
    if twice and not every_operation:
        raise typer.BadParameter("cuts again what --every-operation cuts", param_hint="--twice")
    console = Console(soft_wrap=True)
    campaign = campaigns.Campaign(name, runs, seed, cuts, every_operation, twice)
    total = campaigns.run(campaign, out, _teller(console), context.obj)
    said = {key: total[key] for key in FIRST} | total
    console.print(", ".join(f"{key} {value}" for key, value in said.items()), highlight=False)
    console.print(f"rows: {out}; what failed: {out.with_suffix('')}", highlight=False)
    if total["failed"]:
        raise typer.Exit(EXIT_FAILED)


def _teller(console: Console) -> campaigns.OnRows:
    """Says how far it is, and what failed."""
    started_s = time.monotonic()
    done = 0

    def tell(rows: Sequence[Row]) -> None:
        nonlocal done
        done += len(rows)
        failed = [row for row in rows if not row.passed]
        for row in failed[:MOST_FAILURES]:
            console.print(f"failed: {json.dumps(row.as_json())}", markup=False)
        if len(failed) > MOST_FAILURES:
            console.print(f"and {len(failed) - MOST_FAILURES} more of the same batch failed")
        console.print(f"{done} stories, {time.monotonic() - started_s:.0f} s", highlight=False)

    return tell

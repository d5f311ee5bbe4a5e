"""Many seeded runs of a short scenario, each with a power cut at another flash operation.

A first run without a cut says how many flash operations there are. Each story then draws one of
them, and how much of it is still done, from its seed. Stories run in batches, a stage a batch, a
batch a process, as many at once as there are processors.
"""

import concurrent.futures
import json
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from varde_simulator import clock, run_folder, scenario, scenario_file
from varde_simulator.host_programs import HostFailedError
from varde_simulator.play import Outcome, Play, PlayError, Rows
from varde_simulator.stage import Stage, StageError

BATCH_STORIES = 20  # the stage is set once a batch; a batch is what a broken stage can cost
# Two runs do not do exactly the same number of operations. A story that ended before its cut is
# played again with an earlier one, so that each has its cut and late ones are drawn as well.
EARLIER = 3
MAX_ATTEMPTS = 10
# A flash operation that the power leaves undone, half done at some point, or done but not yet
# known to be: the first and the last are the ends that a uniform draw would never hit.
FRACTIONS = (0.0, 0.25, 0.5, 0.75, 0.99, 1.0)

COUNTS = (
    "measured", "journaled", "delivered", "duplicates", "lost", "altered", "under_way", "repeats",
    "mistaken", "untimely", "undated", "not_offered", "asked",
)  # fmt: skip


@dataclass(frozen=True)
class Story:
    """One run: which seed, where the power goes. Operation 0 means not at all."""

    seed: int
    operation: int
    fraction: float


@dataclass(frozen=True)
class Row:
    """What came of a story, as it stands in build/stories.json."""

    name: str
    seeds: dict[str, float]
    measured: int
    journaled: int
    delivered: int
    duplicates: int
    lost: int
    altered: int
    under_way: int
    untimely: int
    repeats: int
    mistaken: int
    undated: int
    not_offered: int
    asked: int
    details: tuple[str, ...]
    cuts: int
    boots: int
    seconds: float
    problems: list[str]
    passed: bool


def run(
    story: Path,
    runs: int,
    first_seed: int,
    folder: Path,
    on_row: Callable[[Row], None],
) -> list[Row]:
    """Play `runs` stories; rows in order of their seeds. `on_row` hears each as it comes."""
    run_folder.fresh(folder)
    operations = count_operations(story, folder)
    stories = list(draw(runs, first_seed, operations))
    rows: list[Row] = []
    with concurrent.futures.ProcessPoolExecutor(
        os.cpu_count(), multiprocessing.get_context("spawn")
    ) as pool:
        batches = [stories[at : at + BATCH_STORIES] for at in range(0, runs, BATCH_STORIES)]
        waiting = {
            pool.submit(play_batch, story, batch, folder / f"batch-{number}"): batch
            for number, batch in enumerate(batches)
        }
        for done in concurrent.futures.as_completed(waiting):
            for row in _rows_of(done, waiting[done], scenario_file.load(story).name):
                on_row(row)
                rows.append(row)
    return sorted(rows, key=lambda row: row.seeds["seed"])


def _rows_of(done: Future[list[Row]], batch: list[Story], name: str) -> list[Row]:
    """A batch's rows; where its stage broke, a failed row for each of its stories."""
    try:
        return done.result()
    except (PlayError, StageError, HostFailedError) as error:
        return [_unplayed(name, story, str(error)) for story in batch]


def _unplayed(name: str, story: Story, problem: str) -> Row:
    nothing: dict[str, Any] = dict.fromkeys(COUNTS, 0)
    seeds = {"seed": story.seed, "cut_operation": story.operation, "cut_fraction": story.fraction}
    return Row(
        name=name, seeds=seeds, **nothing, details=(), cuts=0, boots=0, seconds=0.0,
        problems=[problem], passed=False,
    )  # fmt: skip


def draw(runs: int, first_seed: int, operations: int) -> Iterator[Story]:
    """Stories first_seed, first_seed + 1, ...; the same for the same seed and operation count."""
    for seed in range(first_seed, first_seed + runs):
        dice = random.Random(f"cut {seed}")  # noqa: S311  replayable, not secret
        yield Story(seed, dice.randint(1, max(1, operations)), dice.choice(FRACTIONS))


def count_operations(story: Path, folder: Path) -> int:
    """How many flash operations a run without a cut does."""
    rows = play_batch(story, [Story(0, 0, 0.0)], folder / "without-cut")
    return int(rows[0].seeds["operations"])


def play_batch(story: Path, stories: list[Story], folder: Path) -> list[Row]:
    """Play these one after the other on one stage; in a process of its own."""
    loaded = scenario_file.load(story)
    stage = Stage(folder, loaded.start, loaded.heartbeat_min, stories[0].seed)
    return clock.run(stage.clock, _play_all(stage, loaded, stories))


async def _play_all(stage: Stage, story: scenario.Scenario, stories: list[Story]) -> list[Row]:
    """The receiver looks once, at the end: that is its business, not each story's."""
    async with stage:
        played = [await _play_one(stage, story, each) for each in stories]
        seen, repeats = await stage.host.readings(), await stage.host.repeats()
    rows = []
    for each, hub_id, draw in played:
        row = _row(story.name, each, draw(_of(hub_id, seen), _of(hub_id, repeats)))
        rows.append(row)
        if row.passed:
            for file in stage.folder.glob(f"{_node(each)}.*"):
                file.unlink()
    return rows


def _of(hub_id: str, rows: Rows) -> Rows:
    return [row for row in rows if row["hub"] == hub_id]


async def _play_one(
    stage: Stage, story: scenario.Scenario, each: Story
) -> tuple[Story, str, Callable[[Rows, Rows], Outcome]]:
    """Until its cut has come; the story as it was played in the end, and the hub."""
    for attempt in range(1, MAX_ATTEMPTS + 1):
        cut = (each.operation, each.fraction) if each.operation else None
        play = Play(stage, story, each.seed, _node(each), cut)
        draw = await play.run()
        if play.cuts or play.problems or not each.operation:
            break
        each = replace(each, operation=max(1, each.operation - attempt * EARLIER))
    return each, play.hub_id, draw


def _node(story: Story) -> str:
    return f"hub-{story.seed}"


def _row(name: str, story: Story, outcome: Outcome) -> Row:
    return Row(
        name=name,
        seeds={
            "seed": story.seed,
            "cut_operation": story.operation,
            "cut_fraction": story.fraction,
            "operations": outcome.flash_operations,
        },
        **outcome.sum.as_json(),
        cuts=outcome.cuts,
        boots=outcome.boots,
        seconds=round(outcome.seconds, 2),
        problems=list(outcome.problems),
        passed=outcome.passed and outcome.cuts == (1 if story.operation else 0),
    )


def write(rows: list[Row], file: Path, started_s: float) -> dict[str, object]:
    """build/stories.json, as docs/results.md describes it; returns the sum."""
    total: dict[str, object] = {
        count: sum(getattr(row, count) for row in rows) for count in COUNTS
    }
    total["runs"] = len(rows)
    total["failed"] = sum(not row.passed for row in rows)
    total["seconds"] = round(time.monotonic() - started_s, 1)
    document = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "sum": total,
        "rows": [asdict(row) for row in rows],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return total

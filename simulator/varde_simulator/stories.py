"""Many runs of a short scenario, each with power cuts at other flash operations.

A first run without a cut says how many flash operations there are. Stories are then drawn from
their seeds, or there is one for every operation and tear; they are played in batches, a stage a
batch, on all processors.
"""

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from varde_simulator import run_folder, scenario_file, story_batch, story_cuts, story_rows
from varde_simulator.interruption import Interruption
from varde_simulator.story_cuts import Story
from varde_simulator.story_rows import Row
from varde_simulator.story_workers import Batch, play

# The stage, its collector and the receiver's look cost some seconds a batch, and a batch is what a
# broken stage can cost.
BATCH_STORIES = 60

OnRows = Callable[[Sequence[Row]], None]


class StoriesError(Exception):
    """There is nothing to cut: the scenario did not even play without a cut."""


@dataclass(frozen=True)
class Campaign:
    """What is to be played. `runs` by seed, from `seed` on, of up to `most_cuts` cuts each; or
    `every_operation`, and `twice` so many of them with a second cut in the recovery."""

    scenario: str = "cut"
    runs: int = 200
    seed: int = 1
    most_cuts: int = 1
    every_operation: bool = False
    twice: int = 0

    def stories(self, operations: int) -> list[Story]:
        """All of them."""
        if not self.every_operation:
            return list(story_cuts.draw(self.runs, self.seed, operations, self.most_cuts))
        once = list(story_cuts.every_operation(operations, self.seed))
        return once + story_cuts.twice(once, self.twice, self.seed)


def run(
    campaign: Campaign,
    out: Path,
    on_rows: OnRows = lambda _rows: None,
    interruption: Interruption | None = None,
) -> dict[str, Any]:
    """Play all; the sum. `out` is written anew with every batch, so that it holds what there is
    when somebody stops it. `on_rows` hears of each batch. Raises StoriesError."""
    started_s = time.monotonic()
    file = scenario_file.find(campaign.scenario)
    folder = out.with_suffix("").resolve()
    run_folder.fresh(folder)
    operations = count_operations(file, campaign.seed, folder, interruption)
    stories = campaign.stories(operations)
    rows: list[Row] = []
    total: dict[str, Any] = {}
    with contextlib.closing(play(_batches(file, stories, folder))) as batches:
        for done in batches:
            rows += done
            total = story_rows.add_up(rows, operations, time.monotonic() - started_s)
            story_rows.write(rows, total | {"planned": len(stories)}, out)
            on_rows(done)
    return total


def _batches(file: Path, stories: Sequence[Story], folder: Path) -> list[Batch]:
    """Dealt out evenly, the same number to each processor: none plays alone at the end."""
    processors = os.cpu_count() or 1
    rounds = -(-len(stories) // (processors * BATCH_STORIES))
    count = min(processors * rounds, -(-len(stories) // story_batch.HOMES))
    return [
        Batch(file, tuple(stories[place::count]), folder / f"batch-{place}")
        for place in range(count)
    ]


def count_operations(
    file: Path, seed: int, folder: Path, interruption: Interruption | None = None
) -> int:
    """How many flash operations a run without a cut does, from the first power-on."""
    story = Story("without-cut", seed)
    row = story_batch.play_batch(file, [story], folder / story.name, interruption)[0]
    if not row.passed:
        raise StoriesError(f"{file.stem} does not even play without a cut: {row.as_json()}")
    return row.machine["operations"]

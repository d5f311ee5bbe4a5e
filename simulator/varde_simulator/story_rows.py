"""What came of stories: a row each, and their sum, as they stand in build/stories.json.

The counts have the names of the campaign: *offered* by the sensors, *durable* in the hub's flash,
*delivered* to the receiver, *lost*, *twice*, *altered* (docs/results.md).
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from varde_simulator import truth
from varde_simulator.play import Outcome
from varde_simulator.story_cuts import Story

# The campaign's name of a count, and the sum's.
COUNTS = {
    "offered": "measured",
    "durable": "journaled",
    "delivered": "delivered",
    "lost": "lost",
    "twice": "duplicates",
    "altered": "altered",
    "given_up": "given_up",
    "unnamed": "unnamed",
    "in_hand": "in_hand",
    "under_way": "under_way",
    "untimely": "untimely",
    "undated": "undated",
    "timeless": "timeless",
    "repeats": "repeats",
    "mistaken": "mistaken",
    "not_offered": "not_offered",
    "asked": "asked",
}
MACHINE = ("cuts", "boots", "operations", "crashes", "nor_errors")


@dataclass(frozen=True)
class Row:
    """One story: `counts` by the names of COUNTS, `machine` by those of MACHINE. `as_asked`: every
    cut came at the operation that was asked for, not at an earlier one since it did less."""

    story: Story
    counts: dict[str, int] = field(default_factory=dict)
    machine: dict[str, int] = field(default_factory=dict)
    details: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    seconds: float = 0.0
    as_asked: bool = True
    passed: bool = False

    def as_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {
            "name": self.story.name,
            "seed": self.story.seed,
            "cut_at": [[cut.operation, cut.fraction] for cut in self.story.cuts],
            **self.counts,
            **self.machine,
            "details": list(self.details),
            "problems": list(self.problems),
            "seconds": self.seconds,
            "as_asked": self.as_asked,
            "passed": self.passed,
        }


def played(story: Story, outcome: Outcome, as_asked: bool = True) -> Row:
    """What came of it; it has failed, too, if a cut of its did not come."""
    return Row(
        story,
        counts={name: getattr(outcome.sum, of_sum) for name, of_sum in COUNTS.items()},
        machine={
            "cuts": outcome.cuts,
            "boots": outcome.boots,
            "operations": outcome.flash_operations,
            "crashes": outcome.crashes,
            "nor_errors": outcome.nor_errors,
        },
        details=outcome.sum.details[: truth.MOST_DETAILS],
        problems=outcome.problems,
        seconds=round(outcome.seconds, 2),
        as_asked=as_asked,
        passed=outcome.passed and outcome.cuts == len(story.cuts),
    )


def unplayed(story: Story, problem: str) -> Row:
    """A failed row for a story that could not be played."""
    return Row(story, problems=(problem,))


def add_up(rows: Sequence[Row], operations: int, seconds: float) -> dict[str, Any]:
    """The sum. `operations`: of the scenario without a cut; `cut_operations`: how many of them had
    a cut; `seconds`: how long all of it took."""
    total: dict[str, Any] = {
        "runs": len(rows),
        "failed": sum(not row.passed for row in rows),
        "operations": operations,
        "cut_operations": len({row.story.cuts[0].operation for row in rows if row.story.cuts}),
    }
    for name in ("cuts", "boots", "crashes", "nor_errors"):
        total[name] = sum(row.machine.get(name, 0) for row in rows)
    for name in COUNTS:
        total[name] = sum(row.counts.get(name, 0) for row in rows)
    total["not_as_asked"] = sum(not row.as_asked for row in rows)
    total["seconds"] = round(seconds, 1)
    total["runs_per_second"] = round(len(rows) / seconds, 2) if seconds else 0.0
    return total


def write(rows: Sequence[Row], total: dict[str, Any], file: Path) -> None:
    """build/stories.json, as docs/results.md describes it; replaced whole, a row a line."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    lines = ",\n".join(json.dumps(row.as_json()) for row in rows)
    text = f'{{"when": "{when}",\n"sum": {json.dumps(total)},\n"rows": [\n{lines}\n]}}\n'
    file.parent.mkdir(parents=True, exist_ok=True)
    half_written = file.with_name(file.name + ".new")
    half_written.write_text(text, encoding="utf-8")
    os.replace(half_written, file)

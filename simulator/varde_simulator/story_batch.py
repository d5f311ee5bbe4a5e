"""A batch of stories on one stage: so many homes side by side, each with an air of its own, each
with its own power cut; then the next so many.

Most of a story is waiting, and enrolling hubs takes a whole process: together they cost one. All
homes live in the same time, which leaps when none of them is at work.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from varde_simulator import clock, scenario, scenario_file, story_rows, told_gaps
from varde_simulator.interruption import Interruption
from varde_simulator.play import Draw, Play, PlayError, Rows
from varde_simulator.stage import Stage
from varde_simulator.story_cuts import Story
from varde_simulator.story_rows import Row

# Their hubs are enrolled by one command, half a second long; with more, the hubs wait for each
# other, and a hub's time goes on while it waits for the processor.
HOMES = 12
# Hubs that say who they are within so much virtual time are enrolled by one command. A hub has its
# first exchange some seconds after that, when it has found the WiFi and the time.
ENROL_TOGETHER_S = 0.5
# What happens to the one collector and to the air that all homes share, happens to all of them.
SHARED = {"wifi-down", "collector-down", "collector-restart"}
# Two runs do not do exactly the same number of operations. A story that ended before its cut is
# played again with an earlier one, so that each has its cuts and late ones are drawn as well.
EARLIER = 3
MAX_ATTEMPTS = 10


@dataclass
class _Playing:
    """A story under way: as it is to be played next, how often it has been, what came of it."""

    asked: Story
    story: Story
    attempts: int = 0
    hubs: tuple[str, ...] = ()
    problem: str = ""
    draw: Draw | None = None

    @property
    def node(self) -> str:
        return f"hub-{self.asked.name}"


def play_batch(
    scenario_path: Path,
    stories: Sequence[Story],
    folder: Path,
    interruption: Interruption | None = None,
) -> list[Row]:
    """Play these on one stage; rows in their order."""
    loaded = scenario_file.load(scenario_path)
    stage = Stage(folder, loaded.start, loaded.heartbeat_min, stories[0].seed)
    stage.enrol_together_s = ENROL_TOGETHER_S
    return clock.run(stage.clock, _play_all(stage, loaded, stories, interruption))


async def _play_all(
    stage: Stage,
    loaded: scenario.Scenario,
    stories: Sequence[Story],
    interruption: Interruption | None,
) -> list[Row]:
    """The receiver looks once, at the end: that is its business, not each story's."""
    if interruption is not None:
        interruption.cancels(asyncio.current_task())
    batch = [_Playing(story, story) for story in stories]
    homes = 1 if SHARED & {rule.do for rule in loaded.events} else HOMES
    async with stage:
        waiting = list(batch)
        while waiting:
            abreast, waiting = waiting[:homes], waiting[homes:]
            async with asyncio.TaskGroup() as group:
                for each in abreast:
                    group.create_task(_play_one(stage, loaded, each))
            waiting += [each for each in abreast if not (each.draw or each.problem)]
        seen, repeats = await stage.host.readings(), await stage.host.repeats()
        told = await told_gaps.told(stage.host)
    return [_row(stage, each, seen, repeats, told) for each in batch]


async def _play_one(stage: Stage, loaded: scenario.Scenario, each: _Playing) -> None:
    """Once; if a cut did not come, it is to be played again with that cut earlier."""
    each.attempts += 1
    node = each.node
    play = Play(stage, loaded, each.story.seed, node, each.story.cuts, home=node)
    try:
        draw = await play.run()
    except PlayError as error:
        each.problem = str(error)
        return
    came = play.cuts == len(each.story.cuts) or play.problems
    if came or each.attempts == MAX_ATTEMPTS:
        each.hubs, each.draw = tuple(play.hub_ids), draw
    else:
        each.story = each.story.earlier(play.cuts, each.attempts * EARLIER)


def _row(
    stage: Stage, each: _Playing, seen: Rows, repeats: Rows, told: told_gaps.Told
) -> Row:
    if each.draw is None:
        return story_rows.unplayed(each.story, each.problem)
    own = {key: told[key] for key in told if key[0].hex() in each.hubs}
    outcome = each.draw(_of(each.hubs, seen), _of(each.hubs, repeats), own)
    row = story_rows.played(each.story, outcome, each.story == each.asked)
    if row.passed:
        for file in stage.folder.glob(f"{each.node}.*"):
            file.unlink()
    return row


def _of(hubs: Sequence[str], rows: Rows) -> Rows:
    return [row for row in rows if row["hub"] in hubs]

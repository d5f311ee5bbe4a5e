"""Rows of many stories: one that could not be played is a failed row, and the others stand."""

from concurrent.futures import Future

from varde_simulator import stories
from varde_simulator.stage import StageError


def test_a_broken_stage_fails_its_stories_and_no_others():
    done: Future = Future()
    done.set_exception(StageError("no firmware"))
    batch = [stories.Story(1, 3, 0.5), stories.Story(2, 4, 1.0)]
    rows = stories._rows_of(done, batch, "cut")
    assert [(row.seeds["seed"], row.passed, row.problems) for row in rows] == [
        (1, False, ["no firmware"]),
        (2, False, ["no firmware"]),
    ]


def test_its_failure_is_in_the_sum(tmp_path):
    row = stories._unplayed("cut", stories.Story(1, 3, 0.5), "no firmware")
    total = stories.write([row], tmp_path / "stories.json", 0.0)
    assert (total["runs"], total["failed"], total["measured"]) == (1, 1, 0)

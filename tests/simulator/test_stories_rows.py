"""Rows of many stories: one that could not be played is a failed row, and the others stand."""

import json

from varde_simulator import stories, story_batch, story_cuts, story_rows, story_workers
from varde_simulator.play import PlayError
from varde_simulator.stage import StageError
from varde_simulator.story_cuts import Cut, Story

STORIES = (Story("one", 1, (Cut(3, 0.5),)), Story("two", 2, (Cut(4, 1.0),)))


def test_a_broken_stage_fails_its_stories_and_no_others(monkeypatch, tmp_path):
    def break_down(*_):
        raise ExceptionGroup("all at once", [StageError("no firmware")])

    monkeypatch.setattr(story_batch, "play_batch", break_down)
    batch = story_workers.Batch(tmp_path, STORIES, tmp_path)
    words = story_workers._answer(batch, story_workers.Interruption())
    rows = story_workers.failed(STORIES, words)
    assert [(row.story.seed, row.passed, row.problems) for row in rows] == [
        (1, False, ("StageError: no firmware",)),
        (2, False, ("StageError: no firmware",)),
    ]


def test_a_home_that_cannot_be_played_fails_alone(tmp_path):
    each = story_batch._Playing(STORIES[0], STORIES[0], problem=str(PlayError("no hub")))
    row = story_batch._row(None, each, [], [], {})
    assert (row.passed, row.problems) == (False, ("no hub",))


def test_its_failure_is_in_the_sum(tmp_path):
    row = story_rows.unplayed(STORIES[0], "no firmware")
    total = story_rows.add_up([row], 32, 2.0)
    assert (total["runs"], total["failed"], total["offered"]) == (1, 1, 0)
    story_rows.write([row], total, tmp_path / "stories.json")
    document = json.loads((tmp_path / "stories.json").read_text())
    assert document["sum"] == total
    assert document["rows"][0]["cut_at"] == [[3, 0.5]]
    assert document["rows"][0]["problems"] == ["no firmware"]


def test_every_story_is_in_one_batch_and_none_is_empty(tmp_path):
    for runs in (1, 5, 12, 13, 119, 1000):
        drawn = list(story_cuts.draw(runs, 1, 30))
        batches = stories._batches(tmp_path, drawn, tmp_path)
        played = [story.name for batch in batches for story in batch.stories]
        assert sorted(played) == sorted(story.name for story in drawn)
        sizes = [len(batch.stories) for batch in batches]
        assert min(sizes) > 0
        assert max(sizes) <= stories.BATCH_STORIES
        assert max(sizes) - min(sizes) <= 1

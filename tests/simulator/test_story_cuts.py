"""Which cuts there are: the same by the same seed, and all of them where all are asked for."""

from varde_simulator import story_cuts
from varde_simulator.story_cuts import RECOVERY_OPERATIONS, TEARS, Cut, Story


def test_equal_seeds_draw_equal_stories():
    assert list(story_cuts.draw(20, 7, 30, 3)) == list(story_cuts.draw(20, 7, 30, 3))
    assert list(story_cuts.draw(5, 8, 30)) == list(story_cuts.draw(6, 7, 30))[1:]


def test_draws_reach_every_operation_and_fraction():
    drawn = [story.cuts[0] for story in story_cuts.draw(2000, 1, 30)]
    assert {cut.operation for cut in drawn} == set(range(1, 31))
    assert {cut.fraction for cut in drawn} == set(story_cuts.FRACTIONS)


def test_every_operation_has_every_tear():
    stories = list(story_cuts.every_operation(30, 1))
    cuts = [story.cuts for story in stories]
    assert len({story.name for story in stories}) == len(set(cuts)) == 30 * len(TEARS)
    assert {cut.operation for (cut,) in cuts} == set(range(1, 31))


def test_a_second_cut_in_each_operation_of_the_recovery():
    once = list(story_cuts.every_operation(2, 1))
    pairs = [story.cuts for story in story_cuts.twice(once, 10_000, 1)]
    assert len(set(pairs)) == len(once) * RECOVERY_OPERATIONS * len(TEARS)
    some = story_cuts.twice(once, 10, 1)
    assert len({story.name for story in some}) == 10
    assert some == story_cuts.twice(once, 10, 1) != story_cuts.twice(once, 10, 2)


def test_a_cut_that_did_not_come_is_asked_for_earlier():
    story = Story("late", 1, (Cut(5, 0.0), Cut(9, 0.5)))
    assert story.earlier(1, 3).cuts == (Cut(5, 0.0), Cut(6, 0.5))
    assert story.earlier(0, 30).cuts == (Cut(1, 0.0), Cut(9, 0.5))

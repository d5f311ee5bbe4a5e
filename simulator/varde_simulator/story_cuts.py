"""Where the power goes in a story: drawn by its seed, or every operation in turn.

A cut is counted in flash operations from a power-on: a story's first from the very first of a
factory-fresh board, each later one from the power-on after the cut before it. So the operations of
a first boot (identity, boot counters, the journal's first sector) are among them, and those of a
recovery.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

# A flash operation that the power leaves undone, half done at some point, or done but not yet
# known to be: the first and the last are the ends that a uniform draw would never hit.
FRACTIONS = (0.0, 0.25, 0.5, 0.75, 0.99, 1.0)
# The three of them that differ in kind; of every operation each.
TEARS = (0.0, 0.5, 1.0)
# What a boot does before it is at work again is within so many: the supervisor's and the boot's
# counters, the settling of the journal's torn end, its session, the first records.
RECOVERY_OPERATIONS = 12


@dataclass(frozen=True)
class Cut:
    """In the `operation`-th flash operation since the power came, after `fraction` of it."""

    operation: int
    fraction: float


@dataclass(frozen=True)
class Story:
    """One run: what is measured when (by its seed), and its power cuts, one after the other."""

    name: str
    seed: int
    cuts: tuple[Cut, ...] = ()

    def earlier(self, cut: int, by: int) -> "Story":
        """The same with that cut so many operations before."""
        cuts = list(self.cuts)
        cuts[cut] = replace(cuts[cut], operation=max(1, cuts[cut].operation - by))
        return replace(self, cuts=tuple(cuts))


def draw(runs: int, first_seed: int, operations: int, most_cuts: int = 1) -> Iterator[Story]:
    """Stories first_seed, first_seed + 1, ...; the same for the same seed and operation count.

    Of several cuts, the later come somewhere in what is then left to do, as far as one knows.
    """
    for seed in range(first_seed, first_seed + runs):
        dice = random.Random(f"cut {seed}")  # noqa: S311  replayable, not secret
        cuts, left = [], max(1, operations)
        for _ in range(most_cuts):
            cuts.append(Cut(dice.randint(1, left), dice.choice(FRACTIONS)))
            left = max(RECOVERY_OPERATIONS, left - cuts[-1].operation)
        yield Story(f"seed-{seed}", seed, tuple(cuts))


def every_operation(operations: int, seed: int) -> Iterator[Story]:
    """One run for each operation and tear; all of them the same morning."""
    for operation in range(1, operations + 1):
        for tear, fraction in enumerate(TEARS):
            yield Story(f"cut-{operation}-{tear}", seed, (Cut(operation, fraction),))


def twice(first: Sequence[Story], runs: int, seed: int) -> list[Story]:
    """Each of `first` with a second cut at each of the first operations of its recovery and each
    tear: so many of them, drawn by seed, in order."""
    both = [
        Story(f"{story.name}-then-{operation}-{tear}", story.seed, (*story.cuts, second))
        for story in first
        for operation in range(1, RECOVERY_OPERATIONS + 1)
        for tear, fraction in enumerate(TEARS)
        for second in [Cut(operation, fraction)]
    ]
    dice = random.Random(f"twice {seed}")  # noqa: S311  replayable, not secret
    chosen = sorted(dice.sample(range(len(both)), min(runs, len(both))))
    return [both[place] for place in chosen]

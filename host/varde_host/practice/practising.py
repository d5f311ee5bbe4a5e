"""One exercise under way: the world, who practises, hints that were seen, and the judge.

`opened("new-kit", folder, progress)` gives one whose world is ready: pages and commands work on
its `site`; `changing` changes with the world, the hints and the judgement.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from varde_host import clock, errors, messages
from varde_host.inventory import store
from varde_host.inventory.who import Who
from varde_host.pages import live
from varde_host.practice import attempts, exercises, facts, judging, world
from varde_host.practice.attempts import Attempt
from varde_host.practice.exercises import Exercise, Wanted
from varde_host.site import files

LOOK_S: Final = 1.0
"""How often the judge looks at the site: as soon as a person would ask."""


class Practising:
    """See above. `by` is who practises: whoever acted on a page last."""

    def __init__(self, exercise: Exercise, folder: Path) -> None:
        self.exercise = exercise
        self.folder = folder
        self.changing = live.Changing()
        self.world: world.World
        self.hints = 0
        self.by: Who | None = None
        self.found: Sequence[tuple[Wanted, bool]] = [(each, False) for each in exercise.wanted]
        self.attempt: Attempt | None = None
        """What was written down once it was done."""
        self.began_ms = 0
        self.refused = ""
        """Why the last thing that a hand was to do could not be done."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = threading.Event()

    @property
    def site(self) -> Path:
        """The practice site's folder."""
        return self.world.site

    def seen_by(self, by: Who) -> None:
        """Somebody looks, on the loop that serves pages: `changing` then changes there."""
        self._loop = asyncio.get_running_loop()
        self.by = by

    def changed(self) -> None:
        """Tell those who look; from any thread."""
        if self._loop is not None:
            self.changing.changed_from_thread(self._loop)

    def next_hint(self) -> None:
        """Show one more hint; it counts, as long as the exercise is not done."""
        if self.attempt is None:
            self.hints = min(self.hints + 1, self.exercise.hints)
        self.changed()

    def judge(self, inventory: store.Inventory) -> None:
        """Look at the site once."""
        seen = inventory.read(lambda each: facts.read(each, self.site, self.began_ms))
        found = judging.judged(self.exercise, seen)
        if found != self.found:
            self.found = found
            self.changed()
        if self.attempt is None and self.by is not None and judging.is_done(found):
            self._write_down(self.by)

    def _write_down(self, by: Who) -> None:
        self.attempt = Attempt(
            self.exercise.name, by.function, by.person, self.began_ms, _now_ms(), self.hints,
            files.load(self.site).site_id.hex(),
        )  # fmt: skip
        attempts.keep(self.folder, self.attempt)
        self.changed()

    def begin(self) -> None:
        """The world is ready: from now on things are done."""
        self.began_ms = _now_ms()
        threading.Thread(target=self._watch, name="judge", daemon=True).start()

    def _watch(self) -> None:
        inventory = store.open_inventory(self.site / store.FILE)
        try:
            while not self._over.wait(LOOK_S):
                with contextlib.suppress(errors.WorldFailed):  # busy, full: looked at again
                    self.judge(inventory)
        finally:
            inventory.close()

    def end(self) -> None:
        """Nothing is judged any more."""
        self._over.set()


@contextlib.contextmanager
def opened(name: str, folder: Path, say: Callable[[str], None]) -> Iterator[Practising]:
    """Give an exercise whose world is ready; `say` is told in words how far it is.

    Whatever this process's environment names of a real site is forgotten. Raises InputRefused
    `practice-exercise`, and as `world.running`.
    """
    practising = Practising(exercises.find(name), folder)
    title = practising.exercise.title
    for variable in world.OF_A_REAL_SITE:
        os.environ.pop(variable, None)

    def progress(what: str, done: int, of: int) -> None:
        said = messages.text(f"practice.preparing-what.{what}")
        say(messages.text("practice.preparing", title=title, what=said, done=done, of=of))

    with world.running(practising.exercise, folder, practising.changed, progress) as there:
        practising.world = there
        say(messages.text("practice.ready", title=title, seconds=round(there.seconds)))
        practising.begin()
        try:
            yield practising
        finally:
            practising.end()


def _now_ms() -> int:
    return clock.from_environment().utc_ms()

"""Questions: what the work asks of a person, answered from a page, by the right person, once.

`ask` is what `bench.work.Bench.ask` wants: it returns when somebody has answered. Each question
belongs to one technician, at first to the one who started the job; another one's answer is refused
until that one takes the question over. So two technicians work on two kits, and a scan that was
meant for the one never answers the other's.

A question is in memory alone. What was asked when the power went is asked again by the step, which
begins anew.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from varde_host import errors
from varde_host.bench import faults
from varde_host.bench_desk import question_kinds
from varde_host.inventory import evidence
from varde_host.inventory.who import Who

MAX_ANSWER: Final = 400
"""Characters; no code that is scanned is longer (`scan.MAX_TEXT`)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question that waits. `key` names its text, which `fields` fill; `kind` is one of
    `question_kinds`: SCAN, TEXT, YES_NO, DONE. `held_by` is the technician whose it is."""

    id: int
    job: int
    board: str
    port: str
    key: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    kind: str = question_kinds.TEXT
    held_by: Who | None = None
    asked_ms: int = 0

    @property
    def wants_scan(self) -> bool:
        """Tell if what is scanned now is its answer, whatever label it is (`scan.told`)."""
        return self.kind == question_kinds.SCAN


class Questions:
    """All questions that wait; `tell` is called when they change. Used from one event loop."""

    def __init__(self, tell: Callable[[], None], utc_ms: Callable[[], int]) -> None:
        self._tell = tell
        self._utc_ms = utc_ms
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[Waiting, asyncio.Future[str]]] = {}
        self._holders: dict[int, Who] = {}
        """By job: who has taken it over from the one who started it."""

    def waiting(self, job: int | None = None) -> list[Waiting]:
        """Return the questions that wait, oldest first; those of a job if it is given."""
        found = [each for each, _future in self._waiting.values()]
        return [each for each in found if job in (None, each.job)]

    async def ask(
        self, job: int, by: Who, board: tuple[str, str], key: str, fields: Mapping[str, object]
    ) -> str:
        """Wait for the answer. `board` is the chip's id and the port. Raises Fault `cannot`."""
        number = next(self._numbers)
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        kind, holder = question_kinds.of(key), self.holder(job, by)
        asked = Waiting(number, job, *board, key, dict(fields), kind, holder, self._utc_ms())
        self._waiting[number] = (asked, future)
        self._tell()
        try:
            return await future
        finally:
            self._waiting.pop(number, None)
            self._tell()

    def answer(self, number: int, text: str, by: Who) -> None:
        """Answer a question. Raises InputRefused `desk-question-gone`, `desk-question-held`."""
        future = self._open(number, by)
        future.set_result(text.strip()[:MAX_ANSWER])

    def cannot(self, number: int, reason: str, by: Who) -> None:
        """Say that it cannot be done, and why; the step is left for this time.

        Raises InputRefused as `answer`, and `text-form`, `birth-number` for the reason.
        """
        said = evidence.text(reason, "reason")
        future = self._open(number, by)
        future.set_exception(faults.Fault("cannot", reason=said))

    def holder(self, job: int, began: Who) -> Who:
        """Return whose a job's questions are: who `began` it, or who has taken them over."""
        return self._holders.get(job, began)

    def take_over(self, number: int, by: Who) -> None:
        """Make a question this technician's, and those that its job asks after it.

        Raises InputRefused `desk-question-gone`.
        """
        found = self._waiting.get(number)
        if found is None:
            raise errors.InputRefused("desk-question-gone", str(number))
        self._holders[found[0].job] = by
        self._waiting[number] = (replace(found[0], held_by=by), found[1])
        self._tell()

    def _open(self, number: int, by: Who) -> asyncio.Future[str]:
        """Return where the answer goes. Once answered, a question is nobody's any more."""
        asked, future = self._waiting.get(number, (None, None))
        if asked is None or future is None or future.done():
            raise errors.InputRefused("desk-question-gone", str(number))
        if asked.held_by is not None and asked.held_by.person != by.person:
            raise errors.InputRefused(
                "desk-question-held", str(number), person=asked.held_by.person
            )
        return future

"""The desk: several pieces of work on boards at once, in one process, before several people.

    async with jobs.Desk(site, inventory, database, utc_ms) as desk:
        job = await desk.start(jobs.ACCEPT, by, kit="FA9TX9")
        version = await desk.changing.newer_than(0, 30.0)     # something is new
        for card in desk.cards(): ...
        for asked in desk.questions.waiting(): desk.questions.answer(asked.id, "", by)

A job is a task. What it finishes is in the inventory before it goes on, so it may end at any
moment: `stop`, Ctrl-C, a pulled plug. What was under way then is in a file (`under_way`) and shown
as CUT by the desk that is opened next; `resume` gives the order again, which goes on where the
inventory says. One kit has one job at a time; each job takes its own kit's board alone.
"""

from __future__ import annotations

import asyncio
import dataclasses
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from varde_host import errors, explaining
from varde_host.bench import events, occasion, settings, work
from varde_host.bench.cable import ports, tools
from varde_host.bench_desk import batch, job_cards, orders, questions, under_way
from varde_host.bench_desk.bench_file import BenchFile
from varde_host.bench_desk.cards import PERSON, Card
from varde_host.bench_desk.orders import (  # noqa: F401 the words that `start` takes
    ACCEPT,
    COVERAGE,
    MAKE,
    RETURN,
    UPDATE,
)
from varde_host.inventory import evidence, store
from varde_host.inventory.who import Who
from varde_host.pages import live
from varde_host.site import files
from varde_protocols.errors import WireError

# States of a job
RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"
"""It ended, and what it was about did not come to a good end."""
STOPPED: Final = "stopped"
"""By a person; the same order goes on."""
CUT: Final = "cut"
"""By the end of the program or of the power; the same order goes on."""
STATES: Final = (RUNNING, DONE, FAILED, STOPPED, CUT)
LEFT: Final = (STOPPED, CUT)

MAX_ENDED: Final = 50
"""Jobs that have ended and are still shown; the inventory knows them all."""


@dataclass(frozen=True, slots=True)
class Job:
    """One order. `said` is the command's own outcome; `failure` is what ended it otherwise."""

    number: int
    order: orders.Order
    by: Who
    began_ms: int
    state: str = RUNNING
    ended_ms: int | None = None
    said: Mapping[str, Any] = field(default_factory=dict)
    failure: explaining.Explained | None = None

    @property
    def kind(self) -> str:
        """MAKE, ACCEPT, COVERAGE, RETURN or UPDATE."""
        return self.order.kind

    @property
    def kit(self) -> str:
        """The kit it is about, "" for none that was known when it began."""
        return self.order.kit

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "job": self.number, "kind": self.kind, "kit": self.kit, "by": str(self.by),
            "state": self.state, "began_ms": self.began_ms, "ended_ms": self.ended_ms,
            "what": orders.values(self.order), "said": dict(self.said),
            "failure": self.failure and self.failure.as_json(),
        }  # fmt: skip


class Desk:
    """All work of one site's bench; one for each tenant, used from one event loop."""

    def __init__(
        self,
        site: files.Site,
        inventory: store.Inventory,
        database: str | Path,
        utc_ms: Callable[[], int],
        here: BenchFile | None = None,
        *,
        limits: settings.Limits | None = None,
        esptool: Sequence[str] = tools.ESPTOOL,
        mpremote: Sequence[str] = tools.MPREMOTE,
    ) -> None:
        self.site = site
        self.inventory = inventory
        self.database = database
        self.here = here or BenchFile()
        self.changing = live.Changing()
        self.questions = questions.Questions(self.changing.changed, utc_ms)
        self._utc_ms = utc_ms
        self._limits = limits or settings.Limits()
        self._tools = (esptool, mpremote)
        self._path = site.directory / under_way.FILE
        self._jobs: dict[int, Job] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._cards: dict[int, job_cards.JobCards] = {}
        self._refused: dict[int, dict[str, str]] = {}
        self._next, left = under_way.load(self._path)
        for each in left:
            self._put(Job(each.number, each.order, each.by, each.began_ms, CUT))

    async def __aenter__(self) -> Desk:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    # What there is

    def jobs(self) -> list[Job]:
        """Return all jobs, the newest first."""
        return sorted(self._jobs.values(), key=lambda job: -job.number)

    def job(self, number: int) -> Job:
        """Return a job. Raises InputRefused `desk-job-unknown`."""
        if number not in self._jobs:
            raise errors.InputRefused("desk-job-unknown", str(number))
        return self._jobs[number]

    def job_of_kit(self, kit: str) -> Job | None:
        """Return the job that is at work on a kit, or was when it was cut off; None for none."""
        found = [job for job in self.jobs() if job.kit == kit and job.state in (RUNNING, *LEFT)]
        return found[0] if found else None

    def cards(self, number: int | None = None) -> list[Card]:
        """Return the cards of all jobs, the newest job's first, or those of one."""
        chosen = self.jobs() if number is None else [self.job(number)]
        return [card for job in chosen for card in self._cards_of(job)]

    def _cards_of(self, job: Job) -> list[Card]:
        asked = {each.board: each.id for each in self.questions.waiting(job.number)}
        shown = self._cards[job.number].shown(is_over=job.state in LEFT)
        return [dataclasses.replace(card, question=asked.get(card.chip)) for card in shown]

    # What is done

    async def start(self, kind: str, by: Who, **what: Any) -> Job:
        """Begin an order (`orders`: what each kind takes).

        Raises InputRefused `desk-kit-busy` while another job has the kit, and what the order says
        of its values; nothing is begun then.
        """
        return self._begin(orders.order(kind, what), by)

    async def resume(self, number: int, by: Who) -> Job:
        """Give the order of a job again that was stopped, cut off or failed: a new job.

        Raises InputRefused `desk-job-unknown`, `desk-job-over`, and as `start`.
        """
        old = self.job(number)
        if old.state in (RUNNING, DONE):
            raise errors.InputRefused("desk-job-over", str(number))
        job = self._begin(old.order, by, instead=number)
        self._drop(number)
        self._keep()
        return job

    async def stop(self, number: int, by: Who) -> Job:
        """End a job in order; what it has finished stands. Another's is stopped by whoever may
        start one, as somebody must. Raises InputRefused `desk-job-unknown`, `desk-job-over`."""
        del by  # the log has what was finished and by whom; a stop changes nothing of that
        if self.job(number).state != RUNNING:
            raise errors.InputRefused("desk-job-over", str(number))
        task = self._tasks[number]
        await asyncio.sleep(0)  # a task that is cancelled before it began would never end its job
        task.cancel()
        await asyncio.wait([task])
        return self.job(number)

    def dismiss(self, number: int) -> None:
        """Show a job no more that has ended. InputRefused `desk-job-unknown`, `desk-job-runs`."""
        if self.job(number).state == RUNNING:
            raise errors.InputRefused("desk-job-runs", str(number))
        self._drop(number)
        self._keep()
        self.changing.changed()

    def cannot(self, number: int, chip: str, reason: str, by: Who) -> None:
        """Say that what a board waits for cannot be done, and why: F2 where nothing was asked.

        Raises InputRefused `desk-job-unknown`, `desk-question-held`, `desk-question-gone` where
        the board waits for nobody (any more), `text-form`, `birth-number`.
        """
        job = self.job(number)
        holder = self.questions.holder(number, job.by).person
        if holder != by.person:
            raise errors.InputRefused("desk-question-held", str(number), person=holder)
        if not any(card.chip == chip and card.outcome == PERSON for card in self.cards(number)):
            raise errors.InputRefused("desk-question-gone", str(number))
        self._refused[number][chip] = evidence.text(reason, "reason")

    async def close(self) -> None:
        """End all jobs in order; what was under way is shown as CUT next time."""
        try:
            self._keep()
        finally:
            tasks, self._tasks = list(self._tasks.values()), {}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # Within

    def _begin(self, order: orders.Order, by: Who, instead: int | None = None) -> Job:
        self._refuse_busy(order.kit, instead)
        if isinstance(order, orders.Make) and order.batch:
            batch.load(self.site.directory, order.batch)  # it is one
        do = order.prepared(self.here)
        job = Job(self._next, order, by, self._utc_ms())
        self._next += 1
        self._put(job)
        try:
            self._keep()
        except errors.WorldFailed:
            self._drop(job.number)  # else the kit would have a job that nobody does
            raise
        self._tasks[job.number] = asyncio.ensure_future(self._run(job, do))
        self.changing.changed()
        return job

    def _refuse_busy(self, kit: str, instead: int | None) -> None:
        for job in self._jobs.values():
            if kit and job.kit == kit and job.state == RUNNING and job.number != instead:
                raise errors.InputRefused("desk-kit-busy", kit, person=job.by.person)

    async def _run(self, job: Job, do: orders.Work) -> None:
        """Do it, and write down how it ended, whatever happens."""
        try:
            ended = await do(self._occasion(job))
        except asyncio.CancelledError:
            self._end(job, STOPPED)
        except (errors.HostError, WireError) as error:
            self._end(job, FAILED, failure=explaining.of_error(error))
        except Exception as error:  # noqa: BLE001 one job's bug must not end the other's work
            traceback.print_exception(error)
            told = explaining.of_error(errors.WorldFailed("desk-bug", str(job.number)))
            self._end(job, FAILED, failure=dataclasses.replace(told, where=""))
        else:
            fault = ended.fault
            failure = None if fault is None else explaining.of_fault(fault.code, fault.fields)
            state = DONE if ended.is_good else FAILED
            self._end(job, state, said=ended.said, failure=failure)

    def _occasion(self, job: Job) -> occasion.Occasion:
        shown = self._cards[job.number]

        def tell(event: events.Event) -> None:
            if shown.hear(event):
                self.changing.changed()

        async def ask(board: work.Board, key: str, fields: Mapping[str, object]) -> str:
            place = (board.chip_id, board.port)
            return await self.questions.ask(job.number, job.by, place, key, fields)

        esptool, mpremote = self._tools
        return occasion.Occasion(
            site=self.site, by=job.by, inventory=self.inventory, database=self.database,
            utc_ms=self._utc_ms, tell=tell, ask=ask, limits=self._limits, esptool=esptool,
            candidates=self._candidates(job), mpremote=mpremote,
            refused=self._refused[job.number], is_shared=True,
        )  # fmt: skip

    def _candidates(self, job: Job) -> occasion.Candidates:
        """Return who looks up the ports: all but those where another job has a board."""
        look_up = orders.candidates(job.order, self.here)

        def free() -> list[ports.Port]:
            return [port for port in look_up() if port.name not in self._taken(job.number)]

        return free

    def _taken(self, number: int) -> set[str]:
        running = [job.number for job in self._jobs.values() if job.state == RUNNING]
        others = [self._cards[each].shown() for each in running if each != number]
        return {card.port for shown in others for card in shown if card.is_at_work and card.chip}

    def _put(self, job: Job) -> None:
        self._cards[job.number] = job_cards.JobCards(
            job.number, job.order, self.inventory, self.site.directory, job.began_ms
        )
        self._refused[job.number] = {}
        self._jobs[job.number] = job

    def _end(self, job: Job, state: str, **how: Any) -> None:
        ended = dataclasses.replace(job, state=state, ended_ms=self._utc_ms(), **how)
        self._jobs[job.number] = ended
        self._cards[job.number].end(state == DONE, ended.failure)
        if self._tasks.pop(job.number, None) is not None:  # else the desk itself is closing
            for old in [each for each in self.jobs() if each.state != RUNNING][MAX_ENDED:]:
                self._drop(old.number)
            try:
                self._keep()
            except errors.WorldFailed as error:  # it is shown as cut next time, and goes on then
                traceback.print_exception(error)
        self.changing.changed()

    def _drop(self, number: int) -> None:
        del self._jobs[number], self._cards[number], self._refused[number]

    def _keep(self) -> None:
        left = [
            under_way.Left(job.number, job.by, job.order, job.began_ms)
            for job in self._jobs.values()
            if job.state in (RUNNING, *LEFT)
        ]
        under_way.keep(self._path, self._next, left)

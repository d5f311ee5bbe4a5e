"""The tray: a task for each board, and none of them waits for another.

A board's task goes through the steps that are not finished. A fault of the way to the board
(`LOST`) hands the board to the seeker until it is back, on whatever port; one that needs a person
(`PERSON`) says so and tries again meanwhile; the others end the board's run, and only its own.
A step that is finished is on the disk before the next begins, so whenever this program ends, by
Ctrl-C or without a word, the next run goes on where this one was.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from varde_host import errors
from varde_host.bench import events, faults, steps, work_folder
from varde_host.bench.cable import ports
from varde_host.bench.cable.seeker import Seeker
from varde_host.bench.ledger import Ledger
from varde_host.bench.work import Bench, Board, Evidence, Work
from varde_protocols.errors import WireError

PERSON_LOOK_S = 2.0
"""How often it is tried whether somebody has done what was asked."""
LOOK_S = 0.2


@dataclass
class Result:
    """How a board ended in this run. `fault` is None when all steps are done."""

    chip_id: str
    port: str
    fault: faults.Fault | None = None
    step: str = ""


@dataclass
class Tries:
    """Of one step: all of them, those that failed though the board was there, since when somebody
    has been asked to do something."""

    all: int = 0
    in_place: int = 0
    asked_s: float | None = None


@dataclass
class Tray:
    """`expected` boards are worked on, then `run` ends; None: whoever comes, until cancelled."""

    bench: Bench
    ledger: Ledger
    candidates: Callable[[], list[ports.Port]]
    expected: int | None = None
    table: Sequence[steps.Step] = steps.TABLE
    not_ours: Callable[[str], faults.Fault | None] = lambda _chip_id: None
    """Why a board is not for this run, where others' are on the ports as well: `other-board`
    leaves it alone and waits for the right one, any other fault is how it ends."""
    results: dict[str, Result] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _back: dict[str, asyncio.Event] = field(default_factory=dict)
    _seeker: Seeker | None = None

    async def run(self) -> list[Result]:
        """Work until each expected board is done or given up, and return how each ended."""
        self._seeker = Seeker(self.bench, self.candidates, self._on_board)
        named = [step.name for step in self.table]
        fields = {"expected": self.expected, "steps": named}
        self.bench.tell(events.Event(events.BEGUN, self.bench.utc_ms(), "", fields=fields))
        seeking = asyncio.ensure_future(self._seeker.run())
        try:
            while not self._is_over():
                await asyncio.wait([seeking], timeout=LOOK_S)
                for task in [seeking, *self._tasks.values()]:
                    if task.done():
                        task.result()  # a bug of ours ends the run with its traceback
        finally:
            tasks = [seeking, *self._tasks.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return list(self.results.values())

    def _is_over(self) -> bool:
        if self.expected is None:
            return False
        assert self._seeker is not None
        limit_s = self.bench.settings.limits.come_back_s
        return len(self.results) + len(self._seeker.mute(limit_s)) >= self.expected

    def _on_board(self, board: Board) -> None:
        """The seeker has found a board, for the first time or again."""
        fault = self.not_ours(board.chip_id)
        if fault is not None:
            self._leave(board, fault)
            return
        task = self._tasks.get(board.chip_id)
        if task is None or task.done():
            self._back[board.chip_id] = asyncio.Event()
            self._tasks[board.chip_id] = asyncio.ensure_future(self._work(board))
        self._back[board.chip_id].set()

    def _leave(self, board: Board, fault: faults.Fault) -> None:
        """Do nothing with a board; its port is free for whose it is."""
        assert self._seeker is not None
        if fault.code != "other-board":
            self._end(board, "", fault)
            return
        self._seeker.done(board)
        fields = {"code": fault.code, "outcome": fault.outcome, **fault.fields}
        now_ms = self.bench.utc_ms()
        self.bench.tell(events.Event(events.FAULT, now_ms, "", board.port, fields=fields))

    # One board

    async def _work(self, board: Board) -> None:
        """Work on a board, unless another run of the bench does."""
        with work_folder.claimed(self.bench.settings.folder, board.chip_id) as is_ours:
            if is_ours:
                await self._all_steps(board)
            else:
                self._end(board, "", faults.Fault("port-busy"))

    async def _all_steps(self, board: Board) -> None:
        tell = Work(self.bench, board, "", {}).tell
        tell(events.SEEN, chip=board.facts.kind)
        finished: dict[str, Evidence] = self.ledger.finished(board.chip_id)
        for step in self.table:
            if step.name in finished:
                Work(self.bench, board, step.name, finished).tell(events.STANDS)
        for step in steps.ahead(finished, self.table):
            try:
                finished[step.name] = await self._step(board, step, finished)
            except faults.Fault as fault:
                self._end(board, step.name, self._written_down(board, step.name, fault))
                return
        self._end(board, "", None)

    def _written_down(self, board: Board, step: str, fault: faults.Fault) -> faults.Fault:
        """Keep a technician's reason; return the fault, or what is wrong with the reason."""
        if fault.outcome == faults.CANNOT:
            try:
                self.ledger.cannot(board.chip_id, step, str(fault.fields.get("reason", "")))
            except errors.InputRefused as error:
                return faults.Fault("refused", said=error.code)
        return fault

    def _end(self, board: Board, step: str, fault: faults.Fault | None) -> None:
        assert self._seeker is not None
        self._seeker.done(board)
        self.results[board.chip_id] = Result(board.chip_id, board.port, fault, step)
        work = Work(self.bench, board, step, {})
        if fault is None:
            work.tell(events.DONE)
        else:
            outcome = {"outcome": fault.outcome, "who": fault.who}
            work.tell(events.GIVEN_UP, code=fault.code, **outcome, **fault.fields)

    async def _step(
        self, board: Board, step: steps.Step, finished: dict[str, Evidence]
    ) -> Evidence:
        """Try a step until it is finished or given up; finished, it is on the disk."""
        work = Work(self.bench, board, step.name, finished)
        board.hands_s = board.queued_s = 0.0
        began_s, tries = time.monotonic(), Tries()
        while True:
            tries.all += 1
            work.tell(events.STARTED, tried=tries.all)
            try:
                evidence = await step.run()(work)
                break
            except faults.Fault as fault:
                await self._after(work, fault, tries)
            except (errors.HostError, WireError) as error:
                await self._after(work, faults.Fault("refused", said=str(error)), tries)
        spent_s = time.monotonic() - began_s
        took = {
            "machine_ms": round((spent_s - board.hands_s - board.queued_s) * 1000),
            "hands_ms": round(board.hands_s * 1000),
            "tries": tries.all,
        }
        evidence = {**evidence, "took": took}
        self.ledger.finish(board.chip_id, step.name, evidence)
        work.tell(events.FINISHED, **took)
        return evidence

    async def _after(self, work: Work, fault: faults.Fault, tries: Tries) -> None:
        """Make another try possible, or raise the fault that ends the board's run."""
        work.tell(events.FAULT, code=fault.code, outcome=fault.outcome, **fault.fields)
        if fault.outcome == faults.LOST:
            tries.asked_s = None
            if await asyncio.to_thread(ports.is_there, work.board.port):
                tries.in_place += 1
            if tries.in_place >= self.bench.settings.limits.tries:
                raise fault
            await self._until_back(work, fault)
        elif fault.outcome == faults.PERSON:
            await self._until_done(work, fault, tries)
        else:
            raise fault

    async def _until_done(self, work: Work, fault: faults.Fault, tries: Tries) -> None:
        """Ask somebody once; then it is tried again and again whether it was done."""
        now_s = time.monotonic()
        if tries.asked_s is None:
            tries.asked_s = now_s
            work.tell(events.PERSON, code=fault.code, **fault.fields)
        elif now_s - tries.asked_s > self.bench.settings.limits.person_s:
            raise fault
        await asyncio.sleep(PERSON_LOOK_S)
        work.board.hands_s += PERSON_LOOK_S
        reason = self.bench.refused.pop(work.board.chip_id, None)
        if reason is not None:
            raise faults.Fault("cannot", reason=reason)

    async def _until_back(self, work: Work, fault: faults.Fault) -> None:
        """Wait for the seeker to find this board. Raises Fault `not-come-back`."""
        assert self._seeker is not None
        board = work.board
        back = self._back[board.chip_id]
        back.clear()
        began_s = time.monotonic()
        work.tell(events.WAITING, code=fault.code)
        self._seeker.release(board, is_other=fault.code == "other-board")
        try:
            async with asyncio.timeout(self.bench.settings.limits.come_back_s):
                await back.wait()
        except TimeoutError as error:
            raise faults.Fault("not-come-back", port=board.port) from error
        board.hands_s += time.monotonic() - began_s
        work.tell(events.SEEN)

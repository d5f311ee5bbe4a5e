"""Batches of stories in processes of their own, as many at once as there are processors.

A worker is told what to play over a pipe and answers with rows. It ends when its pipe does, or by
a signal: then it stops its hubs and its collector and says nothing.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from varde_simulator import story_batch, story_rows
from varde_simulator.interruption import SIGNALS, Interruption
from varde_simulator.story_cuts import Story
from varde_simulator.story_rows import Row

STOP_TIMEOUT_S = 15  # a worker stops its own: a collector has 10 s of that


@dataclass(frozen=True)
class Batch:
    """Stories of one stage, and its folder."""

    scenario: Path
    stories: tuple[Story, ...]
    folder: Path


class _Worker:
    """A process and its pipe."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, far = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_work, args=(far,), daemon=False)
        self.batch: Batch | None = None
        # A signal that reaches it while it is still being made waits until it can be told.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        far.close()

    def give(self, batch: Batch) -> None:
        self.batch = batch
        self.pipe.send(batch)

    def take(self) -> list[Row]:
        """What it answers; failed rows for its stories if it is gone."""
        assert self.batch is not None
        stories, self.batch = self.batch.stories, None
        try:
            answer: list[Row] | str = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(STOP_TIMEOUT_S)
            answer = f"its worker ended with {self.process.exitcode}"
        return failed(stories, answer) if isinstance(answer, str) else answer

    def stop(self) -> None:
        self.pipe.close()
        if self.batch is not None and self.process.is_alive():
            self.process.terminate()

    def wait(self) -> None:
        self.process.join(STOP_TIMEOUT_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def failed(stories: Sequence[Story], problem: str) -> list[Row]:
    """The rows of a batch whose stage broke: that fails its stories, and no others."""
    return [story_rows.unplayed(story, problem) for story in stories]


def play(batches: Sequence[Batch], workers: int | None = None) -> Generator[list[Row]]:
    """The rows of each batch as it is done. Closing the iterator stops all that still play."""
    waiting = list(reversed(batches))
    count = min(workers or os.cpu_count() or 1, len(waiting))
    crew: list[_Worker] = []
    try:
        for _ in range(count):
            crew.append(_Worker())
            crew[-1].give(waiting.pop())
        while busy := {worker.pipe: worker for worker in crew if worker.batch is not None}:
            for pipe in connection.wait(list(busy)):
                worker = busy[pipe]  # type: ignore[index]
                rows = worker.take()
                if waiting:
                    worker = _replaced(crew, worker)
                    worker.give(waiting.pop())
                yield rows
    finally:
        for worker in crew:
            worker.stop()
        for worker in crew:
            worker.wait()


def _replaced(crew: list[_Worker], worker: _Worker) -> _Worker:
    """The worker, or a new one in its place if it has died."""
    if worker.process.is_alive():
        return worker
    worker.stop()
    new = _Worker()
    crew[crew.index(worker)] = new
    return new


def _work(pipe: Connection) -> None:
    """A worker's life."""
    interruption = Interruption()
    interruption.listen()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        while True:
            pipe.send(_answer(pipe.recv(), interruption))
    except EOFError:
        return
    except BaseException:
        if interruption.signal is None:
            raise
        sys.exit(interruption.status)
    finally:
        for number in SIGNALS:  # what is left is the interpreter's own end
            signal.signal(number, signal.SIG_IGN)


def _answer(batch: Batch, interruption: Interruption) -> list[Row] | str:
    try:
        return story_batch.play_batch(batch.scenario, batch.stories, batch.folder, interruption)
    except Exception as error:
        if interruption.signal is not None:
            raise
        return _words(error)


def _words(error: Exception) -> str:
    """Of what went wrong first, if several did at once."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"

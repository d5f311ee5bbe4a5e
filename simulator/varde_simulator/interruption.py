"""Ctrl-C, SIGTERM and SIGHUP: the play is cancelled, everything it started is stopped, and the
program ends with the status that shells expect."""

import asyncio
import logging
import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STATUS = 128  # plus the number of the signal, as a shell says it


class Interrupted(BaseException):
    """A signal came while there was no play to cancel."""


class Interruption:
    """`signal` is the first that came. Later ones change nothing: stopping is under way, and takes
    no longer than host_programs.STOP_TIMEOUT_S."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._task: asyncio.Task[object] | None = None

    def listen(self) -> None:
        """From now on; in the main thread."""
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def cancels(self, task: "asyncio.Task[object] | None") -> None:
        """What a signal cancels from now on; it runs on this thread's loop."""
        self._task = task

    @property
    def status(self) -> int:
        """Exit status."""
        assert self.signal is not None
        return _STATUS + self.signal

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.signal is not None:
            return
        self.signal = signal.Signals(number)
        # The interpreter may have got it, too: that a child is gone already is no news.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        if self._task is None or self._task.done():
            raise Interrupted
        self._task.get_loop().call_soon_threadsafe(self._task.cancel)

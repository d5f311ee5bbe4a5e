"""Journal and keys, by one at a time, from main code and from radio handlers alike.

The difficulty. An indication must be durable before its handler returns, because the stack sends
the confirmation then. So the handler signs and writes flash, as main code does, and it may come
at any bytecode of main code:

- On the unix interpreter a handler is a scheduled callback: it runs on the *same* thread, in the
  middle of main code. A lock that main code holds is then a deadlock.
- On the ESP32 a handler runs in the Bluetooth stack's *own* thread, under the GIL, on a stack of
  some 3 KiB, with the scheduler locked. There only a lock helps, and that stack is too small for
  a signature.

What follows, for both:

1. Main code runs its work inside a scheduled callback, under a lock. Callbacks do not nest, so on
   the unix interpreter no handler can come in between; nobody on that thread can be holding the
   lock. On the ESP32 the handler's thread waits for the lock, and the GIL is released meanwhile.
2. A handler takes the lock and runs its work: on the main thread at once, on another thread by
   handing it to a worker thread with a stack of its own, and waiting. It cannot use the scheduler,
   which is locked until it returns.
3. The lock is held by one of: a callback on the main thread, a handler. Neither waits for anything
   but the lock, and its work waits for nothing: no deadlock.

Main code waits by spinning: a callback runs at the next jump of a loop. Work must not call back
into this module and must not take longer than radios are patient (a signature check is about a
second on the ESP32; ATT gives 30).
"""

import _thread
import sys

import micropython
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Callable, Optional, Tuple

# Twenty calls deep with locals and temporaries, and the interpreter's own headroom.
WORKER_STACK_BYTES = const(16_384)


class _Job:
    """A call and what came of it."""

    def __init__(self, function: "Callable[..., Any]", args: "Tuple[Any, ...]") -> None:
        self._function = function
        self._args = args
        self.result: "Any" = None
        self.error: "Optional[BaseException]" = None
        self.is_done = False

    def perform(self) -> None:
        try:
            self.result = self._function(*self._args)
        except BaseException as error:  # noqa: BLE001  (handed to whoever waits)
            self.error = error
        self.is_done = True

    def outcome(self) -> "Any":
        if self.error is not None:
            raise self.error
        return self.result


class _Worker:
    """A thread with a deep stack that performs one job at a time."""

    def __init__(self) -> None:
        self._job: "Optional[_Job]" = None
        self._go = _thread.allocate_lock()
        self._done = _thread.allocate_lock()
        self._go.acquire()
        self._done.acquire()
        previous_bytes = _thread.stack_size(WORKER_STACK_BYTES)
        _thread.start_new_thread(self._run, ())
        _thread.stack_size(previous_bytes)

    def _run(self) -> None:
        while True:
            self._go.acquire()
            if self._job is not None:
                self._job.perform()
            self._done.release()

    def perform(self, job: _Job) -> None:
        self._job = job
        self._go.release()
        self._done.acquire()
        self._job = None


class Exclusive:
    """Make it once, on the main thread, before the radio is switched on."""

    def __init__(self, handlers_have_a_thread: bool = sys.platform == "esp32") -> None:
        self._lock = _thread.allocate_lock()
        self._main_thread = _thread.get_ident()
        self._callback = self._run_job  # a bound method would be allocated at each use
        self._worker = _Worker() if handlers_have_a_thread else None

    def run(self, function: "Callable[..., Any]", *args: "Any") -> "Any":
        """Return `function(*args)`, called alone; from main code only, never from a handler."""
        job = _Job(function, args)
        while not self._schedule(job):
            pass  # the queue holds four and drains at the next jump of this loop
        while not job.is_done:
            pass
        return job.outcome()

    def _schedule(self, job: _Job) -> bool:
        try:
            micropython.schedule(self._callback, job)
        except RuntimeError:
            return False
        return True

    def _run_job(self, job: _Job) -> None:
        with self._lock:
            job.perform()

    def run_in_handler(self, function: "Callable[..., Any]", *args: "Any") -> "Any":
        """Return `function(*args)`, called alone; from a radio handler."""
        job = _Job(function, args)
        with self._lock:
            if self._worker is None or _thread.get_ident() == self._main_thread:
                job.perform()
            else:
                self._worker.perform(job)
        return job.outcome()

"""Kill -9 at the n-th thing that a function does to the disk, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import warnings
from collections.abc import Callable

OPERATIONS = ("open", "fsync", "link", "unlink", "rename", "replace", "mkdir")
FINISHED = 0


def cut(work: Callable[[], object], at: int, *, torn: bool = False) -> bool:
    """Run `work` in a fork and kill that before its operation number `at`, from 0.

    With `torn` a file that is about to be synced loses its second half first, as if the power
    had gone. Returns True if it was killed, False if it was done before. Fails if it raised.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads: none holds a lock
        child = os.fork()
    if child == 0:
        try:
            _patch(at, torn)
            work()
            os._exit(FINISHED)
        except BaseException:  # noqa: BLE001 the fork must never go on as the test run
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == FINISHED
    return False


def _patch(at: int, torn: bool) -> None:
    left = [at]

    def wrapped(name: str, real: Callable) -> Callable:
        def operation(*arguments, **options):
            if name != "open" or arguments[1] & (os.O_WRONLY | os.O_RDWR):
                if left[0] == 0:
                    _die(name, arguments, torn)
                left[0] -= 1
            return real(*arguments, **options)

        return operation

    for name in OPERATIONS:
        setattr(os, name, wrapped(name, getattr(os, name)))


def _die(name: str, arguments: tuple, torn: bool) -> None:
    if torn and name == "fsync" and os.fstat(arguments[0]).st_size:
        with contextlib.suppress(OSError):  # a directory
            os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
    os.kill(os.getpid(), signal.SIGKILL)

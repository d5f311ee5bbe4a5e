"""Run esptool and mpremote: as programs of their own, with an end to every wait.

esptool is under the GPL, and nothing of it is imported anywhere in Varde. What the programs print
is read by line and with bounds, since half of it comes from the board.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from varde_host.bench import faults

ESPTOOL = (sys.executable, "-m", "esptool")
MPREMOTE = (sys.executable, "-m", "mpremote")

LINE_BYTES = 64 * 1024
"""A longer line is cut there: scripts answer in less, and a board may print without end."""
KEPT_LINES = 400
"""The last of them; errors come at the end."""
OUTPUT_BYTES = 8 * 1024 * 1024
"""A program that says more has lost its way, or the board has."""

OnLine = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """One run of a program that has ended. `seconds` are of real time."""

    program: str
    arguments: tuple[str, ...]
    status: int
    lines: tuple[str, ...]
    seconds: float

    @property
    def text(self) -> str:
        """What it said, at most the last KEPT_LINES."""
        return "\n".join(self.lines)


class Lines:
    """Cuts bytes into lines at LF and CR (progress bars), with a bound on each."""

    def __init__(self) -> None:
        self._rest = b""
        self.received_bytes = 0

    def receive(self, data: bytes) -> list[str]:
        """Return the lines that these bytes end."""
        self.received_bytes += len(data)
        whole = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        self._rest = whole.pop()
        if len(self._rest) > LINE_BYTES:
            whole.append(self._rest)
            self._rest = b""
        return [text for text in map(_text, whole) if text]

    def end(self) -> list[str]:
        """Return what came after the last line's end."""
        rest, self._rest = self._rest, b""
        return [text for text in [_text(rest)] if text]


def _text(line: bytes) -> str:
    return line[:LINE_BYTES].decode("utf-8", "replace").rstrip()


async def run(
    program: Sequence[str],
    arguments: Sequence[str],
    *,
    timeout_s: float,
    on_line: OnLine = lambda _line: None,
) -> Run:
    """Run it to its end and return what it said; `on_line` hears each line as it comes.

    What `on_line` raises ends the program and comes out here. Raises Fault `tool-timeout`,
    `tool-missing`. When this task is cancelled, the program is ended first.
    """
    began = time.monotonic()
    name = program[-1]
    try:
        process = await asyncio.create_subprocess_exec(
            *program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for the bench, which ends its programs in order
        )
    except OSError as error:
        raise faults.Fault("tool-missing", tool=name) from error
    kept: deque[str] = deque(maxlen=KEPT_LINES)
    try:
        async with asyncio.timeout(timeout_s):
            await _read(process, kept, on_line)
            status = await process.wait()
    except TimeoutError as error:
        raise faults.Fault("tool-timeout", tool=name, seconds=round(timeout_s)) from error
    finally:
        await _end(process)
    return Run(name, tuple(arguments), status, tuple(kept), time.monotonic() - began)


def _environment() -> dict[str, str]:
    # Colours and folding follow these; what we read should follow neither.
    plain = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    kept = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    return {**kept, **plain}


async def _read(process: asyncio.subprocess.Process, kept: deque[str], on_line: OnLine) -> None:
    assert process.stdout is not None
    lines = Lines()
    while data := await process.stdout.read(LINE_BYTES):
        for line in lines.receive(data):
            kept.append(line)
            on_line(line)
        if lines.received_bytes > OUTPUT_BYTES:
            raise faults.Fault("talk-garbled", said=f"{lines.received_bytes} bytes")
    for line in lines.end():
        kept.append(line)
        on_line(line)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End it if it runs; also its children, should it have some."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(process.wait())

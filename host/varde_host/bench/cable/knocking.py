"""Brings a board to its prompt, before mpremote is let at it.

mpremote says Ctrl-C once. A board that is just starting does not hear it, and on a port without a
time limit of its own (a pseudo-terminal) mpremote then waits for ever. Here it is said until there
is a prompt: Ctrl-C stops what runs, Ctrl-B leaves a raw prompt that somebody left behind.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time

import serial  # type: ignore[import-untyped]  # pyserial has no types

from varde_host.bench import faults
from varde_host.bench.cable import serial_line

READ_S = 0.1
EVERY_S = 0.4
LIMIT_S = 25.0
"""A start of the slowest hub, with a full journal to mount."""
QUIET_LOOKS = 2
"""So often nothing more may come behind the prompt: then it waits for us."""
KNOCK = b"\r\x03\x02"
PROMPT = b">>> "
ASK = b"\r\nvarde?\r\n"
ASK_EVERY_S = 1.5
SERVICE_S = 4.0
"""A locked hub answers while its application runs; one that is starting is asked again later."""
AT_PROMPT = (PROMPT, b"SyntaxError")
"""What an interpreter says to that question: this is no locked hub."""
SERVICE = re.compile(rb"varde: service ([0-9a-f]{16}) [0-9a-f]{32}")


async def locked_hub(port: str) -> str:
    """Return the id of the hub on this port if it is locked and says so, else "".

    Raises Fault `port-gone`.
    """
    stop = threading.Event()
    asking = asyncio.to_thread(_ask, port, stop)
    try:
        return await asking
    finally:
        stop.set()


def _ask(port: str, stop: threading.Event) -> str:
    tail, ask_s, end_s = b"", 0.0, time.monotonic() + SERVICE_S
    try:
        with serial_line.opened(port, READ_S) as line:
            while (now_s := time.monotonic()) < end_s and not stop.is_set():
                if now_s >= ask_s:
                    line.write(ASK)
                    ask_s = now_s + ASK_EVERY_S
                tail = (tail + line.read(max(1, line.in_waiting)))[-256:]
                if found := SERVICE.search(tail):
                    return found[1].decode("ascii")
                if any(sign in tail for sign in AT_PROMPT):
                    return ""
    except serial_line.Error as error:
        raise serial_line.fault(error, port) from error
    return ""


async def until_prompt(port: str, limit_s: float = LIMIT_S) -> None:
    """Return when the board on this port waits at its prompt.

    Raises Fault `port-gone`, `board-silent`.
    """
    stop = threading.Event()
    knocking = asyncio.to_thread(_knock, port, limit_s, stop)
    try:
        await knocking
    finally:
        stop.set()


def _knock(port: str, limit_s: float, stop: threading.Event) -> None:
    try:
        with serial_line.opened(port, READ_S) as line:
            _until_quiet(line, time.monotonic() + limit_s, stop)
    except serial_line.Error as error:
        raise serial_line.fault(error, port) from error


def _until_quiet(line: serial.Serial, end_s: float, stop: threading.Event) -> None:
    tail, quiet, knock_s = b"", 0, 0.0
    while (now_s := time.monotonic()) < end_s and not stop.is_set():
        if now_s >= knock_s and not tail.endswith(PROMPT):
            line.write(KNOCK)
            knock_s = now_s + EVERY_S
        said = line.read(max(1, line.in_waiting))
        tail = (tail + said)[-len(PROMPT) :]
        quiet = quiet + 1 if not said and tail == PROMPT else 0
        if quiet >= QUIET_LOOKS:
            return
    raise faults.Fault("board-silent")

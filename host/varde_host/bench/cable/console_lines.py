"""Listens to what a board prints, without a word to it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

from varde_host.bench.cable import serial_line
from varde_host.bench.cable.tools import Lines

READ_S = 0.2


async def listen(port: str, limit_s: float, is_enough: Callable[[str], bool]) -> bool:
    """Hear lines until one is enough, or for `limit_s`; return whether one was.

    Raises Fault `port-gone`.
    """
    stop = threading.Event()
    hearing = asyncio.to_thread(_hear, port, limit_s, is_enough, stop)
    try:
        return await hearing
    finally:
        stop.set()


def _hear(
    port: str, limit_s: float, is_enough: Callable[[str], bool], stop: threading.Event
) -> bool:
    lines = Lines()
    end_s = time.monotonic() + limit_s
    try:
        with serial_line.opened(port, READ_S) as line:
            while time.monotonic() < end_s and not stop.is_set():
                if any(map(is_enough, lines.receive(line.read(max(1, line.in_waiting))))):
                    return True
    except serial_line.Error as error:
        raise serial_line.fault(error, port) from error
    return False

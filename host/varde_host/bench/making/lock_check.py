"""Tries to get into a locked hub by its console, as somebody with a cable would.

Ctrl-C (03) stops what runs, Ctrl-A (01) asks for the raw prompt, Ctrl-D (04) for a soft reset,
Ctrl-E (05) for paste mode, Ctrl-B (02) for the friendly prompt; and a line of Python asks for an
answer that the line itself does not hold. They are sent over and over, from the moment of a reset
until the hub asks for nothing but a signed request. Any sign of a prompt fails the check.
"""

from __future__ import annotations

import asyncio
import threading
import time

import serial  # type: ignore[import-untyped]  # pyserial has no types

from varde_host.bench.cable import knocking, ports, serial_line

READ_S = 0.05
EVERY_S = 0.1
"""Between two volleys: boot.py's first act takes longer than that to come to."""
LEAST_S = 4.0
"""A start of an ESP32-S3 takes less, a soft reset much less."""
MOST_S = 40.0
"""The hub answers `varde?` when its application listens: a start, and a journal's mounting."""
HEARD_BYTES = 64 * 1024

ATTACKS = {
    "ctrl-c": b"\r\x03\x03",
    "ctrl-a": b"\r\x01",
    "ctrl-d": b"\x04",
    "ctrl-e": b"\x05",
    "ctrl-b": b"\x02",
    "code": b"\r\nprint(0xbe * 0xca * 0x11)\r\n",
}
ANSWER = b"%d" % (0xBE * 0xCA * 0x11)
SIGNS = (b">>> ", b"raw REPL", b"paste mode", b"MPY: soft reboot", b"KeyboardInterrupt", ANSWER)


class LockCheck:
    """Hears what the hub says to all that. `open_way` is how it was got into, None so far."""

    def __init__(self) -> None:
        self.open_way: str | None = None
        self.hub_id = ""
        self.heard_bytes = 0
        self._tail = b""

    def receive(self, data: bytes) -> None:
        """Take what has come; signs may be cut in two."""
        self.heard_bytes += len(data)
        text = self._tail + data
        for sign in SIGNS:
            if sign in text and self.open_way is None:
                self.open_way = sign.decode("ascii").strip()
        for found in knocking.SERVICE.finditer(text):
            self.hub_id = found[1].decode("ascii")
        self._tail = text[-128:]


async def attack(port: str, *, reset: bool) -> LockCheck:
    """Try everything for a while, beginning with a reset by the port's lines if asked to.

    Raises Fault `port-gone`.
    """
    stop = threading.Event()
    trying = asyncio.to_thread(_attack, port, reset and ports.has_lines(port), stop)
    try:
        return await trying
    finally:
        stop.set()


def _attack(port: str, reset: bool, stop: threading.Event) -> LockCheck:
    check = LockCheck()
    try:
        with serial_line.opened(port, READ_S) as line:
            if reset:
                serial_line.pulse_reset(line)
            _try_all(line, check, stop)
    except serial_line.Error as error:
        raise serial_line.fault(error, port) from error
    return check


def _try_all(line: serial.Serial, check: LockCheck, stop: threading.Event) -> None:
    """Volley after volley; at last only the question that a locked hub answers."""
    began_s = now_s = time.monotonic()
    next_s = asked_s = 0.0
    while now_s < began_s + MOST_S and check.open_way is None and not stop.is_set():
        is_over = now_s > began_s + LEAST_S
        if is_over and check.hub_id:
            return
        if not is_over and now_s >= next_s:
            line.write(b"".join(ATTACKS.values()))
            next_s = now_s + EVERY_S
        elif is_over and now_s >= asked_s:
            line.write(knocking.ASK)
            asked_s = now_s + 2.0
        check.receive(line.read(max(1, line.in_waiting)))
        now_s = time.monotonic()

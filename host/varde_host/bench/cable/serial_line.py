"""Opens a port without moving the board's reset lines.

pyserial asserts DTR and RTS when it opens a port, one after the other; in between a board that is
just leaving reset reads "download" from them, and waits in its loader for ever.
"""

from __future__ import annotations

import time

import serial  # type: ignore[import-untyped]  # pyserial has no types

BAUD = 115_200
"""Of a console; a board with USB of its own does not care."""

RESET_LOW_S = 0.2
"""How long EN is held low: a delay of the circuit, not a wait for something to happen."""

Error = (serial.SerialException, OSError)
"""What a port raises that is gone."""


def opened(port: str, timeout_s: float) -> serial.Serial:
    """Return the open port; a read on it waits at most `timeout_s`. Raises `Error`."""
    line = serial.serial_for_url(port, BAUD, timeout=timeout_s, do_not_open=True)
    line.dtr = line.rts = False
    line.open()
    return line


def pulse_reset(line: serial.Serial) -> None:
    """Let EN fall and rise with IO0 high, so that the board starts what its flash holds."""
    line.dtr = False
    line.rts = True
    time.sleep(RESET_LOW_S)
    line.rts = False


def reset(port: str) -> None:
    """Restart the board on this port. Raises `Error`."""
    with opened(port, RESET_LOW_S) as line:
        pulse_reset(line)

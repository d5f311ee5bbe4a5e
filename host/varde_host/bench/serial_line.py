"""Opens a port without moving the board's reset lines.

pyserial asserts DTR and RTS when it opens a port, one after the other; in between a board that is
just leaving reset reads "download" from them, and waits in its loader for ever.
"""

from __future__ import annotations

import serial  # type: ignore[import-untyped]  # pyserial has no types

BAUD = 115_200
"""Of a console; a board with USB of its own does not care."""

Error = (serial.SerialException, OSError)
"""What a port raises that is gone."""


def opened(port: str, timeout_s: float) -> serial.Serial:
    """Return the open port; a read on it waits at most `timeout_s`. Raises `Error`."""
    line = serial.serial_for_url(port, BAUD, timeout=timeout_s, do_not_open=True)
    line.dtr = line.rts = False
    line.open()
    return line

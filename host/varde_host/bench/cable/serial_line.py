"""Opens a port without moving the board's reset lines, and for nobody else meanwhile.

pyserial asserts DTR and RTS when it opens a port, one after the other; in between a board that is
just leaving reset reads "download" from them, and waits in its loader for ever.
"""

from __future__ import annotations

import time

import serial  # type: ignore[import-untyped]  # pyserial has no types

from varde_host.bench import faults

BAUD = 115_200
"""Of a console; a board with USB of its own does not care."""

RESET_LOW_S = 0.2
"""How long EN is held low: a delay of the circuit, not a wait for something to happen."""

Error = (serial.SerialException, OSError)
"""What a port raises that is gone, or that another program has open."""
IN_USE = "exclusively lock"
"""What pyserial says of the latter, and esptool after it."""


def fault(error: Exception, port: str) -> faults.Fault:
    """Return the fault that an `Error` of this port is: `port-busy`, `port-gone`."""
    code = "port-busy" if IN_USE in str(error) else "port-gone"
    return faults.Fault(code, port=port, said=str(error))


def opened(port: str, timeout_s: float) -> serial.Serial:
    """Return the open port; a read on it waits at most `timeout_s`. Raises `Error`.

    esptool and mpremote lock a port in the same way (`flock`): whoever comes second is refused.
    """
    line = serial.serial_for_url(port, BAUD, timeout=timeout_s, exclusive=True, do_not_open=True)
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

"""`varde demo`: some days of a home in the simulated world, by the simulator's own command.

The simulator is another program: it is started, not imported, and its output and exit status are
passed through. Whatever arguments follow are its own.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import typer

from varde_host import errors

SIMULATOR = "varde_simulator"
_SCENARIO = "home"
# What a shell reports for a program that a signal ended.
_SIGNAL_STATUS = 128


def demo(context: typer.Context) -> None:
    """Run the simulator's scenario and leave with its exit status."""
    if importlib.util.find_spec(SIMULATOR) is None:
        raise errors.WorldFailed("simulator-missing", SIMULATOR)
    command = [sys.executable, "-m", f"{SIMULATOR}.cli", "play", _SCENARIO, *context.args]
    try:
        status = subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        status = -2  # it got the same SIGINT and has cleaned up
    raise typer.Exit(status if status >= 0 else _SIGNAL_STATUS - status)

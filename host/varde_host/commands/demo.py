"""`varde demo`: some days of a home in the simulated world, by the simulator's own command.

The simulator is another program: this one becomes it, so that its output, its exit status and
the signals to it are its own. Whatever arguments follow are its own, too.
"""

from __future__ import annotations

import importlib.util
import os
import sys

import typer

from varde_host import errors

SIMULATOR = "varde_simulator"
_SCENARIO = "home"


def demo(context: typer.Context) -> None:
    """Run the simulator's scenario; does not return."""
    if importlib.util.find_spec(SIMULATOR) is None:
        raise errors.WorldFailed("simulator-missing", SIMULATOR)
    command = [sys.executable, "-m", f"{SIMULATOR}.cli", "play", _SCENARIO, *context.args]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 no shell is wanted

"""What the commands of a receiver open: its folder, its store, and what follows from both."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from varde_host import clock
from varde_host.handover import assembling, considering


@contextlib.contextmanager
def service(folder: Path) -> Iterator[considering.Service]:
    """Give what the receiver works with. Raises as `assembling.opened`."""
    with assembling.opened(folder, clock.from_environment()) as receiver:
        yield receiver.service

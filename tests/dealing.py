"""In which order the tests run: the longest files first, spread over the workers.

The suite's end is that of its slowest worker. pytest-xdist's `worksteal` gives each worker an
equal part of the list and lets who is done take from the end of another's part. So every part
begins with some of the long files; many of them mostly wait, and the other workers compute.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

LONG = (
    "stories/test_",
    "chaos/test_",
    "firmware/test_journal_cuts",
    "firmware/test_hostile_sensors",
    "firmware/test_hub_names",
    "firmware/test_atomic_file",
    "firmware/test_bond_cuts",
    "host/test_release_build",
    "host/test_collector_fleet",
    "simulator/test_usb_",
)
"""Files that take long, by the beginning of their names below `tests/`; the longest first."""


def dealt(names: Sequence[str], workers: int) -> list[str]:
    """Return the tests `FILE::TEST` in the order in which they go to the workers.

    The tests of a long file stay together, and all of a file in their order.
    """
    files: dict[str, list[str]] = {}
    for name in names:
        files.setdefault(name.partition("::")[0], []).append(name)
    long = sorted((file for file in files if _place(file) < len(LONG)), key=_place)
    short = itertools.chain.from_iterable(files[file] for file in files if file not in long)
    order: list[str] = []
    for worker in range(workers):
        part = (len(names) - len(order)) // (workers - worker)
        hand = [name for file in long[worker::workers] for name in files[file]]
        order += [*hand, *itertools.islice(short, max(0, part - len(hand)))]
    return [*order, *short]


def _place(file: str) -> int:
    return next((at for at, name in enumerate(LONG) if name in file), len(LONG))

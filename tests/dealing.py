"""In which order the tests run: the longest files first.

The suite's end is that of its slowest worker, so what takes long must not begin last. A file stays
with one worker (`--dist loadfile`): many play one story for all of their tests, and three workers
would play it three times.
"""

from __future__ import annotations

from collections.abc import Sequence

LONG = (
    "stories/test_",
    "chaos/test_",
    "firmware/test_trial_",
    "firmware/test_journal_cuts",
    "firmware/test_hostile_sensors",
    "firmware/test_hub_names",
    "firmware/test_atomic_file",
    "firmware/test_bond_cuts",
    "host/test_release_build",
    "host/test_fleet_",
    "host/test_collector_fleet",
    "simulator/test_usb_",
)
"""Files that take long, by the beginning of their names below `tests/`; the longest first."""


def in_order(names: Sequence[str]) -> list[str]:
    """Return the tests `FILE::TEST` with those of long files first; a file keeps its own order."""
    return sorted(names, key=_place)


def _place(name: str) -> int:
    return next((at for at, file in enumerate(LONG) if file in name), len(LONG))

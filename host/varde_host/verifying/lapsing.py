"""Which things must be verified again soon: what the newest verification of each says."""

from __future__ import annotations

from collections.abc import Iterable

from varde_host.inventory import records

WARN_DAYS = 60
"""A kit that is out must be called in first."""


def newest(found: Iterable[records.Record]) -> list[records.Record]:
    """Return the newest verification of each thing, in the order in which they end to hold.

    Those that hold no day (failed, practised) come first. `found` in the order of time.
    """
    by_thing = {one.subject: one for one in found}
    return sorted(by_thing.values(), key=lambda one: (one.valid_until or "", one.subject))


def lapsing(found: Iterable[records.Record], last_day: str) -> list[records.Record]:
    """Return the newest of each thing that holds until a day that is not after `last_day`."""
    return [
        one for one in newest(found) if one.valid_until is not None and one.valid_until <= last_day
    ]

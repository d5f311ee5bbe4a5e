"""Which readings are of which window: by their type, slot and time. Pure."""

from __future__ import annotations

from varde_host.missed import expected
from varde_host.missed.expected import Expected
from varde_host.missed.life import Seen


def is_of(seen: Seen, each: Expected) -> bool:
    """Tell if a reading is of that window for sure."""
    when = seen.when
    if not fits(seen, each) or not seen.is_well_dated:
        return False
    middle_ms = ((when.earliest_ms or 0) + (when.latest_ms or 0)) // 2
    return each.from_ms <= middle_ms <= each.until_ms


def fits(seen: Seen, each: Expected) -> bool:
    if each.slots and seen.slot not in each.slots and not seen.is_paper:
        return False
    return each.type in (expected.ANY, seen.type)


def may_be_of(seen: Seen, each: Expected) -> bool:
    when = seen.when
    if not fits(seen, each) or seen.is_well_dated:
        return False
    starts, ends = when.earliest_ms, when.latest_ms
    return (starts is None or starts <= each.until_ms) and (
        min(seen.received_ms, ends if ends is not None else seen.received_ms) >= each.from_ms
    )


def middle(seen: Seen) -> int | None:
    when = seen.when
    if when.earliest_ms is None or when.latest_ms is None:
        return None
    return (when.earliest_ms + when.latest_ms) // 2

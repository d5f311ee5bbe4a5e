"""Lives of the journal on flash of which sectors go bad, at any operation, alone or together."""

from __future__ import annotations

import collections

from firmware.failing_flash import FailingFlash
from firmware.journal_cuts import count_records, told
from firmware.journal_lives import LIVES, boot
from firmware.journal_model import Model, require

# Sectors with something pending are passed over, so erases of good ones may differ by more than 1.
WEAR_SPREAD = 2

Fault = tuple[int, int, str]  # from this operation on, this sector, of this kind


def live_with(life: str, sectors: int, faults: list[Fault]) -> collections.Counter[str]:
    """One life; what is lost may only be what stood where it went bad, and is counted.

    Raises Violation.
    """
    flash, model = FailingFlash(sectors), Model()
    model.excused, model.torn_sectors = flash.gone, flash.spoiled
    for fault in faults:
        flash.spoil_at(*fault)
    try:
        LIVES[life](flash, model)
        journal = boot(flash, model)
        model.try_append(journal, b"goes on" * 20, urgent=True)
        boot(flash, model)
        bad = {sector for _, sector, _ in faults}
        wear = [count for n, count in enumerate(flash.erases) if n not in bad]
        require(max(wear) - min(wear) <= WEAR_SPREAD, "other", f"wear is not level: {wear}")
    except (AssertionError, OSError) as error:
        raise told(error, f"{life} on {sectors}, {faults}") from error
    counts: collections.Counter[str] = collections.Counter()
    count_records(counts, model)
    counts["lives with bad sectors"] = 1
    counts["records lost with a bad sector"] = len(model.told_lost)
    return counts

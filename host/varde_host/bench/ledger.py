"""What is finished, and by whom: the bench's side of the inventory's progress table."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from varde_host.bench.work import Evidence
from varde_host.inventory import progress, store
from varde_host.inventory.who import Who


class Ledger:
    """Reads and writes progress, each step in a transaction of its own."""

    def __init__(self, inventory: store.Inventory, by: Who, utc_ms: Callable[[], int]) -> None:
        self.inventory = inventory
        self._by = by
        self._utc_ms = utc_ms
        self.again: frozenset[str] = frozenset()
        """Steps that are done again though they are finished."""

    def finished(self, chip_id: str) -> dict[str, dict[str, Any]]:
        """Return the evidence of each finished step that is not to be done again."""
        found = self.inventory.read(lambda connection: progress.finished(connection, chip_id))
        return {step: evidence for step, evidence in found.items() if step not in self.again}

    def chip_of_hub(self, hub_id: str) -> str:
        """Return the chip that made this hub's key, "" if it is none of ours."""
        for chip_id in self.inventory.read(progress.chips):
            done = self.inventory.read(functools.partial(progress.finished, chip_id=chip_id))
            if done.get("identity", {}).get("hub") == hub_id:
                return chip_id
        return ""

    def cannot(self, chip_id: str, step: str, reason: str) -> None:
        """Write down why a technician could not do a step.

        Raises InputRefused `text-form`, `birth-number`.
        """
        now_ms = self._utc_ms()
        self.inventory.write(
            lambda connection: progress.cannot(connection, chip_id, step, reason, self._by, now_ms)
        )

    def finish(self, chip_id: str, step: str, evidence: Evidence) -> None:
        """Write down that a step is done; when this returns it is on the disk."""
        now_ms = self._utc_ms()
        self.inventory.write(
            lambda connection: progress.finish(
                connection, chip_id, step, evidence, self._by, now_ms
            )
        )

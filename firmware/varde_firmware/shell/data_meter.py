"""Counts what goes over the links, keeps the count, and tells when the budget is spent."""

from varde_firmware.core import data_budget
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Dict

    from varde_firmware.ports import IdentityStore
    from varde_firmware.shell.clock import Clock
    from varde_firmware.shell.hub_time import HubTime
    from varde_firmware.shell.keeper import Keeper


class DataMeter:
    """`budget` may be asked what it allows."""

    def __init__(self, budget_kib: int, store: "IdentityStore", keeper: "Keeper",
                 hub_time: "HubTime", clock: "Clock") -> None:  # fmt: skip
        self.budget = data_budget.DataBudget(budget_kib, store.data_used())
        self._store = store
        self._keeper = keeper
        self._time = hub_time
        self._clock = clock

    def count(self, link: int, len_bytes: int) -> None:
        """So many bytes went over a link (records.LINK_...)."""
        now_ms = self._clock.now_ms()
        self.budget.count(link, len_bytes, self._time.utc_ms(now_ms))
        used_kib = self.budget.take_news()
        if used_kib:
            self._keeper.event(now_ms, records.EVENT_DATA_BUDGET, used_kib)
        kept = self.budget.keep(now_ms)
        if kept:
            self._store.set_data_used(kept)

    def facts(self) -> "Dict[int, Any]":
        """Return what a report says of it; nothing until the month is known."""
        if not self.budget.month:
            return {}
        return {
            records.FACT_MONTH: self.budget.month,
            records.FACT_WIFI_BYTES: self.budget.wifi_bytes,
            records.FACT_MODEM_BYTES: self.budget.modem_bytes,
        }

"""On which occasion boards are worked on: whose site, who does it, before whose eyes.

A terminal and a page give these and call the same functions: `making_run`, `update_run`,
`taking_back.return_run`, `acceptance.accept_run`. Each takes an `Occasion` and what is wanted, and
returns an outcome; what happens meanwhile is told, and asked, here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from varde_host.bench import events, faults, steps, tray, work
from varde_host.bench import settings as bench_settings
from varde_host.bench.cable import ports, tools
from varde_host.bench.ledger import Ledger
from varde_host.inventory import store
from varde_host.inventory.who import Who
from varde_host.site import files

Ask = Callable[[work.Board, str, Mapping[str, object]], Awaitable[str]]
Candidates = Callable[[], list[ports.Port]]
NotOurs = Callable[[str], faults.Fault | None]


@dataclass(frozen=True)
class Occasion:
    """See above. `database` is the collector's, `candidates` looks up the ports each time."""

    site: files.Site
    by: Who
    inventory: store.Inventory
    database: str | Path
    utc_ms: Callable[[], int]
    tell: events.Tell
    ask: Ask
    candidates: Candidates = ports.scan
    limits: bench_settings.Limits = field(default_factory=bench_settings.Limits)
    esptool: Sequence[str] = tools.ESPTOOL
    mpremote: Sequence[str] = tools.MPREMOTE
    refused: MutableMapping[str, str] = field(default_factory=dict)
    """By a board's chip id: why a technician cannot do what it waits for (`tray`)."""
    is_shared: bool = False
    """Others' boards are on these ports as well: a run that is for one board takes that alone."""

    def settings(self, folder: Path, **asked: Any) -> bench_settings.Settings:
        """Return the settings of a run in this folder; what is not `asked` is not needed."""
        plain: dict[str, Any] = {"image": Path(), "firmware": Path(), "trust": b""}
        return bench_settings.Settings(
            site=self.site, by=self.by, folder=folder, database=self.database, limits=self.limits,
            **{**plain, **asked},
        )  # fmt: skip

    def ledger(self, again: Collection[str] = ()) -> Ledger:
        """Return where finished steps are written down; those named are done again."""
        written = Ledger(self.inventory, self.by, self.utc_ms)
        written.again = frozenset(again)
        return written

    def tray(
        self,
        asked: bench_settings.Settings,
        written: Ledger,
        table: Sequence[steps.Step],
        expected: int | None = 1,
        *,
        flashers: int = 4,
        not_ours: NotOurs | None = None,
    ) -> tray.Tray:
        """Return the tray for these steps; `not_ours` is asked where the ports are shared."""
        bench = work.Bench(
            asked, self.tell, self.utc_ms, self.ask, self.esptool, self.mpremote, self.inventory,
            refused=self.refused,
        )  # fmt: skip
        bench.flashing = asyncio.Semaphore(flashers)
        bench.chip_of_hub = written.chip_of_hub
        made = tray.Tray(bench, written, self.candidates, expected, table)
        if self.is_shared and not_ours is not None:
            made.not_ours = not_ours
        return made


def other_than(chip_id: str) -> NotOurs:
    """Return who leaves every board alone but the one with this chip."""

    def judge(found: str) -> faults.Fault | None:
        return None if found == chip_id else faults.Fault("other-board", found=found)

    return judge

"""The way back of one kit, from its first look to its record (`varde bench return`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from varde_host import errors
from varde_host.bench import tray, work, work_folder
from varde_host.bench.occasion import Occasion, other_than
from varde_host.bench.taking_back import draining, return_sensors, returning, wipe_papers, wiping
from varde_protocols.hub_config import Network


@dataclass(frozen=True)
class Wanted:
    """Which kit, and how. `decision` is the follow-up service's on readings that cannot come."""

    kit: str
    decision: draining.Decision | None = None
    networks: tuple[Network, ...] = ()
    proof: str = wiping.DUMP
    sensors: return_sensors.Plan = field(default_factory=return_sensors.Plan)

    def __post_init__(self) -> None:
        if self.proof not in wiping.PROOFS:
            known = ", ".join(wiping.PROOFS)
            raise errors.InputRefused("wipe-proof", self.proof[:20], known=known)


@dataclass(frozen=True)
class Ended:
    """How it ended; `record` is of the signed wipe record, empty if it did not come so far."""

    results: tuple[tray.Result, ...]
    record: work.Evidence
    papers: Path
    """The folder of records and protocols."""

    @property
    def is_wiped(self) -> bool:
        """Tell if it was gone to its end."""
        return [result.fault for result in self.results] == [None]


async def take_back(occasion: Occasion, wanted: Wanted) -> Ended:
    """Go the whole way back with one kit. Raises InputRefused as `returning.begin`."""
    inventory, by = occasion.inventory, occasion.by
    papers = occasion.site.directory / wipe_papers.FOLDER
    with work_folder.opened() as folder:
        chip = returning.begin(inventory, wanted.kit, by, occasion.utc_ms())
        back = returning.Return(
            wanted.kit, chip, inventory, occasion.database, papers, wanted.decision,
            wanted.networks, wanted.proof, wanted.sensors,
        )  # fmt: skip
        asked = occasion.settings(folder, networks=wanted.networks)
        written = occasion.ledger()
        ended = await occasion.tray(asked, written, back.table(), not_ours=other_than(chip)).run()
        record = written.finished(chip).get(returning.RECORD, {})
        if [result.fault for result in ended] == [None]:
            returning.end(inventory, chip, by, occasion.utc_ms(), str(record["record"]))
    return Ended(tuple(ended), record, papers)

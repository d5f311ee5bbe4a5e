"""Bare boards become hubs: one, or a tray of them (`varde bench run`, and the desk)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from varde_host import errors
from varde_host.bench import events, faults, settings, steps, tray, work_folder
from varde_host.bench.cable import ports
from varde_host.bench.occasion import Occasion
from varde_host.bench.taking_back import returning
from varde_host.inventory import items, models, progress, store
from varde_host.site import trust_documents
from varde_protocols.hub_config import Modem, Network


@dataclass(frozen=True)
class Wanted:
    """What is put on the boards, and how far. `host` "" is the site's own name for its collector.

    `count` boards are expected: None as many as there are ports now, 0 whoever comes, without an
    end. `kit` is the kit that a board without one goes into, "" for a new one each.
    """

    image: Path
    firmware: Path
    host: str = ""
    collector_port: int = 8443
    networks: tuple[Network, ...] = ()
    modem: Modem | None = None
    ntp_host: str = "pool.ntp.org"
    ntp_port: int = 123
    heartbeat_s: int = 3600
    board: str = "generic"
    until: str | None = None
    again: tuple[str, ...] = ()
    count: int | None = None
    flashers: int = settings.DEFAULT_FLASHERS
    scans: bool = False
    kit: str = ""

    def table(self) -> Sequence[steps.Step]:
        """Return the steps. Raises InputRefused `bench-step` for one that there is not."""
        for name in [*self.again, *([self.until] if self.until else [])]:
            if name not in steps.names():
                raise errors.InputRefused("bench-step", name[:30], known=", ".join(steps.names()))
        until = self.until
        last = len(steps.TABLE) if until is None else steps.names().index(until) + 1
        return [step for step in steps.TABLE[:last] if self.scans or step.name != steps.LABEL]


@dataclass(frozen=True)
class Ended:
    """How each board ended, and how many that were expected were not found."""

    results: tuple[tray.Result, ...]
    missing: int

    @property
    def done(self) -> int:
        """Boards of which all steps are done."""
        return sum(result.fault is None for result in self.results)

    @property
    def boards(self) -> int:
        """All that were expected, or came."""
        return len(self.results) + self.missing


async def make(occasion: Occasion, wanted: Wanted) -> Ended:
    """Work on all boards until each is done or given up.

    Raises InputRefused `bench-step`, `bench-no-ports` where there is none to look at.
    """
    table = wanted.table()
    with work_folder.opened() as folder:
        asked = _settings(occasion, wanted, folder)
        again = {name for first in wanted.again for name in steps.after(first)}
        expected = len(occasion.candidates()) if wanted.count is None else wanted.count or None
        if expected == 0:
            raise errors.InputRefused("bench-no-ports")
        written = occasion.ledger(again)
        boards = occasion.tray(
            asked, written, table, expected, flashers=wanted.flashers,
            not_ours=_Ours(occasion.inventory, wanted.kit).refuse,
        )  # fmt: skip
        ended = await boards.run()
        missing = max(0, (expected or 0) - len(ended))
        if missing:
            _tell_left(occasion, ended)
    return Ended(tuple(ended), missing)


def _settings(occasion: Occasion, wanted: Wanted, folder: Path) -> settings.Settings:
    trust = trust_documents.issue(occasion.site, occasion.utc_ms())[1]
    return occasion.settings(
        folder,
        image=wanted.image,
        firmware=wanted.firmware,
        trust=trust,
        board=wanted.board,
        networks=wanted.networks,
        modem=wanted.modem,
        collector_host=wanted.host or occasion.site.server_names[0],
        collector_port=wanted.collector_port,
        ntp_host=wanted.ntp_host,
        ntp_port=wanted.ntp_port,
        heartbeat_s=wanted.heartbeat_s,
        scans=wanted.scans,
        kit=wanted.kit,
    )


class _Ours:
    """Tells which boards a run is for, where others' are on the ports as well.

    A tray leaves alone what is on its way back. A run for one kit takes the board of the kit's
    hub; for a kit without one the first that is in no kit, and no second one.
    """

    def __init__(self, inventory: store.Inventory, kit: str) -> None:
        self._inventory = inventory
        self._kit = kit
        self._first = ""

    def refuse(self, chip_id: str) -> faults.Fault | None:
        """Return why a board is not for this run, None if it is."""
        done = self._inventory.read(lambda connection: progress.finished(connection, chip_id))
        if returning.LOOK in done:
            return faults.Fault("holds-readings")
        if not self._kit:
            return None
        if self._first in ("", chip_id) and self._is_the_kits(chip_id):
            self._first = chip_id
            return None
        return faults.Fault("other-board", found=chip_id)

    def _is_the_kits(self, chip_id: str) -> bool:
        hub, inside = self._inventory.read(
            lambda connection: (
                items.hub_of(connection, chip_id),
                items.listing(connection, kit_id=self._kit, kind=models.HUB),
            )
        )
        if hub is not None and (inside or hub.kit_id is not None):
            return hub in inside
        return all(each.chip_id is None for each in inside)


def _tell_left(occasion: Occasion, ended: Sequence[tray.Result]) -> None:
    """Name the ports on which no board was found, since somebody put one there."""
    found = {result.port for result in ended}
    left: list[ports.Port] = [port for port in occasion.candidates() if port.name not in found]
    for port in left:
        fields = {"code": "board-silent", "who": faults.TECHNICIAN}
        occasion.tell(events.Event(events.LEFT, occasion.utc_ms(), "", port.name, fields=fields))

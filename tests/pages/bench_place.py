"""A bench with kits on it, served; and work on boards that a test leads by the hand."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from host import inventory_bench, signed_bench
from pages import page_server
from varde_host import bench_page
from varde_host.access import tenants
from varde_host.bench import events, faults
from varde_host.bench.work import Board
from varde_host.bench_desk import jobs, orders
from varde_host.bench_page import here, menu
from varde_host.inventory import places, states, store, who
from varde_host.inventory.who import Who
from varde_host.pages.page import Page

LABEL = """\
municipality = "Eksempel kommune"
fault_phone = "00 00 00 00"
hours = "hverdager 08.00-15.30"
"""
GTIN = "01070123456789"


class StandingClock:
    """The day of the stockroom, and no later."""

    def __init__(self) -> None:
        self.now_ms = inventory_bench.NOW_MS + 3_600_000

    def utc_ms(self) -> int:
        return self.now_ms


class Place:
    """The site, its inventory, and the desk that the pages work on."""

    def __init__(self, tenant: tenants.Tenant) -> None:
        self.tenant = tenant
        self.stock = inventory_bench.Stockroom(tenant.directory / store.FILE)
        self.clock = StandingClock()
        self.desk = self.new_desk()

    def new_desk(self) -> jobs.Desk:
        each = self.tenant
        return jobs.Desk(each.site, each.inventory, each.database, self.clock.utc_ms)

    def context(self) -> dict[str, Any]:
        return {
            "clock": self.clock, "extra": {here.DESKS: {self.tenant.name: self.desk}},
            "menu": menu.ENTRIES, "scan_path": "/scan", "help_path": "/check",
        }  # fmt: skip

    def furnish(self) -> dict[str, str]:
        """Kits in each state of their life, by the state's name."""
        stock, found = self.stock, {}
        stock.model(code=f"gtin:{GTIN}")
        stock.model("hub-s3", "hub", name="Hub S3", maker="Varde")
        stock.do(places.add, "HYLLE1", "Hylla ved døra", inventory_bench.T17, stock.now_ms)
        found["received"] = stock.kit()
        for state in (states.CLEANED, states.WIPED, states.CHECKED, states.READY,
                      states.HANDED_OUT):  # fmt: skip
            found[state] = stock.kit()
            stock.bring(found[state], state)
        stock.outfit(found[states.WIPED])
        found["returned"] = stock.kit()
        stock.bring(found["returned"], states.HANDED_OUT)
        back = {"return": {"infection": False, "complete": True}}
        stock.move(found["returned"], states.RETURNED, back)
        return found


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Place]:
    """Give a place of its own, with the keys of the site that signs in tests."""
    copied = folder / "site"
    shutil.copytree(signed_bench.site().directory, copied)
    store.open_inventory(copied / store.FILE).close()
    (copied / "label.toml").write_text(LABEL, encoding="utf-8")
    with tenants.opened([copied]) as found:
        place = Place(found.all[0])
        yield place
        place.stock.close()


@contextlib.contextmanager
def serving(place: Place) -> Iterator[page_server.Served]:
    """Serve the bench's pages alone; who says who they are is let in."""
    gate = page_server.OpenGate([place.tenant])
    pages: list[Page] = list(bench_page.pages())
    with page_server.running(pages, gate, **place.context()) as served:
        yield served


# Work that a test leads


@dataclass(frozen=True)
class LedOrder:
    """Stands where an order of the desk stands: tells and asks what the test says."""

    kind: ClassVar[str] = orders.ACCEPT
    kit: str = ""
    count: int | None = None
    ports: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    batch: str = ""

    def prepared(self, _here: object) -> Any:
        return Lead.newest.work


class Lead:
    """What the test leads the work by, from its own thread."""

    newest: Lead

    def __init__(self, chip: str = signed_bench.CHIP_ID) -> None:
        Lead.newest = self
        self.chip = chip
        self.answers: list[str] = []
        self.is_over = threading.Event()
        self._started = threading.Event()

    async def work(self, occasion: Any) -> orders.Outcome:
        self._occasion = occasion
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[faults.Fault | None] = self._loop.create_future()
        self._started.set()
        fault = await self._end
        return orders.Outcome(fault is None, {}, fault)

    def tell(self, kind: str, step: str = "", **fields: Any) -> None:
        """Tell an event of the board."""
        self._started.wait(30)
        event = events.Event(kind, 0, self.chip, "/dev/ttyACM0", step, fields or None)
        self._loop.call_soon_threadsafe(self._occasion.tell, event)

    def ask(self, key: str, **fields: Any) -> None:
        """Ask something; the answer comes to `answers`."""
        self._started.wait(30)
        board = Board(self.chip, "/dev/ttyACM0", facts=None)  # type: ignore[arg-type]

        async def asked() -> None:
            try:
                self.answers.append(await self._occasion.ask(board, key, fields))
            except faults.Fault as fault:
                self.answers.append(f"! {fault.fields['reason']}")

        asyncio.run_coroutine_threadsafe(asked(), self._loop)

    def end(self, fault: faults.Fault | None = None) -> None:
        """Let the work come to its end."""
        self._loop.call_soon_threadsafe(self._end.set_result, fault)


TECHNICIAN = Who(who.TECHNICIAN, "t17")

"""Where a tray is tried: ports as files, a scripted esptool, steps of a test's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from varde_host.bench import events, faults, ledger, settings, steps, tray, work
from varde_host.bench.cable import ports
from varde_host.inventory import store, who

FAKE = (sys.executable, str(Path(__file__).with_name("fake_esptool.py")))
CHIPS = [f"aabbccddee{number:02x}" for number in range(8)]
BY = who.Who("lagertekniker", "t17")
NOW_MS = 1_800_000_000_000

Do = Callable[[work.Work], Awaitable[work.Evidence]]


@dataclass(frozen=True)
class FakeStep(steps.Step):
    do: Do | None = None

    def run(self) -> Do:
        assert self.do is not None
        return self.do


def step(name: str, do: Do, *needs: str) -> FakeStep:
    return FakeStep(name, "", needs, "", do)


async def nothing(_work: work.Work) -> work.Evidence:
    return {"done": True}


async def flash(work: work.Work) -> work.Evidence:
    await work.esptool("write-flash", "0x0", "x")
    return {"flashed": True}


class Place:
    """Ports as files, an inventory, and what was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[events.Event] = []
        self.inventory = store.open_inventory(folder / "inventory.sqlite")
        self.listeners: list[Callable[[events.Event], None]] = []

    def port(self, name: str) -> Path:
        return self.folder / f"tty-{name}"

    def plug(self, name: str, chip: str, **more: object) -> None:
        part = self.folder / "part"
        part.write_text(json.dumps({"chip": chip, **more}))
        part.rename(self.port(name))

    def unplug(self, name: str) -> None:
        self.port(name).unlink()

    def candidates(self) -> list[ports.Port]:
        return [ports.Port(str(path)) for path in sorted(self.folder.glob("tty-*"))]

    def tell(self, event: events.Event) -> None:
        self.told.append(event)
        for listen in self.listeners:
            listen(event)

    def on(self, kind: str, act: Callable[[events.Event], None]) -> None:
        """Do it the first time that this is told."""

        def listen(event: events.Event) -> None:
            if event.kind == kind:
                self.listeners.remove(listen)
                act(event)

        self.listeners.append(listen)

    def tray(self, table: list[FakeStep], expected: int, **limits: float) -> tray.Tray:
        asked = settings.Settings(
            None, BY, Path("i"), Path("f"), self.folder, b"",
            limits=settings.Limits(**{"come_back_s": 20.0, "person_s": 1.0, **limits}),
        )  # fmt: skip
        bench = work.Bench(asked, self.tell, lambda: NOW_MS, self.ask, FAKE)
        written = ledger.Ledger(self.inventory, BY, bench.utc_ms)
        return tray.Tray(bench, written, self.candidates, expected, table)

    async def ask(self, _board: work.Board, question: str, _fields: object) -> str:
        raise faults.Fault("cannot", reason=question)

    def finished(self, chip: str) -> list[str]:
        return list(ledger.Ledger(self.inventory, BY, lambda: NOW_MS).finished(chip))

    def kinds(self, chip: str) -> list[str]:
        quiet = (events.TOOL, events.PROGRESS)
        return [e.kind for e in self.told if e.board == chip and e.kind not in quiet]

    def runs(self) -> list[tuple[str, list[str], int]]:
        lines = (self.folder / "log").read_text().splitlines()
        return [tuple(json.loads(line)) for line in lines]

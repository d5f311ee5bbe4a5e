"""Where a desk is tried: a site, ports as files, a scripted esptool, steps of a test's own."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from host import signed_bench
from host.inventory_bench import Stockroom
from host.tray_place import FAKE, NOW_MS, FakeStep, Place, nothing, step
from varde_host.acceptance import accepting
from varde_host.acceptance import steps as acceptance_steps
from varde_host.bench import settings, tray, work
from varde_host.bench import steps as bench_steps
from varde_host.bench.cable import ports
from varde_host.bench_desk import cards, jobs, questions
from varde_host.bench_desk.bench_file import BenchFile
from varde_host.inventory import models, who
from varde_host.site import files

T17 = who.Who(who.TECHNICIAN, "t17")
T18 = who.Who(who.TECHNICIAN, "t18")
WAIT_S = 30.0
"""Against hanging; all of it takes a moment."""


def quick(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let nobody wait for a person, and runs of other tests be none of ours."""
    monkeypatch.setenv("FAKE_LOG", str(folder / "log"))
    monkeypatch.setattr(ports, "FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(ports, "LONGEST_WAIT_S", 0.05)
    monkeypatch.setattr(tray, "PERSON_LOOK_S", 0.02)
    monkeypatch.setattr(tray, "LOOK_S", 0.02)
    temporary = folder / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))


def _utc_ms() -> int:
    """A clock that never says the same twice, also across processes."""
    return NOW_MS + time.monotonic_ns() // 1000


async def asks(work: work.Work) -> work.Evidence:
    """A step that wants an answer."""
    return {"said": await work.ask("accept.ask.light")}


class DeskPlace(Place):
    """Ports and an inventory, and a site whose folder is the test's own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder)
        self.monkeypatch = monkeypatch
        quick(monkeypatch, folder)
        self.room = Stockroom(folder / "inventory.sqlite")
        self.site = files.load(shutil.copytree(signed_bench.site().directory, folder / "site"))
        self.here = BenchFile(image=Path("i"), ports=(str(folder / "tty-*"),))

    def close(self) -> None:
        self.room.close()
        self.inventory.close()

    def desk(self, **limits: float) -> jobs.Desk:
        """A desk at this place, begun anew."""
        waits = settings.Limits(**{"come_back_s": 20.0, "person_s": 20.0, **limits})
        return jobs.Desk(
            self.site, self.inventory, self.folder / "collector.sqlite", _utc_ms, self.here,
            limits=waits, esptool=FAKE,
        )  # fmt: skip

    def bench_steps(self, *table: FakeStep) -> None:
        """Let these be the steps of a board; the last stands for the label."""
        label = step(bench_steps.LABEL, nothing)
        self.monkeypatch.setattr(bench_steps, "TABLE", (*table, label))

    def acceptance(self, *table: FakeStep) -> None:
        """Let these be the steps of an acceptance, of the kit's own board alone."""
        named = {each.name: each for each in table}

        def own(test: accepting.Acceptance) -> tuple[bench_steps.Step, ...]:
            return tuple(
                accepting.AcceptanceStep(name, "", (), "", test.chip_id, each.do)
                for name, each in named.items()
            )

        self.monkeypatch.setattr(accepting.Acceptance, "table", own)

    def kit_with_hub(self, chip: str) -> str:
        """A kit, wiped, whose hub has this chip."""
        kit = self.room.kit()
        if "hub-s3" not in {each.model for each in self.room.see(models.listing)}:
            self.room.model("hub-s3", models.HUB)
        self.room.put(self.room.item("hub-s3", chip_id=chip, hub_id=chip + "0000"), kit)
        return kit


ACCEPTED = tuple(acceptance_steps.PREFIX + name for name in acceptance_steps.STEPS)


async def until(desk: jobs.Desk, is_it: Callable[[], object]) -> None:
    """Wait, by the desk's own version, until something is so."""
    seen = 0
    async with asyncio.timeout(WAIT_S):
        while not is_it():
            seen = await desk.changing.newer_than(seen, WAIT_S)


async def asked(desk: jobs.Desk, count: int = 1) -> list[questions.Waiting]:
    """Wait until so many questions wait."""
    await until(desk, lambda: len(desk.questions.waiting()) >= count)
    return desk.questions.waiting()


async def over(desk: jobs.Desk, job: jobs.Job) -> jobs.Job:
    """Wait until a job has ended."""
    await until(desk, lambda: desk.job(job.number).state != jobs.RUNNING)
    return desk.job(job.number)


def outcomes(desk: jobs.Desk) -> dict[str, str]:
    """Return how it stands with each board."""
    return {card.chip: card.outcome for card in desk.cards()}


__all__ = ["ACCEPTED", "T17", "T18", "DeskPlace", "asked", "asks", "cards", "outcomes", "over"]

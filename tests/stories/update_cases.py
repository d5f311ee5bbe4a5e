"""Homes with an update each, side by side on one stage; what came of each, as plain values.

A case is what somebody does to its hub once it is enrolled. All are played once, however many
tests look at them and however many processes the tests run in.
"""

from __future__ import annotations

import asyncio
import fcntl
import pickle
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stories.hostile_source import Counts, Fault
from stories.hub_flash import HubFlash
from stories.releases import Released, built
from stories.update_play import Came, UpdatePlay, house, play_all
from stories.update_stage import UpdateStage
from varde_host.collector import database
from varde_host.fleet import hub_truth
from varde_protocols import trust
from varde_protocols import update_words as words
from varde_simulator import clock
from varde_simulator.play import Outcome

ENROL_TOGETHER_S = 0.5
CONFIRMED, RETURNED, REFUSED = words.CONFIRMED, words.RETURNED, words.REFUSED
Said = tuple[int, int, int, int]
"""An event: state, what, reason, number."""


@dataclass(frozen=True)
class Case:
    """`offered` at the source under the case's own path, with its `fault`."""

    act: Callable[[Home], Awaitable[None]]
    offered: Released | None = None
    fault: Fault | None = None
    image: bytes = b""
    may_crash: bool = False
    story: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Home:
    """What an act has to work with."""

    name: str
    play: UpdatePlay
    case: Case

    @property
    def stage(self) -> UpdateStage:
        return self.play.updates

    @property
    def path(self) -> str:
        """Its own, at the source."""
        return f"/{self.name}"

    def assigned(self, number: int, released: Released | None = None, **more: Any) -> bytes:
        path = None if released is None else self.path
        base = self.play.base
        return self.stage.assigned(self.play.hub, number, released, path, base=base, **more)

    def publish(self, number: int = 2, released: Released | None = None, **more: Any) -> None:
        self.stage.publish(self.assigned(number, released, **more))

    def slip_in(self, document: bytes, number: int = 2) -> None:
        self.stage.slip_in(self.play.hub, number, document)

    async def minutes(self, count: float) -> None:
        await asyncio.sleep(count * 60)

    async def until_asked(self, requests: int) -> None:
        """Until the source has been asked so often."""
        while self.stage.source.counts(self.path).requests < requests:
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Result:
    """What came of a home."""

    outcome: Outcome
    flash: HubFlash
    truth: hub_truth.HubTruth
    counts: Counts
    down_bytes: int
    """Over the hub's wire, whoever sent them."""
    reported: tuple[tuple[int, ...], ...]
    """FACT_UPDATE of each of its reports, in their order."""
    told: tuple[tuple[str, str], ...]
    console: str

    @property
    def said(self) -> list[Said]:
        """Its events about updates, in their order."""
        return [(each.state, each.what, each.reason, each.number) for each in self.truth.events]

    def runs(self, released: Released | None = None) -> bool:
        """Whether the slot in force holds these files, all and no others; without a release
        those that the bench has installed."""
        return self.flash.in_force == (built() if released is None else released.files)

    @property
    def epoch(self) -> int:
        """Of the trust in its flash."""
        return trust.unverified(self.flash.documents["trust.cbor"]).epoch

    @property
    def starts(self) -> int:
        return self.console.count("varde: boot ")


def play_cases(
    folder: Path, cases: Mapping[str, Case], heartbeat_min: int = 15
) -> dict[str, Result]:
    """Play them all."""
    stage = UpdateStage(folder, heartbeat_min)
    stage.enrol_together_s = ENROL_TOGETHER_S

    async def run() -> dict[str, Result]:
        async with stage:
            plays = [_play(stage, name, case) for name, case in cases.items()]
            came = await play_all(plays)
            opened = database.open_database(str(stage.host.database))
            truths = hub_truth.truths(opened)
            opened.close()
            return {
                name: _result(stage, name, each, truths)
                for name, each in zip(cases, came, strict=True)
            }

    return clock.run(stage.clock, run())


def _play(stage: UpdateStage, name: str, case: Case) -> UpdatePlay:
    async def act(play: UpdatePlay) -> None:
        await case.act(Home(name, play, case))

    if case.offered is not None:
        stage.source.offer(f"/{name}", case.offered.served, case.fault)
    return UpdatePlay(
        stage, house(**case.story), act, name, image=case.image, may_crash=case.may_crash
    )


def _result(
    stage: UpdateStage, name: str, came: Came, truths: Mapping[bytes, hub_truth.HubTruth]
) -> Result:
    return Result(
        came.outcome,
        came.flash,
        truths[bytes.fromhex(came.play.hub)],
        stage.source.counts(f"/{name}"),
        came.play.down_bytes,
        stage.updates_reported(came.play.hub),
        tuple(came.play.told),
        (stage.folder / f"{name}.log").read_text(encoding="utf-8"),
    )


def once(
    factory: pytest.TempPathFactory, name: str, play: Callable[[Path], dict[str, Result]]
) -> dict[str, Result]:
    """What `play(folder)` gives, played by the first of the processes of this run that asks."""
    base = factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen-") else base
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = shared / f"{name}.pickle"
        if not kept.exists():
            found = play(factory.mktemp(name) / "stage")
            kept.write_bytes(pickle.dumps(found))
        return pickle.loads(kept.read_bytes())

"""A hub in the storm: the firmware's own cores and tasks, and the truth about what it journaled.

Journal (on simulated NOR flash), recorder, keeper, exchange round, uplink and its task are the
firmware's. A power cut ends all of them at any operation of the flash; what comes after is a new
boot on what the flash then holds.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import contextvars
import hashlib
import random
import time
from typing import Any

from chaos.hub_client import HubClient
from firmware.nor_flash import TORN, NorFlash, PowerCut
from varde_firmware.core import uplink
from varde_firmware.core.backoff import Backoff, Jitter
from varde_firmware.core.journal import Journal, JournalFull
from varde_firmware.core.recorder import Recorder
from varde_firmware.shell import exchange_round
from varde_firmware.shell.identity import Identity
from varde_firmware.shell.keeper import Keeper
from varde_firmware.shell.uplink_task import UplinkTask

# A hub's half hour, over which its kind spreads after an outage, in nine seconds.
SPEED = 200
# Some 400 readings: a hub that is cut off for long has to stop and wait, as a cuff then does.
FEWEST_SECTORS, MOST_SECTORS = 24, 40
MEAN_BURST = 12  # readings that a sensor delivers at a time
WHOLE = 1 << 30
CUT_CHANCE, SECOND_CUT_CHANCE = 0.05, 0.3  # of a burst; of a boot after a cut
LINK_CHANCE = 0.04  # of a burst, that the link goes
LINK_SECONDS = (0.05, 3.0)  # as long; from 0.3 on a hub holds itself for one of many
HEARTBEAT_S = 900
SLOT, CHARACTERISTIC, SERVICE = 1, 0x2A5E, 0x1822
ADDRESS = bytes(7)

if not hasattr(asyncio, "sleep_ms"):  # MicroPython's, which a refused record comes by

    async def _sleep_ms(ms: int) -> None:
        await asyncio.sleep(ms / 1000)

    asyncio.sleep_ms = _sleep_ms  # type: ignore[attr-defined]


class Truth:
    """What this hub wrote and gave back, whatever anybody else says.

    offered: appends that were begun. durable: number and bytes of what stands in the journal, or
    stood there. released: what the journal was told to let go of. problems: promises that the
    hub itself broke.
    """

    def __init__(self) -> None:
        self.offered = 0
        self.durable: dict[int, bytes] = {}
        self.flying: tuple[int, bytes] | None = None  # the append that the power was cut in
        self.released: set[int] = set()
        self.problems: list[str] = []

    def check_mounted(self, journal: Journal) -> None:
        """After a boot all that was durable and not released is still there, as it was."""
        found = dict(journal.batch(WHOLE, WHOLE))
        for seq, data in found.items():
            if (seq, data) == self.flying:
                self.durable[seq] = data
            if self.durable.get(seq) != data:
                self.problems.append(f"journal: {seq} is not what was written")
        lost = self.durable.keys() - self.released - found.keys()
        self.problems += [f"journal: {seq} is gone" for seq in sorted(lost)]
        self.flying = None


class WatchedJournal(Journal):
    """Tells the truth what is done to it."""

    def __init__(self, flash: NorFlash, truth: Truth) -> None:
        super().__init__(flash)
        self._truth = truth

    def append(self, seq: int, data: Any, *rest: Any) -> None:
        truth = self._truth
        truth.offered += 1
        if seq in truth.durable:
            truth.problems.append(f"journal: number {seq} is used twice")
        truth.flying = (seq, bytes(data))
        super().append(seq, data, *rest)
        truth.durable[seq] = bytes(data)
        truth.flying = None

    def acknowledge(self, ranges: Any) -> int:
        self._truth.released.update(n for low, high in ranges for n in range(low, high + 1))
        return super().acknowledge(ranges)


class _Alone:
    """The port `Exclusive`: there is no radio handler here."""

    def run(self, function: Any, *args: Any) -> Any:
        return function(*args)


class _Clock:
    def __init__(self) -> None:
        self._began = time.monotonic()

    def now_ms(self) -> int:
        return int((time.monotonic() - self._began) * 1000 * SPEED)


class _Inbox:
    def __init__(self) -> None:
        self._event = asyncio.Event()

    def wake(self) -> None:
        self._event.set()

    async def wait(self, wait_ms: int | None) -> None:
        limit = None if wait_ms is None else wait_ms / 1000 / SPEED
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._event.wait()
        self._event.clear()


class _Links:
    """`number` of the link in use, 0: none. All are the same WiFi."""

    def __init__(self) -> None:
        self.number = 1
        self.way = 0
        self.on_change = lambda: None

    def acknowledged(self, _number: int) -> None: ...

    def failed(self, _number: int) -> None: ...

    def turned_away(self, _number: int, _is_enrolled: bool) -> None: ...

    def heartbeat_s(self, heartbeat_s: int) -> int:
        return heartbeat_s

    def set(self, number: int) -> None:
        self.number = number
        self.on_change()


class _HubTime:
    """Anchors by the collector's time, seldom."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._seen = 0

    async def measure(self) -> None: ...

    def tell(self, _event: Any) -> None: ...

    def note_signed(self, measured: Any) -> None:
        self._seen += 1
        if self._seen % 16 == 1:
            anchor = collections.namedtuple("A", "uptime_ms utc_ms source uncertainty_ms")
            self._keeper.anchor(anchor(measured.uptime_ms, 1_800_000_000_000, 2, 50))


class ChaosHub:
    """One hub, with its flash and its luck. `exchanges` counts how its rounds ended."""

    def __init__(self, number: int, seed: int, target: int) -> None:
        self.number = number
        self.target = target
        self.seed = hashlib.sha256(b"chaos %d %d" % (seed, number)).digest()
        self.luck = random.Random(f"{seed} hub {number}")
        sectors = self.luck.randint(FEWEST_SECTORS, MOST_SECTORS)
        self.flash = NorFlash(sectors, seed + number)
        self.truth = Truth()
        self.public = Identity(self.seed, 0).signing_key.public
        self.hub_id = Identity(self.seed, 0).hub_id
        self.boots = self.cuts = self.no_room = self.links_lost = 0
        self.exchanges: collections.Counter[str] = collections.Counter()
        self.is_calm = False  # the storm is over: no more cuts and no link goes
        self._journal: Journal | None = None
        self._links = _Links()

    @property
    def has_measured(self) -> bool:
        return len(self.truth.durable) >= self.target

    @property
    def is_drained(self) -> bool:
        return self.has_measured and self._journal is not None and not self._journal.pending_count

    async def live(self, site: Any, client: HubClient, seconds: float) -> None:
        """Boot, measure and deliver until cancelled; `seconds` for all the measuring."""
        self._client = client
        while True:
            try:
                async with asyncio.TaskGroup() as tasks:
                    task, recorder, keeper = self._boot(site)
                    tasks.create_task(self._run(task))
                    tasks.create_task(self._measure(recorder, keeper, seconds))
            except* PowerCut:
                self.cuts += 1
            client.close()
            self.flash.restore()
            await asyncio.sleep(self.luck.uniform(0, 0.5))

    def _boot(self, site: Any) -> tuple[UplinkTask, Recorder, Keeper]:
        self.boots += 1
        who, clock = Identity(self.seed, self.boots), _Clock()
        journal = WatchedJournal(self.flash, self.truth)
        report = journal.mount()
        self.truth.check_mounted(journal)
        if self.cuts and not self.is_calm and self.luck.random() < SECOND_CUT_CHANCE:
            self._cut_soon()
        recorder = Recorder(journal, who.signing_key, who.hub_id, who.boot)
        recorder.start(clock.now_ms(), 1, report.torn, report.unsettled_seq)
        with contextlib.suppress(JournalFull):
            recorder.session(clock.now_ms(), self.luck.randbytes(32), site.receiver_public)
        keeper = Keeper(_Alone(), recorder)
        exchanger = exchange_round.Exchanger(
            who, site.collector_public, 1, journal, self._client, _Alone(), keeper,
            self.luck.randbytes, clock,
        )  # fmt: skip
        jitter = Jitter(self.luck.getrandbits(32))
        backoff = Backoff(uplink.BACKOFF_FIRST_MS, uplink.BACKOFF_MOST_MS, jitter)
        decisions, inbox = uplink.Uplink(HEARTBEAT_S, backoff), _Inbox()
        keeper.on_record = inbox.wake
        task = UplinkTask(
            exchanger, self._links, _HubTime(keeper), keeper, None, decisions, inbox, clock
        )
        self._clock, self._journal = clock, journal
        inbox.wake()
        return task, recorder, keeper

    async def _run(self, task: UplinkTask) -> None:
        task.on_healthy = self._note_good
        here.set(self)
        await task.run()

    def _note_good(self) -> None:
        self.exchanges["good"] += 1

    async def _measure(self, recorder: Recorder, keeper: Keeper, seconds: float) -> None:
        pause = seconds * MEAN_BURST / self.target
        while not self.has_measured:
            await asyncio.sleep(self.luck.expovariate(1 / pause) if pause else 0)
            if not self.is_calm and self.luck.random() < CUT_CHANCE:
                self._cut_soon()
            if not self.is_calm and self.luck.random() < LINK_CHANCE:
                await self.lose_link(self.luck.uniform(*LINK_SECONDS))
            self._burst(recorder)
            keeper.readings = getattr(keeper, "readings", 0) + 1
            keeper.note_change()
        while True:  # a cut that is still to come comes in an exchange
            await asyncio.sleep(60)

    def _burst(self, recorder: Recorder) -> None:
        left = self.target - len(self.truth.durable)
        for _ in range(min(left, self.luck.randint(1, 2 * MEAN_BURST - 1))):
            value = self.luck.randbytes(self.luck.choice((5, 5, 9, 20)))
            reading = (SLOT, CHARACTERISTIC, value, SERVICE, ADDRESS)
            try:
                if self.luck.random() < 0.05:
                    recorder.clock(self._clock.now_ms(), SLOT, 0x2A2B, bytes(10), 0)
                else:
                    recorder.reading(self._clock.now_ms(), *reading)
            except JournalFull:
                self.no_room += 1
                return

    def _cut_soon(self) -> None:
        torn = self.luck.choice(TORN)
        self.flash.cut(self.luck.randrange(30), torn, self.luck.getrandbits(32))

    def _is_off(self) -> bool:
        return self.flash.cut_at is not None and self.flash.operations > self.flash.cut_at

    async def lose_link(self, seconds: float) -> None:
        """No way out for a while, and the open connection is gone."""
        self.links_lost += 1
        self._client.is_cut_off = True
        self._client.close()
        self._links.set(0)
        try:
            await asyncio.sleep(seconds)
        finally:  # also if the power goes meanwhile
            self._client.is_cut_off = False
            self._links.set(self.links_lost + 1)

    def calm_down(self) -> None:
        """No more cuts, and the link stays."""
        self.is_calm = True
        if not self._is_off():
            self.flash.restore()


here: contextvars.ContextVar[ChaosHub] = contextvars.ContextVar("here")


def _complaint(*words: Any) -> None:
    """Take the place of `print` in the exchange round: count how a round failed."""
    what, kind = words[1], words[2]
    here.get().exchanges[what if what.startswith("status") else f"{what}: {kind}"] += 1


exchange_round.print = _complaint  # type: ignore[attr-defined]

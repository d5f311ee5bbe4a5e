"""The storage test: known readings through the whole chain, with one network and one power cut.

    1  the hub is asked for test readings (`run_talk`); it journals half of them, takes its link
       down, and journals the rest
    2  power is cut before the link is back, for which there are ten seconds: by the reset line
       where the port has one, else by a person who pulls the cable when asked to
    3  it starts, and delivers; the collector is looked at until all are there, or time is up
    4  the hub is opened, and its journal is read over the cable: what there was, byte for byte
    5  `stored` compares the two

Where the cable comes back under another name the tray finds the board (`seeker`), and the test
goes on where it was: `board.memory` has the run. A reset line takes power from the processor, not
from the flash chip; the pulled cable takes it from both.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from varde_host.acceptance import at_collector, run_talk, stored
from varde_host.acceptance.at_collector import Arrived, Heard
from varde_host.bench import events, faults
from varde_host.bench.cable import journal_tail, ports, prompt
from varde_host.bench.work import LOADER, PROMPT, RUN, RUNNING, Evidence, Work
from varde_host.site import keys
from varde_protocols import cose, records, service_request
from varde_protocols.errors import WireError

NETWORK: Final = "network"
"""The cut that the hub makes by itself."""
LOOK_S: Final = 1.0
HAND_S: Final = 60.0
"""For somebody who was told to keep a hand on the cable; by then nothing waits any more."""
CUTS_MS: Final = 90_000
"""What the two cuts may cost a reading: 20 s without a link, a start, and joining the network."""
_MEMORY: Final = "accept-run"


@dataclass(frozen=True)
class StorageTest:
    """Of one hub, whose key this is; `database` is the collector's."""

    database: str | Path
    hub_id: bytes
    public: bytes

    async def run(self, work: Work) -> Evidence:
        """Do it, and return the facts of the record.

        Raises Fault `lag-01` to `lag-06`, `pull-power` if nobody does, and as `run_talk.run`,
        `prompt.reach`.
        """
        run = await self._with_cut(work)
        heard = await self._all_there(work, run)
        waiting = waiting_at_cut(heard, run)
        await prompt.reach(work, self.hub_id.hex())
        held = await self._held(work, run)
        await work.reset()
        work.board.memory.pop(_MEMORY, None)
        heard = await asyncio.to_thread(self._heard)
        made_ms = {each.record.seq: heard.when(each.record).utc_ms for each in heard.tests}
        allowed_ms = stored.IN_TIME_MS + CUTS_MS + self._power_off_ms(heard, run)
        came = [each for each in heard.tests if each.record.seq >= run.first]
        found = stored.compare(held, came, made_ms, allowed_ms=allowed_ms)
        found.refuse()
        if not restarted(heard, run):
            raise faults.Fault("lag-06")
        if waiting == 0:
            raise faults.Fault("lag-04")
        return {
            **found.as_json(),
            "run": run.run.hex(),
            "first": run.first,
            "last": run.last,
            "half": stored.COUNT // 2,
            "testing_ms": run.testing_ms,
            "cuts": [NETWORK, run.cut],
            **moments(came, made_ms, run),
            "waiting_at_cut": waiting,
            "journal_sha256": journal_sha256(held),
        }

    # The hub

    async def _with_cut(self, work: Work) -> run_talk.Run:
        """Return the run when it is made and power was cut; what was done before stands."""
        run: run_talk.Run | None = work.board.memory.get(_MEMORY)
        by_lines = ports.has_lines(work.board.port)
        if run is None:
            if not by_lines:
                work.tell(events.PERSON, code="pull-ready")
            await is_running(work)
            run = await run_talk.run(
                work.board.port, self._sign(work), work.bench.utc_ms,
                None if by_lines else hand(work),
            )  # fmt: skip
            work.board.memory[_MEMORY] = run
            if run.cut == run_talk.PULLED:
                raise faults.Fault("port-gone")  # wherever it comes back, the tray finds it
        work.board.mode = RUNNING
        return run

    def _sign(self, work: Work) -> Any:
        signer = work.settings.site.signer(keys.SERVICE)
        return run_talk.signing(signer, self.hub_id.hex(), service_request.COMMAND_TEST_CUT)

    async def _held(self, work: Work, run: run_talk.Run) -> dict[int, bytes]:
        """Return the run's readings as they stand in the journal; the hub is at its prompt."""
        journal = await journal_tail.read(work, [records.READING])
        inside = {n: raw for n, raw in journal.items() if run.first <= n <= run.last}
        return {number: raw for number, raw in inside.items() if is_test_reading(raw)}

    # The collector

    def _heard(self) -> Heard:
        return at_collector.heard(self.database, self.hub_id, self.public)

    async def _all_there(self, work: Work, run: run_talk.Run) -> Heard:
        """Look until all are there, or time is up: what is missing then is the verdict's."""
        end_s = time.monotonic() + work.settings.limits.exchange_s
        looks = 0
        while True:
            heard = await asyncio.to_thread(self._heard)
            there = [e for e in heard.tests if run.first <= e.record.seq <= run.last]
            work.progress(100 * len(there) / stored.COUNT)
            if len(there) >= stored.COUNT or time.monotonic() > end_s:
                return heard
            looks += 1
            is_there = looks % 3 or await asyncio.to_thread(ports.is_there, work.board.port)
            if not is_there:
                raise faults.Fault("port-gone")
            await asyncio.sleep(LOOK_S)

    def _power_off_ms(self, heard: Heard, run: run_talk.Run) -> int:
        """Return for how long a pulled cable kept the hub without power, at the most."""
        if run.cut != run_talk.PULLED:
            return 0
        after = [e.received_ms for e in heard.arrived if e.received_ms > run.cut_ms]
        return max(0, min(after, default=run.cut_ms) - run.cut_ms)


def moments(
    came: Sequence[Arrived], made_ms: Mapping[int, int | None], run: run_talk.Run
) -> dict[str, Any]:
    """Return when each reading was made and stored, and when the cuts began (Unix ms).

    The link went down when half of them were made.
    """
    times = [
        [number, made_ms[each.record.seq], each.received_ms]
        for number, each in enumerate(came, 1)
        if made_ms.get(each.record.seq) is not None
    ]
    halves = [row[1] for row in times if row[0] == stored.COUNT // 2]
    cuts = [[at_ms, NETWORK] for at_ms in halves] + [[run.cut_ms, run.cut]]
    return {"times": times, "cut_times": cuts}


def waiting_at_cut(heard: Heard, run: run_talk.Run) -> int:
    """Return how many of the run's readings the collector did not have when power went."""
    before = [
        e for e in heard.tests
        if run.first <= e.record.seq <= run.last and e.received_ms < run.cut_ms
    ]  # fmt: skip
    return stored.COUNT - len(before)


def restarted(heard: Heard, run: run_talk.Run) -> bool:
    """Tell if the hub has started anew behind the run: a battery may have kept it going."""
    boots = {each.record.boot for each in heard.tests if run.first <= each.record.seq <= run.last}
    return bool(boots) and (heard.boot or 0) > max(boots)


def beginning(heard: Heard, first: int) -> records.Event:
    """Return the event by which the hub began the run whose first reading has this number.

    Raises Fault `tid-01` if it is not there: nothing then says when it was.
    """
    found = [
        event for event in heard.of(records.Event)
        if event.code == records.EVENT_TEST and event.seq < first
    ]  # fmt: skip
    if not found:
        raise faults.Fault("tid-01", off_s="?")
    return found[-1]


def undisturbed_ms(heard: Heard, storage: Evidence) -> list[int | None]:
    """Return how long each reading took that was made before the link was taken down."""
    inside = [e for e in heard.tests if storage["first"] <= e.record.seq <= storage["last"]]
    return [took_ms(heard, each) for each in inside[: storage["half"]]]


def took_ms(heard: Heard, each: Arrived) -> int | None:
    """Return the time from journaled to stored, None if the hub did not know the time."""
    made_ms = heard.when(each.record).utc_ms
    return None if made_ms is None else max(0, each.received_ms - made_ms)


def is_test_reading(raw: bytes) -> bool:
    """Tell if a record of a journal is a test reading; nothing is verified here."""
    try:
        return at_collector.is_test(records.decode(cose.Sign1.parse(raw).unverified_payload))
    except WireError:
        return False


def journal_sha256(held: dict[int, bytes]) -> str:
    """Return the hash of the run's records as the journal held them, one after the other."""
    return hashlib.sha256(b"".join(held[number] for number in sorted(held))).hexdigest()


async def is_running(work: Work) -> None:
    """Let the hub start that its loader or a prompt of ours keeps."""
    if work.board.mode == LOADER:
        await work.esptool("read-mac", after=RUN)
    elif work.board.mode == PROMPT:
        await work.reset()


def hand(work: Work) -> run_talk.Hand:
    """Return who asks for the cable to be pulled, from another thread than the bench's own."""
    loop = asyncio.get_running_loop()

    def ask() -> None:
        loop.call_soon_threadsafe(lambda: work.tell(events.PERSON, code="pull-power"))

    return run_talk.Hand(ask, HAND_S)

"""Hubs as a rollout sees them: pure models that say what hubs say, each with a fault of its own.

A model speaks by the records that a hub would sign, so what reads hubs reads models. It knows
what it really runs and how it really is (`truth`), and what of that it has told (`told`): a view
can know no more. Faults are those that a rollout has to live with; a model never lies but by a
fault (its program is mistaken), as reports are signed.

Time is virtual. A hub's life is a generator that yields the milliseconds until its next step.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Final

from varde_host.fleet import standing
from varde_protocols import records, update_words

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MINUTES: Final = 24 * 60

# Faults, by the words that `--fault` takes.
NONE: Final = "none"
CRASH: Final = "crash"  # the new code does not start: back after three starts
SELF_TEST: Final = "self-test"  # it starts and finds itself unfit
CANNOT_SEND: Final = "cannot-send"  # no exchange is acknowledged: back, again, back for good
BAD_CONFIG: Final = "bad-config"  # the config that comes with it finds no way home
SILENT: Final = "silent"  # dies in its trial, or was unplugged: nothing is heard any more
DIES_LATER: Final = "dies-later"  # confirms, and nothing is heard hours later
FALLS_BACK: Final = "falls-back"  # confirms, crashes hours later, goes back
REFUSES: Final = "refuses"  # is of another kind than the release
LOW_BATTERY: Final = "low-battery"  # waits, and says so, for ever
NO_SOURCE: Final = "no-source"  # cannot reach who has the blocks
SLOW: Final = "slow"  # a link of 20 bytes a second
OFFLINE: Final = "offline"  # is not reached for a day and a half, and is well after that
LOSES_READING: Final = "loses-reading"  # confirms, and gives up a reading
MISTAKEN: Final = "mistaken"  # says "confirmed" and runs what it ran before
FAULTS: Final = (
    NONE, CRASH, SELF_TEST, CANNOT_SEND, BAD_CONFIG, SILENT, DIES_LATER, FALLS_BACK, REFUSES,
    LOW_BATTERY, NO_SOURCE, SLOW, OFFLINE, LOSES_READING, MISTAKEN,
)  # fmt: skip

# As real hubs have them (docs/update.md).
TRIAL_MS: Final = 10 * MINUTE_MS
SECOND_TRY_MS: Final = HOUR_MS
START_MS: Final = 30_000
OFFLINE_MS: Final = 36 * HOUR_MS
LATER_MS: Final = 5 * HOUR_MS
SLOW_BYTES_S: Final = 20
BLOCK_BYTES: Final = 4096

Heard = tuple[int, records.Event | records.Report | records.Gap]
"""A record, and when it arrived."""

_SPOT_CHECK: Final = 0x2A5E
_NOTHING = (0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Offer:
    """An assignment as a model needs it: its number, and the release that it names."""

    number: int
    release: int
    size_bytes: int
    window: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """How a hub is: a state of `standing`, why, and the release that is in force."""

    state: str
    reason: int
    runs: int


class ModelHub:
    """One hub. `heard` are its records with the time at which they arrived."""

    def __init__(
        self, hub_id: bytes, fault: str, seed: int, runs: int = 6,
        link_bytes_s: int = 4000, heartbeat_ms: int = HOUR_MS,
    ) -> None:  # fmt: skip
        self.hub_id, self.fault = hub_id, fault
        self.heard: list[Heard] = []
        self.truth = self.told = Truth(standing.WAITING, 0, runs)
        self.now_ms = 0
        self._random = random.Random(f"{seed} {hub_id.hex()}")  # noqa: S311 to be replayed
        self._link_bytes_s = SLOW_BYTES_S if fault == SLOW else link_bytes_s
        self._heartbeat_ms = heartbeat_ms
        self._unsent: list[records.Event | records.Gap] = []
        self._offer: Offer | None = None
        self._number, self._seq = 1, 100
        self._update = _NOTHING
        self._is_dead = False
        self._deaf_until_ms = 0
        self.life = self._live()

    def publish(self, offer: Offer, now_ms: int) -> None:
        """Let the hub find this at its next exchange."""
        self._offer = offer
        if self.fault == OFFLINE:
            self._deaf_until_ms = now_ms + OFFLINE_MS

    def withdraw(self) -> None:
        """Take back what the hub has not asked for yet."""
        if self._offer is not None and self._offer.number > self._number:
            self._offer = None

    def _live(self) -> Generator[int, None, None]:
        yield self._random.randrange(self._heartbeat_ms)
        while True:
            self._exchange()
            offer = self._offer
            if offer is not None and offer.number > self._number and self._hears():
                yield from self._take(offer)
            yield self._heartbeat_ms

    def _take(self, offer: Offer) -> Generator[int, None, None]:
        before, self._number = self._number, offer.number
        yield from self._pass(START_MS)
        if self.fault == BAD_CONFIG:
            self._number = before
            yield from self._try(update_words.CONFIG, offer.number)
            self._return(update_words.CONFIG, offer.number, update_words.NO_EXCHANGE)
            yield from self._pass(SECOND_TRY_MS)
            yield from self._try(update_words.CONFIG, offer.number)
            self._return(update_words.CONFIG, offer.number, update_words.NO_EXCHANGE)
            self._offer = None
            return
        self._say(records.EVENT_UPDATE_CONFIRMED, update_words.CONFIG, 0, offer.number)
        if self.fault == REFUSES:
            self._say(
                records.EVENT_UPDATE_REFUSED, update_words.APPLICATION,
                update_words.WRONG_TARGET, offer.release,
            )  # fmt: skip
            self._become(standing.REFUSED, update_words.WRONG_TARGET, update_words.REFUSED, offer)
            return
        yield from self._fetch(offer)
        yield from self._run(offer)

    def _fetch(self, offer: Offer) -> Generator[int, None, None]:
        stuck = {LOW_BATTERY: update_words.LOW_BATTERY, NO_SOURCE: update_words.UNREACHABLE}
        while self.fault in stuck:
            self._become(standing.WAITING, stuck[self.fault], update_words.WAITING, offer)
            yield from self._pass(self._heartbeat_ms)
        blocks = -(-offer.size_bytes // BLOCK_BYTES)
        for held in range(blocks):
            while not self._is_open(offer.window):
                why = update_words.OUTSIDE_WINDOW
                self._become(standing.WAITING, why, update_words.WAITING, offer, held, blocks)
                yield from self._pass(10 * MINUTE_MS)
            self._become(standing.FETCHING, 0, update_words.FETCHING, offer, held, blocks)
            yield from self._pass(BLOCK_BYTES * 1000 // self._link_bytes_s)
        self._become(standing.STAGED, 0, update_words.STAGED, offer, blocks, blocks)
        yield from self._pass(START_MS)

    def _run(self, offer: Offer) -> Generator[int, None, None]:
        reasons = {
            CRASH: update_words.NO_START, SELF_TEST: update_words.SELF_TEST,
            CANNOT_SEND: update_words.NO_EXCHANGE,
        }  # fmt: skip
        self._become(standing.TRIAL, 0, update_words.TRIAL, offer)
        if self.fault == SILENT:
            self._is_dead = True
        elif self.fault in reasons:
            reason = reasons[self.fault]
            tries = 2 if self.fault == CANNOT_SEND else 1
            for attempt in range(tries):
                yield from self._try(update_words.APPLICATION, offer.release)
                self._return(update_words.APPLICATION, offer.release, reason)
                if attempt + 1 < tries:
                    yield from self._pass(SECOND_TRY_MS)
        else:
            yield START_MS
            self._exchange()  # acknowledged: this is what confirms
            yield from self._confirm(offer)

    def _confirm(self, offer: Offer) -> Generator[int, None, None]:
        application = update_words.APPLICATION
        self._say(records.EVENT_UPDATE_CONFIRMED, application, 0, offer.release)
        before = self.truth.runs
        if self.fault == MISTAKEN:
            self._update = _NOTHING
            self.truth = Truth(standing.FELL_BACK, 0, before)
            return
        self._become(standing.CONFIRMED, 0, update_words.CONFIRMED, offer, runs=offer.release)
        if self.fault in (DIES_LATER, FALLS_BACK, LOSES_READING):
            yield from self._pass(LATER_MS)
        if self.fault == DIES_LATER:
            self._is_dead = True
        elif self.fault == FALLS_BACK:
            self._update = (
                2,
                offer.release,
                update_words.RETURNED,
                update_words.NO_START,
                0,
                0,
                1,
            )
            self._say(
                records.EVENT_UPDATE_RETURNED, application, update_words.NO_START, offer.release
            )
            self.truth = Truth(standing.FELL_BACK, update_words.NO_START, before)
        elif self.fault == LOSES_READING:
            number = self._take_seq()
            lost = [[number, number]], [[1, _SPOT_CHECK]]
            self._unsent.append(records.Gap(self._take_seq(), 1, 1, *lost, 1))

    def _try(self, what: int, number: int) -> Generator[int, None, None]:
        """A trial in which nothing gets through."""
        self._update = (what, number, update_words.TRIAL, 0, 0, 0, 1)
        self.truth = Truth(standing.TRIAL, 0, self.truth.runs)
        yield TRIAL_MS + START_MS

    def _return(self, what: int, number: int, reason: int) -> None:
        self._update = (what, number, update_words.RETURNED, reason, 0, 0, 1)
        self.truth = Truth(standing.RETURNED, reason, self.truth.runs)
        self._say(records.EVENT_UPDATE_RETURNED, what, reason, number)
        self._exchange()

    def _become(
        self, state: str, reason: int, word: int, offer: Offer,
        held: int = 0, blocks: int = 0, runs: int | None = None,
    ) -> None:  # fmt: skip
        application = update_words.APPLICATION
        self._update = (application, offer.release, word, reason, held, blocks, 1)
        self.truth = Truth(state, reason, self.truth.runs if runs is None else runs)

    def _pass(self, duration_ms: int) -> Generator[int, None, None]:
        """Let time pass; the heartbeat goes on."""
        left_ms = duration_ms
        while left_ms > 0:
            step_ms = min(left_ms, self._heartbeat_ms)
            yield step_ms
            left_ms -= step_ms
            if left_ms or duration_ms >= self._heartbeat_ms:
                self._exchange()

    def _say(self, code: int, what: int, reason: int, number: int) -> None:
        detail = update_words.detail(what, reason, number)
        self._unsent.append(records.Event(self._take_seq(), 1, 1, code, detail))

    def _exchange(self) -> None:
        if self._is_dead or not self._hears():
            return
        runs = self._offer.release if self._is_on_trial() and self._offer else self.truth.runs
        facts = {
            records.FACT_CONFIG_NUMBER: self._number,
            records.FACT_RELEASE: runs,
            records.FACT_UPDATE: list(self._update),
        }
        report = records.Report(self._take_seq(), 1, 1, facts)
        self.heard += [(self.now_ms, record) for record in [*self._unsent, report]]
        self._unsent.clear()
        self.told = self.truth

    def _is_on_trial(self) -> bool:
        code = self._update[0] == update_words.APPLICATION
        return code and self._update[2] == update_words.TRIAL

    def _hears(self) -> bool:
        return self.now_ms >= self._deaf_until_ms

    def _is_open(self, window: tuple[int, int] | None) -> bool:
        if window is None:
            return True
        minute = self.now_ms // MINUTE_MS % DAY_MINUTES
        start, end = window
        return start <= minute < end if start < end else minute >= start or minute < end

    def _take_seq(self) -> int:
        self._seq += 1
        return self._seq


class ModelFleet:
    """All of them, in one virtual time."""

    def __init__(self, hubs: Iterable[ModelHub], start_ms: int) -> None:
        self.hubs = {hub.hub_id: hub for hub in hubs}
        self.now_ms = start_ms
        self._wakes = []
        for hub_id, hub in self.hubs.items():
            hub.now_ms = start_ms
            self._wakes.append((start_ms + next(hub.life), hub_id))
        heapq.heapify(self._wakes)

    def run_until(self, end_ms: int) -> None:
        """Let everything happen that happens until then."""
        while self._wakes and self._wakes[0][0] <= end_ms:
            at_ms, hub_id = heapq.heappop(self._wakes)
            hub = self.hubs[hub_id]
            hub.now_ms = at_ms
            heapq.heappush(self._wakes, (at_ms + next(hub.life), hub_id))
        self.now_ms = end_ms

"""What became of one expected measurement, and why, as far as the records that are here can say.

Pure: a window, the hub's life, the collector's outages, pauses and a moment go in. No reading is
opened; what stands in clear beside it, when it came, and what the hub tells of itself is enough.

    WAITING   too early to say anything
    MET       measured in its window, and here before anybody would have asked
    LATE      measured in its window, and here only after that: `code` says what held it
    MISSED    not here: `code` says why, as well as it can be known

The order in which causes are tried is the order in which they suffice:

1. a pause: nobody expected anything;
2. a reading of that window is here: MET or LATE;
3. everything of the window is here (`Life.settled_ms`), and no reading: this is *final*. Was
   something lost, may a value without a good time be the one, was the hub off in the hour in which
   it was asked for, is the sensor lost or its battery empty; else nobody measured;
4. not everything is here: *provisional*, as the hub may still bring it. Is the collector down, are
   only some numbers missing, was the battery low at its last word; else it is silent, and whether
   that is power or network nobody knows.

A network that is down makes no miss that lasts: the hub keeps what is measured. So `no-network` is
said of what came late, and a value that never was is `not-measured`, network or not. A pause is
final as long as nobody takes it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from varde_host.missed import (
    causes,
    expected,
    matching,
    outages,
    power,
    running,
    settled,
)
from varde_host.missed.evidence import Evidence
from varde_host.missed.expected import Expected, Pause
from varde_host.missed.life import Life, Seen
from varde_host.missed.outages import Outage
from varde_protocols import records

WAITING: Final = "waiting"
MET: Final = "met"
LATE: Final = "late"
MISSED: Final = "missed"
OUTCOMES: Final = (WAITING, MET, LATE, MISSED)

HELD_MS: Final = 90 * 60_000
"""What came so long after its hindrance was over was held by something else as well."""


class Known(NamedTuple):
    """What is known beside the hub's own records."""

    now_ms: int
    outages: Sequence[Outage] = ()
    pauses: Sequence[Pause] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """`told_ms` is when it is told at the soonest. `code` is None if nothing is missing."""

    expected: Expected
    outcome: str
    told_ms: int
    code: str | None = None
    is_final: bool = True
    evidence: tuple[Evidence, ...] = field(default=())
    reading: Seen | None = None

    @property
    def cause(self) -> str | None:
        """One of the six of R13, None for none of them."""
        return None if self.code is None else causes.of(self.code).cause


def judge(each: Expected, life: Life, known: Known) -> Judged:
    """Return what became of a window, by what had come until `known.now_ms`."""
    if known.now_ms < each.until_ms:
        return Judged(each, WAITING, each.until_ms + life.allowed_ms)
    pause = expected.paused(each, known.pauses)
    if pause is not None:
        said = Evidence.of("pause", from_ms=pause.from_ms, until_ms=pause.until_ms)
        return Judged(each, MISSED, each.until_ms, causes.PAUSE, evidence=(said,))
    return _unpaused(each, life, known, each.until_ms + life.allowed_ms)


def _unpaused(each: Expected, life: Life, known: Known, told_ms: int) -> Judged:
    reading = next((one for one in life.readings if matching.is_of(one, each)), None)
    if reading is not None and (reading.is_paper or reading.received_ms <= told_ms):
        return Judged(each, MET, told_ms, reading=reading)
    if reading is not None:
        return _late(each, life, known, reading, told_ms)
    if life.settled_ms is not None and life.settled_ms >= each.until_ms:
        return _final(each, life)
    if known.now_ms < told_ms:
        return Judged(each, WAITING, told_ms)
    return _provisional(each, life, known, told_ms)


# 2. It is here, and came late ------------------------------------------------------------------


def _late(each: Expected, life: Life, known: Known, seen: Seen, told_ms: int) -> Judged:
    """Say what held it when it would have been asked after: of several what ended last."""
    arrived = Evidence.of("arrived", made_ms=matching.middle(seen), received_ms=seen.received_ms)
    held = _held(life, known, told_ms, seen.received_ms)
    there = [one for one in held if one.from_ms <= told_ms < one.until_ms]
    code = causes.NO_NETWORK
    if there and seen.received_ms - max(one.until_ms for one in held) <= HELD_MS:
        code = max(there, key=lambda one: one.until_ms).code
    evidence = (arrived, *(one.said for one in held), *_of_links(life, seen))
    return Judged(each, LATE, told_ms, code, evidence=evidence, reading=seen)


class _Hindrance(NamedTuple):
    """What held a reading that was there, from when to when."""

    from_ms: int
    until_ms: int
    code: str
    said: Evidence


def _held(life: Life, known: Known, from_ms: int, until_ms: int) -> list[_Hindrance]:
    """Return what is known to have been in the way in a span, but the hub's own network."""
    found = [
        _Hindrance(
            one.begin_ms,
            until_ms if one.end_ms is None else one.back_ms,
            causes.RECEIVER,
            _of_outage(one),
        )
        for one in known.outages
        if one.sort != outages.ALONE
    ]
    found += [
        _Hindrance(off.since_ms, off.ended_ms, power.why_off(life, off)[0], power.of_off(off))
        for off in running.offs(life)
    ]
    return [one for one in found if one.from_ms <= until_ms and one.until_ms > from_ms]


def _of_links(life: Life, seen: Seen) -> Iterable[Evidence]:
    """Say what the hub tells of its way to the collector while it held the reading."""
    made_ms = seen.made.earliest_ms or 0
    failed = sum(
        word.facts.number(records.FACT_FAILED_EXCHANGES) or 0
        for word in life.words
        if word.seq > seen.seq and (word.made.earliest_ms or 0) <= seen.received_ms
    )
    if failed:
        yield Evidence.of("failed-exchanges", count=failed)
    troubles = [
        one for one in life.events
        if one.code in (records.EVENT_WIFI_FAILED, records.EVENT_MODEM_FAILED)
        and (one.made.latest_ms or 0) >= made_ms and one.received_ms <= seen.received_ms
    ]  # fmt: skip
    if troubles:
        yield Evidence.of("link-trouble", count=len(troubles), first_ms=troubles[0].made.latest_ms)


# 3. Everything is here -------------------------------------------------------------------------


def _final(each: Expected, life: Life) -> Judged:
    told_ms = each.until_ms
    for code, evidence in settled.reasons(each, life):
        return Judged(each, MISSED, told_ms, code, evidence=(*evidence, *_beside(each, life)))
    ran = running.share(life, each.due_ms, each.until_ms)
    said = Evidence.of("ran", minutes=ran.on_ms // 60_000)
    evidence = (said, *_beside(each, life))
    return Judged(each, MISSED, told_ms, causes.NOT_MEASURED, evidence=evidence)


def _beside(each: Expected, life: Life) -> Iterable[Evidence]:
    """Say what else of it may matter to whoever asks: a value after the window."""
    for seen in life.readings:
        earliest_ms = seen.when.earliest_ms
        if matching.fits(seen, each) and earliest_ms is not None and earliest_ms > each.until_ms:
            yield Evidence.of("later-reading", made_ms=matching.middle(seen))
            return


# 4. Not everything is here ---------------------------------------------------------------------


def _provisional(each: Expected, life: Life, known: Known, told_ms: int) -> Judged:
    code, evidence = _for_now(each, life, known)
    is_final = life.is_revoked  # it delivers nothing any more
    return Judged(each, MISSED, told_ms, code, is_final, evidence)


def _for_now(each: Expected, life: Life, known: Known) -> tuple[str, tuple[Evidence, ...]]:
    heard = Evidence.of("heard", at_ms=life.heard_ms)
    newest_ms = life.last_made.earliest_ms
    if newest_ms is not None and newest_ms >= each.until_ms:
        return causes.ON_ITS_WAY, (heard,)
    down = [one for one in known.outages if _holds(one, life, known.now_ms)]
    if down and down[-1].sort != outages.ALONE:
        return causes.RECEIVER, (_of_outage(down[-1]), heard)
    few = tuple(Evidence.of("few-hubs", count=one.alive) for one in down[-1:])
    low = None if life.heard_ms is None else power.was_low(life, life.heard_ms)
    if low is not None:
        return causes.HUB_BATTERY, (low, heard, *few)
    return causes.SILENT, (heard, *few)


def _holds(outage: Outage, life: Life, now_ms: int) -> bool:
    """Tell if a hub was well when an outage began, and may be silent because of it."""
    if life.heard_ms is None or not outage.covers(now_ms):
        return False
    return outage.begin_ms - life.pause_ms <= life.heard_ms <= outage.begin_ms


def _of_outage(one: Outage) -> Evidence:
    return Evidence.of(
        "outage", from_ms=one.begin_ms, until_ms=one.end_ms, hubs=one.alive,
        witnesses=one.witnesses,
    )  # fmt: skip

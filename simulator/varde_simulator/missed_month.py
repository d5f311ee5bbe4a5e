"""A month of homes where measurements do not come, and why: records as hubs write them, and truth.

No firmware runs here: a month of forty homes in seconds. A home keeps to what docs/firmware.md
says of a hub that matters for misses: a heartbeat of 15 min, a report before the first exchange
of a start and then once an hour when something is delivered, the complaint of a WiFi that is gone
or leads nowhere once an hour, slots of 30 min after an outage, an anchor when the collector first
tells the time and every six hours, a crystal that is a little wrong. Whole hubs on the real
interpreter are in the stories; this is for counting.

What goes wrong are `Trouble`s of a home, or of the collector (which all homes share). All follows
from the seed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from varde_protocols import cose, records, sealing
from varde_protocols.crypto import ed25519

S, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
OSLO: Final = zoneinfo.ZoneInfo("Europe/Oslo")

CUFF, SCALE = 1, 2  # slots
CHARACTERISTIC: Final = {CUFF: 0x2A35, SCALE: 0x2A9D}
TYPE: Final = {CUFF: "blood-pressure", SCALE: "weight"}
PLAN: Final = ((8 * 60, CUFF), (8 * 60, SCALE), (20 * 60, CUFF))
"""Minute of the day on the wall, and the slot that is asked for, every day."""

NOT_MEASURED: Final = "not-measured"
NO_POWER: Final = "no-power"
NO_NETWORK: Final = "no-network"
HUB_BATTERY: Final = "hub-battery"
SENSOR_BATTERY: Final = "sensor-battery"
SENSOR_LOST: Final = "sensor-lost"
RECEIVER: Final = "receiver"
PAUSE: Final = "pause"

HEARTBEAT: Final = 15 * MINUTE
SLOT: Final = 30 * MINUTE
ANCHOR_EVERY: Final = 6 * HOUR
FULL_MV, EMPTY_MV = 4_150, 3_300
LASTS: Final = 9 * HOUR
"""How long a hub runs on its battery."""
REACHED: Final = 2 * S
ASKED_AFTER: Final = 101 * MINUTE
"""When somebody asks after a hub that is not heard (`fleet_view.silence` of the host)."""
WARNS: Final = 36 * HOUR
"""So long before its end a sensor's battery is low."""
SEALED: Final = bytes(40)


class Trouble(NamedTuple):
    """Something is wrong, from when to when; of a slot where it is a sensor's."""

    what: str
    from_ms: int
    until_ms: int
    slot: int = 0

    def holds(self, at_ms: int) -> bool:
        return self.from_ms <= at_ms < self.until_ms


class Sent(NamedTuple):
    """A record, and when the collector had it (None: not yet)."""

    record: Any
    received_ms: int | None


class Window(NamedTuple):
    """What was asked for. `made_ms` is when a value was kept by the hub, None if none was."""

    slot: int
    due_ms: int
    made_ms: int | None
    received_ms: int | None
    why: frozenset[str]


@dataclass
class Home:
    """One hub and who lives with it; `sent` is all that it ever wrote, in order."""

    number: int
    begin_ms: int
    end_ms: int
    troubles: Sequence[Trouble]
    has_battery: bool = False
    sent: list[Sent] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"home {self.number}")  # noqa: S311  replayable
        self.key = ed25519.SigningKey(hashlib.sha256(b"home %d" % self.number).digest())
        self.hub_id = sealing.key_id(self.key.public)
        self._asked = list(_asked(self.begin_ms, self.end_ms))
        self._measured = {each: self._hand_ms(*each) for each in self._asked}
        self._run = _Run(self)
        self._run.all()
        self.windows = [self._window(*each) for each in self._asked]

    def sign(self, record: Any) -> bytes:
        """Return it as the journal has it."""
        return cose.sign1(self.key, self.hub_id, record.payload())

    def has(self, what: str, at_ms: int, slot: int = 0) -> Trouble | None:
        """Return the trouble of that sort at a moment."""
        found = (t for t in self.troubles if t.what == what and t.slot in (0, slot))
        return next((t for t in found if t.holds(at_ms)), None)

    def measuring(self) -> list[tuple[int, int]]:
        """Return (when, slot) of whatever somebody measured, in order."""
        hands = [(at_ms, each[1]) for each, at_ms in self._measured.items() if at_ms is not None]
        return sorted(hands)

    def _hand_ms(self, due_ms: int, slot: int) -> int | None:
        if self.has(NOT_MEASURED, due_ms, slot) or self.has(PAUSE, due_ms):
            return None
        return due_ms + self.chance.randint(-50 * MINUTE, 50 * MINUTE)

    def _window(self, due_ms: int, slot: int) -> Window:
        hand_ms = self._measured[due_ms, slot]
        at_ms = due_ms if hand_ms is None else hand_ms
        made = None if hand_ms is None else self._run.kept.get((hand_ms, slot))
        received_ms = None if made is None else self.sent[made].received_ms
        made_ms = None if made is None else hand_ms
        told_ms = due_ms + HOUR + ASKED_AFTER
        if made is not None and received_ms is not None and received_ms <= told_ms:
            return Window(slot, due_ms, made_ms, received_ms, frozenset())
        why = {
            t.what
            for t in self.troubles
            if t.what in (PAUSE, NOT_MEASURED, SENSOR_BATTERY, SENSOR_LOST)
            and made is None
            and t.holds(due_ms if t.what in (PAUSE, NOT_MEASURED) else at_ms)
            and t.slot in (0, slot)
        }
        begin_ms, end_ms = (due_ms, told_ms) if made is None else (at_ms, received_ms or told_ms)
        why |= {
            t.what
            for t in self.troubles
            if t.what in (NO_NETWORK, RECEIVER) and t.from_ms <= end_ms and t.until_ms >= begin_ms
        }
        for moment_ms in (at_ms, told_ms) if made is not None else (at_ms,):
            if not self._run.is_on(moment_ms):
                why.add(HUB_BATTERY if self._run.died(moment_ms) else NO_POWER)
        return Window(slot, due_ms, made_ms, received_ms, frozenset(why))


def _asked(begin_ms: int, end_ms: int) -> Iterator[tuple[int, int]]:
    day = dt.datetime.fromtimestamp(begin_ms / 1000, OSLO).date() + dt.timedelta(days=1)
    while True:
        for minute, slot in PLAN:
            wall = dt.datetime.combine(day, dt.time(minute // 60, minute % 60), OSLO)
            due_ms = int(wall.timestamp() * 1000)
            if due_ms + HOUR > end_ms:
                return
            yield due_ms, slot
        day += dt.timedelta(days=1)


class _Run:
    """The hub's life. `kept` says which record a measurement became."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._chance = random.Random(f"run {home.number}")  # noqa: S311  replayable
        self._ppm = self._chance.randint(-40, 40)
        self.kept: dict[tuple[int, int], int] = {}
        self._powered = list(self._power())
        self._seq = 0
        self._boot = 0
        self._waiting: list[int] = []

    def _power(self) -> Iterator[tuple[int, int, bool]]:
        """Yield (from, until, it died of its battery)."""
        home, begin = self._home, self._home.begin_ms
        cuts = sorted(t for t in home.troubles if t.what in (NO_POWER, HUB_BATTERY))
        for cut in sorted(cuts, key=lambda t: t.from_ms):
            dies = cut.what == HUB_BATTERY
            off_ms = cut.from_ms + LASTS if dies else cut.from_ms
            if off_ms >= cut.until_ms or off_ms <= begin:
                continue
            yield begin, off_ms, dies
            begin = cut.until_ms
        if begin < home.end_ms:
            yield begin, home.end_ms, False

    def is_on(self, at_ms: int) -> bool:
        return any(begin <= at_ms < end for begin, end, _died in self._powered)

    def died(self, at_ms: int) -> bool:
        before = [died for _begin, end, died in self._powered if end <= at_ms]
        return bool(before) and before[-1]

    def all(self) -> None:
        for begin, end, _died in self._powered:
            self._start(begin)
            self._live(end)

    # --- what it writes ---------------------------------------------------------------------

    def _uptime(self, at_ms: int) -> int:
        return (at_ms - self._began_ms) * 1_000_000 // (1_000_000 + self._ppm)

    def _write(self, kind: Any, at_ms: int, *body: Any) -> int:
        self._seq += 1
        record = kind(self._seq, self._boot, self._uptime(at_ms), *body)
        self._home.sent.append(Sent(record, None))
        self._waiting.append(len(self._home.sent) - 1)
        return self._waiting[-1]

    def _start(self, at_ms: int) -> None:
        self._boot += 1
        self._began_ms = at_ms
        self._anchored_ms = self._complained_ms = -DAY
        self._report_from_ms = self._began_ms
        self._failed = 0
        self._is_failing = False
        self._heard: dict[int, int] = {}
        self._next_ms = at_ms + 20 * S
        self._write(records.Session, at_ms + 5 * S, bytes(32), bytes(8))
        self._write(records.Event, at_ms + 6 * S, records.EVENT_BOOT, 1)

    def _live(self, end_ms: int) -> None:
        hands = [each for each in self._home.measuring() if self._began_ms <= each[0] < end_ms]
        while True:
            hand_ms = hands[0][0] if hands else end_ms
            if min(hand_ms, self._next_ms) >= end_ms:
                return
            if hand_ms <= self._next_ms:
                self._measure(*hands.pop(0))
            else:
                self._try(self._next_ms)

    def _measure(self, at_ms: int, slot: int) -> None:
        home = self._home
        if home.has(SENSOR_BATTERY, at_ms, slot):
            return
        if home.has(SENSOR_LOST, at_ms, slot):
            self._write(records.Event, at_ms, records.EVENT_BOND_LOST, slot)
        else:
            self._heard[slot] = at_ms
            body = (slot, CHARACTERISTIC[slot], 1, SEALED, b"")
            self.kept[at_ms, slot] = self._write(records.Reading, at_ms, *body)
        if not self._is_failing:
            self._next_ms = min(self._next_ms, at_ms + 3 * S)

    def _try(self, at_ms: int) -> None:
        """An exchange, if there is a link."""
        has_link = not self._home.has(NO_NETWORK, at_ms)
        if has_link and not self._home.has(RECEIVER, at_ms):
            self._report_if_due(at_ms)
            self._deliver(at_ms + REACHED)
            return
        if has_link:
            self._failed += 1
            if at_ms >= self._report_from_ms:
                self._report(at_ms, DAY)
        fault = records.WIFI_LEADS_NOWHERE if has_link else records.WIFI_NOT_FOUND
        if at_ms - self._complained_ms >= HOUR:
            self._complained_ms = at_ms
            self._write(records.Event, at_ms, records.EVENT_WIFI_FAILED, fault)
        first = not self._is_failing
        self._is_failing = True
        self._next_ms = at_ms + (MINUTE if first else self._chance.randint(SLOT // 2, SLOT))

    def _deliver(self, at_ms: int) -> None:
        if at_ms - self._anchored_ms >= ANCHOR_EVERY:
            self._anchored_ms = at_ms
            self._write(records.Anchor, at_ms, at_ms + 40, records.SOURCE_EXCHANGE, 900)
        for place in self._waiting:
            sent = self._home.sent[place]
            self._home.sent[place] = Sent(sent.record, at_ms + 150)
        self._waiting.clear()
        self._is_failing = False
        self._next_ms = at_ms + HEARTBEAT

    def _report_if_due(self, at_ms: int) -> None:
        if at_ms >= self._report_from_ms or self._is_failing:
            self._report(at_ms, HOUR)

    def _report(self, at_ms: int, again_ms: int) -> None:
        self._report_from_ms = at_ms + again_ms
        home = self._home
        facts: dict[int, Any] = {
            records.FACT_APPLICATION: "1.0.0",
            records.FACT_PENDING: len(self._waiting),
            records.FACT_NEXT_SEQ: self._seq + 1,
            records.FACT_LINK: records.LINK_WIFI,
            records.FACT_FAILED_EXCHANGES: self._failed,
            records.FACT_SENSORS: [self._sensor(slot, at_ms) for slot in sorted(TYPE)],
        }
        if self._waiting:
            facts[records.FACT_FIRST_SEQ] = home.sent[self._waiting[0]].record.seq
        if home.has_battery:
            facts[records.FACT_BATTERY_MV] = self._battery_mv(at_ms)
        self._failed = 0
        self._write(records.Report, at_ms, facts)

    def _sensor(self, slot: int, at_ms: int) -> list[Any]:
        heard_ms = self._heard.get(slot)
        age_s = None if heard_ms is None else (at_ms - heard_ms) // S
        is_low = any(
            t.what == SENSOR_BATTERY and t.slot == slot and t.from_ms - WARNS <= at_ms < t.until_ms
            for t in self._home.troubles
        )
        return [slot, age_s, 8 if is_low else 80, -60]

    def _battery_mv(self, at_ms: int) -> int:
        unplugged = self._home.has(HUB_BATTERY, at_ms)
        if unplugged is None:
            return FULL_MV
        # A lithium cell: flat for long, and then no more.
        part = min(1.0, (at_ms - unplugged.from_ms) / LASTS)
        return round(FULL_MV - 350 * part if part < 0.75 else 3_880 - (part - 0.75) * 2_320)

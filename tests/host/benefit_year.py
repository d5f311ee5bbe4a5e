"""A municipality's year with planted truth: nine kits, their loans, readings, faults and bench.

All of it follows from small numbers (no dice), and what is planted is written down on the way by
Python's own time zones: `Year.truth` has it by what, group and month.
"""

from __future__ import annotations

import base64
import collections
import datetime as dt
import functools
import random
import zoneinfo
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from host import signed_bench, site_hands
from host.virtual_hub import VirtualHub
from varde_host.collector import database, registry
from varde_host.collector import schema as collected
from varde_host.inventory import door, items, progress, schema, states, store
from varde_host.inventory import kit_id as ids
from varde_host.inventory.who import Who
from varde_host.site import files
from varde_protocols import hub_config, records, test_readings

OSLO = zoneinfo.ZoneInfo("Europe/Oslo")
BY = Who("lagertekniker", "t17")
K2 = Who("kalibreringsansvarlig", "k2")
KITS = 9
S, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
CUFF, SCALE, OXIMETER = 0x2A35, 0x2A9D, 0x2A5E
SEALED = bytes(40)
DAILY, MON_THU = 127, 0b1001
SENSORS = {1: CUFF, 2: SCALE, 3: OXIMETER}
OF = {CUFF: "blood-pressure", SCALE: "weight", OXIMETER: "oxygen"}


def ms(when: dt.datetime) -> int:
    return int(when.timestamp() * 1000)


def at(day: dt.date, hour: int = 0, minute: int = 0) -> int:
    """A moment on Norway's wall, Unix ms."""
    return ms(dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=OSLO))


def month(utc_ms: int) -> str:
    return dt.datetime.fromtimestamp(utc_ms / 1000, OSLO).strftime("%Y-%m")


NOW = at(dt.date(2026, 2, 10), 12)
NEW_YEAR = at(dt.date(2026, 1, 1))


@dataclass
class Year:
    """`truth`: what was planted, by (what, group, month)."""

    site: files.Site
    inventory: sa.Connection
    collector: sa.Connection
    truth: collections.Counter[tuple[str, str, str]] = field(default_factory=collections.Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    hubs: dict[int, VirtualHub] = field(default_factory=dict)
    numbers: dict[bytes, int] = field(default_factory=dict)
    _ids: int = 0

    def plant(self, what: str, when: int, group: str = "", by: int = 1) -> None:
        if when < NEW_YEAR:
            self.truth[what, group, month(when)] += by

    def change(self, when: int, table: sa.Table, *key: object, **values: object) -> int:
        """Insert a row, or with a key update one, as the inventory does; return its number."""
        subject = str(key[0] if key else values.get("item_id", "year"))
        with door.Change(self.inventory, BY, when, "test", subject) as change:
            if key:
                change.update(table, *key, **values)
            else:
                change.insert(table, **values)
        return change.number

    # --- what a hub sends ---------------------------------------------------------------------

    def send(self, hub: VirtualHub, record: Any, received_ms: int) -> None:
        self.rows.append(
            {
                "hub": self.numbers[hub.hub_id], "seq": record.seq, "boot": record.boot,
                "kind": record.KIND, "uptime_ms": record.uptime_ms, "received_ms": received_ms,
                "record": hub.sign(record),
            }
        )  # fmt: skip

    def reading(self, hub: VirtualHub, slot: int, characteristic: int, received_ms: int) -> None:
        made = records.Reading(
            hub.take_seq(), hub.boot, hub.uptime_ms, slot, characteristic, 1, SEALED, b""
        )
        self.send(hub, made, received_ms)


def make(site: files.Site, inventory: store.Inventory, opened: database.Database) -> Year:
    """Plant the year in both databases; each is written in one transaction."""
    with inventory.writing() as kept, opened.writing() as collector:
        year = _planted(Year(site, kept, collector))
        collector.execute(sa.insert(collected.records), year.rows)
    return year


def _planted(year: Year) -> Year:
    for model, kind in (("hub-s3", "hub"), ("cuff-a", "sensor")):
        year.change(NOW, schema.models, model=model, kind=kind, name=model, maker="x")
    for kit in range(KITS):
        _kit(year, kit)
    _faults(year)
    _forge(year)
    return year


@functools.cache
def id_of(what: str, kit: int) -> str:
    """An id as labels have it."""
    return ids.new(random.Random(f"{what} {kit}").randrange)


def kit_id(kit: int) -> str:
    return id_of("kit", kit)


def _new_hub(year: Year, kit: int, number: int, when: int) -> VirtualHub:
    hub = VirtualHub(number)
    registry.enrol(year.collector, hub.public, when)
    found = registry.find(year.collector, hub.hub_id)
    assert found is not None
    year.numbers[hub.hub_id] = found.number
    year.hubs[kit] = hub
    return hub


def _kit(year: Year, kit: int) -> None:
    """A kit's whole year: loan, return, bench, ready, and out again."""
    begin = dt.date(2025, 1, 2) + dt.timedelta(days=3 * kit)
    name, hub_item, cuff = kit_id(kit), id_of("hub", kit), id_of("cuff", kit)
    hub = _new_hub(year, kit, 100 + kit, at(begin) - 5 * DAY)
    born = at(begin) - 5 * DAY
    year.change(
        born, schema.kits, kit_id=name, profile="standard", state=states.READY, since_ms=born,
        is_infectious=False,
    )  # fmt: skip
    for item, model, facts in (
        (hub_item, "hub-s3", {"hub_id": hub.hub_id.hex(), "chip_id": f"7cdfa10000{kit:02}"}),
        (cuff, "cuff-a", {"serial": f"S{kit}"}),
    ):
        year.change(
            born, schema.items, item_id=item, kind="hub" if item == hub_item else "sensor",
            model=model, kit_id=name, standing="good", **facts,
        )  # fmt: skip
    _ready(year, kit, at(begin, 9) - DAY, None)
    day, turn = begin, 0
    while day < dt.date(2026, 1, 20):
        length = 33 + 8 * ((kit + turn) % 4)
        end = day + dt.timedelta(days=length)
        _loan(year, kit, turn, at(day, 10), at(end, 14))
        ready = at(end, 14) + (1 + (kit + turn) % 5) * DAY + kit * HOUR
        if ready >= NOW:
            break
        _checked(year, cuff, at(end, 15), is_good=(kit + 2 * turn) % 6 != 0)
        _ready(year, kit, ready, at(end, 14))
        turn += 1
        if kit == 0 and turn == 2:  # wiped: a new key, and so a new id
            fresh = _new_hub(year, kit, 200, ready)
            year.change(ready, schema.items, hub_item, hub_id=fresh.hub_id.hex())
        day = dt.datetime.fromtimestamp(ready / 1000, OSLO).date() + dt.timedelta(days=1)


def _move(year: Year, kit: int, after: str, when: int) -> None:
    number = year.change(when, schema.places, place=f"P{when}{kit}{after}", name="x")
    row = {"kit_id": kit_id(kit), "before": None, "after": after, "at_ms": when}
    row |= {"function": BY.function, "person": BY.person, "evidence": "{}", "number": number}
    year.inventory.execute(sa.insert(schema.moves).values(row))


def _ready(year: Year, kit: int, when: int, returned: int | None) -> None:
    hands, machine = (4 + kit) * MINUTE + 500, 21 * MINUTE + kit * S
    took = {"hands_ms": hands, "machine_ms": machine, "tries": 1}
    chip = f"7cdfa10000{kit:02}"
    progress.finish(year.inventory, chip, "settings", {"took": took}, BY, when - HOUR)
    year.plant("hands-ms", when - HOUR, by=hands)
    _move(year, kit, states.READY, when)
    year.plant("made-ready", when)
    if returned is not None:
        year.plant("turned-round", when)


def _checked(year: Year, cuff: str, when: int, *, is_good: bool) -> None:
    thing = items.Item(**dict.fromkeys(_FIELDS) | {"item_id": cuff, "kind": "sensor",
                       "model": "and-ua651", "serial": "S", "standing": "good"})  # fmt: skip
    what = signed_bench.seen(thing, signed_bench.today(when))
    signed = signed_bench.verification(what if is_good else signed_bench.failing(what), when, K2)
    row = {
        "sha256": signed.sha256, "kind": signed.kind, "number": signed.content["number"],
        "subject": cuff, "kit_id": None, "began_ms": when, "at_ms": when,
        "outcome": signed.outcome, "level": signed.level, "valid_until": signed.valid_until,
        "document": base64.b64encode(signed.document).decode(),
    }  # fmt: skip
    year.inventory.execute(sa.insert(schema.bench_records).values(row))
    year.plant("found", when, "cuff")
    if is_good:
        year.plant("found-good", when, "cuff")


_FIELDS = tuple(items.Item.__dataclass_fields__)


def _loan(year: Year, kit: int, turn: int, begin: int, end: int) -> None:
    hub, name = year.hubs[kit], f"{kit:08}{turn:08}"
    returned = end if end < NOW else None
    year.change(
        begin, schema.loans, loan_id=name, kit_id=kit_id(kit), handed_out_ms=begin,
        returned_ms=returned,
    )  # fmt: skip
    for item in (id_of("hub", kit), id_of("cuff", kit)):
        year.change(
            begin, schema.loan_items, loan_id=name, item_id=item, from_ms=begin, until_ms=returned
        )
    year.plant("loans", begin)
    if returned is not None:
        _move(year, kit, states.RETURNED, end)
    is_planned = kit < 7
    if is_planned:
        # of an older one the collector keeps no content: nobody knows what it planned
        _assign(year, hub, turn + 1, begin - HOUR, is_kept=(kit, turn) != (6, 0))
    knows = is_planned and (kit, turn) != (6, 0)
    _at_home(year, kit, turn, begin, min(end, NOW), knows=knows)


def _assign(year: Year, hub: VirtualHub, number: int, when: int, *, is_kept: bool) -> None:
    sensors = [
        hub_config.Sensor(slot, None, f"s{slot}", service, [kind], "", 0, None, None, b"")
        for slot, service, kind in ((1, 0x1810, CUFF), (2, 0x181D, SCALE))
    ]
    reminders = [[8 * 60, DAILY, 1], [8 * 60 + 10, MON_THU, 2]]
    config = site_hands.config(sensors=sensors, reminders=reminders)
    data = site_hands.assigned(year.site, hub.hub_id, number, config=config)
    row = {
        "hub": year.numbers[hub.hub_id], "number": number, "published_ms": when,
        "document": data if is_kept else b"", "digest": bytes(32), "withdrawn_ms": None,
    }  # fmt: skip
    year.collector.execute(sa.insert(collected.assignments).values(row))


def _at_home(year: Year, kit: int, turn: int, begin: int, end: int, *, knows: bool) -> None:
    """What a hub sends in a loan, a start at its beginning and one after a cut of the power."""
    hub = year.hubs[kit]
    started = begin + MINUTE
    hub.boot += 1
    uncertainty = 300_000 if (kit, turn) == (5, 1) else 40
    has_anchors = (kit, turn) != (4, 0)
    day, number = dt.datetime.fromtimestamp(begin / 1000, OSLO).date(), 0
    while at(day) < end:
        number += 1
        moment = at(day, 8, 5)
        if number == 15 and kit % 3 == 0:  # ten hours without power
            hub.boot += 1
            started = at(day, 4)
        if number > 1 and moment + HOUR < end:
            hub.uptime_ms = moment - started - MINUTE
            if has_anchors and number % 2 == 0:
                made = records.Anchor(
                    hub.take_seq(), hub.boot, hub.uptime_ms, moment - MINUTE, 1, uncertainty
                )
                year.send(hub, made, moment)
            _measure(year, kit, day, moment, started)
            if knows:
                _due(year, kit, day, is_dated=has_anchors and uncertainty < MINUTE)
        if number in (3, 15):
            hub.uptime_ms += MINUTE
            year.reading(hub, test_readings.SLOT, CUFF, moment + 3 * MINUTE)
        if moment + 14 * HOUR < end and moment > started:
            hub.uptime_ms = moment + 8 * HOUR - started
            if number != 14 or kit % 3:  # at 16:05 all is well; at 22:05 it is dark
                hub.uptime_ms = moment + 14 * HOUR - started
            made = records.Report(hub.take_seq(), hub.boot, hub.uptime_ms, {records.FACT_BONDS: 1})
            year.send(hub, made, started + hub.uptime_ms + 5 * S)
        day += dt.timedelta(days=1)


def _measures(kit: int, day: dt.date) -> list[int]:
    """What is measured on a day, in the order of its slots."""
    found = [] if (kit + day.toordinal()) % 13 == 0 else [1]
    if day.weekday() in (0, 3) and (kit + day.day) % 11:
        found.append(2)
    return [*found, 3] if kit < 3 else found


def _measure(year: Year, kit: int, day: dt.date, moment: int, started: int) -> None:
    hub = year.hubs[kit]
    for slot in _measures(kit, day):
        made = moment + slot * MINUTE
        hub.uptime_ms = made - started
        late = 15 * S + (kit * 7919 + day.toordinal() * 104729 + slot * 31) % 300_000
        late += 6 * HOUR if day.day == 9 and kit == 7 else 0
        year.reading(hub, slot, SENSORS[slot], made + late)
        year.plant("received", made, OF[SENSORS[slot]])


def _due(year: Year, kit: int, day: dt.date, *, is_dated: bool) -> None:
    for slot, minute in ((1, 0), (2, 10)):
        if slot == 1 or day.weekday() in (0, 3):
            year.plant("planned", at(day, 8, minute), OF[SENSORS[slot]])
            if slot not in _measures(kit, day) or not is_dated:
                year.plant("missed", at(day, 8, minute), OF[SENSORS[slot]])


def _faults(year: Year) -> None:
    """Some deviations a month, fewer in some, most of them closed."""
    for number in range(12):
        for each in range((7, 3, 9, 6, 5, 8, 2, 6, 7, 5, 6, 0)[number]):
            when = at(dt.date(2025, number + 1, 2 + 3 * each), 11)
            closed = when + (2 + each) * DAY + each * HOUR if each % 4 else None
            note = year._ids = year._ids + 1
            year.change(
                when, schema.notes, note_id=note, subject=kit_id(each), code="BT-01",
                function=BY.function, text="x", opened_ms=when, closed_ms=closed,
                outcome=None if closed is None else "x",
            )  # fmt: skip
            year.plant("faults", when)
            if closed is not None:
                year.plant("repaired", closed)


def _forge(year: Year) -> None:
    """A reading that no hub has signed, among the others."""
    last = year.rows[-1]
    raw = bytes(last["record"])
    year.rows.append(last | {"seq": last["seq"] + 1, "kind": 1, "record": raw[:-1] + b"\0"})

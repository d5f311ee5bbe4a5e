"""A warehouse's kits and loans in a real inventory, and bad sensors planted among them.

Kits go out and come back through the inventory's own gates: cleaned, wiped, each sensor verified
by its procedure and signed, the kit accepted, packed, handed out. Some cuffs get a blow while they
are out. A ledger beside writes down by hand which sensor was in which loan; what `tracing` says of
each one that is found bad is compared with it, loan by loan and moment by moment.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from host import signed_bench
from host.inventory_bench import BACK, DAY_MS, K2, RECORD, T17, Stockroom
from stories import warehouse_sensors as sensors
from varde_host.inventory import items, loans, models, records, states, tracing, words

BLOW = 8.0  # mmHg, far beyond any limit: what is found is sure
SPARES = 4
SHELF, FAULTY = "SHELF1", "SHELF9"
SWAPPED = 0.15
"""How often a sensor goes to the shelf on its way, and another one is taken."""
COUNTS = (
    "loans", "verifications", "by_function", "exchanged", "planted", "found", "traced", "exact",
    "missed", "too_many", "false_alarms",
)  # fmt: skip
MODEL_OF = {sensors.CUFF: "and-ua651", sensors.SCALE: "and-uc352"}


@dataclass
class Sensor:
    """One in the stock: its truth, and the loans that it was in, by hand."""

    item: str
    truth: sensors.Sensor
    loans: list[tuple[str, int, int | None]]
    good_ms: int = 0
    blows: int = 0


class Loans:
    """`play` all kits through their loans; then `report`."""

    def __init__(self, folder: Path, kits: int, rounds: int, blows: float, seed: int) -> None:
        self.room = Stockroom(str(folder / "inventory.sqlite"))
        self.chance = random.Random(f"{seed} loans")
        self.rounds, self.blows = rounds, blows
        self.start_ms = self.room.now_ms
        self.references = {
            name: sensors.Reference(sensors.KINDS[name]) for name in MODEL_OF
        }  # fmt: skip
        self.stock: dict[str, list[Sensor]] = defaultdict(list)
        self.where: dict[str, dict[str, Sensor]] = {}
        self.counts = dict.fromkeys(COUNTS, 0)
        self._set_up(kits)

    def close(self) -> None:
        self.room.close()

    def _set_up(self, kits: int) -> None:
        room = self.room
        for name in MODEL_OF.values():
            room.model(name, models.SENSOR)
        room.model("hub-s3", models.HUB)
        room.place(SHELF)
        room.place(FAULTY)
        for number in range(kits + SPARES):
            for name, model in MODEL_OF.items():
                item = room.item(model, serial=f"{name[0].upper()}{number:04}")
                truth = sensors.drawn(sensors.KINDS[name], item, self.chance, 0.0)
                truth.errors = {key: error / 4 for key, error in truth.errors.items()}  # good ones
                truth.leak = 1.0
                self.stock[name].append(Sensor(item, truth, []))
        for number in range(kits):
            kit = room.kit()
            room.put(room.item("hub-s3", serial=f"HUB{number:04}"), kit)
            self.where[kit] = {}
            for name in MODEL_OF:
                self._fill(kit, name)

    def _fill(self, kit: str, name: str) -> None:
        """Take a sensor from the shelf."""
        found = self.stock[name].pop(0)
        self.room.put(found.item, kit)
        self.where[kit][name] = found

    def play(self) -> None:
        """All loans, and a last verification of all there is."""
        for number in range(self.rounds):
            for kit in self.where:
                self._goes_out(kit, by_function=number % 2 == 1)
            for kit in sorted(self.where, key=lambda _kit: self.chance.random()):
                self._at_home(kit)
                self._comes_back(kit)
        for kit in self.where:
            self._goes_out(kit)
        for shelf in self.stock.values():
            for each in shelf:
                self._verify(each)

    def _goes_out(self, kit: str, *, by_function: bool = False) -> None:
        """`by_function`: the manometer is at the laboratory, and the cuffs are only compared with
        a simulator, which does not see what they got."""
        room = self.room
        room.move(kit, states.CLEANED, {"cleaning": {"product": "Oxivir", "batch": "L1"}}, T17)
        room.move(kit, states.WIPED, {"wipe": {"record": RECORD}}, T17)
        for name in list(self.where[kit]):
            if self.chance.random() < SWAPPED:
                self._take_out(kit, name, SHELF)
            if by_function and name == sensors.CUFF and self.where[kit][name].good_ms:
                self._compare_only(self.where[kit][name])
                continue
            while not self._verify(self.where[kit][name]):
                self._take_out(kit, name, FAULTY)
        room.move(kit, states.CHECKED, {"check": {"record": room.accept(kit)}}, K2)
        room.move(kit, states.READY, {"packing": {"label": kit}}, T17)
        room.move(kit, states.HANDED_OUT, {"handout": {"instructed": True}}, T17)
        loan = room.see(loans.current, kit)
        assert loan is not None
        self.counts["loans"] += 1
        for each in self.where[kit].values():
            each.loans.append((loan.loan_id, loan.handed_out_ms, None))

    def _at_home(self, kit: str) -> None:
        """Days pass; now and then somebody drops the cuff's monitor, and now and then a technician
        comes with another one."""
        cuff = self.where[kit][sensors.CUFF]
        if self.chance.random() < self.blows and not cuff.blows:
            cuff.truth.steps.append((self._day(), BLOW * self.chance.choice((-1, 1))))
            cuff.blows += 1
            self.counts["planted"] += 1
        self.room.now_ms += round(self.chance.uniform(0.2, 1.5) * DAY_MS)
        if self.chance.random() < SWAPPED:
            self._exchange(kit, sensors.CUFF)

    def _exchange(self, kit: str, name: str) -> None:
        """At somebody's home: a verified one in, the other out; each has a part of the loan."""
        while not self.stock[name] or not self._verify(self.stock[name][0]):
            del self.stock[name][:1]
            self._buy(name)
        old, loan = self.where[kit][name], self.where[kit][name].loans[-1][0]
        at_ms = self.room.now_ms
        self.room.take(old.item, SHELF)
        old.loans[-1] = (*old.loans[-1][:2], at_ms)
        at_ms = self.room.now_ms
        self._fill(kit, name)
        self.where[kit][name].loans.append((loan, at_ms, None))
        self.counts["exchanged"] += 1
        if self._verify(old):  # what came back alone goes nowhere without
            self.stock[name].append(old)

    def _comes_back(self, kit: str) -> None:
        at_ms = self.room.now_ms
        self.room.move(kit, states.RETURNED, BACK, T17)
        for each in self.where[kit].values():
            loan, from_ms, _ = each.loans[-1]
            each.loans[-1] = (loan, from_ms, at_ms)

    def _verify(self, sensor: Sensor) -> bool:
        """As found; sign it, put it in. Good: it stays."""
        room = self.room
        room.now_ms += 1000
        today = words.day(room.now_ms)
        dates = {"today": today, "calibrated": _days_from(today, -100),
                 "due": _days_from(today, 265), "first_use": _days_from(today, -200)}  # fmt: skip
        reference = self.references[sensor.truth.kind.procedure]
        seen = sensors.measured_of(sensor.truth, reference, self._day(), dates, self.chance)
        found = room.see(items.find, sensor.item)
        what = replace(seen.device, model=found.model, serial=found.serial)
        seen = replace(seen, device=what)
        signed = signed_bench.verification(seen, room.now_ms, K2)
        room.do(records.put, signed, K2, room.now_ms)
        self.counts["verifications"] += 1
        is_good = signed_bench.is_good(signed)
        if is_good:
            sensor.good_ms = signed.content["ended_ms"]
        else:
            self._compare(sensor, signed.sha256)
        return is_good

    def _compare_only(self, sensor: Sensor) -> None:
        room = self.room
        room.now_ms += 1000
        found = room.see(items.find, sensor.item)
        seen = signed_bench.seen(found, words.day(room.now_ms), "cuff-function")
        signed = signed_bench.verification(seen, room.now_ms, K2)
        room.do(records.put, signed, K2, room.now_ms)
        self.counts["by_function"] += 1

    def _compare(self, sensor: Sensor, record: str) -> None:
        """What the ledger says of the time since it was last good, and what the tracing says."""
        self.counts["found"] += 1
        self.counts["false_alarms"] += not sensor.blows
        expected = [
            (loan, max(from_ms, sensor.good_ms), until_ms)
            for loan, from_ms, until_ms in sensor.loans
            if until_ms is None or until_ms > sensor.good_ms
        ]
        told = self.room.see(tracing.trace, sensor.item, record)
        parts = [(each.loan.loan_id, each.from_ms, each.until_ms) for each in told.parts]
        self.counts["traced"] += len(parts)
        self.counts["missed"] += len({e[0] for e in expected} - {p[0] for p in parts})
        self.counts["too_many"] += len({p[0] for p in parts} - {e[0] for e in expected})
        self.counts["exact"] += parts == expected

    def _take_out(self, kit: str, name: str, place: str) -> None:
        """To a shelf, and another one in; from the good ones' shelf it is taken again."""
        out = self.where[kit].pop(name)
        self.room.take(out.item, place)
        if not self.stock[name]:
            self._buy(name)
        self._fill(kit, name)
        if place == SHELF:
            self.stock[name].append(out)

    def _buy(self, name: str) -> None:
        number = self.counts["verifications"]
        item = self.room.item(MODEL_OF[name], serial=f"{name[0].upper()}N{number}")
        truth = sensors.drawn(sensors.KINDS[name], item, self.chance, 0.0)
        truth.errors = {key: error / 4 for key, error in truth.errors.items()}
        truth.leak = 1.0
        self.stock[name].append(Sensor(item, truth, []))

    def _day(self) -> int:
        return (self.room.now_ms - self.start_ms) // DAY_MS

    def report(self) -> dict[str, Any]:
        """Counts; the inventory's chain and tables hold (`prove` raises if not). A false alarm is
        a good sensor that chance let fail; its loans are told all the same."""
        head = self.room.prove()
        counts = self.counts
        sure = counts["found"] - counts["false_alarms"] == counts["planted"] > 0
        good = sure and counts["exact"] == counts["found"]
        return {**counts, "log_lines": head.number, "passed": good}


def _days_from(day: str, days: int) -> str:
    return (dt.date.fromisoformat(day) + dt.timedelta(days=days)).isoformat()

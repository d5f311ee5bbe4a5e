"""`varde verify history` and `compare`: drift through years, and two benches with one unit."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from host import signed_bench
from host.inventory_bench import K2, NOW_MS, Stockroom
from host.terminal import Terminal
from varde_host.bench_record import form
from varde_host.inventory import items, records
from varde_host.verification import measured

YEAR_MS = 365 * 86_400_000


def shifted(what: measured.Measured, error: str) -> measured.Measured:
    """The same with all static pressures off by as much."""
    points = tuple(
        dataclasses.replace(each, indication=each.nominal + Decimal(error))
        if each.check.startswith("static") and each.nominal
        else each
        for each in what.as_found.points
    )
    return dataclasses.replace(what, as_found=dataclasses.replace(what.as_found, points=points))


class Shelf:
    """Monitors of one model, and their years."""

    def __init__(self, room: Stockroom, terminal: Terminal) -> None:
        self.room, self.terminal = room, terminal
        room.model("microlife-x")

    def monitor(self, serial: str, *errors: str) -> str:
        item = self.room.item("microlife-x", serial=serial)
        self.made = [self.verify(item, years, error) for years, error in enumerate(errors)]
        return item

    def verify(self, item: str, years: int, error: str) -> form.Signed:
        at_ms = NOW_MS - (6 - years) * YEAR_MS
        found = self.room.see(items.find, item)
        what = signed_bench.seen(found, signed_bench.today(at_ms), "cuff-static")
        signed = signed_bench.verification(shifted(what, error), at_ms, K2)
        self.room.opened.write(lambda c: records.put(c, signed, K2, NOW_MS))
        return signed

    def json(self, *arguments: str | Path):
        return self.terminal.json(*arguments, "--inventory", self.room.opened.address)[1]

    def said(self, *arguments: str | Path) -> str:
        return self.terminal.run(*arguments, "--inventory", self.room.opened.address)[1]


@pytest.fixture
def shelf(room: Stockroom, terminal: Terminal) -> Shelf:
    return Shelf(room, terminal)


def test_a_monitor_that_drifts_is_called_in_before_its_limit(shelf: Shelf):
    item = shelf.monitor("A1", "0.1", "0.6", "0.9", "1.4", "1.9")
    told = shelf.json("verify", "history", item)
    assert len(told["verifications"]) == 5
    assert all(each["is_good"] and not each["is_bad"] for each in told["verifications"])
    [first] = [each for each in told["points"] if each["is_first"]]
    assert first["check"].startswith("static")
    assert [error for _day, error in first["found"]] == ["0.1", "0.6", "0.9", "1.4", "1.9"]
    slope = Decimal(first["forecast"]["slope_per_day"]) * 365
    assert slope == pytest.approx(Decimal("0.44"), abs=Decimal("0.001"))
    assert not first["forecast"]["is_pooled"]
    last = dt.date.fromisoformat(first["found"][-1][0])
    met = dt.date.fromisoformat(first["meets_on"])
    assert last < met <= last + dt.timedelta(days=730)
    assert told["interval"]["staircase"] == {"days": 730, "reason": "unchanged"}
    assert told["interval"]["advised"]["days"] <= 730
    assert told["model"] == {"within": 5, "total": 5, "goal": "0.95", "meets_goal": True}
    out = shelf.said("verify", "history", item)
    assert "Trykk oppover 50 mmHg: 0.44 mmHg per år, etter 5 kontroller" in out
    assert "Målet er 95 %" in out


def test_a_new_monitor_takes_its_models_drift(shelf: Shelf):
    for number, extra in enumerate(("0.0", "0.2", "-0.1", "0.1")):
        errors = [str(Decimal(extra) + Decimal("0.8") * year) for year in range(4)]
        shelf.monitor(f"B{number}", *errors)
    new = shelf.monitor("N1", "0.3")
    told = shelf.json("verify", "history", new)
    [first] = [each for each in told["points"] if each["is_first"]]
    assert first["forecast"]["is_pooled"]
    slope = Decimal(first["forecast"]["slope_per_day"]) * 365
    assert slope == pytest.approx(Decimal("0.8"), abs=Decimal("0.001"))
    assert "slik modellen ellers gjør" in shelf.said("verify", "history", new)


def test_too_little_says_nothing_of_drift_and_a_bad_one_halves_the_interval(shelf: Shelf):
    item = shelf.monitor("A1", "6")
    told = shelf.json("verify", "history", item)
    assert [each["is_bad"] for each in told["verifications"]] == [True]
    assert told["interval"]["advised"] == {"days": 182, "reason": "out"}
    assert told["model"]["meets_goal"] is False
    out = shelf.said("verify", "history", item)
    assert "For få kontroller" in out
    assert "ut av bruk" in out
    assert "spor" in out
    never = shelf.room.item("microlife-x", serial="A2")
    assert shelf.json("verify", "history", never)["points"] == []


@pytest.mark.parametrize(("second", "agree"), [("1.0", True), ("2.9", False)])
def test_two_benches_agree_or_not(shelf: Shelf, tmp_path: Path, second: str, agree: bool):
    shelf.monitor("CHECK1", "0.5", second)
    first, other = (each.content["number"] for each in shelf.made)
    told = shelf.json("verify", "compare", first, other)
    assert told["agree"] == agree
    static_up = [each for each in told["points"] if each["check"] == "static-up" and
               each["nominal"] == "150"]  # fmt: skip
    assert Decimal(static_up[0]["x1"]) == Decimal("0.5")
    assert (abs(Decimal(static_up[0]["e_n"])) <= 1) == agree
    words = "finner det samme" if agree else "finner ikke det samme"
    assert words in shelf.said("verify", "compare", first, other)
    site = signed_bench.site().directory
    file = tmp_path / "other.cose"
    file.write_bytes(shelf.made[1].document)
    by_file = shelf.json("verify", "compare", first, file, "--site", site)
    assert by_file == told


def test_what_cannot_be_compared(shelf: Shelf, tmp_path: Path):
    shelf.monitor("C1", "0.5")
    [one] = shelf.made
    item = shelf.monitor("C2", "0.5")
    [two] = shelf.made
    number, other = one.content["number"], two.content["number"]
    assert shelf.json("verify", "compare", number, other)["error"] == "comparison-unit"
    found = shelf.room.see(items.find, item)
    day = signed_bench.today(NOW_MS)
    what = signed_bench.seen(found, day, "sensor-function")
    plain = signed_bench.verification(what, NOW_MS, K2)
    shelf.room.opened.write(lambda c: records.put(c, plain, K2, NOW_MS))
    third = plain.content["number"]
    assert shelf.json("verify", "compare", other, third)["error"] == "comparison-points"
    kit = shelf.room.kit()
    accepted = signed_bench.acceptance(kit, {}, NOW_MS, K2, valid_until="2027-05-12")
    shelf.room.opened.write(lambda c: records.put(c, accepted, K2, NOW_MS))
    kind = shelf.json("verify", "compare", other, accepted.content["number"])
    assert kind["error"] == "comparison-kind"
    file = tmp_path / "accepted.cose"
    file.write_bytes(accepted.document)
    site = ("--site", signed_bench.site().directory)
    assert shelf.json("verify", "compare", other, file, *site)["error"] == "comparison-kind"

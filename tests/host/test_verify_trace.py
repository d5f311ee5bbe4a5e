"""From a bad cuff to the readings that it made: counted by what stands in clear, and signed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from host import signed_bench
from host.conftest import Bench
from host.inventory_bench import DAY_MS, K2, NOW_MS, T17, Stockroom, refusal
from host.terminal import Terminal
from host.virtual_hub import SPOT_VALUE, VirtualHub
from varde_host.bench_record import form, opening
from varde_host.inventory import (
    door,
    hub_identities,
    items,
    loans,
    models,
    progress,
    records,
    schema,
    tracing,
)
from varde_host.receiver import resting_on, verified_log
from varde_protocols import test_readings

CHIPS = ("7cdfa1000102", "7cdfa1000103")


def day(number: float) -> int:
    return NOW_MS + int(number * DAY_MS)


class Home:
    """A hub in a home: what it makes on which day, for the collector."""

    def __init__(self, number: int, receiver: bytes, began: float) -> None:
        self.hub, self.began_ms = VirtualHub(number, receiver), day(began)
        self.made = [self.hub.start(), self.hub.anchor(self.began_ms)]
        self.zero = self.hub.uptime_ms

    def reads(self, on: float, *names: bytes, slot: int = 2) -> list[int]:
        self.hub.uptime_ms = self.zero + day(on) - self.began_ms
        seqs = []
        for name in names:
            seqs.append(self.hub.next_seq)
            self.made.append(self.hub.reading(verification=name, slot=slot))
        return seqs


class Case:
    """Two kits, a cuff that moves from one to the other, and three hub identities."""

    def __init__(self, room: Stockroom, bench: Bench, receiver: bytes) -> None:
        self.room = room
        room.model("hub-s3", models.HUB)
        room.model("microlife-x")
        self.kits = [room.kit(), room.kit()]
        self.hubs = [room.item("hub-s3", chip_id=chip) for chip in CHIPS]
        self.cuff = room.item("microlife-x", serial="C1")
        for kit, hub in zip(self.kits, self.hubs, strict=True):
            self.put(hub, None, kit, 0.1)
        self.put(self.cuff, None, self.kits[0], 0.1)
        self.good = self.verify(0.5)
        self.names = [self.good.verification_id, bytes(range(8))]
        self.homes = [Home(1, receiver, 1), Home(2, receiver, 12), Home(3, receiver, 12)]
        self.play()
        bench.clock.now_ms = day(30)
        for home in self.homes:
            bench.enrol(home.hub)
            bench.post(home.hub.body(home.made))

    def play(self) -> None:
        first, second, third = self.homes
        named, other = self.names
        self.identity(CHIPS[0], first.hub, 0.7)
        self.identity(CHIPS[1], third.hub, 0.7)
        self.loans = [self.lend(self.kits[0], 1)]
        self.seqs = [first.reads(2, named, named), first.reads(3, named)]
        first.reads(4, other, other, slot=1)
        self.unnamed = first.reads(5, b"", slot=3)
        first.reads(6, b"", slot=test_readings.SLOT)
        self.back(self.kits[0], 10)
        first.reads(10.5, named)  # on the bench: in no loan
        self.identity(CHIPS[0], second.hub, 11)
        self.loans += [self.lend(self.kits[0], 12), self.lend(self.kits[1], 12)]
        self.seqs.append(second.reads(13, named, named))
        self.put(self.cuff, self.kits[0], self.kits[1], 14)
        second.reads(15, named)  # another cuff was there by now, under the old config
        self.seqs.append(third.reads(16, named))
        self.bad = self.verify(20, bad=True)

    def put(self, item: str, before: str | None, after: str, on: float) -> None:
        def work(connection):
            with door.Change(connection, T17, day(on), "item.put", item) as change:
                change.update(schema.items, item, kit_id=after)
                loans.swap(connection, change, item, before, after, day(on))

        self.room.opened.write(work)

    def lend(self, kit: str, on: float) -> str:
        def work(connection):
            with door.Change(connection, T17, day(on), "kit.moved", kit) as change:
                return loans.begin(connection, change, kit, day(on), self.room.random)

        return self.room.opened.write(work)

    def back(self, kit: str, on: float) -> None:
        def work(connection):
            with door.Change(connection, T17, day(on), "kit.moved", kit) as change:
                loans.end(connection, change, kit, day(on))

        self.room.opened.write(work)

    def identity(self, chip: str, hub: VirtualHub, on: float) -> None:
        told = {"hub": hub.hub_id.hex()}
        self.room.opened.write(lambda c: progress.finish(c, chip, "identity", told, T17, day(on)))

    def verify(self, on: float, *, bad: bool = False) -> form.Signed:
        item = self.room.see(items.find, self.cuff)
        what = signed_bench.seen(item, signed_bench.today(day(on)), "cuff-static")
        what = signed_bench.failing(what) if bad else what
        signed = signed_bench.verification(what, day(on), K2)
        self.room.opened.write(lambda c: records.put(c, signed, K2, day(on)))
        return signed


@pytest.fixture
def case(room: Stockroom, bench: Bench) -> Case:
    return Case(room, bench, signed_bench.site().receiver_public)


def test_a_trace_counts_exactly_what_the_bad_cuff_sent(
    case: Case, bench: Bench, terminal: Terminal, tmp_path: Path
):
    site = signed_bench.site()
    room, [first, second, third] = case.room, case.homes
    arguments = ("verify", "trace", case.bad.content["number"], "--site", site.directory,
                 "--inventory", room.opened.address, "--database", bench.database.address,
                 "--by", str(K2))  # fmt: skip
    (site.directory / "receiver.key").rename(tmp_path / "receiver.key")  # nobody needs it here
    try:
        status, told = terminal.json(*arguments, "--out", tmp_path)
        out = terminal.run("verify", "trace", case.cuff, *arguments[3:])[1]
    finally:
        (tmp_path / "receiver.key").rename(site.directory / "receiver.key")
    assert status == 0
    assert (told["good"], told["bad"]) == (case.good.sha256, case.bad.sha256)
    assert (told["from_ms"], told["until_ms"]) == (day(0.5), None)
    spans = [(row["loan"], row["kit"], row["from_ms"], row["until_ms"]) for row in told["loans"]]
    assert spans == [
        (case.loans[0], case.kits[0], day(1), day(10)),
        (case.loans[1], case.kits[0], day(12), day(14)),
        (case.loans[2], case.kits[1], day(14), None),
    ]
    name = case.names[0].hex()
    seqs = [case.seqs[0] + case.seqs[1], case.seqs[2], case.seqs[3]]
    expected = [
        [counted(home, 2, name, numbers)]
        for home, numbers in zip((first, second, third), seqs, strict=True)
    ]
    expected[0].append(counted(first, 3, "", case.unnamed))
    assert [row["readings"] for row in told["loans"]] == expected
    assert all(each in out for each in case.loans)
    assert "1 ?" in out
    check_files(told, case)


def counted(home: Home, slot: int, name: str, seqs: list[int]) -> dict[str, object]:
    return {
        "hub": home.hub.hub_id.hex(), "slot": slot, "verification": name, "readings": len(seqs),
        "surely": len(seqs), "first_seq": seqs[0], "last_seq": seqs[-1],
    }  # fmt: skip


def check_files(told, case: Case) -> None:
    """The list is signed, its JSON is what was signed, no file holds a value."""
    document, text, table = (Path(name) for name in told["files"])
    signed = opening.opened(document.read_bytes(), signed_bench.site())
    assert (signed.kind, signed.subject) == (form.TRACE, case.cuff)
    assert text.read_bytes() == signed.payload
    assert json.loads(text.read_text())["loans"] == told["loans"]
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [(row["loan"], row["readings"]) for row in rows] == [
        (case.loans[0], "3"), (case.loans[0], "1"), (case.loans[1], "2"), (case.loans[2], "1"),
    ]  # fmt: skip
    assert rows[0]["from"] == "2027-01-16T08:00:00Z"
    for file in (document, text, table):
        data = file.read_bytes()
        assert SPOT_VALUE not in data
        assert SPOT_VALUE.hex().encode() not in data
    kept = case.room.see(records.listing, form.TRACE)
    assert [each.sha256 for each in kept] == [signed.sha256]
    case.room.prove()


def test_without_the_collectors_database_loans_are_listed_and_nothing_is_counted(
    case: Case, terminal: Terminal, tmp_path: Path
):
    arguments = ("verify", "trace", case.cuff, "--site", tmp_path / "bench", "--inventory",
                 case.room.opened.address)  # fmt: skip
    told = terminal.json(*arguments)[1]
    assert [row["readings"] for row in told["loans"]] == [None] * 3
    assert told["counted_ms"] is None
    assert "ikke talt" in terminal.run(*arguments)[1]
    assert terminal.json(*arguments, "--out", tmp_path)[1]["error"] == "by-missing"


def test_a_good_record_has_nothing_to_trace(case: Case):
    error = refusal(case.room.see, tracing.trace, case.cuff, case.good.sha256)
    assert error.code == "trace-good"
    assert refusal(case.room.see, tracing.trace, case.cuff, "ab" * 32).code == "trace-good"


def test_a_hub_goes_by_the_id_that_it_had_then(case: Case):
    hub, [first, second, _third] = case.hubs[0], case.homes
    identities = case.room.see(hub_identities.of_item, hub, CHIPS[0])
    assert [each.hub_id for each in identities] == [
        first.hub.hub_id.hex(), second.hub.hub_id.hex(),
    ]  # fmt: skip
    across = case.room.see(hub_identities.in_loan, case.loans[0], day(1), day(40))
    assert across == [(first.hub.hub_id.hex(), day(1), day(10))]


def test_what_no_key_signed_is_not_counted(case: Case):
    home = case.homes[0]
    delivered = [verified_log.Delivered(seq, day(30), raw) for seq, raw in enumerate(home.made, 1)]
    args = (home.hub.hub_id, home.hub.public)
    names = {case.names[0]}
    whole = resting_on.count(*args, delivered, names, None, None)
    assert [(each.slot, each.readings) for each in whole] == [(2, 4), (3, 1)]
    forged = [
        each._replace(record=each.record[:-1] + bytes([each.record[-1] ^ 1])) for each in delivered
    ]
    assert resting_on.count(*args, forged, names, None, None) == []
    assert resting_on.count(args[0], VirtualHub(9).public, delivered, names, None, None) == []


def test_readings_without_a_time_are_counted_and_said_to_be_unsure():
    hub = VirtualHub(5, signed_bench.site().receiver_public)
    made = [hub.start(), hub.reading(verification=bytes(range(8)))]
    delivered = [verified_log.Delivered(seq, day(9), raw) for seq, raw in enumerate(made, 1)]
    args = (hub.hub_id, hub.public, delivered, {bytes(range(8))})
    [found] = resting_on.count(*args, day(1), day(2))
    assert (found.readings, found.surely, found.first_seq) == (1, 0, 2)
    assert resting_on.count(*args, day(10), day(11)) == []  # it had arrived before

"""Loan sheets: what the warehouse signs of a loan, and what the receiver believes of it."""

from __future__ import annotations

import base64
import copy
import json
import os
from pathlib import Path

import cbor2
import pycddl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.vectors import VECTORS
from host import signed_bench
from host.inventory_bench import BACK, DAY_MS, FOLLOW_UP, NOW_MS, T17, Stockroom, refusal
from host.terminal import Terminal
from varde_host.bench_record import form, loan_sheet_form
from varde_host.fhir import measured
from varde_host.inventory import items, loans, measuring_models, models, standing, states
from varde_host.loan_facts import facts, sheet, sheet_folder, sheet_making
from varde_protocols import hub_config

HUB = "00112233aabbccdd"
RAW_HUB = bytes.fromhex(HUB)
ADDRESS = bytes.fromhex("00a1a2a3a4a5a6")
CDDL = VECTORS.parent / "cddl" / "bench_record.cddl"
RECORD = pycddl.Schema("start = bench-record\n" + CDDL.read_text())


class Loan:
    """A kit that is out with a cuff of the municipality's and an oximeter of the user's."""

    def __init__(self, room: Stockroom) -> None:
        self.room = room
        room.model("hub-s3", models.HUB)
        room.model("nonin-3230", name="3230", maker="Nonin")
        room.model()
        room.place()
        self.kit = room.kit()
        self.hub = room.item("hub-s3", chip_id=signed_bench.CHIP_ID, hub_id=HUB)
        self.cuff = room.item(serial="A1", lot="L7", udi="(01)1")
        self.own = room.item("nonin-3230", serial="502345678", owner=standing.OWNED_BY_USER)
        for item in (self.hub, self.cuff, self.own):
            room.put(item, self.kit)
        room.bring(self.kit, states.IN_USE)
        found = room.see(loans.current, self.kit)
        assert found is not None
        self.loan = found

    def body(self, told=None, former=None) -> dict:
        [loan] = [each for each in self.room.see(sheet_making.every)
                  if each.loan_id == self.loan.loan_id]  # fmt: skip
        return self.room.see(
            sheet_making.body, loan, told or {}, measuring_models.BUILT_IN, former
        )

    def swap(self) -> str:
        """Another cuff in place of the first, checked as it must be."""
        new = self.room.item(serial="A2")
        self.room.verify(new)
        self.room.now_ms += DAY_MS
        self.room.take(self.cuff, "SHELF1")
        self.room.put(new, self.kit)
        return new


@pytest.fixture
def loan(tmp_path: Path):
    room = Stockroom(tmp_path / "inventory.sqlite")
    yield Loan(room)
    room.close()


def config(verification: bytes = b"", address: bytes | None = ADDRESS) -> hub_config.HubConfig:
    row = hub_config.Sensor(
        1, address, None if address else "A&D", 0x1810, [0x2A35], "and-ua651", 1, None, None,
        verification,
    )  # fmt: skip
    return hub_config.HubConfig(
        [hub_config.Network("net", "")], "c.test", 443, 600, [row], "n.test", 123, "board", None,
        0, list(hub_config.NORWAY), [[480, 127, 1]], None,
    )  # fmt: skip


def signed(body: dict, now_ms: int = NOW_MS) -> form.Signed:
    return signed_bench.sign(form.LOAN_SHEET, body, now_ms, T17)


def test_a_sheet_says_what_was_in_the_loan_and_nothing_of_a_person(loan: Loan):
    made = sheet.of(signed(loan.body()).content)
    assert (made.loan_id, made.kit_id) == (loan.loan.loan_id, loan.kit)
    assert made.span == sheet.Span(loan.loan.handed_out_ms)
    assert [each.hub_id for each in made.hubs] == [RAW_HUB]
    by_id = {each.item_id: each for each in made.things}
    assert set(by_id) == {loan.cuff, loan.own}
    cuff, own = by_id[loan.cuff], by_id[loan.own]
    assert (cuff.measures, cuff.name, cuff.maker) == (measured.CUFF, "Cuff monitor", "A&D")
    assert (cuff.serial, cuff.lot, cuff.udi, cuff.is_private) == ("A1", "L7", "(01)1", False)
    assert len(cuff.verifications) == 1
    assert (own.measures, own.is_private, own.verifications) == ("oximeter", True, frozenset())


def test_a_sheet_follows_the_cddl(loan: Loan):
    name = bytes.fromhex(loan.body()["things"][0]["verifications"][0] or "00" * 8)
    told = {RAW_HUB: [sheet_making.Told(config(name), NOW_MS, None)]}
    record = signed(loan.body(told))
    RECORD.validate_cbor(cbor2.dumps(json.loads(record.payload)))
    for fields in ({"loan": "1"}, {"things": [{}]}, {"more": 1}, {"until_ms": "now"}):
        with pytest.raises(pycddl.ValidationError):
            RECORD.validate_cbor(cbor2.dumps(dict(record.content) | fields))


def test_what_a_hub_was_told_ties_slots_and_radios_to_things(loan: Loan):
    [cuff] = [each for each in loan.body()["things"] if each["item"] == loan.cuff]
    name = bytes.fromhex(cuff["verifications"][0])
    told = {RAW_HUB: [sheet_making.Told(config(name), NOW_MS, None)]}
    made = sheet.of(signed(loan.body(told)).content)
    [slot] = made.slots
    assert (slot.item_id, slot.slot, slot.verification) == (loan.cuff, 1, name)
    assert slot.span.from_ms == loan.loan.handed_out_ms
    [thing] = [each for each in made.things if each.item_id == loan.cuff]
    assert thing.addresses == {"public/A1:A2:A3:A4:A5:A6"}
    known = facts.LoanFacts((made,))
    [told_then] = known.reminding_at(made.loan_id, made.span.from_ms)
    assert (told_then.local_time, told_then.reminders) == ((60, 1), ((480, 127, 1),))
    at_ms = made.span.from_ms
    found = known.thing_in_slot(made.loan_id, RAW_HUB, 1, at_ms)
    assert found is not None
    assert found.item_id == loan.cuff


def test_a_later_sheet_keeps_what_nobody_else_knows_any_more(loan: Loan):
    first_ms, later_ms = loan.loan.handed_out_ms, loan.loan.handed_out_ms + DAY_MS
    first = loan.body({RAW_HUB: [sheet_making.Told(config(), first_ms, None)]})
    told = {RAW_HUB: [sheet_making.Told(config(bytes(8)), later_ms, None)]}
    later = loan.body(told, signed(first).content)
    assert [(row["from_ms"], row["until_ms"]) for row in later["slots"]] == [
        (first_ms, later_ms), (later_ms, None),
    ]  # fmt: skip
    assert [row["from_ms"] for row in later["reminders"]] == [first_ms, later_ms]
    # without a collector at hand all of it stays
    assert loan.body({}, signed(later).content)["slots"] == later["slots"]
    assert loan.body(told, signed(later).content) == later


def test_a_swap_is_two_spans_that_meet(loan: Loan):
    new = loan.swap()
    made = sheet.of(signed(loan.body(), loan.room.now_ms).content)
    [old] = [each for each in made.things if each.item_id == loan.cuff]
    [other] = [each for each in made.things if each.item_id == new]
    assert old.span.until_ms is not None
    assert old.span.until_ms <= other.span.from_ms
    assert other.span.until_ms is None


def test_what_the_user_owns_goes_out_without_a_verification_and_by_no_other_door(loan: Loan):
    room = loan.room
    other = room.item("nonin-3230", serial="502345679")
    assert refusal(room.put, other, loan.kit).code == "item-unchecked"
    room.do(items.change, other, T17, room.now_ms, owner=standing.OWNED_BY_USER)
    room.put(other, loan.kit)
    assert room.see(items.find, other).kit_id == loan.kit


def test_the_warehouse_says_that_a_thing_is_the_users(loan: Loan, terminal: Terminal):
    stock = ("--inventory", loan.room.opened.address, "--by", "lagertekniker:t17")
    model = ("--model", "nonin-3230", "--serial", "5", "--privately-owned")
    status, told = terminal.json("stock", "add", *model, *stock)
    assert (status, told["owner"]) == (0, standing.OWNED_BY_USER)
    assert terminal.run("stock", "change", loan.cuff, "--privately-owned", *stock)[0] == 0
    [cuff] = [each for each in loan.body()["things"] if each["item"] == loan.cuff]
    assert cuff["private"] is True


def test_the_folder_gives_the_newest_of_each_loan_and_names_what_is_none(
    loan: Loan, tmp_path: Path
):
    folder, site = tmp_path / "loans", signed_bench.site()
    assert sheet_folder.load(folder, site) == ((), [])
    folder.mkdir()
    first = signed(loan.body())
    loan.swap()
    second = signed(loan.body(), loan.room.now_ms)
    for each in (first, second):
        (folder / sheet_folder.name(each)).write_bytes(each.document)
    altered = bytearray(first.document)
    altered[len(altered) // 2] ^= 1
    (folder / "altered.cose").write_bytes(altered)
    found = loan.room.see(lambda c: c.exec_driver_sql("SELECT document FROM bench_records").all())
    (folder / "other.cose").write_bytes(base64.b64decode(found[0][0]))
    (folder / "note.txt").write_text("not looked at")
    loaded = sheet_folder.load(folder, site)
    assert [each.number for each in loaded.sheets] == [second.content["number"]]
    assert loaded.refused == ["altered.cose", "other.cose"]
    assert refusal(sheet_folder.opened, folder / "other.cose", site).code == "loan-sheet-kind"


def test_the_command_writes_what_is_new_and_nothing_twice(
    loan: Loan, tmp_path: Path, terminal: Terminal
):
    site, out = signed_bench.site(), tmp_path / "out"
    options = ("--site", site.directory, "--inventory", loan.room.opened.address)

    def write(*more: str):
        return terminal.json("kit", "sheets", out, *options, "--by", "lagertekniker:t17", *more)

    status, told = write()
    assert (status, told["loans"], len(told["written"])) == (0, 1, 1)
    assert told["hubs_asked"] is False
    assert write()[1]["written"] == []
    loan.swap()
    assert len(write()[1]["written"]) == 1
    assert len(sheet_folder.load(out, site).sheets) == 1
    assert len(os.listdir(out)) == 2
    assert write("--kit", loan.kit)[1]["loans"] == 1
    loan.room.move(loan.kit, states.RETURNED, BACK, FOLLOW_UP)
    write()
    [made] = sheet_folder.load(out, site).sheets
    assert made.span.until_ms is not None
    assert all(each.span.until_ms is not None for each in (*made.things, *made.hubs))
    error = terminal.json("kit", "sheets", out, *options, "--by", "revisor:r1")
    assert (error[0], error[1]["error"]) == (1, "til-01")


BODY = {
    "kit": "EXF18F", "loan": "2503481100000001", "from_ms": 1, "until_ms": None,
    "hubs": [{"hub": HUB, "from_ms": 1, "until_ms": 2}],
    "things": [{
        "item": "EXF18F", "kind": "sensor", "measures": "cuff", "name": "UA-651", "maker": "A&D",
        "serial": "A1", "udi": None, "lot": None, "firmware": None, "size": None,
        "private": False, "verifications": ["00" * 8], "from_ms": 1, "until_ms": None,
        "addresses": ["public/A1:A2:A3:A4:A5:A6"],
    }],
    "slots": [{
        "hub": HUB, "slot": 1, "model": "", "address": None, "verification": "", "item": None,
        "from_ms": 1, "until_ms": None,
    }],
    "reminders": [{
        "hub": HUB, "local_time": [60, 1], "reminders": [[480, 127, 0]], "from_ms": 1,
        "until_ms": None,
    }],
}  # fmt: skip


def places(value: object, path: tuple = ()) -> list[tuple]:
    rows = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
    found = []
    for key, each in rows:
        found.append((*path, key))
        if isinstance(each, dict | list):
            found += places(each, (*path, key))
    return found


WRONG = st.one_of(
    st.booleans(), st.integers(-5, -1), st.text(max_size=3).filter(lambda text: text != ""),
    st.just(1.5), st.just([[]]), st.just({"more": 1}), st.just("01019012345"), st.just(1 << 60),
)  # fmt: skip
FREE = {"name", "maker", "firmware", "size", "serial", "udi", "lot", "private", "model"}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(places(BODY)), WRONG)
def test_a_sheet_of_any_other_shape_is_refused(path: tuple, wrong: object):
    body = copy.deepcopy(BODY)
    loan_sheet_form.check(body)
    inner = body
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = wrong
    is_text = isinstance(wrong, str) and path[-1] in FREE
    is_same = path[-1] == "private" and isinstance(wrong, bool)
    is_same |= path[-2:] == ("local_time", 0) and type(wrong) is int and wrong < 0
    if not (is_text or is_same):
        assert refusal(loan_sheet_form.check, body).code in (
            "bench-record-form", "kit-id", "kit-id-check", "birth-number", "text-form",
        )  # fmt: skip


def test_no_person_is_in_a_sheet():
    for name in ("name", "serial", "size"):
        body = copy.deepcopy(BODY)
        body["things"][0][name] = "01019000083"
        assert refusal(loan_sheet_form.check, body).code in ("birth-number", "text-form")

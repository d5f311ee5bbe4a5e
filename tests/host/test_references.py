"""Certificates of references: what stands on a day, what it is worth, and who may enter it."""

from __future__ import annotations

import contextlib
import dataclasses
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.inventory_bench import FOLLOW_UP, K2, Stockroom, refusal
from host.terminal import Terminal
from varde_host import errors
from varde_host.inventory import items, models, references
from varde_host.inventory.references import Given, Point

D = Decimal
GIVEN = Given(
    "manometer", "K-2026-118", "Trykklab", "2026-03-01", "2027-03-01", "mmHg", "CAL 004", None,
    D("0.3"), D(2), None, "ab" * 32,
    (Point(D(50), D("0.1"), D("0.3")), Point(D(250), D("-0.2"), None)),
)  # fmt: skip


@pytest.fixture
def manometer(room: Stockroom) -> str:
    room.model("manometer", models.REFERENCE)
    return room.item("manometer", serial="M1")


def enter(room: Stockroom, item: str, **changed) -> references.Certificate:
    given = dataclasses.replace(GIVEN, **changed)
    return room.do(references.add, item, given, K2, room.now_ms)


def test_what_was_entered_comes_back_and_the_log_has_it(room: Stockroom, manometer: str):
    entered = enter(room, manometer)
    assert entered.given == GIVEN
    assert room.see(references.of_item, manometer) == [entered]
    assert room.see(items.find, manometer).calibrated_until == "2027-03-01"
    room.prove()


@pytest.mark.parametrize(
    ("day", "certificate", "holds"),
    [
        ("2025-12-31", None, None),
        ("2026-03-01", "K-1", True),
        ("2027-02-28", "K-1", True),
        ("2027-03-02", "K-2", True),
        ("2028-03-02", "K-2", False),
    ],
)
def test_what_stands_on_a_day(
    room: Stockroom, manometer: str, day: str, certificate: str | None, holds: bool | None
):
    enter(room, manometer, certificate="K-2", calibrated_on="2027-03-01", due="2028-03-01")
    enter(room, manometer, certificate="K-0")  # typed wrongly, and entered again
    enter(room, manometer, certificate="K-1")
    stands = room.see(references.standing, manometer, day)
    found = None if stands is None else stands.given.certificate
    assert found == certificate
    assert stands is None or stands.holds(day) == holds
    assert room.see(items.find, manometer).calibrated_until == "2028-03-01"
    assert [each[0].item_id for each in room.see(references.listing)] == [manometer]


def test_what_a_verification_is_told_of_its_reference(room: Stockroom, manometer: str):
    assert refusal(room.see, references.used, manometer, "2026-05-01").code == "reference-none"
    enter(room, manometer)
    used = room.see(references.used, manometer, "2026-05-01")
    assert (used.item_id, used.kind, used.serial) == (manometer, "manometer", "M1")
    assert (used.certificate, used.due, used.expanded_u, used.k) == (
        "K-2026-118", "2027-03-01", D("0.3"), D(2),
    )  # fmt: skip
    assert used.drift == D("0.2")  # the largest error that nobody corrects for
    assert used.traceable_to == "Trykklab"
    later = (Point(D(50), D("0.4"), None), Point(D(250), D("-0.1"), None))
    enter(room, manometer, calibrated_on="2027-02-20", due="2028-02-20", points=later)
    moved = room.see(references.used, manometer, "2027-03-01")
    assert moved.drift == D("0.7")  # 0.4, and 0.3 since the certificate before
    assert room.see(references.used, manometer, "2026-05-01").drift == D("0.2")


def test_weights_by_class_need_no_uncertainty(room: Stockroom):
    room.model("weights-20", models.REFERENCE)
    weights = room.item("weights-20", serial="W1")
    facts = {"kind": "weights", "expanded_u": None, "k": None, "unit": "kg", "points": ()}
    entered = enter(room, weights, weights_class="M1", **facts)
    assert (entered.given.k, entered.given.weights_class) == (None, "M1")
    assert room.see(references.used, weights, "2026-05-01").drift is None


REFUSED = {
    "reference-kind": [{"kind": "balance"}, {"kind": references.EXTERNAL}],
    "reference-class": [{"weights_class": "M1"}, {"kind": "weights", "weights_class": "F2"}],
    "reference-value": [
        {"expanded_u": None}, {"unit": "mm Hg"}, {"unit": ""}, {"k": D("0.5")},
        {"expanded_u": D("-0.1")}, {"points": GIVEN.points * 31},
        {"points": (Point(D(1), D(1), D(-1)),)},
    ],
    "reference-dates": [{"due": "2026-02-28"}],
    "date-form": [{"due": "01.03.2027"}, {"calibrated_on": "2026-3-1"}],
    "text-form": [{"certificate": ""}, {"issuer": "x" * 201}],
    "birth-number": [{"issuer": "01017012345"}],
}  # fmt: skip


@pytest.mark.parametrize("code", REFUSED)
def test_what_is_no_certificate_is_refused(room: Stockroom, manometer: str, code: str):
    for changed in REFUSED[code]:
        assert refusal(enter, room, manometer, **changed).code == code, changed
    assert room.see(references.of_item, manometer) == []


def test_a_sensors_own_certificate_is_an_accredited_laboratorys(room: Stockroom):
    room.model()
    sensor = room.item(serial="A1")
    own = {"kind": references.EXTERNAL}
    assert refusal(enter, room, sensor).code == "reference-kind"
    assert refusal(enter, room, sensor, **own, accreditation=None).code == "reference-accredited"
    enter(room, sensor, **own)
    assert room.see(items.find, sensor).calibrated_until is None  # that is of references
    assert room.see(references.used, sensor, "2026-05-01").kind == references.EXTERNAL


def test_only_who_may_find_good_enters_one(room: Stockroom, manometer: str):
    given = (references.add, manometer, GIVEN, FOLLOW_UP, room.now_ms)
    assert refusal(room.do, *given).code == "kit-function"


@given(st.text(max_size=30))
def test_any_typed_point_is_one_or_is_refused(text: str):
    with contextlib.suppress(errors.InputRefused):
        point = references.point(text)
        assert all(value is None or value.is_finite() for value in point)


@pytest.mark.parametrize(
    ("text", "point"),
    [("100:0,2", (D(100), D("0.2"), None)), ("50:-0.1:0.3", (D(50), D("-0.1"), D("0.3"))),
     (" 0 : −0,05 ", (D(0), D("-0.05"), None))],
)  # fmt: skip
def test_points_are_typed_with_comma_or_point(text: str, point):
    assert references.point(text) == point


def test_as_it_is_typed(terminal: Terminal, room: Stockroom, manometer: str, tmp_path: Path):
    address = ("--inventory", room.opened.address)
    certificate = tmp_path / "k.pdf"
    certificate.write_bytes(b"%PDF")
    add = ("verify", "reference", "add", manometer, "--kind", "manometer", "--certificate", "K-1",
           "--issuer", "Trykklab", "--calibrated-on", "2020-03-01", "--due", "2021-03-01",
           "--unit", "mmHg", "--by", str(K2), *address)  # fmt: skip
    assert terminal.json(*add)[1]["error"] == "reference-value"
    values = ("--u", "0,3", "--point", "100:0,2", "--point", "200:0.1:0.3", "--file", certificate)
    _, entered = terminal.json(*add, *values)
    assert (entered["expanded_u"], entered["k"], entered["holds"]) == ("0.3", "2", False)
    assert entered["points"] == [["100", "0.2", None], ["200", "0.1", "0.3"]]
    assert "REF-01" in terminal.run(*add, *values)[1]
    shown = terminal.json("verify", "reference", "show", manometer, *address)[1]
    assert (len(shown["certificates"]), shown["drift"]) == (2, "0.2")
    assert shown["stands"] == shown["certificates"][-1]["number"]
    assert "REF-01" in terminal.run("verify", "reference", "show", manometer, *address)[1]
    room.item("manometer", serial="M2")
    listed = terminal.json("verify", "reference", "list", *address)[1]
    assert [each["state"] for each in listed] == ["none", "past"]
    out = terminal.run("verify", "reference", "list", *address)[1]
    assert "UTE AV DATO" in out
    assert "INTET SERTIFIKAT" in out

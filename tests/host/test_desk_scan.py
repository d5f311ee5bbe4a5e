"""What was scanned is told apart in one place, whatever a scanner, or a person, sends."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.inventory_bench import Stockroom, refusal
from varde_host.bench_desk import next_step, scan
from varde_host.inventory import items, models, wedge

GTIN = "09521234543213"
SEPARATOR = wedge.SEPARATOR


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory):
    made = Stockroom(tmp_path_factory.mktemp("scan") / "inventory.sqlite")
    made.place("SHELF1")
    made.model(code=f"gtin:{GTIN}")
    yield made
    made.close()


def told(room: Stockroom, text: str, **options) -> scan.Told:
    return room.see(scan.told, text, room.now_ms, **options)


def test_a_kits_label_goes_to_the_kit_and_what_stands_next(room):
    kit = room.kit()
    for text in (kit, kit.lower(), f" {kit}\r\n"):
        said = told(room, text)
        assert (said.kind, said.kit, said.item) == (scan.KIT, kit, None)
        assert (said.next.job, said.next.kit) == (next_step.MAKE, kit)


def test_a_things_label_or_its_makers_code_goes_to_the_thing_and_its_kit(room):
    kit, item = room.kit(), room.item(serial="SC20240")
    assert told(room, item).kind == scan.ITEM
    assert told(room, item).next is None
    room.put(item, kit)
    for text in (item, f"01{GTIN}21SC20240", f"]d201{GTIN}21SC20240"):
        said = told(room, text)
        assert (said.kind, said.item, said.kit) == (scan.ITEM, item, kit)
        assert said.next.kit == kit


def test_places_models_and_new_models(room):
    assert told(room, "shelf1").place == "SHELF1"
    assert told(room, f"01{GTIN}21NEW").kind == scan.MODEL
    assert told(room, GTIN).found.model.kind == models.SENSOR
    new = told(room, "0109506000134352" + "21AB12")
    assert (new.kind, new.found.code.serial) == (scan.NEW_MODEL, "AB12")


def test_the_test_code_is_known_whatever_the_scanner_does_to_it(room):
    spoiled = {
        wedge.TEST: (),
        wedge.TEST.replace(SEPARATOR, ""): (wedge.LOST,),
        wedge.TEST.replace(SEPARATOR, "<GS>"): (wedge.WRITTEN,),
        wedge.typed_in_norwegian(wedge.TEST): (wedge.LAYOUT,),
        wedge.TEST.swapcase(): (wedge.CASE,),
        wedge.TEST[:9]: (wedge.OTHER,),
    }
    for text, damage in spoiled.items():
        for wants_scan in (False, True):
            said = told(room, text + "\r", wants_scan=wants_scan)
            assert (said.kind, said.damage) == (scan.TEST, damage)


def test_a_code_with_its_separator_lost_is_a_choice(room):
    code = f"01{GTIN}10LOT4721SC1"
    said = told(room, code)
    assert said.kind == scan.CHOICE
    assert len(said.choices) > 1
    assert said.error.code == "barcode-ambiguous"
    chosen = told(room, code, choice=2)
    assert chosen.kind == scan.MODEL
    assert told(room, f"01{GTIN}10LOT47{SEPARATOR}21SC1", keeps_separators=True).kind == scan.MODEL


def test_a_question_that_wants_a_scan_gets_it(room):
    kit = room.kit()
    said = told(room, kit, wants_scan=True)
    assert (said.kind, said.text, said.next) == (scan.ANSWER, kit, None)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", None),
        ("   ", None),
        ("101", "barcode-check"),
        ("ja", "barcode-form"),
        ("101,5", "barcode-form"),
        ("09521234543210", "barcode-check"),
        ("+A99912345/øæ", "barcode-layout"),
        ("x" * 401, None),
    ],
)
def test_all_else_is_an_answer_and_why_it_is_no_code(room, text, error):
    said = told(room, text)
    assert said.kind == scan.ANSWER
    assert (said.error and said.error.code) == error
    assert len(said.text) <= scan.MAX_TEXT


def test_an_id_that_was_read_wrong_says_so(room):
    kit = room.kit()
    wrong = kit[:-1] + ("A" if kit[-1] != "A" else "C")
    assert told(room, wrong).error.code == "kit-id-check"
    assert refusal(scan.identified, told(room, wrong)).code == "kit-id-check"


SCANNED = st.one_of(
    st.text(max_size=60),
    st.binary(max_size=60).map(lambda data: data.decode("latin-1")),
    st.text("0123456789()]dCQ+/$%* " + SEPARATOR, max_size=80),
    st.builds(lambda a, b: a + b, st.sampled_from([f"01{GTIN}", "+A999", "VARDE1", "]C1"]),
              st.text(max_size=60)),
)  # fmt: skip


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(SCANNED, st.booleans(), st.booleans(), st.one_of(st.none(), st.integers(-1, 4)))
def test_whatever_is_scanned_is_told_apart(room, text, wants_scan, keeps_separators, choice):
    said = told(
        room, text, wants_scan=wants_scan, keeps_separators=keeps_separators, choice=choice
    )
    assert said.kind in scan.KINDS
    assert (said.kind == scan.TEST) or not wants_scan or said.kind == scan.ANSWER
    if said.found is None and not wants_scan:
        assert refusal(scan.identified, said).code
    if said.item is not None:
        assert room.see(items.find, said.item).item_id == said.item


def test_the_command_says_the_same(room, tmp_path: Path):
    kit = room.kit()
    said = told(room, kit)
    assert scan.identified(said) == said.found
    assert said.found.what == scan.KIT

"""One question at a time: what is kept, what is asked, what comes of it, and nothing twice."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from host import inventory_bench
from host.entry_bench import NEW_CODE, Bench
from host.inventory_bench import T17, T18, refusal
from varde_host import bench_page, messages
from varde_host.bench import network_check
from varde_host.bench_entry import entries, going_on, table
from varde_host.bench_page import job_pages, pictures
from varde_host.bench_page import table as page_table
from varde_host.inventory import items, kits, models, notes, places, states

NEW_CODE_LOT_LOST = "010701234567891510ABC21XYZ"


@pytest.fixture
def bench(tmp_path: Path):
    stock = inventory_bench.Stockroom(tmp_path / "inventory.sqlite")
    yield Bench(stock, tmp_path / "site")
    stock.close()


def test_a_kit_goes_from_new_to_cleaned_and_back_from_a_home(bench: Bench):
    kit = bench.go("new-kit", answers=["ordre 7"]).kit
    assert bench.go("clean", kit, answers=["Oxivir", "L1"]).kit == kit
    assert bench.stock.see(kits.find, kit).state == states.CLEANED
    other = bench.stock.kit()
    bench.stock.bring(other, states.HANDED_OUT)
    bench.go("take-back", other, answers=["yes", "yes", "48"])
    found = bench.stock.see(kits.find, other)
    assert (found.state, found.is_infectious) == (states.RETURNED, True)
    bench.go("quarantine", other, answers=["smitte"])
    bench.stock.now_ms += 49 * 3_600_000
    bench.go("clean", other, answers=["Oxivir", "L1", "byttet"])
    assert bench.stock.see(kits.find, other).state == states.CLEANED


def test_a_changed_answer_asks_the_later_ones_again_with_what_stood_there(bench: Bench):
    entry = bench.begin("clean", bench.stock.kit())
    bench.answer(entry, "Oxivir")
    bench.answer(entry, "L1")
    bench.answer(entry, "Oxivir", "product")
    assert bench.is_complete(entry)
    bench.answer(entry, "Annet", "product")
    assert (bench.asked(entry), bench.box(entry)) == ("batch", "L1")


def test_the_next_kit_begins_with_the_last_ones_bottle(bench: Bench):
    bench.go("clean", bench.stock.kit(), answers=["Oxivir", "L1"])
    entry = bench.begin("clean", bench.stock.kit())
    assert bench.box(entry) == "Oxivir"


def test_no_birth_number_comes_to_the_disk(bench: Bench):
    kit = bench.stock.kit()
    for name in ("clean", "note", "new-kit"):
        entry = bench.begin(name, kit)
        if name == "note":
            bench.answer(entry, "dead")
        error = refusal(bench.answer, entry, "Ola 01019012345")
        assert error.code == "birth-number"
        loaded = entries.load(bench.site.directory, entry)
        error = refusal(
            going_on.typed, bench.site.directory, loaded, bench.asked(entry), "010190 12345"
        )
        assert error.code == "birth-number"
    folder = bench.site.directory / "entries"
    assert not any("12345" in file.read_text() for file in folder.iterdir())


def test_a_new_model_is_named_once_and_its_thing_taken_in_with_it(bench: Bench):
    bench.stock.place("HYLLE1")
    answers = ["another", "sensor", "A&D", "UA-651BLE", "another", "", "M 22-32", "HYLLE1"]
    entry = bench.begin("take-in", code=NEW_CODE)
    for each in answers[:5]:
        bench.answer(entry, each)
    assert (bench.asked(entry), bench.box(entry)) == ("model", "a-d-ua-651ble")
    bench.answer(entry, "a-d-ua-651ble")
    bench.answer(entry, "HYLLE1")
    item = bench.stock.see(items.find, bench.end(entry).item)
    assert (item.model, item.serial, item.place) == ("a-d-ua-651ble", "A1", "HYLLE1")
    again = bench.begin("take-in", code=NEW_CODE.replace("A1", "A2"))
    assert bench.asked(again) == "place"


def test_a_lost_separator_is_asked_about_and_never_guessed(bench: Bench):
    bench.stock.model(code="gtin:07012345678915")
    entry = bench.begin("take-in", code=NEW_CODE_LOT_LOST)
    assert bench.asked(entry) == "reading"
    assert refusal(bench.answer, entry, "9").code == "entry-choice"
    bench.answer(entry, "1")
    assert bench.is_complete(entry) or bench.asked(entry) != "reading"


def test_a_thing_that_is_there_is_named_and_no_empty_entry_is_left(bench: Bench):
    bench.stock.model(code="gtin:07012345678915")
    bench.go("take-in", code=NEW_CODE, answers=[""])
    assert refusal(bench.begin, "take-in", code=NEW_CODE).code == "item-known"
    assert entries.listing(bench.site.directory) == []


def test_of_two_technicians_the_first_moves_the_kit(bench: Bench):
    kit = bench.stock.kit()
    one = bench.begin("clean", kit, seen=states.RECEIVED)
    bench.by = T18
    two = bench.begin("quarantine", kit, seen=states.RECEIVED)
    bench.answer(two, "ødelagt")
    bench.end(two)
    bench.by = T17
    bench.answer(one, "Oxivir")
    bench.answer(one, "L1")
    assert refusal(bench.end, one).code == "kit-moved"


def test_a_handout_is_moved_and_signed_or_neither(bench: Bench):
    kit = bench.stock.kit()
    bench.stock.bring(kit, states.READY)
    bench.go("handout", kit, answers=["seen", "yes"], seen=states.READY)
    found = bench.stock.see_records(kit)
    assert bench.stock.see(kits.find, kit).state == states.HANDED_OUT
    assert [each.kind for each in found][-1] == "handout"


def test_a_fault_in_three_keys_finds_its_owner_and_is_closed(bench: Bench):
    kit = bench.stock.kit()
    bench.go("note", kit, answers=["connects-not", ""])
    [note] = bench.stock.see(notes.listing)
    assert (note.subject, note.function, note.text) == (kit, "it-drift", "Kobler seg ikke til")
    bench.go("close-note", kit, answers=["nytt batteri"], note=str(note.note_id))
    assert bench.stock.see(notes.listing) == []


def test_wrong_readings_of_a_thing_have_the_code_of_its_kind(bench: Bench):
    kit = bench.stock.kit()
    bench.stock.outfit(kit)
    inside = bench.stock.see(items.listing, kit_id=kit)
    [cuff] = [each.item_id for each in inside if each.kind == models.SENSOR]
    for subject in (kit, cuff):
        bench.go("note", subject, answers=["measures-wrong", ""])
    found = {note.subject: (note.code, note.function) for note in bench.stock.see(notes.listing)}
    assert found == {
        kit: ("MAALING", "kalibreringsansvarlig"), cuff: ("BT", "kalibreringsansvarlig"),
    }  # fmt: skip


def test_who_gave_readings_up_is_of_the_follow_up_service_and_asked_before_work():
    given = job_pages._given_up({"decided": " S3 ", "reason": "huben er knust"})
    assert given == {"give_up": "oppfolgingstjeneste:s3", "reason": "huben er knust"}
    for wrong in ("", "Kari Normann", "it-drift:s3"):
        form = {"decided": wrong, "reason": "huben er knust"}
        assert refusal(job_pages._given_up, form).code == "by-person"
    form = {"decided": "s3", "reason": "hun har 01010112377"}
    assert refusal(job_pages._given_up, form).code == "birth-number"


def test_a_place_and_a_things_standing(bench: Bench):
    bench.go("new-place", answers=["hylle3", "Hylle 3"])
    assert [each.place for each in bench.stock.see(places.listing)] == ["HYLLE3"]
    kit = bench.stock.kit()
    bench.stock.outfit(kit)
    item = bench.stock.see(items.listing, kit_id=kit, kind=models.SENSOR)[0].item_id
    bench.go("standing", item, answers=["faulty", "knust glass"])
    bench.go("take-out", item, answers=["HYLLE3"])
    found = bench.stock.see(items.find, item)
    assert (found.standing, found.place, found.kit_id) == ("faulty", "HYLLE3", None)


def test_that_a_thing_is_good_is_for_who_keeps_the_stock(bench: Bench):
    kit = bench.stock.kit()
    bench.stock.outfit(kit)
    item = bench.stock.see(items.listing, kit_id=kit, kind=models.SENSOR)[0].item_id
    bench.go("standing", item, answers=["faulty", "knust glass"])
    begun = bench.begin("standing", item)
    bench.answer(begun, "good", "standing")
    bench.by = inventory_bench.FOLLOW_UP
    bench.answer(begun, "det virker", "reason")
    assert refusal(bench.end, begun).code == "til-01"  # nor end what another chose
    assert refusal(bench.answer, begun, "good", "standing").code == "entry-choice"
    assert bench.stock.see(items.find, item).standing == "faulty"


# What the pages say


def texts(language: str = "nb") -> dict[str, str]:
    return {k: v for k, v in messages.catalogue(language).items() if k.startswith("bench-page.")}


def test_every_question_and_answer_is_worded_and_no_other():
    asked = {f"{each.name}.{q.name}" for each in table.FLOWS for q in each.questions}
    beside = {"handout.settings-title", "handout.no-settings"}
    worded = {k.removeprefix("bench-page.ask.") for k in texts() if ".ask." in k[:16]}
    plain = {each for each in worded if not each.endswith("-hint")} - beside
    assert plain == asked
    assert {each.removesuffix("-hint") for each in worded - plain - beside} <= asked
    answers = {k.removeprefix("bench-page.answer.") for k in texts() if ".answer." in k[:18]}
    assert answers == asked
    flows = {k for k in texts() if k.startswith("bench-page.flow.")}
    assert flows == {
        f"bench-page.flow.{each.name}.{part}" for each in table.FLOWS for part in ("title", "end")
    }


def test_every_other_text_is_asked_for_by_name_or_by_a_table():
    folder = Path(bench_page.__file__).parent
    source = "".join(
        file.read_text()
        for place in (folder, folder.parent / "bench_entry", folder.parent / "commands")
        for file in [*place.rglob("*.py"), *place.rglob("*.html")]
    )
    tables = ("ask", "answer", "flow", "choice", "wrong", "picture", "do", "up", "done",
              "station", "menu", "column", "scan-test", "asked", "job")  # fmt: skip
    for key in texts():
        assert key.split(".")[1] in tables or key in source, key


def test_every_picture_is_drawn_and_told():
    folder = Path(bench_page.__file__).parent / "static" / "pictures"
    flows = {each.picture for each in table.FLOWS if each.picture}
    drawn = {file.stem for file in folder.glob("*.svg")}
    assert pictures.names() | flows == drawn
    told = {key.rpartition(".")[2] for key in texts() if key.startswith("bench-page.picture.")}
    assert told == drawn


def test_every_check_of_the_network_is_worded_and_no_other():
    found = {key for key in messages.catalogue("nb") if key.startswith("network-check.")}
    assert found == {
        f"network-check.{name}.{outcome}"
        for name in network_check.CHECKS
        for outcome in (network_check.GOOD, network_check.BAD, network_check.SKIPPED)
    }


def test_questions_are_short_and_everything_is_at_most_25_words():
    for language in messages.LANGUAGES:
        for key, text in texts(language).items():
            fields = [name for _, name, _, _ in string.Formatter().parse(text) if name]
            assert len(text.split()) <= 25 + len(fields), (language, key)


def test_no_two_pages_of_one_name_and_each_change_is_a_post():
    names = [(page.method, page.path) for page in page_table.PAGES]
    assert len(set(names)) == len(names)

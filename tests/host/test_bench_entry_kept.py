"""What is half entered: kept over cuts, nights, weeks, full disks and other versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host import inventory_bench
from host.entry_bench import NEW_CODE, Bench
from host.inventory_bench import T18, refusal
from varde_host import errors
from varde_host.bench_entry import entries, going_on
from varde_host.inventory import items, kits, notes, states


@pytest.fixture
def bench(tmp_path: Path):
    stock = inventory_bench.Stockroom(tmp_path / "inventory.sqlite")
    yield Bench(stock, tmp_path / "site")
    stock.close()


def test_each_answer_is_on_the_disk_when_the_next_is_asked(bench: Bench):
    kit = bench.stock.kit()
    entry = bench.begin("clean", kit)
    bench.answer(entry, "Oxivir")
    kept = json.loads((bench.site.directory / "entries" / f"{entry}.json").read_text())
    assert kept["answers"] == {"product": "Oxivir"}
    assert bench.asked(entry) == "batch"
    assert bench.begin("clean", kit) == entry  # whoever comes back goes on
    bench.by = T18
    assert bench.begin("clean", kit) == entry  # and so does another


def test_a_cut_at_the_end_makes_nothing_twice(bench: Bench):
    entry = bench.begin("new-kit")
    bench.answer(entry, "ordre 7")
    first = bench.end(entry, is_cut=True)
    assert bench.end(entry) == first
    assert len(bench.stock.see(kits.listing)) == 1
    bench.stock.model(code="gtin:07012345678915")
    entry = bench.begin("take-in", code=NEW_CODE)
    bench.answer(entry, "")
    first = bench.end(entry, is_cut=True)
    assert bench.end(entry) == first
    assert len(bench.stock.see(items.listing)) == 1


def test_a_cut_at_the_end_moves_and_notes_nothing_twice(bench: Bench):
    kit = bench.stock.kit()
    for name, answers, given_first in (
        ("clean", ["Oxivir", "L1"], {"seen": states.RECEIVED}),
        ("note", ["other", "lukt"], {}),
        ("close-note", ["luftet"], {}),
        ("new-place", ["hylle9", "Hylle 9"], {}),
    ):
        about = "" if name == "new-place" else kit
        numbers = [str(each.note_id) for each in bench.stock.see(notes.listing)]
        entry = bench.begin(name, about, note="".join(numbers), **given_first)
        for each in answers:
            bench.answer(entry, each)
        assert bench.end(entry, is_cut=True) == bench.end(entry)
    assert len(bench.stock.see(kits.steps, kit)) == 2
    assert len(bench.stock.see(notes.listing, everything=True)) == 1


def test_a_handout_that_was_cut_off_is_signed_once(bench: Bench):
    kit = bench.stock.kit()
    bench.stock.bring(kit, states.READY)
    entry = bench.begin("handout", kit, seen=states.READY)
    for each in ("seen", "yes"):
        bench.answer(entry, each)
    assert bench.end(entry, is_cut=True) == bench.end(entry)
    assert [each.kind for each in bench.stock.see_records(kit)].count("handout") == 1


def test_after_weeks_an_entry_about_a_kit_that_went_on_is_asked_anew(bench: Bench):
    kit = bench.stock.kit()
    entry = bench.begin("clean", kit, seen=states.RECEIVED)
    bench.answer(entry, "Oxivir")
    bench.stock.move(kit, states.QUARANTINE, {"reason": {"text": "falt"}})
    assert bench.begin("clean", kit, seen=states.QUARANTINE) == entry
    assert (bench.asked(entry), bench.box(entry)) == ("product", "Oxivir")
    for each in ("Oxivir", "L2"):
        bench.answer(entry, each)
    assert bench.end(entry).kit == kit


def test_after_a_night_nobody_is_offered_yesterdays_bottle(bench: Bench):
    bench.go("clean", bench.stock.kit(), answers=["Oxivir", "L1"])
    going_on.saw_scanner(bench.site.directory, ())
    bench.stock.now_ms += entries.RECENT_MS + 1
    entry = bench.begin("clean", bench.stock.kit())
    assert bench.box(entry) == ""
    assert going_on.keeps_separators(bench.site.directory, None)


def test_whoever_scans_a_box_again_goes_on_and_another_has_their_own(bench: Bench):
    first = bench.begin("take-in", code=NEW_CODE)
    assert bench.begin("take-in", code=NEW_CODE) == first
    assert bench.begin("take-in", code=NEW_CODE.replace("A1", "A2")) != first
    bench.by = T18
    assert bench.begin("take-in", code=NEW_CODE) != first


@pytest.mark.parametrize(
    ("given", "code"),
    [({"reason": "x" * 401}, "text-form"), ({"reason": "Ola 13097248022"}, "birth-number")],
)
def test_what_an_entry_begins_with_is_looked_at_before_the_disk(bench: Bench, given, code):
    assert refusal(bench.begin, "reopen", bench.stock.kit(), **given).code == code
    assert not (bench.site.directory / "entries").exists()


def test_only_the_flows_own_questions_are_kept_half_typed(bench: Bench):
    entry = entries.load(bench.site.directory, bench.begin("clean", bench.stock.kit()))
    error = refusal(going_on.typed, bench.site.directory, entry, "13097248022", "x")
    assert error.code == "entry-question"


def test_the_longest_answers_come_back_whatever_their_letters(bench: Bench):
    entry = bench.begin("clean", bench.stock.kit())
    for each in ("\U0001f9f4" * 200, "\U0001f9ea" * 200):
        bench.answer(entry, each)
    bench.answer(entry, "\U0001f9fd" * 200, "product")
    loaded = entries.load(bench.site.directory, entry)
    going_on.typed(bench.site.directory, loaded, "batch", "\U0001f9fd" * 400)
    assert bench.asked(entry) == "batch"


def test_a_full_disk_loses_no_answer_and_undoes_nothing(bench: Bench, monkeypatch):
    entry = bench.begin("clean", bench.stock.kit())
    bench.answer(entry, "Oxivir")

    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(entries.new_file, "replace", full)
        with pytest.raises(errors.WorldFailed, match="file-write"):
            bench.answer(entry, "L1")
    assert bench.asked(entry) == "batch"
    bench.answer(entry, "L1")
    monkeypatch.setattr(entries.new_file, "replace", full)
    assert bench.end(entry).kit
    assert entries.listing(bench.site.directory) == []


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_a_file_of_any_bytes_is_gone_or_malformed_and_never_a_bug(tmp_path_factory, data: bytes):
    folder = tmp_path_factory.mktemp("entries")
    (folder / "entries").mkdir()
    (folder / "entries" / "0123abcd.json").write_bytes(data)
    assert entries.listing(folder) == []
    error = refusal(entries.load, folder, "0123abcd")
    assert error.code in ("entry-gone", "entry-malformed")


WHOLE = {
    "id": "0123abcd", "flow": "clean", "about": "", "person": "t17", "began_ms": 1, "given": {},
    "answers": {}, "earlier": {}, "typed": {},
}  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [{"id": "ffffffff"}, {"began_ms": "1"}, {"began_ms": 1 << 60}, {"began_ms": True},
     {"answers": []}, {"answers": {"batch": 1}}, {"typed": None}, {"about": None}, {"new": 1}],
)  # fmt: skip
def test_a_file_of_another_version_hides_no_other(tmp_path: Path, changed: dict[str, object]):
    (tmp_path / "entries").mkdir()
    file = tmp_path / "entries" / "0123abcd.json"
    file.write_text(json.dumps(WHOLE))
    entries.keep(tmp_path, entries.Entry(**{**WHOLE, "id": "00000001"}))
    entries.keep(tmp_path, entries.Entry(**{**WHOLE, "id": "00000002", "flow": "unheard-of"}))
    assert [each.id for each in going_on.half_done(tmp_path)] == ["00000001", "0123abcd"]
    file.write_text(json.dumps({**WHOLE, **changed}))
    assert refusal(entries.load, tmp_path, "0123abcd").code == "entry-malformed"
    assert [each.id for each in going_on.half_done(tmp_path)] == ["00000001"]
    assert refusal(entries.load, tmp_path, "00000003").code == "entry-gone"


@pytest.mark.parametrize("name", ["../secret", "0123ABCD", "", "0" * 9, "remembered"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str):
    assert refusal(entries.load, tmp_path, name).code == "entry-gone"

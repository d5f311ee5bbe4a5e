"""Practice: exercises and their texts, the judge, results, certificates; nothing of it in a real
site."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import signed_bench
from varde_host import cli, errors, messages
from varde_host.bench_record import form, opening
from varde_host.inventory import kits, models, store
from varde_host.inventory.items import Item
from varde_host.inventory.who import Who
from varde_host.paper import pdfa
from varde_host.practice import (
    attempts,
    certificate,
    certificate_sheet,
    exercises,
    facts,
    judging,
    world,
)
from varde_host.practice.attempts import Attempt
from varde_host.practice.facts import Facts, Kit, Made, Thing
from varde_host.site import certificates, creation, keys

BY = Who("lagertekniker", "t17")
NOW_MS = 1_795_300_000_000
DONE = Attempt("new-kit", BY.function, BY.person, NOW_MS, NOW_MS + 900_000, 0, "ab" * 8)


def test_there_are_six_normal_exercises_and_six_faults_at_least():
    kinds = [each.kind for each in exercises.known().values()]
    assert kinds.count(exercises.NORMAL) == 6
    assert kinds.count(exercises.FAULT) >= 6
    assert next(iter(exercises.known())) == exercises.FIRST


@pytest.mark.parametrize("name", list(exercises.known()))
def test_an_exercise_has_its_texts_and_judges(name: str):
    each = exercises.find(name)
    for language in messages.LANGUAGES:
        with messages.spoken(language):
            assert each.title
            assert len(each.goal.split()) <= 25
            for number in range(1, each.hints + 1):
                assert len(each.hint(number).split()) <= 25
            assert not messages.has(f"practice.exercise.{name}.hint-{each.hints + 1}")
            for wanted in each.wanted:
                assert messages.text(f"practice.wanted.{wanted.what}", **wanted.fields)
    assert not judging.is_done(judging.judged(each, Facts())), "done before it is begun"


# What a site says once each exercise is done, and once it is not quite.
_KIT = Kit("FA9TX9", "received", ("hub", "sensor"), frozenset(("received",)), is_out=False)
_CUFF = Thing("9JJMNT", "ove-blodtrykk", "good", frozenset(), was_practised=False)
_SCALE = Thing("7C2K9M", "ove-vekt", "good", frozenset(), was_practised=False)


def _record(kind: str, subject: str, outcome: str, as_found: str = "passed") -> Made:
    return Made(kind, subject, outcome, {"judgement": {"as_found_outcome": as_found}})


def _moved(state: str, **more) -> Kit:
    return dataclasses.replace(_KIT, state=state, moved_to=frozenset((state,)), **more)


_SIGNED = _record(form.VERIFICATION, _CUFF.item_id, "passed")
CASES = {
    "new-kit": (Facts((_moved("ready"),)), Facts((_moved("checked"),))),
    "reissue": (
        Facts((_moved("ready"),)),
        Facts((dataclasses.replace(_moved("ready"), moved_to=frozenset()),)),  # it was before
    ),
    "batch": (Facts((_moved("ready"), _moved("ready"))), Facts((_moved("ready"), _KIT))),
    "handout": (
        Facts((_moved("handed-out", is_out=True),), made=(_record(form.HANDOUT, "FA9TX9", ""),)),
        Facts((_moved("handed-out", is_out=True),)),
    ),
    "return": (Facts((_moved("wiped"),)), Facts((_moved("cleaned"),))),
    "verify-cuff": (
        Facts(things=(_CUFF,), made=(_SIGNED,)),
        Facts(things=(_CUFF,), made=(_record(form.VERIFICATION, _CUFF.item_id, "failed"),)),
    ),
    "bond-lost": (Facts((_KIT,)), Facts((dataclasses.replace(_KIT, things=("hub",)),))),
    "cable-pulled": (Facts((_KIT,)), Facts()),
    "cuff-leaks": (
        Facts(
            things=(_CUFF,),
            made=(_record(form.VERIFICATION, _CUFF.item_id, "passed", "failed"),),
        ),
        Facts(things=(_CUFF,), made=(_SIGNED,)),
    ),
    "clock-stuck": (
        Facts(things=(dataclasses.replace(_CUFF, codes=frozenset(("tid-02",))),)),
        Facts(things=(dataclasses.replace(_CUFF, codes=frozenset(("bt-01",))),)),
    ),
    "scale-corner": (
        Facts(things=(dataclasses.replace(_SCALE, standing="faulty"),)),
        Facts(things=(_SCALE,)),
    ),
    "network-fails": (
        Facts(made=(_record(form.ACCEPTANCE, "FA9TX9", "passed"),)),
        Facts(made=(_record(form.ACCEPTANCE, "FA9TX9", "failed"),)),
    ),
    "reference-late": (
        Facts(things=(dataclasses.replace(_CUFF, was_practised=True),)),
        Facts(things=(dataclasses.replace(_CUFF, was_practised=True),), made=(_SIGNED,)),
    ),
}


@pytest.mark.parametrize("name", list(exercises.known()))
def test_an_exercise_is_done_by_what_was_done_and_by_nothing_less(name: str):
    whole, less = CASES[name]
    each = exercises.find(name)
    assert judging.is_done(judging.judged(each, whole))
    assert not judging.is_done(judging.judged(each, less))


def test_what_a_site_says_is_read_since_the_beginning(tmp_path: Path):
    inventory = store.open_inventory(tmp_path / store.FILE, create=True)
    try:
        with inventory.writing() as connection:
            draw = iter(range(7, 99_999, 991))
            kit = kits.create(connection, lambda most: next(draw) % most, BY, NOW_MS, source="x")
            found = facts.read(connection, tmp_path, NOW_MS + 1)
            assert found.kits == (Kit(kit.kit_id, "received", (), frozenset(), is_out=False),)
            found = facts.read(connection, tmp_path, NOW_MS)
            assert found.kits[0].moved_to == {"received"}
    finally:
        inventory.close()


def test_results_are_kept_and_the_best_of_each_counts(tmp_path: Path):
    helped = dataclasses.replace(DONE, hints=2, done_ms=DONE.began_ms + 1)
    other = dataclasses.replace(DONE, exercise="return", person="t18")
    for each in (DONE, helped, other):
        attempts.keep(tmp_path, each)
    assert list(attempts.listing(tmp_path)) == [helped, DONE, other]
    assert list(attempts.best(attempts.listing(tmp_path, "t17"))) == [DONE]
    assert [each.exercise for each in attempts.best(attempts.listing(tmp_path))] == [
        "new-kit", "return",
    ]  # fmt: skip


@given(
    st.one_of(
        st.binary(max_size=80),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=9),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner),
            max_leaves=9,
        ).map(lambda value: json.dumps(value).encode()),
        st.fixed_dictionaries(
            {name: st.integers() | st.text(max_size=9) | st.none() for name in
             ("form", "exercise", "function", "person", "began_ms", "done_ms", "hints", "site")}
        ).map(lambda value: json.dumps(value).encode()),
    )
)  # fmt: skip
def test_a_file_that_is_no_result_is_refused_in_words(tmp_path_factory, data: bytes):
    folder = tmp_path_factory.mktemp("practice")
    (folder / attempts.RESULTS).mkdir()
    (folder / attempts.RESULTS / "x.json").write_bytes(data)
    with pytest.raises(errors.InputRefused) as refused:
        attempts.listing(folder)
    assert refused.value.code == "practice-result"


def test_a_certificate_is_signed_checked_and_on_paper(tmp_path: Path, capsys, monkeypatch):
    site = tmp_path / "site"
    creation.create(site, "Fjord", ["c.test"], certificates.Validity())
    attempts.keep(tmp_path / "practice", DONE)
    attempts.keep(tmp_path / "practice", dataclasses.replace(DONE, exercise="return", hints=1))
    monkeypatch.chdir(tmp_path)
    arguments = ["practice", "certificate", "--out", "bevis.pdf", "--site", str(site), "--json"]
    assert cli.main([*arguments, "--by", str(BY)]) == 0
    said = json.loads(capsys.readouterr().out)["certificate"]
    assert [each["name"] for each in said["exercises"]] == ["new-kit", "return"]
    paper = (tmp_path / "bevis.pdf").read_bytes()
    signed = (tmp_path / "bevis.json").read_bytes()
    assert pdfa.attached_files(paper) == {certificate_sheet.FILE: signed}
    text = pypdfium2.PdfDocument(io.BytesIO(paper))[0].get_textpage().get_text_bounded()
    for words in ("Øvingsbevis", "t17", "Fjord", "Nytt kit, fra eske til etikett", "uten hjelp"):
        assert words in text
    assert cli.main(["practice", "check", "bevis.json", "--site", str(site)]) == 0
    spoiled = signed.replace(b"t17", b"t18")
    (tmp_path / "spoiled.json").write_bytes(spoiled)
    assert cli.main(["practice", "check", "spoiled.json", "--site", str(site)]) == 1
    assert cli.main([*arguments, "--by", "lagertekniker:t99"]) == 1  # nothing done
    assert cli.main([*arguments, "--by", "revisor:t17"]) == 1  # an auditor does not practise


@given(st.binary(max_size=200) | st.text(max_size=99).map(lambda text: json.dumps(
    {"certificate": {"x": text}, "kid": text, "signature": text}).encode()))  # fmt: skip
def test_what_is_no_certificate_is_refused_in_words(data: bytes):
    with pytest.raises(errors.InputRefused) as refused:
        certificate.opened(data, [bytes(32)], "x")
    assert refused.value.code == "practice-certificate"


def test_nobody_is_certified_for_what_another_did():
    signer = signed_bench.site().signer(keys.SERVICE)
    said = certificate.of([DONE], BY, "Fjord", bytes(8), NOW_MS)
    data = certificate.signed(said, signer)
    assert certificate.opened(data, [signer.public], "x") == said
    with pytest.raises(errors.InputRefused):
        certificate.of([DONE], Who(BY.function, "t18"), "Fjord", bytes(8), NOW_MS)


def test_a_practice_record_comes_into_no_real_site(tmp_path: Path):
    """Its keys are its own: a record that practice signed is refused by each other site."""
    real = creation.create(tmp_path / "real", "Fjord", ["c.test"], certificates.Validity())
    nothing = [None] * 7
    item = Item("9JJMNT", models.SENSOR, "and-uc352", "S1", *nothing, "good", *nothing)
    seen = signed_bench.seen(item, signed_bench.today(NOW_MS))
    practised = signed_bench.verification(seen, NOW_MS, Who("kalibreringsansvarlig", "k2"))
    with pytest.raises(errors.InputRefused) as refused:
        opening.opened(practised.document, real)
    assert refused.value.code in ("bench-record-site", "bench-record-signature")


def test_words_of_the_world_that_nobody_knows_are_not_shown():
    row = {
        "thing": "scale", "kind": "scale", "display": "<b>", "lies": "<i>", "code": "",
        "hands": [{"hand": "fly", "do": "fly scale"},
                  {"hand": "load", "do": "load scale", "among": ["roof", "middle"],
                   "asks": {"unit": "kg", "usual": 20}}],
    }  # fmt: skip
    found = world._thing(row)
    assert (found.lies, [hand.hand for hand in found.hands]) == ("", ["load"])
    assert found.hands[0].among == ("middle",)
    assert found.hands[0].usual == "20"

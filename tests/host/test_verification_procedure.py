"""Procedures as files: whole, in three languages, never edited, and refused when they are not."""

from __future__ import annotations

import contextlib
import hashlib
import json
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import verification_cases as cases
from varde_host import errors
from varde_host.verification import evaluation, measured, plain_form, procedure

FILES = {
    # A file that was shipped is never edited: a change is a new file and a new line here.
    "cuff-function.1":
        "19290b3f06c2e703f98209be82deeb6c87fb7e4e5834a35e03507fb9eb478214",
    "cuff-static.1":
        "c7fdf70b3a3d05b2a70846045585cee57ad517af654c78c5de2366971231d87d",
    "cuff-visual.1":
        "84ee1f1913dd1d3252fa657d200d0a0aa22af2d6b8a9dd4bb04ad8db6a7017ce",
    "external-certificate.1":
        "c4cfb5ebbecef483d6d79ee8cf230d8d47360473913dc9ebd732a0263675a57a",
    "oximeter-functional.1":
        "8f622b4a298d2b69a69c6c8b72b7160224b6938342567141ab1698a9a0c2e9b2",
    "scale-r76.1":
        "66f40cf63a063d95b8caf93bdc6b142a5ffe713f16aa2f5026d8f42dcbd36306",
    "sensor-function.1":
        "ce169d0af0b45b9b65afe5e34c46b46dd1b5735ebae68c42c49a10cb796aab05",
    "thermometer.1":
        "3591655303fd8030605d51afe4012a1f263887c813f51e8c156b15c99176cb6d",
}  # fmt: skip
JUDGEMENTS = {
    # What `evaluate` says of the good runs in `verification_cases`. Old records are judged again
    # for as long as they are kept, so a change here is a change of what they say.
    "cuff-function": "db680a4033524eda",
    "cuff-static": "478a1f816e3882ad",
    "cuff-visual": "5dd3bbb276542835",
    "external-certificate": "2bd1eacf4e0db293",
    "oximeter-functional": "56a4846650cf788f",
    "scale-r76": "3e43e54f7cd80adf",
    "sensor-function": "8e690413ba44c4c2",
    "thermometer": "6de1a9f2d4292855",
}
RAW = procedure.shipped_bytes(str(procedure.shipped()["cuff-static"].sha256)) or b""


def refusal(raw: bytes) -> errors.InputRefused:
    with pytest.raises(errors.InputRefused) as refused:
        procedure.load(raw)
    return refused.value


def edited(old: str, new: str) -> bytes:
    text = RAW.decode()
    assert old in text
    return text.replace(old, new, 1).encode()


def test_what_was_shipped_is_never_edited():
    found = {f"{each.id}.{each.version}": each.sha256 for each in procedure.every_shipped()}
    assert found == FILES


def test_old_records_are_judged_as_they_were():
    found = {}
    for name in procedure.shipped():
        said = json.dumps(cases.judged(cases.good(name)).as_json(), sort_keys=True)
        found[name] = hashlib.sha256(said.encode()).hexdigest()[:16]
    assert found == JUDGEMENTS


@pytest.mark.parametrize("used", procedure.every_shipped(), ids=lambda each: each.id)
def test_every_procedure_is_whole(used: procedure.Procedure):
    raw = procedure.shipped_bytes(str(used.sha256))
    assert raw is not None
    assert hashlib.sha256(raw).hexdigest() == used.sha256
    assert procedure.load(raw) == used
    assert used.name == measured.ProcedureName(used.id, used.version, str(used.sha256))
    assert used.not_checked, "every procedure leaves something out, and says so"
    texts = [used.title, used.about]
    texts += [text for check in used.checks for text in (check.name, check.ask)]
    texts += [entry.text for entry in used.not_checked]
    for text in texts:
        for language in procedure.LANGUAGES:
            assert text.text(language) == text.text(language).strip() != ""
    for check in used.checks:
        assert used.words(check.id, "nn") == check.name.nn
    assert used.words("nobody", "nb") == "nobody"
    assert used.title.text("xx") == used.title.nb


def test_nothing_unknown_is_found():
    assert procedure.shipped_bytes("0" * 64) is None
    assert procedure.shipped()["scale-r76"].need("manometer") is None


def test_the_table_of_the_cuff():
    """EN 1060-3 and the studies: 0 to 250 in steps of 50 and back, 3 mmHg; leak 6 mmHg/min."""
    checks = {check.id: check for check in procedure.shipped()["cuff-static"].checks}
    up, down, leak = checks["static-up"], checks["static-down"], checks["leak"]
    assert up.nominals == tuple(map(D, (0, 50, 100, 150, 200, 250)))
    assert down.nominals == tuple(map(D, (200, 150, 100, 50)))
    for check in (up, down):
        assert (check.limit.value, check.in_service.value) == (3, 4)
    assert (leak.limit.value, leak.advice, leak.settle_s, leak.fit_s) == (6, 4, 60, 60)
    need = procedure.shipped()["cuff-static"].need("manometer")
    assert (need.u_required, need.u_advised) == (D("0.8"), D("0.5"))


def test_points_above_the_devices_maximum_are_not_planned():
    check = next(
        check for check in procedure.shipped()["scale-r76"].checks if check.id == "load-up"
    )
    small = measured.Device("S", "scale", maximum=D(60))
    assert [plan.nominal for plan in procedure.planned(check, small)] == [0, 10, 20, 40, 60]


def test_another_tolerance_is_another_procedure_and_old_records_keep_theirs():
    changed = edited('value = "3"', 'value = "2"').replace(b"version = 1", b"version = 2")
    stricter = procedure.load(changed)
    seen = cases.off(cases.good("cuff-static"), "static-up", "150", "2")
    assert evaluation.evaluate(procedure.shipped()["cuff-static"], seen).outcome == "passed"
    again = evaluation.evaluate(stricter, seen)
    assert (again.level, again.banners[0]) == (0, "procedure-differs")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("form = 1", "form = 2", ""), ('id = "cuff-static"', 'id = "../x"', ""),
        ("version = 1", "version = 0", ""), ("version = 1", 'version = "1"', "version"),
        ("version = 1", "version = 1\nlimit = 3", "limit"),
        ("version = 1", 'version = 1\nsha256 = "00"', "sha256"),
        ('kind = "cuff"', 'kind = "car"', ""), ("level_at_most = 3", "level_at_most = 5", ""),
        ('decision = "guard-band"', 'decision = "hope"', ""),
        ('rule = "answer"', 'rule = "feeling"', "check[0]"),
        ('value = "3"', "value = 3.0", "check[6].limit.value"),
        ('value = "3"', 'value = "NaN"', "check[6].limit.value"),
        ('trust = "read"', 'trust = "hearsay"', "check[6].limit"),
        ('u_required = "0.8"', 'u_required = "0,8"', "reference[0].u_required"),
        ('references = ["manometer"]', 'references = ["ruler"]', "check[6]"),
        ('references = ["manometer"]', 'references = ["weights"]', ""),
        ('settle_s = "60"\n', "", "check[8]"), ('id = "looks"', 'id = "identity"', ""),
        ('nn = "Serienummer"\n', "", "check[0].name.nn"),
        ('[uncertainty]\n', "[nothing]\n", "nothing"),
    ],
)  # fmt: skip
def test_what_is_no_procedure_is_refused_with_its_field(old: str, new: str, field: str):
    refused = refusal(edited(old, new))
    assert (refused.code, refused.fields["field"]) == ("procedure-form", field)


@pytest.mark.parametrize("raw", [b"", b"\xff", b"form", b"[" * 5000, b"form = 1"])
def test_what_is_no_toml_is_refused(raw: bytes):
    assert refusal(raw).code == "procedure-form"


def test_a_large_file_is_refused_before_it_is_read():
    assert refusal(b"#" * (procedure.MAX_FILE_BYTES + 1)).code == "procedure-size"


@given(st.integers(0, len(RAW) - 1), st.binary(max_size=4), st.integers(0, 60))
def test_a_damaged_file_is_refused_or_is_another_procedure(at: int, put: bytes, cut: int):
    raw = RAW[:at] + put + RAW[at + cut :]
    with contextlib.suppress(errors.InputRefused):
        loaded = procedure.load(raw)
        assert raw == RAW or loaded.sha256 != procedure.shipped()["cuff-static"].sha256
        evaluation.evaluate(loaded, cases.good("cuff-static"))


def test_a_limit_says_something():
    for parts in (("fixed", None), ("scale", D(1)), ("hope", D(1)), ("scale", None)):
        with pytest.raises(ValueError, match="limit"):
            procedure.Limit(parts[0], "b", "read", parts[1])


def test_the_form_of_texts():
    with pytest.raises(plain_form.Malformed):
        plain_form.built(procedure.Text, {"nb": "a\nb", "nn": "a", "en": "a"})
    with pytest.raises(plain_form.Malformed):
        plain_form.built(procedure.Text, {"nb": "a" * 401, "nn": "a", "en": "a"})

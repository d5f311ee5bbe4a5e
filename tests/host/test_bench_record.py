"""What a bench signs: nothing forged is opened, and nothing is said that does not follow."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden import formats, site
from host import signed_bench
from host.inventory_bench import K2, NOW_MS, OWNER, refusal
from varde_host import errors
from varde_host.bench_record import form, number, opening, signing, texts
from varde_host.inventory import audit, items, kit_id
from varde_host.site import certificates, creation, files, keys, replacement, trust_documents
from varde_host.verification import judgement, measured
from varde_protocols import documents

GOLDEN = formats.load("bench_records.json")
TRUST = site.trusts()[0]
GOOD = {row["type"]: bytes.fromhex(row["message"]) for row in GOLDEN["documents"]}
THING = items.Item(
    "EXF18F", "sensor", "and-ua651", "A1", *[None] * 7, "good", *[None] * 7
)  # fmt: skip
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def verification(**changes: object) -> form.Signed:
    what = signed_bench.seen(THING, "2027-01-15")
    return signed_bench.verification(dataclasses.replace(what, **changes), NOW_MS, K2)


@pytest.mark.parametrize("row", GOLDEN["documents"], ids=lambda row: row["type"])
def test_golden_records_are_opened(row):
    found = opening.opened(bytes.fromhex(row["message"]), TRUST)
    assert (found.kind, found.sha256) == (row["type"], row["sha256"])
    assert found.payload.decode() == row["payload"] == audit.canonical(found.content)
    assert found.verification_id.hex() == row["sha256"][:16]
    assert not found.is_former
    if found.kind == form.VERIFICATION:
        assert (found.level, found.outcome) == (3, judgement.PASSED)


@pytest.mark.parametrize("row", GOLDEN["refused"], ids=lambda row: f"{row['type']}-{row['case']}")
def test_what_is_refused(row):
    assert refusal(opening.opened, bytes.fromhex(row["message"]), TRUST).code == row["error"]


def test_every_byte_counts():
    good = GOOD["acceptance"]
    for place in range(0, len(good), 7):
        altered = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
        refusal(opening.opened, altered, TRUST)


def test_a_judgement_that_a_bench_forges_is_refused():
    """With the bench's own key: who has it can sign anything, and not what does not follow."""
    bad = signed_bench.failing(signed_bench.seen(THING, "2027-01-15"))
    signed = signed_bench.verification(bad, NOW_MS, K2)
    assert signed.outcome == judgement.FAILED
    good = verification()
    for forged in (
        {"judgement": good.content["judgement"]},
        {"judgement": good.content["judgement"], "valid_until": good.valid_until},
        {"judgement": signed.content["judgement"] | {"outcome": "passed"}},
        {"judgement": signed.content["judgement"] | {"level": True}},
    ):
        body = {name: signed.content[name] for name in form.BODIES[form.VERIFICATION]} | forged
        error = refusal(signed_bench.sign, form.VERIFICATION, body, NOW_MS, K2)
        assert error.code in ("verification-judgement", "bench-record-form")
    body = {name: signed.content[name] for name in form.BODIES[form.VERIFICATION]}
    holds = body | {"valid_until": "2027-06-01"}
    error = refusal(signed_bench.sign, form.VERIFICATION, holds, NOW_MS, K2)
    assert error.code == "verification-validity"


def test_what_was_measured_is_opened_as_it_was():
    signed = verification()
    again = opening.opened(signed.document, signed_bench.site())
    assert again == signed
    assert measured.from_json(again.content["measured"]) == signed_bench.seen(THING, "2027-01-15")
    assert json.loads(signed.payload) == signed.content
    assert number.check(signed.content["number"].lower()) == signed.content["number"]
    assert signed.content["by"] == ["kalibreringsansvarlig", "k2"]


def test_a_person_is_nowhere_in_a_record():
    what = signed_bench.seen(THING, "2027-01-15")
    first, *others = what.as_found.answers
    said = dataclasses.replace(first, text="for 010190 12480")
    run = dataclasses.replace(what.as_found, answers=(said, *others))
    assert refusal(verification, as_found=run).code == "birth-number"
    call = lambda: signing.sign(  # noqa: E731
        signed_bench.site(), form.VERIFICATION, {}, by=OWNER, began_ms=0, ended_ms=0, place="x"
    )
    assert refusal(call).code == "bench-record-form"


def test_a_key_that_was_replaced_is_evidence_of_its_time(tmp_path):
    made = creation.create(tmp_path / "site", "E", ["c.test"], certificates.Validity())
    trust_documents.issue(made, NOW_MS)
    body = {"kit": "4NYX29", "loan": "0" * 16, "items": [], "config": {}, "acceptance": "ab" * 32,
            "coverage": None, "instructed": True}  # fmt: skip
    options = {"by": K2, "began_ms": NOW_MS, "ended_ms": NOW_MS, "place": "Benk 1"}
    old = signing.sign(made, form.HANDOUT, body, **options)
    assert not old.is_former
    replacement.replace(made, made.roles[keys.SERVICE].keys[0].place, None)
    after = files.load(made.directory)
    found = opening.opened(old.document, after)
    assert (found.is_former, found.sha256) == (True, old.sha256)
    new = signing.sign(after, form.HANDOUT, body, **options)
    assert not new.is_former
    assert new.kid != old.kid
    first, _ = trust_documents.chain(made)[0]
    assert refusal(opening.opened, new.document, first).code == "bench-record-signature"


def test_numbers_are_typed_back():
    for draw in range(20):
        made = number.new(random.Random(draw).randrange, NOW_MS)
        assert made.startswith("2027")
        assert number.check(f" {made.lower()} ") == made
        swapped = made[:4] + made[5] + made[4] + made[6:]
        if swapped != made:
            assert refusal(number.check, swapped).code == "bench-record-number"
    for text in ("", "2026", "20260X6WN3", "202X0X6WN2", "²0260X6WN2", "20260X6WN22"):
        assert refusal(number.check, text).code == "bench-record-number"
    assert kit_id.check("0X6WN2")


def test_what_no_record_holds():
    assert refusal(texts.encode, {"a": 0.5}).code == "bench-record-value"
    assert refusal(texts.encode, {"a": 1 << 54}).code == "bench-record-value"
    assert refusal(texts.encode, {"a": b"x"}).code == "bench-record-value"
    assert refusal(texts.encode, {1: "x"}).code == "bench-record-value"
    deep: object = "x"
    for _ in range(texts.MAX_DEPTH + 1):
        deep = [deep]
    assert refusal(texts.encode, {"a": deep}).code == "bench-record-value"
    large = {"facts": {"said": "x" * 200, "more": ["y" * 400] * 170}}
    body = {
        "kit": "4NYX29", "loan": "0" * 16, "items": [], "config": large, "acceptance": "ab" * 32,
        "coverage": None, "instructed": True,
    }  # fmt: skip
    error = refusal(signed_bench.sign, form.HANDOUT, body, NOW_MS, K2)
    assert error.code == "bench-record-large"


# --- fuzz ----------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner,
                                                                 max_size=3),
    max_leaves=8,
)  # fmt: skip


def try_it(call, *arguments) -> None:
    with contextlib.suppress(errors.InputRefused):
        call(*arguments)


@SLOW
@given(data=st.binary(max_size=200))
def test_any_bytes(data):
    try_it(opening.opened, data, TRUST)
    try_it(texts.decode, data)


@SLOW
@given(kind=st.sampled_from(sorted(GOOD)), data=st.data())
def test_good_records_with_any_value_anywhere(kind, data):
    """Signed by the bench itself, and still only opened or refused."""
    content = json.loads(documents.unverified(GOOD[kind], form.NUMBERS[kind]))
    here = content
    for _ in range(data.draw(st.integers(0, 5))):
        inner = [key for key in keys_of(here) if isinstance(here[key], dict | list) and here[key]]
        if not inner:
            break
        here = here[data.draw(st.sampled_from(inner))]
    here[data.draw(st.sampled_from(list(keys_of(here))))] = data.draw(JSON)
    text = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    document = documents.sign(form.NUMBERS[kind], text, [site.key("service-1")])
    try_it(opening.opened, document, TRUST)


def keys_of(container):
    return list(container) if isinstance(container, dict) else range(len(container))

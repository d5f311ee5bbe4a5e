"""The code on a paper, and the files of a report: whatever was altered is found."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import functools
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host import report_cases, signed_bench
from varde_host import errors
from varde_host.bench.taking_back import wipe_papers
from varde_host.inventory import audit
from varde_host.paper import pdfa, qr_code
from varde_host.reporting import checking, files, points_table, slip, wipe_report
from varde_host.site import certificates, creation, keys
from varde_host.site import files as site_files
from varde_protocols import documents, wipe_record

SITE = signed_bench.site()
LONGEST_MODULES = 69
"""Version 13: 0.5 mm each at 38 mm with the border."""


@functools.cache
def sources() -> files.Sources:
    before = report_cases.verification(report_cases.cuff("0.4"))
    return report_cases.sources(report_cases.verification(report_cases.cuff()), (before,))


@functools.cache
def made() -> dict[str, bytes]:
    return files.made(sources(), "nn")


def code() -> str:
    return sources().code


def test_a_code_says_what_the_record_comes_to():
    found = checking.of_code(code(), SITE).slip
    assert (found.kind, found.outcome, found.level) == ("verification", "passed", 3)
    assert (found.subject, found.day) == (report_cases.CUFF, "2026-11-22")
    assert found.valid_until == "2027-11-22"
    assert found.sha256 == sources().signed.sha256


def test_a_code_is_small_enough_and_has_no_letter_that_a_scanner_damages():
    assert code().isalnum()
    assert len(qr_code.modules(code(), qr_code.PAPER_ERROR_LEVEL)) <= LONGEST_MODULES


def test_scanners_may_type_small_letters_and_people_blanks():
    typed = " ".join(code()[start : start + 8] for start in range(0, len(code()), 8)).lower()
    assert checking.of_code(typed, SITE) == checking.of_code(code(), SITE)


@pytest.mark.parametrize(
    ("field", "value"),
    [("outcome", "passed"), ("level", 4), ("valid_until", "2030-01-01"), ("subject", "7R4KEX")],
)
def test_nobody_else_can_write_a_code(tmp_path, field: str, value: object):
    bad = dataclasses.replace(slip.of(sources().signed), outcome="failed")
    other = creation.create(tmp_path / "s", "Annen", ["c.test"], certificates.Validity())
    forged = dataclasses.replace(bad, **{field: value})
    theirs = slip.text(forged, other.signer(keys.SERVICE))
    with pytest.raises(errors.InputRefused, match="slip-signature"):
        checking.of_code(theirs, SITE)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_letter_that_was_altered_is_found(place: int, letter: str):
    at = len(slip.PREFIX) + place % (len(code()) - len(slip.PREFIX))
    altered = code()[:at] + letter + code()[at + 1 :]
    if base64_of(altered) != base64_of(code()):
        with pytest.raises(errors.InputRefused, match="slip-"):
            checking.of_code(altered, SITE)


def base64_of(text: str) -> bytes:
    body = text.removeprefix(slip.PREFIX)
    return base64.b32decode(body + "=" * (-len(body) % 8))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80) | st.binary(max_size=400).map(
    lambda raw: slip.PREFIX + base64.b32encode(raw).decode().rstrip("=")
))  # fmt: skip
def test_whatever_is_scanned_is_refused_by_name(text: str):
    with pytest.raises(errors.InputRefused, match="slip-"):
        checking.of_code(text, SITE)


def test_a_slip_is_no_signature_of_anything_else_by_the_same_key():
    """The context is the slip's own: what a hub takes from the service key is not one."""
    raw = base64.b32encode(sources().signed.document).decode().rstrip("=")
    with pytest.raises(errors.InputRefused, match="slip-"):
        checking.of_code(slip.PREFIX + raw[:1000], SITE)


def test_a_pdf_is_checked_by_drawing_it_again():
    found = checking.of_pdf(made()[files.PDF], SITE)
    assert found.redrawn
    assert found.slip == slip.of(sources().signed)


def test_a_pdf_with_another_text_on_its_page_is_refused():
    """As an editor leaves it: everything inside is the signed report's own, but for the page."""
    better = report_cases.sources(report_cases.verification(report_cases.cuff()))
    worse = files.made(
        report_cases.sources(report_cases.verification(report_cases.cuff("4.9"))), "nb"
    )
    page = made_with(files.made(better, "nb")[files.PDF], worse)
    with pytest.raises(errors.InputRefused, match="report-altered"):
        checking.of_pdf(page, SITE)


def made_with(pdf: bytes, inside: dict[str, bytes]) -> bytes:
    """A PDF's pages over another report's files."""
    attached = [
        pdfa.Attached(f"x{end}", "text/plain", data)
        for end, data in inside.items()
        if end != files.PDF
    ]
    return pdfa.archived(pdf, pdfa.About("x", "nb", dt.datetime.now(dt.UTC)), attached)


@pytest.mark.parametrize("end", [files.JSON, files.CSV])
def test_a_file_of_one_letter_changed_is_found(end: str):
    changed = {**made(), end: made()[end].replace(b"250", b"251", 1)}
    assert changed[end] != made()[end]
    with pytest.raises(errors.InputRefused, match="report-altered"):
        checking.of_files(changed, SITE)


def test_a_record_of_one_bit_changed_is_found():
    document = bytearray(made()[files.COSE])
    at = document.index(b'"indication":"150')
    document[at + len('"indication":"15')] ^= 1
    with pytest.raises(errors.InputRefused, match="bench-record-signature"):
        checking.of_files({**made(), files.COSE: bytes(document)}, SITE)


def test_a_good_reports_code_does_not_make_a_bad_one_good():
    bad = report_cases.sources(report_cases.verification(report_cases.cuff("4.9")))
    with pytest.raises(errors.InputRefused, match="report-altered"):
        checking.of_files(files.made(dataclasses.replace(bad, code=code()), "nb"), SITE)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(files.ENDS), st.binary(max_size=200)))
def test_whatever_the_files_are_they_are_refused_by_name(given_files: dict[str, bytes]):
    with pytest.raises(errors.InputRefused):
        checking.of_files(given_files, SITE)
    with pytest.raises(errors.InputRefused):
        checking.of_pdf(given_files.get(files.PDF, b""), SITE)


def test_the_table_has_every_point_as_it_was_read():
    rows = made()[files.CSV].decode().splitlines()
    assert rows[0].startswith("run,check,direction,nominal,reference,indication,ble,display")
    assert sum(row.startswith("as_found,static-") for row in rows) == 10
    assert any(row.startswith("as_found,static-up,up,150,150,150.72,150,150,") for row in rows)
    assert sum(",series," in row for row in rows) == 25


@given(st.sampled_from("=+@\t\r"), st.text(max_size=10))
def test_no_cell_of_a_table_is_a_formula(sign: str, text: str):
    assert not str(points_table._cell(sign + text)).startswith(("=", "+", "@", "\t", "\r"))


# A wipe's report is made by the return; what follows is about its files.


def wiped(**changes: object) -> dict[str, bytes]:
    evidence = EVIDENCE
    record = wipe_record.WipeRecord(
        site_id=SITE.site_id, hub_id=bytes(8), chip_id=bytes(6), kit_id=report_cases.KIT,
        started_ms=report_cases.NOW_MS, finished_ms=report_cases.NOW_MS + 9000,
        unsent_records=0, unsent_readings=0, decided_by=None,
        steps=[[name, report_cases.NOW_MS, wipe_papers.evidence_sha256(row)]
               for name, row in evidence.items()],
        tool_version="varde 0.1.0",
    )  # fmt: skip
    signer = SITE.signer(keys.SERVICE)
    data = documents.sign(documents.WIPE_RECORD, record.encode(), [signer])
    described = wipe_papers.as_json(record, evidence, checking_sha256(data))
    described |= {"municipality": "Eksempel kommune", "by": ["lagertekniker", "t17"],
                  "signed_by": signer.kid.hex()}  # fmt: skip
    code = slip.text(wipe_papers.slip_of(described), signer)
    described |= changes
    text = json.dumps(described, indent=1, ensure_ascii=False).encode()
    return {".cose": data, ".json": text, ".code": code.encode() + b"\n"}


def checking_sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


EVIDENCE: dict = {
    "return-look": {"hub": "00" * 8, "bonds": 2},
    "return-drain": {"at_first": {"readings": 3}, "unsent_records": 0, "unsent_readings": 0,
                     "decision": None},
    "return-prove": {"how": "dump", "bytes": 16 << 20, "sha256": "cd" * 32, "secrets": 7,
                     "found": []},
    "return-sensors": {"sensors": []},
}  # fmt: skip


def test_a_wipe_is_checked_and_drawn_again_as_any_report():
    given_files = wiped()
    assert wipe_report.is_one(given_files)
    found = checking.of_files(given_files, SITE).slip
    assert (found.kind, found.subject) == (slip.WIPE, report_cases.KIT)
    pdf = wipe_report.drawn(given_files, "nb")
    assert checking.of_pdf(pdf, SITE).redrawn
    assert json.loads(audit.canonical(EVIDENCE)) == EVIDENCE


@pytest.mark.parametrize(
    "changes",
    [
        {"kit": "7R4KEX"},
        {"unsent_readings": 4},
        {"record_sha256": "00" * 32},
        {"steps": {}},
        {"steps": {name: {"at_ms": 1, "sha256": "", "evidence": {}} for name in EVIDENCE}},
    ],
)
def test_a_wipe_that_was_made_better_afterwards_is_refused(changes: dict):
    with pytest.raises(errors.InputRefused, match="report-"):
        checking.of_files(wiped(**changes), SITE)


def test_former_keys_still_count_for_old_papers():
    assert set(slip.service_keys(SITE)) >= set(SITE.roles[keys.SERVICE].publics)
    assert isinstance(SITE, site_files.Site)

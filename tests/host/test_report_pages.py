"""Reports on paper: whole, honest, readable in black and white, and the same bytes again."""

from __future__ import annotations

import dataclasses
import functools
import io
from decimal import Decimal

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from pikepdf import pdfa

from host import pdfa_structure, report_cases, signed_bench
from host import verification_cases as cases
from varde_host import errors, messages
from varde_host.acceptance import steps
from varde_host.paper import label, page
from varde_host.reporting import files, slip
from varde_host.verification import measured, procedure

CASES = ("cuff", "bad-cuff", "changed", "scale", "oximeter", "acceptance", "failed", "handout")


@functools.cache
def sources(case: str) -> files.Sources:
    of = report_cases.things() if case in ("acceptance", "failed", "handout") else ()
    if case == "acceptance":
        return report_cases.sources(report_cases.acceptance(of), of)
    if case == "failed":
        return report_cases.sources(report_cases.acceptance(of, fails=True), of)
    if case == "handout":
        accepted = report_cases.acceptance(of)
        return report_cases.sources(report_cases.handout(of, accepted), (*of, accepted))
    seen = {
        "cuff": report_cases.cuff(), "bad-cuff": report_cases.cuff("4.9"),
        "changed": report_cases.changed(), "scale": report_cases.scale(),
        "oximeter": report_cases.oximeter(),
    }[case]  # fmt: skip
    before = (report_cases.verification(report_cases.cuff("0.4")),) if case == "cuff" else ()
    return report_cases.sources(report_cases.verification(seen), before)


@functools.cache
def made(case: str, language: str = "nb") -> dict[str, bytes]:
    return files.made(sources(case), language)


def said(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
    return " ".join(" ".join(pages).replace("￾", "-").split())


def picture(pdf: bytes, number: int = 0, dots_per_inch: int = 200):
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[number].render(scale=dots_per_inch / 72).to_pil()
    finally:
        document.close()


def words(language: str = "nb") -> messages.Speaker:
    return label.speaker(language)


@pytest.mark.parametrize("case", CASES)
def test_every_report_is_archived_and_drawn_again_from_its_files_alone(case: str):
    files_made = made(case)
    pdfa_structure.check(files_made[files.PDF])
    assert files.made(files.read(files_made), "nb") == files_made


@pytest.mark.parametrize("key", ["OutputIntents", "Metadata", "AF"])
def test_what_pdfa_asks_for_is_missed_when_it_is_not_there(key: str):
    spoiled = io.BytesIO()
    with pikepdf.open(io.BytesIO(made("oximeter")[files.PDF])) as pdf:
        del pdf.Root[f"/{key}"]
        pdf.save(spoiled)
    assert not pdfa.validate_written(spoiled, "3b").passed


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("case", ["changed", "acceptance", "handout"])
def test_every_language_says_number_outcome_and_who(case: str, language: str):
    text = said(made(case, language)[files.PDF])
    content = sources(case).signed.content
    assert content["number"] in text
    assert words(language).text("sheet.not-checked") in text
    assert words(language).text("function.kalibreringsansvarlig") + " k2" in text
    assert words(language).text("page.end") in text
    assert sources(case).signed.sha256 in text
    assert "{" not in text


@pytest.mark.parametrize("dots_per_inch", [150, 300])
@pytest.mark.parametrize("case", ["cuff", "acceptance", "handout"])
def test_the_code_is_read_from_the_page_and_says_what_the_paper_says(
    case: str, dots_per_inch: int
):
    page = picture(made(case)[files.PDF], 0, dots_per_inch).convert("1")  # black or white
    (code,) = zxingcpp.read_barcodes(page)
    found = slip.opened(code.text, slip.service_keys(signed_bench.site()))
    assert found == slip.of(sources(case).signed)


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_told_by_colour(case: str):
    red, green, blue = picture(made(case)[files.PDF]).convert("RGB").split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()


@pytest.mark.parametrize("case", ["cuff", "bad-cuff", "scale", "oximeter", "acceptance"])
def test_no_report_of_ours_calls_itself_a_calibration(case: str):
    text = said(made(case)[files.PDF]).casefold()
    # The one place for the word is a reference's own certificate.
    rest = text.replace("kalibreringsansvarlig", "").replace("sertifikat kalibrert gyldig til", "")
    assert "kalibrer" not in rest
    assert "calibrat" not in said(made(case, "en")[files.PDF]).casefold().replace(
        "certificate calibrated valid until", ""
    ).replace("calibration officer", "").replace("responsible for calibration", "")


def test_a_level_is_said_with_its_points_and_its_uncertainty():
    text = said(made("cuff")[files.PDF])
    assert "N3: Verifisert ved 0, 50, 100, 150, 200, 250 mmHg, U = 0,89 mmHg (k = 2)" in text
    assert "Gyldig til og med 22.11.2027" in text


def test_an_oximeter_is_a_plain_table_under_large_words():
    text = said(made("oximeter")[files.PDF])
    assert "Funksjonskontroll. Nøyaktighet er ikke kontrollert." in text
    assert "N2: Sammenlignet, ikke sporbar nøyaktighet" in text
    assert words().text("sheet.plot.errors") not in text
    assert "SpO2" in text


def test_what_was_found_stands_before_what_was_left():
    text = said(made("changed")[files.PDF])
    assert text.index("Som funnet, før noe ble rørt") < text.index("Endret: ny mansjett")
    assert "+4,80" in text
    assert (
        words().text("sheet.as-found-was", outcome="Ikke bestått, innenfor usikkerheten") in text
    )


def test_what_failed_says_so_and_for_how_long_it_is_valid_does_not_stand_there():
    text = said(made("bad-cuff")[files.PDF])
    assert "Ikke bestått" in text
    assert "Kan ikke leveres ut på denne kontrollen." in text
    assert "Gyldig til og med" not in text


def test_all_raw_points_are_on_the_paper():
    seen = report_cases.scale()
    text = said(made("scale")[files.PDF])
    for point in seen.as_found.points:
        assert format(point.indication, "f").replace(".", ",") in text


def test_a_table_has_its_heads_on_every_page():
    def draw(pages: page.Pages) -> None:
        rows = [["Trykk"], *([str(number), "1"] for number in range(120))]
        pages.table(["Punkt", "Avvik"], rows, [40.0])

    document = pypdfium2.PdfDocument(page.document(words(), "Prøve", "Prøve", draw))
    try:
        texts = [each.get_textpage().get_text_bounded() for each in document]
    finally:
        document.close()
    assert len(texts) > 1
    assert all(text.startswith("Punkt") for text in texts)


def test_what_is_judged_by_its_ends_has_them_and_no_error():
    text = said(made("oximeter")[files.PDF])
    assert "Frisk finger bestått 97 % 95–100 %" in text
    assert "97 finger 97 97 – – 95–100 bestått" in text
    assert "0,5" not in text  # from the middle of the range: no number of the reader's


def test_the_budget_is_rounded_to_the_nearest():
    text = said(made("scale")[files.PDF])
    assert ("1,73" in text, "3,46" in text) == (True, True)  # √3 and 2√3


def test_what_nobody_wrote_down_is_said():
    text = said(made("bad-cuff")[files.PDF])
    assert "UDI ikke oppgitt" in text
    assert "programvare ikke oppgitt" in text
    assert "Tilstand ved mottak se «Utseende», som funnet" in text
    assert "Avvik fra prosedyren ingen" in text
    assert "levert ut" not in text  # a check hands out nothing


def test_a_check_that_was_not_done_is_a_deviation_with_its_reason():
    seen = report_cases.cuff()
    reasons = (measured.NotDone("leak", "slangen passer ikke"),)
    seen = cases.with_run(seen, series=(), not_done=reasons)
    pdf = files.made(report_cases.sources(report_cases.verification(seen)), "nb")[files.PDF]
    assert "Avvik fra prosedyren Lekkasje: slangen passer ikke" in said(pdf)


def test_a_certificate_of_another_thing_lends_no_word_of_its_own():
    seen = report_cases.named(cases.good("external-certificate"), report_cases.CUFF)
    pdf = files.made(report_cases.sources(report_cases.verification(seen)), "nb")[files.PDF]
    assert "N1: Funksjonskontrollert" in said(pdf)
    assert "Kalibrert av" not in said(pdf)
    assert "Modell ikke oppgitt" in said(pdf)


def test_a_leak_beyond_the_limit_is_not_called_below_it():
    seen = cases.with_run(report_cases.cuff(), series=(cases.leaking(Decimal(-8)),))
    pdf = files.made(report_cases.sources(report_cases.verification(seen)), "nb")[files.PDF]
    assert "under grensen" not in said(pdf)
    assert "mindre enn grensen" not in said(pdf)


def test_a_kit_names_its_hub_and_what_each_thing_was_verified_at():
    text = said(made("acceptance")[files.PDF])
    assert f"brikke {signed_bench.CHIP_ID}" in text
    assert "innenfor usikkerheten" not in text
    assert "0, 50, 100, 150, 200, 250 mmHg, U = 0,89" in text


def test_a_kit_tells_which_of_its_things_passed_within_the_uncertainty():
    of = (report_cases.verification(report_cases.cuff("2.8")),)
    pdf = files.made(report_cases.sources(report_cases.acceptance(of), of), "nb")[files.PDF]
    assert "(k = 2). Bestått, men innenfor usikkerheten" in said(pdf)


def test_a_failed_step_stands_with_its_code_and_its_reason():
    text = said(made("failed")[files.PDF])
    assert "LAG-01: 2 av 20 testmålinger kom ikke fram" in text
    assert "10 av 11 trinn er i orden." in text
    assert "Kitet kan ikke leveres ut." in text
    assert words().text(steps.text_key(steps.STORAGE)) in text


def test_the_previous_run_is_drawn_only_if_it_is_of_the_same_procedure():
    with_it, number = made("cuff")[files.PDF], sources("cuff").beside[0].content["number"]
    assert words().text("sheet.plot.previous") in said(with_it)
    assert number in said(with_it)
    other = dataclasses.replace(sources("cuff"), beside=(sources("scale").signed,))
    assert words().text("sheet.plot.previous") not in said(files.made(other, "nb")[files.PDF])


def test_a_fault_that_this_version_words_otherwise_is_its_code_alone():
    rows = [
        {**row, "facts": {}} if row["code"] else row
        for row in sources("failed").signed.content["steps"]
    ]
    changed = {**sources("failed").signed.content, "steps": rows}
    signed = dataclasses.replace(sources("failed").signed, content=changed)
    pdf = files.made(dataclasses.replace(sources("failed"), signed=signed), "nb")[files.PDF]
    assert "LAG-01" in said(pdf)


def test_a_handout_names_what_went_out_and_what_is_new():
    text = said(made("handout")[files.PDF])
    assert "Utlån 0042 1133 9900 1177" in text
    assert "5150800123" in text
    assert "Soverommet" in text
    assert "Dekningen er for svak minst ett sted." in text
    assert (
        f"innholdet i kitet {report_cases.CUFF} {report_cases.CUFF}, {report_cases.SCALE}" in text
    )


def test_a_record_by_an_unknown_procedure_has_no_report():
    measured = {
        **sources("cuff").signed.content["measured"],
        "procedure": {"id": "cuff-static", "version": 1, "sha256": "00" * 32},
    }
    content = {**sources("cuff").signed.content, "measured": measured}
    signed = dataclasses.replace(sources("cuff").signed, content=content)
    with pytest.raises(errors.InputRefused, match="bench-record-procedure"):
        files.made(dataclasses.replace(sources("cuff"), signed=signed), "nb")


def test_a_procedure_of_the_municipality_lies_in_the_pdf():
    raw = procedure.shipped_bytes(
        sources("cuff").signed.content["measured"]["procedure"]["sha256"]
    )
    own = dataclasses.replace(sources("cuff"), own=raw)
    files_made = files.made(own, "nb")
    assert files_made[files.PROCEDURE] == raw
    assert files.made(files.read(files_made), "nb") == files_made

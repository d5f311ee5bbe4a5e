"""`varde report` as it is typed: from a kit that went out to papers that are checked."""

from __future__ import annotations

import json
from pathlib import Path

import pypdfium2
import pytest

from host import pdfa_structure, signed_bench
from host.inventory_bench import Stockroom
from host.terminal import Terminal
from varde_host.commands import inventory_options
from varde_host.inventory import records, states, store
from varde_host.site import keys, trust_documents
from varde_protocols import documents

FACTS = """municipality = "Eksempel kommune"
fault_phone = "00 00 00 00"
hours = "hverdager 08.00-15.30"
"""


class Counter:
    """A site with a kit that was handed out, and a terminal."""

    def __init__(self, terminal: Terminal, folder: Path) -> None:
        self.terminal, self.out = terminal, folder / "out"
        self.site = signed_bench.site().directory
        (self.site / "label.toml").write_text(FACTS, encoding="utf-8")
        self.inventory = folder / store.FILE
        self.stock = Stockroom(self.inventory)
        self.kit = self.stock.kit()
        self.stock.bring(self.kit, states.HANDED_OUT)

    def run(self, *words: str) -> tuple[int, str, str]:
        return self.terminal.run("report", *words)

    def json(self, *words: str) -> dict:
        status, out, told = self.run(*words, "--json")
        assert status == 0, told
        return json.loads(out.splitlines()[-1])

    @property
    def place(self) -> tuple[str, ...]:
        return ("--site", str(self.site), "--inventory", str(self.inventory))

    def record(self, kind: str) -> records.Record:
        return self.stock.see(records.listing, kind)[-1]


@pytest.fixture
def counter(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VARDE_BY", "lagertekniker:t17")
    made = Counter(terminal, tmp_path)
    monkeypatch.setattr(inventory_options, "now_ms", lambda: made.stock.now_ms)
    yield made
    made.stock.close()


def pages(path: Path) -> str:
    document = pypdfium2.PdfDocument(path.read_bytes())
    try:
        return " ".join(" ".join(p.get_textpage().get_text_bounded().split()) for p in document)
    finally:
        document.close()


def test_a_report_is_made_checked_and_drawn_again(counter: Counter, tmp_path: Path):
    record = counter.record("verification")
    made = counter.json("make", record.number, "--out", str(counter.out), *counter.place)
    stem = f"verification-{record.number}"
    assert {Path(name).name for name in made["files"]} == {
        stem + end for end in (".pdf", ".cose", ".json", ".csv", ".code")
    }
    pdf, site = counter.out / f"{stem}.pdf", ("--site", str(counter.site))
    pdfa_structure.check(pdf.read_bytes())
    told = counter.json("check", str(pdf), *site)
    assert (told["number"], told["sha256"], told["redrawn"]) == (
        record.number,
        record.sha256,
        True,
    )
    code = (counter.out / f"{stem}.code").read_text()
    assert counter.json("check", code.strip(), *site) == {**told, "redrawn": False}
    assert counter.json("check", str(pdf.with_suffix(".json")), *site)["redrawn"] is False
    assert counter.json("redraw", str(pdf.with_suffix(".json")))["same"] is True
    assert counter.json("redraw", str(pdf))["same"] is True
    again = tmp_path / "again.pdf"
    pdf.rename(tmp_path / "moved.pdf")
    counter.json("redraw", str(pdf.with_suffix(".json")), "--out", str(again))
    assert again.read_bytes() == (tmp_path / "moved.pdf").read_bytes()


def test_a_scanned_page_is_checked_by_its_picture(counter: Counter, tmp_path: Path):
    record = counter.record("acceptance")
    counter.json("make", record.sha256, "--out", str(counter.out), *counter.place)
    data = (counter.out / f"acceptance-{record.number}.pdf").read_bytes()
    document = pypdfium2.PdfDocument(data)
    scan = tmp_path / "scan.png"
    document[0].render(scale=150 / 72).to_pil().convert("L").rotate(2, fillcolor=255).save(scan)
    document.close()
    told = counter.json("check", str(scan), "--site", str(counter.site))
    assert (told["kind"], told["number"]) == ("acceptance", record.number)
    empty = tmp_path / "empty.png"
    empty.write_bytes(b"no picture")
    status, _, said = counter.run("check", str(empty), "--site", str(counter.site))
    assert (status, "200" in said) == (1, True)


def test_who_has_no_site_checks_by_its_trust(counter: Counter, tmp_path: Path):
    site = signed_bench.site()
    described = trust_documents.described(site, 1, 0)
    trust = tmp_path / "trust.cbor"
    signer = site.signer(keys.TRUST)
    trust.write_bytes(documents.sign(documents.TRUST, described.encode(), [signer]))
    record = counter.record("verification")
    counter.json("make", record.number, "--out", str(counter.out), *counter.place)
    pdf = counter.out / f"verification-{record.number}.pdf"
    assert counter.json("check", str(pdf), "--trust", str(trust))["redrawn"] is True


def test_a_handout_is_signed_and_on_paper(counter: Counter):
    made = counter.json(
        "handout", counter.kit, "--instructed", "--out", str(counter.out), *counter.place
    )
    assert counter.record("handout").number == made["number"]
    text = pages(counter.out / f"handout-{made['number']}.pdf")
    assert "Utleveringsrapport" in text
    assert "Brukeren eller en pårørende har fått opplæring." in text
    assert counter.record("acceptance").number in text
    assert "Dekningen er ikke prøvd hjemme hos brukeren." in text


def test_a_kit_that_is_not_out_has_no_handout(counter: Counter):
    other = counter.stock.kit()
    status, _, said = counter.run("handout", other, "--out", str(counter.out), *counter.place)
    assert status == 1
    assert "kitet er ikke levert ut" in said


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_a_start_card_has_what_is_in_the_case_and_nobodys_name(counter: Counter, language: str):
    card = counter.out.with_suffix(".pdf")
    status, _, said = counter.terminal.run(
        "--language", language, "report", "card", counter.kit, "--out", str(card), *counter.place
    )
    assert status == 0, said
    pdfa_structure.check(card.read_bytes())
    text = pages(card)
    assert ("Cuff monitor" in text, "00 00 00 00" in text, "113" in text) == (True, True, True)
    assert counter.kit in text
    expected = {"nb": "Slik kommer du i gang", "nn": "Slik kjem du i gang", "en": "How to begin"}
    assert expected[language] in text


def test_a_devices_sheet_and_the_bench_are_on_paper(counter: Counter):
    item = counter.record("verification").subject
    sheet, bench = counter.out.with_suffix(".device.pdf"), counter.out.with_suffix(".bench.pdf")
    assert counter.json("device", item, "--out", str(sheet), *counter.place)["checks"] >= 1
    assert "Rådet intervall" in pages(sheet)
    other = counter.stock.kit()
    told = counter.json("batch", "--out", str(bench), *counter.place)
    assert told["kits"] == 1  # the other one is out
    assert other in pages(bench)
    for paper in (sheet, bench):
        pdfa_structure.check(paper.read_bytes())


def test_what_is_there_is_not_written_over(counter: Counter):
    number = counter.record("verification").number
    counter.json("make", number, "--out", str(counter.out), *counter.place)
    status, _, said = counter.run("make", number, "--out", str(counter.out), *counter.place)
    assert (status, "verification" in said) == (1, True)


@pytest.mark.parametrize("words", [("check", "hei"), ("redraw", "nothing.json"),
                                   ("redraw", "nothing.txt")])  # fmt: skip
def test_what_is_no_report_is_refused_in_words(counter: Counter, words: tuple[str, ...]):
    site = ("--site", str(counter.site)) if words[0] == "check" else ()
    status, _, said = counter.run(*words, *site)
    assert status == 1
    assert said.startswith("varde: ")


def test_a_language_that_we_have_not_is_refused(counter: Counter):
    number = counter.record("verification").number
    status, _, said = counter.run(
        "make", number, "--language", "sv", "--out", str(counter.out), *counter.place
    )
    assert (status, "sv" in said) == (1, True)

"""`varde kit lost` and `varde kit label`, as a person runs them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pypdfium2
import pytest
import sqlalchemy as sa
import zxingcpp

from host.virtual_hub import VirtualHub
from varde_host import cli
from varde_host.bench.making import kit_binding
from varde_host.collector import database, registry, schema
from varde_host.inventory import store
from varde_host.inventory.who import Who
from varde_protocols import records

CHIP = "a829e27f94d5"
BY = "lagertekniker:t17"
LABEL = """
municipality = "Nordre Småøy kommune"
fault_phone = "00 00 00 00"
hours = "hverdager 08.00-15.30"
"""


class Kit:
    """A kit with a hub that has delivered two records and a report of three pending."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.hub = VirtualHub(receiver_public=b"\x09" + bytes(31))
        raws = [self.hub.start(), self.hub.event(1)]
        facts = {
            records.FACT_PENDING: 3, records.FACT_FIRST_SEQ: 1, records.FACT_NEXT_SEQ: 6,
            records.FACT_BONDS: [1, 2], records.FACT_CONFIG_NUMBER: 4,
        }  # fmt: skip
        seq = self.hub.take_seq()
        raws.append(self.hub.sign(records.Report(seq, 1, 20, facts)))
        with database.open_database(site / "collector.sqlite").writing() as connection:
            registry.enrol(connection, self.hub.public, 1000)
            number = registry.find(connection, self.hub.hub_id).number
            for seq, raw in enumerate(raws, 1):
                kind = 7 if raw is raws[-1] else 4
                row = {"hub": number, "seq": seq, "kind": kind, "record": raw, "received_ms": 5000}
                connection.execute(sa.insert(schema.records).values(uptime_ms=0, boot=1, **row))
        inventory = store.open_inventory(site / store.FILE)
        who = Who("lagertekniker", "t17")
        hub_id = self.hub.hub_id.hex()
        self.kit_id = kit_binding.kit_of(inventory, CHIP, hub_id, who, 1000).kit_id
        again = kit_binding.kit_of(inventory, CHIP, hub_id, who, 2000)
        assert again.kit_id == self.kit_id  # done again it changes nothing
        inventory.close()


@pytest.fixture
def kit(made: Path) -> Kit:
    (made / "label.toml").write_text(LABEL, encoding="utf-8")
    return Kit(made)


def run(capsys, *arguments: str) -> tuple[int, dict]:
    status = cli.main([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_lost_hub_is_refused_and_what_could_be_on_it_is_listed(kit: Kit, capsys, tmp_path):
    paper = tmp_path / "lost.pdf"
    arguments = ("kit", "lost", kit.kit_id, "--site", str(kit.site), "--by", "it-drift:i2")
    status, told = run(capsys, *arguments, "--reason", "glemt på bussen", "--out", str(paper))
    assert status == 0
    assert told["hub"] == kit.hub.hub_id.hex()
    assert told["revoked_ms"] is not None
    assert told["last_report"] == {
        "received_ms": 5000, "pending": 3, "undelivered": 2, "assignment": 4, "bonds": [1, 2],
    }  # fmt: skip
    assert told["delivered"] == 3
    assert told["kit_refused"] == "kit-function"  # from the store it is not for IT to scrap
    document = pypdfium2.PdfDocument(paper.read_bytes())
    text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    codes = [zxingcpp.read_barcodes(page.render(scale=3).to_pil()) for page in document]
    document.close()
    assert "Inntil 2 poster" in " ".join(text.split())
    assert [code.text for page in codes for code in page] == [told["hub"]]
    with database.open_database(kit.site / "collector.sqlite").reading() as connection:
        assert registry.find(connection, kit.hub.hub_id).is_revoked


def test_networks_are_named_and_their_passwords_are_not(kit: Kit, capsys, tmp_path):
    wifi, out = tmp_path / "wifi", tmp_path / "assignment.cbor"
    wifi.write_text("Fjellstua:kaffe-og-kringle\n")
    site = ("--site", str(kit.site))
    made = ("--host", "collector.test", "--wifi", str(wifi), "--out", str(out))
    assert run(capsys, "hub", "assignment", *made, *site)[0] == 0
    lost = ("kit", "lost", kit.kit_id, *site, "--by", BY, "--reason", "borte")
    assert cli.main([*lost, "--assignment", str(out)]) == 0
    said = capsys.readouterr()
    assert "Fjellstua" in said.out
    assert "kaffe" not in said.out + said.err
    status, told = run(capsys, *lost, "--assignment", str(out))
    assert (status, told["assigned"]["networks"]) == (0, ["Fjellstua"])
    assert "kaffe" not in json.dumps(told)
    status, told = run(capsys, *lost, "--assignment", str(wifi))
    assert (status, told["error"]) == (1, "assignment-file")


def test_a_label_is_drawn(kit: Kit, capsys, tmp_path):
    out = tmp_path / "label.pdf"
    arguments = ("kit", "label", kit.kit_id, "--site", str(kit.site), "--out", str(out))
    status, told = run(capsys, *arguments)
    assert status == 0
    assert told["labels"][0] | {"next_check": ""} == {
        "kit": kit.kit_id, "level": 0, "next_check": "", "scanned": False,
    }  # fmt: skip
    document = pypdfium2.PdfDocument(out.read_bytes())
    (code,) = zxingcpp.read_barcodes(document[0].render(scale=4).to_pil())
    document.close()
    assert code.text == kit.kit_id
    assert run(capsys, *arguments)[1]["error"] == "file-exists"


@pytest.mark.parametrize(("form", "start"), [("sheet", b"%PDF"), ("zpl", b"^XA"), ("dog", b"")])
def test_a_label_comes_in_the_form_that_was_asked_for(kit: Kit, capsys, tmp_path, form, start):
    out = tmp_path / "label"
    arguments = ("kit", "label", kit.kit_id, "--site", str(kit.site), "--out", str(out))
    status, told = run(capsys, *arguments, "--form", form, "--next-check", "2027-05-12")
    if not start:
        assert (status, told["error"]) == (1, "label-form")
        return
    assert out.read_bytes().startswith(start)
    assert told["labels"][0]["next_check"] == "2027-05-12"


def test_a_label_counts_when_it_was_scanned_back(kit: Kit, capsys, tmp_path, monkeypatch):
    site = ("--site", str(kit.site), "--scan")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"https:øø{kit.kit_id}\n{kit.kit_id.lower()}\n"))
    first = ("kit", "label", kit.kit_id, "--out", str(tmp_path / "one.pdf"), *site)
    assert cli.main([*first, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["labels"][0]["scanned"] is True
    assert "tastatur" in said.err
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    second = ("kit", "label", kit.kit_id, "--out", str(tmp_path / "two.pdf"), *site)
    assert run(capsys, *second)[1]["error"] == "label-unscanned"

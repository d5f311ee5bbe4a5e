"""`varde verify` as it is typed: run, list, show, check, and the procedures."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path

import pytest

from host.inventory_bench import K2
from host.terminal import Terminal
from varde_host.inventory import items, models, records, store
from varde_host.site import certificates, creation
from varde_host.verification import procedure
from varde_host.verifying import line_editor, situation, state_file

NOW_MS = 1_795_300_000_000
ANSWERS = "1.3.2025\nS100\nM\nja\nja\nja\n\n"


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("VARDE_BY", "lagertekniker:t17")
    monkeypatch.setattr(line_editor.sys, "stdin", io.StringIO(""))
    return Terminal(capsys)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    made = creation.create(tmp_path / "site", "Fjord", ["c.test"], certificates.Validity())
    return made.directory


@pytest.fixture
def cuff(site: Path) -> str:
    return stocked(site, "cuff-m", models.CUFF)


def stocked(site: Path, model: str, kind: str) -> str:
    """A thing of a model, in the site's inventory."""
    draw = random.Random(model).randrange
    opened = store.open_inventory(site / store.FILE, create=True)

    def fill(connection) -> str:
        models.add(connection, model, kind, K2, NOW_MS, name=model, maker="M")
        return items.add(connection, draw, model, K2, NOW_MS, serial="S100").item_id

    item = opened.write(fill)
    opened.close()
    return item


def says(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(line_editor.sys, "stdin", io.StringIO(text))


def test_run_stop_go_on_show_and_check(
    terminal: Terminal, site: Path, cuff: str, monkeypatch: pytest.MonkeyPatch
):
    says(monkeypatch, "\n".join(ANSWERS.split("\n")[:2]) + "\n")
    status, _, errors_out = terminal.run("verify", "run", cuff, "--site", site)
    assert status == 130
    assert "Alt er lagret" in errors_out
    says(monkeypatch, "\n".join(ANSWERS.split("\n")[2:]))
    status, told = terminal.json("verify", "run", cuff, "--site", site)
    assert status == 0
    assert (told["outcome"], told["level"], told["practice"]) == ("passed", 0, False)
    assert not state_file.path_of(site, cuff).exists()
    _, listed = terminal.json("verify", "list", cuff, "--site", site)
    assert [one["number"] for one in listed] == [told["number"]]
    _, content = terminal.json("verify", "show", told["number"], "--site", site)
    assert content["by"] == ["lagertekniker", "t17"]
    _, out, _ = terminal.run("verify", "show", told["number"], "--site", site)
    assert "✔ Bestått" in out
    assert "N0" in out
    document = Path(told["document"])
    status, checked = terminal.json("verify", "check", document, "--site", site)
    assert (status, checked["signed"], checked["follows"]) == (0, True, True)
    unsigned = site / "record.json"
    opened = store.open_inventory(site / store.FILE)
    record = opened.read(lambda c: records.get(c, told["number"]))
    opened.close()
    said = json.dumps(record.content, sort_keys=True, separators=(",", ":"))
    unsigned.write_text(said)
    status, checked = terminal.json("verify", "check", unsigned, "--site", site)
    assert (status, checked["signed"], checked["follows"]) == (0, False, True)
    unsigned.write_text(said.replace('"level":0', '"level":3'))
    status, checked = terminal.json("verify", "check", unsigned, "--site", site)
    assert (status, checked["follows"]) == (1, False)
    altered = site / "altered.cose"
    altered.write_bytes(document.read_bytes().replace(b"S100", b"S101"))
    assert terminal.run("verify", "check", altered, "--site", site)[0] == 1


def test_cannot_and_back_by_words(
    terminal: Terminal, site: Path, cuff: str, monkeypatch: pytest.MonkeyPatch
):
    says(monkeypatch, "1.3.2025\nS100\nL\n<Feil størrelse\nM\n!Mangler lampe\nja\nja\n\n")
    status, told = terminal.json("verify", "run", cuff, "--site", site)
    assert status == 0
    assert told["outcome"] == "not-done"
    assert told["valid_until"] is None
    _, content = terminal.json("verify", "show", told["number"], "--site", site)
    run = content["measured"]["as_found"]
    assert run["not_done"] == [{"check": "whole", "reason": "Mangler lampe"}]
    assert {
        name: value
        for name, value in next(o for o in run["answers"] if o["check"] == "size").items()
        if name != "at_ms"
    } == {"check": "size", "text": "M", "yes": True}
    kept = json.loads(Path(told["state"]).read_text())
    assert [one["value"] for one in kept["entries"] if one["did"] == "undo"] == ["Feil størrelse"]


def test_anew_puts_aside(
    terminal: Terminal, site: Path, cuff: str, monkeypatch: pytest.MonkeyPatch
):
    says(monkeypatch, "1.3.2025\n")
    terminal.run("verify", "run", cuff, "--site", site)
    says(monkeypatch, ANSWERS)
    status, told = terminal.json("verify", "run", cuff, "--anew", "--site", site)
    assert (status, told["outcome"]) == (0, "passed")
    assert len(list((site / state_file.FOLDER / state_file.DONE).glob("*-left-*.json"))) == 1


@pytest.mark.parametrize(
    ("model", "kind", "options", "code"),
    [
        ("unheard-of", models.SENSOR, (), "verify-model"),
        ("a-hub", models.HUB, (), "verify-needs-none"),
        ("nonin-3230", models.SENSOR, (), "verify-references"),
        ("nonin-3230", models.SENSOR, ("--procedure", "none"), "verify-procedure"),
    ],
)
def test_what_cannot_begin(
    terminal: Terminal, site: Path, model: str, kind: str, options: tuple[str, ...], code: str
):
    item = stocked(site, model, kind)
    status, told = terminal.json("verify", "run", item, "--site", site, *options)
    assert (status, told["error"]) == (1, code)


@pytest.mark.parametrize(
    "text", ["place = 1", "other = 2", "latitude_deg = 'x'", "[", "references = 1"]
)
def test_a_bench_file_that_cannot_be_read(terminal: Terminal, site: Path, cuff: str, text: str):
    (site / situation.FILE).write_text(text)
    status, told = terminal.json("verify", "run", cuff, "--site", site)
    assert (status, told["error"]) == (1, "verify-bench-file")


def test_a_bench_file_says_what_is_always_so(site: Path):
    (site / situation.FILE).write_text('place = "Benk 1"\nlatitude_deg = "59.91"\n')
    here = situation.bench(site)
    assert here.place == "Benk 1"
    assert here.conditions is not None
    assert str(here.conditions.latitude_deg) == "59.91"


def test_procedures(terminal: Terminal, site: Path, tmp_path: Path):
    _, listed = terminal.json("verify", "procedures", "list", "--site", site)
    assert {one["id"] for one in listed} == set(procedure.shipped())
    assert all(one["in_use"] for one in listed)
    assert terminal.run("verify", "procedures", "list", "--site", site)[0] == 0
    assert "OIML" in terminal.run("verify", "procedures", "show", "scale-r76", "--site", site)[1]
    file = tmp_path / "own.toml"
    terminal.run("verify", "procedures", "show", "cuff-visual", "--out", file, "--site", site)
    file.write_text(file.read_text().replace("version = 1", "version = 2"))
    approve = ("verify", "procedures", "approve", file, "--site", site)
    assert terminal.json(*approve)[1]["error"] == "til-01"  # a technician
    as_calibration = ("--by", "kalibreringsansvarlig:k2")
    status, said = terminal.json(*approve, *as_calibration)
    assert (status, said["version"]) == (0, 2)
    _, listed = terminal.json("verify", "procedures", "list", "--site", site)
    used = [one["version"] for one in listed if one["id"] == "cuff-visual" and one["in_use"]]
    assert used == [2]
    package = tmp_path / "p.zip"
    export = ("verify", "procedures", "export", "cuff-visual", "--out", package, "--site", site)
    status, sent = terminal.json(*export, *as_calibration)
    assert status == 0
    status, got = terminal.json(
        "verify", "procedures", "import", package, "--out", tmp_path / "in"
    )  # fmt: skip
    assert (status, got["key"]) == (0, sent["key"])
    assert Path(got["files"][0]).read_bytes() == file.read_bytes()
    unknown = terminal.json("verify", "procedures", "show", "nothing", "--site", site)
    assert unknown[1]["error"] == "verify-procedure"

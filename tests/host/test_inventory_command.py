"""`varde kit`, `varde stock` and `varde audit` as they are typed."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sqlite3
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from host.desk import Desk
from host.inventory_bench import RECORD
from host.terminal import Terminal
from varde_host import cli, messages
from varde_host.inventory import audit, schema, states, store, wedge

CODE = "0109521234543213" + "21SN7"
GTIN = "gtin:09521234543213"
CLEAN = ("-e", "cleaning.product=Oxivir", "-e", "cleaning.batch=L1")


@pytest.fixture
def desk(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("VARDE_BY", "lagertekniker:t17")
    return Desk(terminal, tmp_path)


def test_a_kit_from_the_box_to_a_home_and_back(desk: Desk, tmp_path: Path):
    kit = desk.kit()
    desk.json("stock", "place", "add", "HYLLE1", "--name", "By the door")
    desk.json("stock", "model", "add", "and-ua651", "sensor", "--name", "UA-651", "--maker", "A&D",
              "--code", GTIN)  # fmt: skip
    item = desk.json("stock", "add", "--scan", CODE, "--place", "HYLLE1")["item_id"]
    assert desk.json("stock", "scan", CODE)["what"] == "item"
    [inside] = desk.json("kit", "put", kit, item)
    assert (inside["kit_id"], inside["serial"], inside["udi"]) == (kit, "SN7", CODE)
    assert desk.json("kit", "place", kit, "hylle1")["place"] == "HYLLE1"
    record = tmp_path / "record.cbor"
    record.write_bytes(b"signed")
    desk.json("kit", "move", kit, "rengjort", *CLEAN)
    desk.json("kit", "move", kit, "slettet", "-e", f"wipe.record=@{record}")
    assert desk.json("kit", "lacks", kit)["lacks"][0]["code"] == "lack.no-hub"
    accepted = desk.accepted(kit)
    assert desk.json("kit", "lacks", kit)["lacks"] == []
    desk.json("kit", "move", kit, "kontrollert", "-e", f"check.record={accepted}")
    desk.json("kit", "move", kit, "klar", "-e", f"packing.label={kit}")
    status, out, _ = desk.run("kit", "move", kit, "utlevert", "-e", "handout.instructed=yes")
    [loan] = re.findall(r"\d{16}", out)
    assert status == 0
    desk.json("kit", "move", kit, "in-use", "-e", "first-reading.seen=12",
              "--by", "oppfolgingstjeneste:o5")  # fmt: skip
    back = desk.json("kit", "move", kit, "innlevert", "-e", "return.infection=no",
                     "-e", "return.complete=yes", "-e", "return.quarantine_hours=24")  # fmt: skip
    assert back["loan_id"] == loan
    shown = desk.json("kit", "show", kit)
    assert [step["after"] for step in shown["steps"]][-2:] == ["in-use", "returned"]
    wiped = next(step for step in shown["steps"] if step["after"] == "wiped")
    assert wiped["evidence"]["wipe"]["record"] == hashlib.sha256(b"signed").hexdigest()
    assert shown["next"] == ["quarantine", "cleaned", "scrapped"]
    assert desk.json("stock", "show", item)["loans"][0]["loan"]["loan_id"] == loan
    assert "infection no" in desk.run("kit", "show", kit)[1]
    head = desk.json("audit", "head")["head"]
    assert desk.refused("kit", "take", item, "--place", "HYLLE1") == "kit-uncleaned"
    desk.json("kit", "move", kit, "rengjort", *CLEAN)
    desk.json("kit", "take", item, "--place", "HYLLE1")
    verified = desk.json("audit", "verify", "--anchor", head)
    assert verified["lines"] == int(head.split(":")[0]) + 2
    about = desk.json("audit", "list", kit)
    assert {line["subject"] for line in about} == {kit}
    assert desk.run("kit", "show", kit)[1].count(kit) >= 1


def test_lists_are_printed_in_all_languages(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    kit = desk.kit()
    desk.json("stock", "place", "add", "HYLLE1", "--name", "By the door")
    desk.json("stock", "model", "add", "cuff-m", "cuff", "--name", "M", "--maker", "A&D")
    item = desk.json(
        "stock",
        "add",
        "--model",
        "cuff-m",
        "--lot",
        "L7",
        "--size",
        "22-42 cm",
        "--lease-end",
        "2026-12-01",
        "--owner",
        "Medco",
        "--place",
        "HYLLE1",
    )["item_id"]
    desk.json("stock", "minimum", "standard", "1")
    desk.json("stock", "note", "write", item, "BT-03", "--text", "leaks")
    lists = [
        ("kit", "list"), ("kit", "show", kit), ("kit", "list", "--state", "mottatt"),
        ("stock", "list"), ("stock", "list", "--kind", "cuff"), ("stock", "show", item),
        ("stock", "levels"), ("stock", "due", "--days", "3000"), ("stock", "recall", "cuff-m"),
        ("stock", "trace", item), ("stock", "faults"), ("stock", "model", "list"),
        ("stock", "place", "list"), ("stock", "note", "list"), ("stock", "note", "list", item),
        ("audit", "verify"), ("audit", "head"), ("audit", "list"),
    ]  # fmt: skip
    for language in messages.LANGUAGES:
        monkeypatch.setenv("VARDE_LANGUAGE", language)
        for words in lists:
            status, out, err = desk.run(*words)
            assert (status, err) == (0, ""), words
            assert out.strip()
    assert desk.json("stock", "levels")[0]["verdict"] == "below"
    assert desk.json("stock", "recall", "cuff-m", "--lot", "L7")[0]["item"]["size"] == "22-42 cm"
    [rate] = desk.json("stock", "faults")
    assert (rate["model"], rate["lot"], rate["items"], rate["with_deviation"]) == (
        "cuff-m", "L7", 1, 1,
    )  # fmt: skip
    assert 0.2 < rate["low"] < rate["high"] == 1


def test_a_new_model_is_said_and_named_once(desk: Desk):
    desk.kit()
    assert desk.json("stock", "scan", CODE)["what"] == "new-model"
    assert GTIN in desk.run("stock", "scan", CODE)[1]
    assert desk.refused("stock", "add", "--scan", CODE) == "model-new"
    assert desk.refused("stock", "add") == "item-model"
    desk.json("stock", "model", "add", "x9", "sensor", "--name", "X9", "--maker", "X")
    desk.json("stock", "model", "code", "x9", GTIN)
    item = desk.json("stock", "add", "--scan", CODE)["item_id"]
    assert desk.refused("stock", "add", "--scan", CODE) == "item-known"
    assert desk.refused("stock", "add", "--scan", item) == "item-known"
    assert desk.refused("stock", "change", item) == "nothing-to-change"
    changed = desk.json("stock", "change", item, "--warranty-end", "2028-01-01")
    assert changed["warranty_end"] == "2028-01-01"
    assert (
        desk.json("stock", "mark", item, "faulty", "--reason", "dropped")["standing"] == "faulty"
    )
    note = desk.json("stock", "note", "write", item, "FEIL", "--text", "dropped")["note_id"]
    closed = desk.json("stock", "note", "close", str(note), "--outcome", "scrapped")
    assert closed["outcome"] == "scrapped"


def test_two_codes_of_one_hibc_label(desk: Desk):
    desk.json("stock", "model", "add", "x9", "sensor", "--name", "X9", "--maker", "X",
              "--code", "hibc:A123BJC5D6E7")  # fmt: skip
    first, second = "+A123BJC5D6E71G", "+2001510X3GG"
    assert desk.json("stock", "scan", second)["what"] == "secondary"
    found = desk.json("stock", "scan", first, "--second", second)
    assert (found["what"], found["code"]["lot"]) == ("model", "10X3")
    assert desk.json("stock", "add", "--scan", first, "--second", second)["lot"] == "10X3"


def test_an_unclear_code_is_asked_about(desk: Desk):
    desk.json("stock", "model", "add", "x9", "sensor", "--name", "X9", "--maker", "X",
              "--code", GTIN)  # fmt: skip
    lost = "0109521234543213" + "10LOT" + "21SN9"
    assert desk.refused("stock", "add", "--scan", lost) == "barcode-ambiguous"
    what = desk.terminal.json("stock", "add", "--scan", lost, "--site", desk.site)[1]["what"]
    [choice] = re.findall(r"(\d): serial=SN9 lot=LOT", what)
    assert desk.json("stock", "add", "--scan", lost, "--choose", choice)["serial"] == "SN9"
    whole = desk.json("stock", "scan", lost, "--keeps-gs")
    assert whole["code"]["lot"] == "LOT21SN9"


def test_a_count_from_a_file_and_from_standard_input(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    kit = desk.kit()
    desk.json("stock", "place", "add", "HYLLE1", "--name", "By the door")
    desk.json("kit", "place", kit, "HYLLE1")
    scans = tmp_path / "scans.txt"
    scans.write_text(f"hylle1\r\n{kit}\r\n{kit}\r\n")
    assert desk.json("stock", "count", "--scans", str(scans))["deviations"] == []
    assert "1" in desk.run("stock", "count", "--scans", str(scans))[1]
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    status, out, _ = desk.run("stock", "count", "--place", "HYLLE1")
    assert (status, kit in out) == (0, True)
    assert desk.refused("stock", "count", "--scans", str(tmp_path / "none")) == "file-read"
    scans.write_bytes(b"\xff\xfe")
    assert desk.refused("stock", "count", "--scans", str(scans)) == "file-read"


def test_a_count_that_was_cut_off_goes_on(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    kits = [desk.kit() for _ in range(3)]
    desk.json("stock", "place", "add", "HYLLE1", "--name", "By the door")
    desk.json("stock", "place", "add", "HYLLE2", "--name", "By the window")
    for kit in kits[:2]:
        desk.json("kit", "place", kit, "HYLLE1")
    kept = tmp_path / "kept.txt"

    def scanned(*lines: str):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(line + "\r\n" for line in lines)))
        return desk.run("stock", "count", "--keep", kept)

    class Cut(io.StringIO):
        def __next__(self) -> str:
            line = super().__next__()
            if line.startswith("cut"):
                raise KeyboardInterrupt
            return line

    monkeypatch.setattr(sys, "stdin", Cut(f"HYLLE1\n{kits[0]}\ncut\n"))
    assert desk.run("stock", "count", "--keep", kept)[0] != 0
    assert kept.read_text() == f"HYLLE1\n{kits[0]}\n"
    status, out, err = scanned(kits[1], "", "HYLLE2", kits[2], "0X6WN2")
    assert status == 0
    assert [line.split()[0] for line in err.splitlines()] == [
        f"{kits[1]}:", "HYLLE2:", f"{kits[2]}:", "0X6WN2:",
    ]  # fmt: skip
    assert kits[2] in out
    assert kits[0] not in out
    desk.terminal.run("stock", "count", "--keep", tmp_path / "no" / "x", "--site", desk.site)
    assert scanned()[0] == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO("x\n"))
    unwritable = desk.run("stock", "count", "--place", "HYLLE1", "--keep", tmp_path / "no" / "x")
    assert unwritable[0] == 3


def test_a_scanner_is_tried(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = terminal.json("stock", "scanner", wedge.TEST)
    assert found == (0, {"damage": [], "keeps_separators": True})
    typed = wedge.typed_in_norwegian(wedge.TEST.replace("\x1d", ""))
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed + "\n"))
    assert terminal.json("stock", "scanner")[1]["damage"] == ["layout", "separator-lost"]
    for kind in wedge.KINDS:
        assert messages.has(f"scanner.{kind}")
    assert terminal.run("stock", "scanner", "x")[0] == 0
    assert terminal.run("stock", "scanner", wedge.TEST)[0] == 0
    written = terminal.json("stock", "scanner", wedge.TEST.replace("\x1d", "^]"))[1]
    assert written == {"damage": ["separator-written"], "keeps_separators": True}
    picture = tmp_path / "test.svg"
    assert terminal.run("stock", "scanner", "--out", picture)[0] == 0
    assert picture.read_text().startswith("<?xml")
    assert terminal.run("stock", "scanner", "--out", tmp_path / "no" / "x.svg")[0] == 3


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("kit", "move", "{kit}", "sold"), "state-unknown"),
        (("kit", "move", "{kit}", "cleaned"), "kit-evidence"),
        (("kit", "move", "{kit}", "cleaned", "-e", "cleaning=x"), "evidence-form"),
        (("kit", "move", "{kit}", "cleaned", "-e", "cleaning.product=yes", "-e",
          "cleaning.batch=x"), "text-form"),
        (("kit", "move", "{kit}", "cleaned", *CLEAN, "--seen", "ready"), "kit-moved"),
        (("kit", "move", "{kit}", "cleaned", *CLEAN, "--by", "sjef:t1"), "by-function"),
        (("kit", "move", "{kit}", "cleaned", *CLEAN, "--by", "it-drift:i1"), "kit-function"),
        (("kit", "move", "{kit}", "cleaned", *CLEAN, "--by", "revisor:r1"), "til-01"),
        (("kit", "move", "{kit}", "wiped", "-e", "wipe.record=@/no/such"), "file-read"),
        (("kit", "new", "--from", "order", "--place", "NOWHERE"), "place-unknown"),
        (("kit", "new", "--from", "Kari 010190 12345"), "birth-number"),
        (("kit", "infectious", "{kit}"), "kit-not-back"),
        (("kit", "put", "{kit}", "0X6WN2"), "item-unknown"),
        (("kit", "show", "nonsense"), "kit-id"),
        (("stock", "note", "write", "{kit}", "oops", "--text", "x"), "note-code"),
        (("stock", "note", "write", "{kit}", "BT-03", "--text", "x", "--for", "x"), "by-function"),
        (("stock", "note", "write", "0X6WN2", "BT-03", "--text", "x"), "scan-unknown"),
        (("stock", "note", "close", "77", "--outcome", "x"), "note-unknown"),
        (("stock", "check", "{kit}", "maybe", "--record", RECORD), "check-outcome"),
        (("stock", "check", "{kit}", "failed", "--record", "ab"), "evidence-record"),
        (("stock", "check", "{kit}", "passed", "--record", RECORD), "check-unsigned"),
        (("stock", "minimum", "gold", "1"), "profile-unknown"),
        (("audit", "verify", "--anchor", "12"), "audit-head"),
        (("audit", "verify", "--anchor", "1:" + "0" * 64), "audit-anchor"),
    ],
)  # fmt: skip
def test_what_is_refused_is_said(desk: Desk, arguments: tuple[str, ...], code: str):
    kit = desk.kit()
    assert desk.refused(*(word.replace("{kit}", kit) for word in arguments)) == code
    assert desk.json("audit", "verify")["lines"] == 1  # nothing was done


def test_who_must_be_said(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VARDE_BY")
    assert desk.refused("kit", "new", "--from", "x") == "by-missing"
    assert not (desk.site / store.FILE).exists()


def test_an_inventory_that_is_none(desk: Desk, made: Path, terminal: Terminal):
    assert desk.refused("kit", "list") == "inventory-missing"
    desk.kit()
    found = terminal.json("hub", "keys", "list", "--database", str(desk.site / store.FILE))
    assert found[1]["error"] == "database-foreign"
    assert terminal.run("collector", "--help")[0] == 0
    status, out, err = terminal.run(
        "kit", "list", "--json", "--inventory", "postgresql://u:a-secret@127.0.0.1/x"
    )
    assert (status, json.loads(out)["error"]) == (1, "inventory-password")
    assert "a-secret" not in out + err


def test_what_was_changed_behind_the_programs_back_is_found(desk: Desk):
    kit = desk.kit()
    with store.open_inventory(desk.site / store.FILE).writing() as connection:
        connection.exec_driver_sql("UPDATE kits SET state = 'ready'")
    status, found = desk.terminal.json("audit", "verify", "--site", desk.site)
    assert (status, found["error"], found["where"]) == (1, "audit-row", f"kits:{kit}")


def test_the_inventory_is_backed_up_into_one_file(desk: Desk, tmp_path: Path):
    kit, copy = desk.kit(), tmp_path / "copy.sqlite"
    head = desk.json("audit", "head")["head"]
    assert desk.json("stock", "backup", "--out", copy)["head"] == head
    proven = desk.json("audit", "verify", "--anchor", head, "--inventory", copy)
    assert proven["lines"] == 1
    assert [each["kit_id"] for each in desk.json("kit", "list", "--inventory", copy)] == [kit]
    assert desk.refused("stock", "backup", "--out", copy) == "file-exists"


def chained(connection: sa.Connection, detail: str) -> None:
    """Write a line as somebody could who knows how its hash is made."""
    last = audit.head(connection)
    line = audit.Line(last.number + 1, 1, "lagertekniker", "t17", "x", "y", detail, b"")
    values = {name: getattr(line, name) for name in audit.Line.__slots__}
    values["hash"] = audit.chained(last.hash, line)
    connection.execute(sa.insert(schema.audit).values(values))


BEHIND = {
    "a line in the middle": ("UPDATE audit SET at_ms = at_ms + 1 WHERE number = 2", "2"),
    "a time that is none": ("UPDATE audit SET at_ms = 'x' WHERE number = 2", "2"),
    "a hash that is a text": ("UPDATE audit SET hash = 'abc' WHERE number = 2", "2"),
    "a detail that is bytes": ("UPDATE audit SET detail = x'ff00' WHERE number = 2", "2"),
}


@pytest.mark.parametrize("case", BEHIND)
def test_an_altered_line_is_named_by_the_command(desk: Desk, case: str):
    for _ in range(3):
        desk.kit()
    statement, where = BEHIND[case]
    with sqlite3.connect(desk.site / store.FILE) as connection:
        connection.executescript(f"DROP TRIGGER audit_no_update; {statement}")
    status, found = desk.terminal.json("audit", "verify", "--site", desk.site)
    assert (status, found["error"], found["where"]) == (1, "audit-altered", where)


@pytest.mark.parametrize(
    "detail",
    ["[", "[]", "5", "[" * 100_000, '{"rows":5}', '{"rows":[["kits",[["a"]],{}]]}',
     '{"rows":[["kits",["ZZ"],null]]}', '{"rows":[["kits",["ZZ"]]]}', '{"rows":[[1,["ZZ"],{}]]}'],
)  # fmt: skip
def test_a_line_that_no_change_wrote_is_named_though_its_hash_is_right(desk: Desk, detail: str):
    desk.kit()
    with store.open_inventory(desk.site / store.FILE).writing() as connection:
        chained(connection, detail)
    status, found = desk.terminal.json("audit", "verify", "--site", desk.site)
    assert (status, found["error"], found["where"]) == (1, "audit-altered", "2")


def test_a_line_about_no_table_of_ours_is_a_difference(desk: Desk):
    desk.kit()
    with store.open_inventory(desk.site / store.FILE).writing() as connection:
        chained(connection, '{"rows":[["nowhere",[1],{}]]}')
    status, found = desk.terminal.json("audit", "verify", "--site", desk.site)
    assert (status, found["error"], found["where"]) == (1, "audit-row", "nowhere:1")


def test_the_table_in_the_documentation_is_the_table():
    page = Path(cli.__file__).parents[2] / "docs" / "inventory.md"
    rows = re.findall(r"^\| `([\w-]+)` \| `([\w-]+)` \| (.+?) \| (.+?) \| (\w*) \|$",
                      page.read_text(), re.MULTILINE)  # fmt: skip
    wanted = [
        (move.source, move.target, " + ".join(move.needs), ", ".join(move.functions),
         "" if move.flow == states.ANY else move.flow)
        for move in states.MOVES
    ]  # fmt: skip
    assert rows == wanted

"""`varde receiver export`: a file and its dictionary, new, for the owner alone."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import stat
from pathlib import Path

import pytest

from host.handover_place import LOAN, NOW_MS, Place, as_json

KG_80_5 = bytes.fromhex("00e43e")
FAILED = bytes.fromhex("00ffff")
WEIGHT = 0x2A9D


@pytest.fixture
def place(tmp_path: Path, plain: None) -> Place:
    made = Place(tmp_path)
    made.lend()
    hub = made.hub
    raws = [hub.start(), hub.anchor(NOW_MS - 60_000, 40)]
    for value in (KG_80_5, FAILED):
        hub.uptime_ms += 5000
        raws.append(hub.reading(value, WEIGHT, 2))
    made.deliver(raws)
    made.run("fetch")
    return made


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_file_and_its_dictionary(place: Place, tmp_path: Path):
    out = tmp_path / "readings.csv"
    said = as_json(place.run("export", "--out", str(out), "--json"))
    about = tmp_path / "readings.csv.dictionary.json"
    assert said == {"rows": 2, "files": [str(out), str(about)]}
    measured, failed = rows(out)
    assert (measured["loan"], measured["value"], measured["unit"]) == (LOAN, "80.5", "kg")
    assert (failed["value"], failed["number"], failed["absent"]) == ("", "", "error")
    assert measured["loinc"] == "29463-7"
    for path in (out, about):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = json.loads(about.read_text())
    assert told["hash"] == f"sha256:{hashlib.sha256(out.read_bytes()).hexdigest()}"
    assert told["rows"] == 2


def test_parquet_with_new_names(place: Place, tmp_path: Path):
    from pyarrow import parquet  # noqa: PLC0415 it takes its time

    out = tmp_path / "readings.parquet"
    place.run("export", "--out", str(out), "--format", "parquet", "--rekey")
    found = parquet.read_table(out).to_pylist()
    assert [(row["value"], row["number"]) for row in found if row["value"]] == [("80.5", 80.5)]
    assert {bool(re.fullmatch("L[0-9a-f]{16}", row["loan"])) for row in found} == {True}
    assert LOAN.encode() not in out.read_bytes()
    assert place.hub.hub_id.hex().encode() not in out.read_bytes()


def test_one_loan_or_none(place: Place, tmp_path: Path):
    for number, (loan, count) in enumerate(((LOAN, 2), ("1" * 16, 0))):
        out = tmp_path / f"{number}.csv"
        assert as_json(
            place.run("export", "--out", str(out), "--loan", loan, "--json")
        )["rows"] == count  # fmt: skip
        assert len(rows(out)) == count


def test_nothing_is_written_over(place: Place, tmp_path: Path):
    out, about = tmp_path / "readings.csv", tmp_path / "readings.csv.dictionary.json"
    for path in (out, about):
        path.write_text("mine")
        place.run("export", "--out", str(out), status=1)
        assert path.read_text() == "mine"
        path.unlink()
    assert not out.exists()


def test_what_is_refused(place: Place, tmp_path: Path):
    out = str(tmp_path / "x")
    assert as_json(
        place.run("export", "--out", out, "--format", "xlsx", "--json", status=1)
    )["error"] == "export-format"  # fmt: skip
    assert as_json(
        place.run("export", "--out", out, "--loan", "13717404089", "--json", status=1)
    )["error"] == "loan-number"  # fmt: skip
    nowhere = str(tmp_path / "no" / "x")
    assert as_json(place.run("export", "--out", nowhere, "--json", status=3))["error"]

"""Files for people who analyse: golden CSV, the same rows in Parquet, nobody's name in them."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import pathlib
import re
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host import fhir_samples as samples
from varde_host import messages
from varde_host.analysis import csv_file, dictionary, parquet_file, pseudonyms, table, values
from varde_host.fhir import exact_json, of, time
from varde_host.receiver import verification_of

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "analysis"
STYLE = samples.style("phd")


def rows(names: pseudonyms.Pseudonyms | None = None) -> list[table.Row]:
    """All samples of FHIR, as rows."""
    given = names or pseudonyms.as_known()
    found = [
        row
        for sample in samples.ALL.values()
        for row in table.rows(sample, of.of(sample, STYLE), given)
    ]
    return sorted(found, key=lambda row: row.order)


def as_csv(found: list[table.Row], **options: bool) -> str:
    file = io.StringIO(newline="")
    assert csv_file.write(file, found, **options) == len(found)
    return file.getvalue()


def read(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


# Observations as `fhir.of` made them once, so that a change of FHIR is no change here.
FROZEN = (
    "oximeter-spot", "cuff", "scale", "thermometer", "glucose", "no-time", "undated-stamp",
    "questionable", "nan", "kpa", "lb", "weighing-failed", "test", "manual", "private",
    "scale-swapped", "no-loan", "found-bad",
)  # fmt: skip


def frozen() -> dict[str, of.Made]:
    path = GOLDEN / "made.json"
    if not path.exists():
        made = {name: of.of(samples.ALL[name], STYLE) for name in FROZEN}
        said = {
            name: {"kinds": each.kinds, "observations": [_looked_at(o) for o in each.observations]}
            for name, each in made.items()
        }
        path.write_bytes(exact_json.dumps(said) + b"\n")
        pytest.fail("made.json was written: look at it")
    kept = exact_json.loads(path.read_bytes())
    return {name: of.Made(each["observations"], [], each["kinds"]) for name, each in kept.items()}


def _looked_at(observation: dict) -> dict:
    known = ("identifier", "status", "code", "interpretation", "component", "dataAbsentReason")
    return {k: v for k, v in observation.items() if k in known or k.startswith("value")}


def test_golden():
    """To make it anew: remove the file, run this, and look at what came. The measurements beside
    the Observations are those of `fhir_samples`."""
    found = [
        row
        for name, made in frozen().items()
        for row in table.rows(samples.ALL[name], made, pseudonyms.as_known())
    ]
    text, path = as_csv(sorted(found, key=lambda row: row.order)), GOLDEN / "readings.csv"
    if not path.exists():
        path.write_bytes(text.encode())
        pytest.fail("readings.csv was written: look at it")
    assert path.read_bytes().decode() == text


def test_every_number_of_the_resources_is_a_row_with_its_digits():
    for name, sample in samples.ALL.items():
        made = of.of(sample, STYLE)
        said = sorted(number for each in made.observations for number in numbers(each))
        found = [row.cells for row in table.rows(sample, made, pseudonyms.as_known())]
        texts = sorted(str(cells["value"]) for cells in found if cells["number"] is not None)
        assert texts == said, name


def numbers(observation: dict) -> list[str]:
    parts = [observation, *observation.get("component", ())]
    found = [part["valueQuantity"]["value"] for part in parts if "valueQuantity" in part]
    return [str(each) for each in [*found, observation.get("valueInteger")] if each is not None]


def test_what_is_said_of_a_panel_is_said_of_its_values():
    moved = samples.ALL["movement"]
    found = list(table.rows(moved, of.of(moved, STYLE), pseudonyms.as_known()))
    assert {row.cells["interpretation"] for row in found} == {"questionable"}
    assert len(found) == 4


def test_no_measurement_is_without_a_row():
    for name, sample in samples.ALL.items():
        assert list(table.rows(sample, of.of(sample, STYLE), pseudonyms.as_known())), name


def test_what_is_known_of_the_time_and_the_device_is_in_the_row():
    cells = next(
        row.cells for row in table.rows(
            samples.ALL["found-bad"], of.of(samples.ALL["found-bad"], STYLE),
            pseudonyms.as_known(),
        )
    )  # fmt: skip
    assert (cells["verification"], cells["level"]) == (verification_of.FOUND_BAD, 0)
    assert cells["device"] == "V-000102"
    assert cells["earliest"] <= cells["time"] <= cells["latest"]
    assert cells["time_basis"] == time.SENSOR


def test_a_file_for_excel():
    found = rows()
    text = as_csv(found, semicolons=True)
    assert text.startswith("\ufeffloan;reading;")
    plain, for_excel = read(as_csv(found)), read(text.removeprefix("\ufeff"), ";")
    assert [row["value"] for row in plain] == [row["value"] for row in for_excel]
    commas = [row["number"].replace(".", ",") for row in plain]
    assert commas == [row["number"] for row in for_excel]


def test_parquet_has_the_same_rows(tmp_path: pathlib.Path):
    from pyarrow import parquet  # noqa: PLC0415 it takes its time

    found, path = rows(), tmp_path / "readings.parquet"
    path.touch()
    assert parquet_file.write(path, iter(found)) == len(found)
    whole = parquet.read_table(path)
    assert whole.column_names == list(table.NAMES)
    for row, cells in zip(found, whole.to_pylist(), strict=True):
        for column in table.COLUMNS:
            ours, theirs = row.cells[column.name], cells[column.name]
            if column.type == table.MOMENT and theirs is not None:
                theirs = round(theirs.timestamp() * 1000)
            if column.type == table.NUMBER and ours is not None:
                ours = float(ours)
            assert ours == theirs, column.name


def test_pyarrow_is_loaded_for_parquet_alone():
    asked = (
        "import sys, varde_host.analysis.table, varde_host.analysis.csv_file, "
        "varde_host.analysis.parquet_file; print('pyarrow' in sys.modules)"
    )
    root = pathlib.Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": f"{root}/host:{root}/protocols"},
    )  # fmt: skip
    assert done.stdout.strip() == "False"


def test_new_names_are_new_and_keep_together_what_belongs_together():
    counter = itertools.count()
    names = pseudonyms.Pseudonyms(lambda size: next(counter).to_bytes(size, "big"))
    known, anew = [
        [
            row.cells
            for sample in samples.ALL.values()
            for row in table.rows(sample, of.of(sample, STYLE), given)
        ]
        for given in (pseudonyms.as_known(), names)
    ]
    renamed = ("loan", "reading", "device", "hub")
    for column in renamed:
        pairs = {(old[column], new[column]) for old, new in zip(known, anew, strict=True)}
        assert len({old for old, _ in pairs}) == len(pairs) == len({new for _, new in pairs})
        assert all(new is None or re.fullmatch("[A-Z][0-9a-f]{16}", new) for _, new in pairs)
        assert all((old is None) == (new is None) for old, new in pairs)
    for old, new in zip(known, anew, strict=True):
        assert {**old, **dict.fromkeys(renamed)} == {**new, **dict.fromkeys(renamed)}


def test_a_name_that_was_had_is_drawn_again():
    draws = iter([bytes(8), bytes(8), bytes([1] * 8)])
    names = pseudonyms.Pseudonyms(lambda _size: next(draws))
    assert names.loan("a") != names.loan("b")


def test_with_new_names_nothing_of_the_old_ones_is_left():
    text = as_csv(rows(pseudonyms.anew()))
    olds = [samples.LOAN, samples.HUB.hex()]
    olds += [str(thing.item_id) for thing in samples.THINGS.values()]
    olds += [str(thing.address).rpartition("/")[2] for thing in samples.THINGS.values()]
    olds += [str(thing.serial) for thing in samples.THINGS.values() if thing.serial]
    for old in olds:
        assert old == "None" or old not in text


def test_the_dictionary(tmp_path: pathlib.Path):
    path = tmp_path / "readings.csv"
    text = as_csv(rows())
    path.write_bytes(text.encode())
    for language in messages.LANGUAGES:
        with messages.spoken(language):
            made = dictionary.made(path, dictionary.CSV, 7, is_rekeyed=True, semicolons=True)
        said = json.loads(made)
        assert said["hash"] == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        assert (said["rows"], said["path"]) == (7, "readings.csv")
        assert [each["name"] for each in said["schema"]["fields"]] == list(table.NAMES)
        assert all(each["description"] for each in said["schema"]["fields"])
    known = {
        each["name"]: each["constraints"]["enum"]
        for each in said["schema"]["fields"] if "constraints" in each
    }  # fmt: skip
    for row in read(text):
        for name, words in known.items():
            assert row[name] in words


def test_columns_have_types_that_are_known():
    assert {column.type for column in table.COLUMNS} == set(table.TYPES)
    assert len(set(table.NAMES)) == len(table.NAMES)


@pytest.mark.parametrize("text", ["=1+1", "+47", "-x", "@SUM(A1)", "\tx"])
def test_what_a_spreadsheet_would_work_out_is_text(text: str):
    named = table.Column("device_name", table.TEXT)
    assert csv_file.cell(named, text) == f"'{text}"


def test_a_negative_number_is_no_formula():
    value = table.Column("value", table.TEXT)
    assert csv_file.cell(value, "-0.50") == "-0.50"
    assert csv_file.cell(value, "-1+1") == "'-1+1"


@settings(max_examples=60)
@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=None),
    st.sampled_from(["<", ">", None]),
    st.text(max_size=10),
)
def test_any_number_keeps_its_digits(number: Decimal, comparator: str | None, unit: str):
    quantity = {"value": number, "code": unit}
    if comparator:
        quantity["comparator"] = comparator
    (value,) = values.of({"code": {"text": "x"}, "valueQuantity": quantity})
    assert (value.text, value.number) == (str(number), number)
    column = table.Column("number", table.NUMBER)
    assert Decimal(csv_file.cell(column, number)) == number
    assert "E" not in csv_file.cell(column, number)


def test_a_float_is_a_mistake_of_ours():
    with pytest.raises(TypeError):
        values.of({"code": {}, "valueQuantity": {"value": 80.5}})

"""Every kind of value in words, and a table that fits where it is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from host.conftest import Bench
from host.virtual_hub import RECEIVER, VirtualHub
from varde_host import cli, messages
from varde_host.receiver import decoding, value_words
from varde_protocols import assigned, gatt
from varde_protocols.crypto import x25519
from varde_protocols.gatt import health_sensor, registry, segments

XIAOMI, NONIN = assigned.XIAOMI_ADVERT_WEIGHT, assigned.NONIN_CONTINUOUS
RING, BERRYMED = assigned.VIATOM_NOTIFY, assigned.BERRYMED_NOTIFY
JUMPER = assigned.JUMPER_NOTIFY
PULSE_OXIMETRY = {"class": "numeric", "type": 150456, "unit": 262688}


@pytest.fixture(autouse=True)
def _in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages.speaker, "language", "en")


def said(characteristic: int, value: bytes, model: str = "") -> str:
    return value_words.of(decoding.decode(characteristic, value, model), characteristic)


SPECIFIED = {
    (0x2A5E, "0061004800"): "97 % SpO₂, 72 /min",
    (0x2A5E, "026100480020f0"): "97 % SpO₂, 72 /min, ongoing, calibrating, not available, "
    "questionable, invalid",
    (0x2A5E, "02610048000100"): "97 % SpO₂, 72 /min, status 0x0001",
    (0x2A5E, "0461004800200801"): "97 % SpO₂, 72 /min, low perfusion, not on the user, "
    "sensor 0x10000",
    (0x2A5E, "00ff07ff07"): "no value (% SpO₂), no value (/min)",
    (0x2A35, "0078005000 5d00"): "120/80 mmHg",
    (0x2A35, "00ff07ff07ff07"): "no value/no value mmHg",
    (0x2A35, "10780050005d000f00"): "120/80 mmHg, pulse above the range, movement, "
    "cuff too loose, irregular pulse",
    (0x2A35, "10780050005d004080"): "120/80 mmHg, status 0x8040",
    (0x2A36, "0078005000 5d00"): "120 mmHg in the cuff",
    (0x2A9D, "00783e"): "79.96 kg",
    (0x2A9D, "00ffff"): "the measurement failed",
    (0x2A9C, "0004ffffb036"): "the measurement failed, 70 kg",
    (0x2A19, "64"): "battery 100 %",
    (0x2A1C, "0472 0100ff03"): "37.0 °C (ear)",
    (0x2A1C, "0172 0100ff"): "37.0 °F",
    (0x2A1E, "0072 0100ff"): "37.0 °C, preliminary",
    (0x2A1D, "01"): "armpit",
    (0x2A1D, "63"): "type 99",
    (0x2A37, "0448"): "72 /min, no skin contact",
    (0x2A37, "1848 0a00 0004 0104"): "72 /min, 10 kJ, RR 1024 1025 (1/1024 s)",
    (0x2A38, "05"): "ear lobe",
    (0x2A34, "02010002"): "after a meal",
    (0x2B36, "030500352a00780050005d00"): "120/80 mmHg",
    (0x2B36, "030500ff2a01"): "sequence 5, uuid16 11007, data_hex 01",
    (0x2B36, "010500352a0078"): "",
}  # fmt: skip


@pytest.mark.parametrize(("characteristic", "value"), SPECIFIED)
def test_values_by_the_specification(characteristic: int, value: str):
    assert said(characteristic, bytes.fromhex(value)) == SPECIFIED[characteristic, value]


GLUCOSE = {
    "sequence": 1, "base_time": "2026-07-21T18:00:00", "concentration": gatt.Sfloat(55, -4),
    "unit": "mol/L", "sample_type": 1, "sample_location": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({}, "5.5 mmol/L"),
        ({"concentration": gatt.Sfloat(550, -5)}, "5.50 mmol/L"),
        ({"concentration": gatt.Sfloat(99, -5), "unit": "kg/L"}, "99 mg/dL"),
        ({"concentration": "+INF"}, "above what can be measured (mmol/L)"),
        ({"sample_type": 10}, "CONTROL SOLUTION, NOT THE PATIENT'S VALUE: 5.5 mmol/L"),
        ({"sample_location": 4}, "CONTROL SOLUTION, NOT THE PATIENT'S VALUE: 5.5 mmol/L"),
        ({"sensor_status": 0x1021}, "5.5 mmol/L, battery low, above what can be measured, "
         "sensor 0x1000"),
    ],
)  # fmt: skip
def test_glucose(change: dict, text: str):
    assert said(0x2A18, gatt.encode(0x2A18, {**GLUCOSE, **change})) == text


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_control_solution_is_said_loudly_in_every_language(
    language: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(messages.speaker, "language", language)
    words = said(0x2A18, gatt.encode(0x2A18, {**GLUCOSE, "sample_type": 10})).partition(":")[0]
    assert len(words) > 15
    assert words == words.upper()


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"value": gatt.Float(970, -1)}, "SpO₂ 97.0 %"),
        ({"value": gatt.Float(97, 0), "status": 0x61}, "SpO₂ 97 %, invalid, TEST DATA, "
         "early estimate"),
        ({"value": "NaN"}, "SpO₂ no value (%)"),
        ({"value": gatt.Float(1, 0), "type": 65536, "unit": 65537}, "MDC 65536 1 MDC 65537"),
        ({"value": gatt.Float(5, 0), "type": 160208, "unit": 266866},
         "CONTROL SOLUTION, NOT THE PATIENT'S VALUE: glucose 5 mmol/L"),
        ({"class": "string", "rest_hex": "010203"}, "SpO₂ 3 bytes that are not read"),
    ],
)  # fmt: skip
def test_observations(fields: dict, text: str):
    body = health_sensor.encode_observation({**PULSE_OXIMETRY, **fields})
    assert said(0x2B8B, b"\x03" + body) == text


def test_a_compound_observation_says_its_components():
    parts = [{"type": 150021, "unit": 266016, "value": gatt.Float(120, 0)},
             {"type": 150022, "unit": 266016, "value": gatt.Float(80, 0)}]  # fmt: skip
    fields = {"class": "compound", "type": 150020, "components": parts}
    body = health_sensor.encode_observation(fields)
    assert said(0x2B8B, b"\x03" + body) == "systolic 120 mmHg, diastolic 80 mmHg"


SCALE = {"unit": "kg", "weight": gatt.Scaled(70, 0), "stabilized": True, "removed": False,
         "timestamp": "2026-07-21T18:00:00"}  # fmt: skip
STREAM = {"spo2": 97, "pulse_rate": 61}
NONIN_FRAME = {**STREAM, "pulse_amplitude_index": gatt.Scaled(25, -1), "sensor_status": 0x55,
               "counter_s": 9, "battery_v": gatt.Scaled(28, -1)}  # fmt: skip
RING_ANSWER = {**STREAM, "reading": "rt", "battery_pct": 80, "charging": 0, "worn": 1,
               "pulse_amplitude_raw": 3}  # fmt: skip
NONE = {"spo2": None, "pulse_rate": None}


@pytest.mark.parametrize(
    ("characteristic", "model", "fields", "text"),
    [
        (XIAOMI, "xiaomi-scale", SCALE, "70 kg"),
        (XIAOMI, "xiaomi-scale", {**SCALE, "weight": gatt.Scaled(32, -1)},
         "3.2 kg, under 5 kg, possibly stepping off"),
        (XIAOMI, "xiaomi-scale", {**SCALE, "stabilized": False}, "70 kg, not settled"),
        (XIAOMI, "xiaomi-scale", {**SCALE, "removed": True}, "70 kg, after stepping off"),
        (NONIN, "nonin-3230", NONIN_FRAME, "97 % SpO₂, 61 /min, 2.5 % PAI, good measurement"),
        (NONIN, "nonin-3230", {**NONIN_FRAME, **NONE, "sensor_status": 0xA8},
         "no finger, 2.5 % PAI, searching for a pulse, battery low, sensor 0x0080"),
        (RING, "viatom-o2ring", RING_ANSWER, "97 % SpO₂, 61 /min, battery 80 %"),
        (RING, "viatom-o2ring", {**RING_ANSWER, **NONE, "worn": 0, "charging": 1},
         "no finger, battery 80 %, charging"),
        (RING, "viatom-o2ring", {**RING_ANSWER, "spo2": 0, "pulse_rate": 0},
         "calibrating, 0 % SpO₂, 0 /min, battery 80 %"),
        (RING, "viatom-o2ring", {"reading": "other", "status": 9, "data_hex": ""},
         "answer without a reading (status 9)"),
        (BERRYMED, "berrymed-bm1000", {"packets": [STREAM]}, "97 % SpO₂, 61 /min"),
        (BERRYMED, "berrymed-bm1000",
         {"packets": [{"no_finger": True, "searching": True, "probe_unplugged": True}]},
         "no finger, searching for a pulse, probe unplugged"),
        (JUMPER, "jumper-500f",
         {**STREAM, "frame": "reading", "perfusion_index": gatt.Scaled(53, -1)},
         "97 % SpO₂, 61 /min, 5.3 % PI"),
        (JUMPER, "jumper-500f", {**NONE, "frame": "reading", "perfusion_index": gatt.Scaled(0, 0)},
         "no value (no finger?), 0 % PI"),
        (JUMPER, "jumper-500f", {"frame": "waveform", "data_hex": "0102"}, "curve, 2 bytes"),
    ],
)  # fmt: skip
def test_values_of_models(characteristic: int, model: str, fields: dict, text: str):
    assert said(characteristic, gatt.encode(characteristic, fields, model), model) == text


VECTORS = Path(__file__).parents[2] / "protocols/vectors/ble.json"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_vector_that_decodes_has_words(language: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(messages.speaker, "language", language)
    silent = {0x2A08, 0x2A1D}  # the time alone is in its own column
    for vector in json.loads(VECTORS.read_text()):
        characteristic = vector["char"]
        if len(characteristic) == 4 and "error" not in vector["expected"]:
            number = int(characteristic, 16)
            if number in registry.CHARACTERISTICS and "quirk" not in vector.get("note", ""):
                words = said(number, bytes.fromhex(vector["hex"]))
                assert words or number in silent, vector["id"]


# The table


@pytest.fixture
def command(bench: Bench, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments of a command that reads a small database."""
    named = ("--server-name", "c.test", "--no-passphrase")
    assert cli.main(["site", "init", str(tmp_path / "site"), *named]) == 0
    capsys.readouterr()
    monkeypatch.setattr("varde_host.site.files.Site.receiver_private", lambda *_: RECEIVER)
    hub = bench.enrol(VirtualHub(3, x25519.public_key(RECEIVER)))
    body = health_sensor.encode_observation({**PULSE_OXIMETRY, "value": gatt.Float(97, 0)})
    first, second = segments.split(body, 12)
    lost = segments.split(body, 12, 40)[0]
    raws = [hub.start(), hub.anchor(1_799_999_000_000)]
    raws += [hub.reading(each, 0x2B8B) for each in (first, second, lost)]
    raws += [hub.reading(bytes.fromhex("00780050005d00"), 0x2A35), hub.reading()]
    bench.post(hub.body(raws))
    options = ["--site", str(tmp_path / "site"), "--database", str(bench.database.address)]
    return ["--language", "en", "readings", *options]


def printed(command: list[str], capsys, *more: str) -> list[str]:
    assert cli.main([*command, *more]) == 0
    return capsys.readouterr().out.splitlines()


def test_a_value_in_parts_is_shown_at_its_last_part(command: list[str], capsys):
    rows = json.loads(printed(command, capsys, "--json")[0])
    first, second, lost, *_ = rows
    assert [row["seq"] for row in rows] == [3, 4, 5, 6, 7]
    assert (first["part_of"], first["parts"], first["words"]) == (4, None, None)
    assert (second["part_of"], second["parts"], second["words"]) == (None, [3, 4], "SpO₂ 97 %")
    assert (lost["part_of"], lost["parts"], lost["error"]) == (None, None, "missing-parts")
    assert (second["values"]["value"], second["error"]) == (97, None)
    lines = printed(command, capsys)
    assert "(part of 4)" in "\n".join(lines)
    assert "SpO₂ 97 % (in 2 parts)" in "\n".join(lines)
    assert "parts are missing" in "\n".join(lines)
    assert "5 readings, 1 of them with errors" in lines[-1]


def test_eighty_columns_hold_a_reading_a_line(command: list[str], capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = printed(command, capsys)
    table = [line for line in lines if line.strip() and line.lstrip()[0].isdigit()]
    assert len([line for line in table if "Z ± " in line]) == 5
    assert max(len(line) for line in lines) <= 80
    assert "Signature" not in "\n".join(lines)
    assert lines[-1].startswith("--wide")
    wide = printed(command, capsys, "--wide")
    assert "Signature" in "\n".join(wide)
    assert not wide[-1].startswith("--wide")


def test_a_narrow_table_has_a_hub_above_each(bench: Bench, command, capsys, monkeypatch):
    other = bench.enrol(VirtualHub(4, x25519.public_key(RECEIVER)))
    bench.post(other.body([other.start(), other.reading()]))
    heads = [line for line in printed(command, capsys) if line.startswith("Hub ")]
    assert heads == []
    monkeypatch.setenv("COLUMNS", "80")
    heads = [line for line in printed(command, capsys) if line.startswith("Hub ")]
    assert len(heads) == 2

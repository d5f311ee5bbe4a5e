"""A sensor's clock, its records and its values, as bytes and as words."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host import json_text, messages
from varde_host.sensor import decoder, inquiry, models, moment, records, table, wording
from varde_protocols.gatt import segments

NOW = dt.datetime(2026, 11, 22, 10, 20, 30, 500_000)  # noqa: DTZ001 a sensor knows no zone


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages.speaker, "language", "en")


def test_a_clock_is_written_as_its_characteristic_wants_it():
    assert moment.written(table.DATE_TIME, NOW) == bytes.fromhex("ea070b160a141e")
    current = moment.written(table.CURRENT_TIME, NOW)
    assert current == bytes.fromhex("ea070b160a141e") + bytes([7, 128, 1])  # a Sunday, half past


@pytest.mark.parametrize("characteristic", [table.DATE_TIME, table.CURRENT_TIME])
def test_a_clock_that_was_written_reads_back(characteristic: int):
    shown = moment.shown(characteristic, moment.written(characteristic, NOW), NOW)
    assert abs(shown.ahead_s) <= 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "2026-11-22 10:20:30, right"),
        (2, "2026-11-22 10:20:32, right"),
        (60, "2026-11-22 10:21:30, 00:01:00 ahead"),
        (-45, "2026-11-22 10:19:45, 45 s behind"),
        (-86_400, "2026-11-21 10:20:30, 1 d 00:00:00 behind"),
    ],
)
def test_how_far_a_clock_is_from_ours(seconds: int, words: str):
    now = NOW.replace(microsecond=0)
    raw = moment.written(table.DATE_TIME, now + dt.timedelta(seconds=seconds))
    assert wording.clock_words(moment.shown(table.DATE_TIME, raw, now)) == words


@pytest.mark.parametrize("raw", [bytes(7), b"", bytes(6), bytes.fromhex("ea070d160a141e")])
def test_a_clock_that_is_not_set_shows_no_time(raw: bytes):
    shown = moment.shown(table.DATE_TIME, raw, NOW)
    assert (shown.local, shown.ahead_s) == (None, None)
    assert raw.hex() in wording.clock_words(shown)


def test_no_clock_has_words_and_json():
    assert wording.clock_words(None) == "none that can be read"
    assert wording.clock_json(None) is None


@given(st.binary(max_size=12))
def test_any_bytes_are_a_clock_or_none(raw: bytes):
    for characteristic in (table.DATE_TIME, table.CURRENT_TIME, table.ELAPSED_TIME):
        wording.clock_words(moment.shown(characteristic, raw, NOW))


def test_record_requests_are_the_specifications():
    assert records.COUNT_ALL == b"\x04\x01"
    assert records.REPORT_ALL == b"\x01\x01"
    assert records.DELETE_ALL == b"\x02\x01"
    assert records.delete_up_to(0x1234) == b"\x02\x02\x01\x34\x12"


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"\x05\x00\x1e\x00", records.Answer(count=30)),
        (b"\x06\x00\x01\x01", records.Answer(result=1)),
        (b"\x06\x00\x01\x06", records.Answer(result=6)),
        (b"\x06\x00\x04\x06", records.Answer(count=0, result=6)),
        (b"\x06\x00\x02\x02", records.Answer(result=2)),
        (b"\x11\x00\x05\x00", None),
        (b"\x06\x00\x01", None),
        (b"", None),
    ],
)
def test_record_answers(raw: bytes, answer: records.Answer | None):
    assert records.answer(raw) == answer


def test_no_records_is_a_good_end():
    assert records.Answer(result=6).is_good
    assert not records.Answer(result=8).is_good


@given(st.binary(max_size=20))
def test_any_bytes_are_an_answer_or_none(raw: bytes):
    records.answer(raw)
    records.sequence_number(raw)


def value(number: int, raw: str, model: str = "", *, repeats: bool = False) -> wording.Value:
    made_of = decoder.Decoder(model)
    return wording.Value(0x1810, number, bytes.fromhex(raw), made_of, 1_000, NOW, repeats)


def test_a_value_in_two_lines():
    lines = value(0x2A35, "06780050005d00ea070b160a141e4800").lines()
    assert lines == [
        "10:20:30  120/80 mmHg, 72 /min  (sensor's clock 2026-11-22T10:20:30)",
        "          2A35 06780050005d00ea070b160a141e4800",
    ]
    assert all(len(line) <= 80 for line in lines)
    again = value(0x2A35, "00780050005d00", repeats=True)
    assert again.lines()[1].endswith("(same bytes as before)")


def test_a_value_in_json_has_its_bytes_whatever_they_are():
    row = json.loads(json_text.dumps(value(0x2A35, "0078").as_json()))
    assert row["hex"] == "0078"
    assert row["values"] is None
    assert row["error"] == "truncated"
    row = json.loads(json_text.dumps(value(0x2A5E, "0061004000").as_json()))
    assert row["values"]["spo2"] == 97


@given(
    st.sampled_from([0x2A35, 0x2A9D, 0x2A1C, 0x2A18, 0x2A9C, 0x2A37, 0x2B8B, 0x2B36]),
    st.binary(max_size=24),
)
def test_any_bytes_of_a_sensor_can_be_printed(number: int, raw: bytes):
    one = wording.Value(0, number, raw, decoder.Decoder(""), 0, NOW, False)
    assert raw.hex() in one.lines()[1]
    json_text.dumps(one.as_json())


def test_segments_are_joined_and_a_lost_one_spoils_its_value_only():
    whole = bytes.fromhex("01170003005c4b0200208ca09e2500000000a0170400780100ff")
    parts = segments.split(whole, 12)
    one = decoder.Decoder("")
    last = one
    for number, part in enumerate(parts):
        last = wording.Value(0x1840, 0x2B8B, part, one, 0, NOW, False)
        assert ("part of a longer value" in last.lines()[0]) == (number < len(parts) - 1)
    joined = decoder.Decoder("").fields(0x2B8B, b"\x03" + whole)
    assert last.as_json()["values"] == {
        key: value for key, value in joined.items() if "segment" not in key
    }
    lost = wording.Value(0x1840, 0x2B8B, parts[1], decoder.Decoder(""), 0, NOW, False)
    assert lost.as_json()["error"] == "lost-segment"


def test_texts_of_a_sensor_are_safe_to_print():
    assert wording.text(b"UA-651BLE\0\0") == "UA-651BLE"
    assert wording.text(b"UA\x1b[2J\n") == "UA?[2J?"
    assert wording.text(b"\xff") == "\N{REPLACEMENT CHARACTER}"


def test_a_sensor_is_compared_with_the_model_it_should_be():
    cuff = models.known("and-ua651")
    assert inquiry.verdict(cuff, [0x1810], b"UA-651BLE") == inquiry.FITS
    assert inquiry.verdict(cuff, [0x1810], None) == inquiry.FITS
    assert inquiry.verdict(cuff, [0x1810], b"UA-767") == inquiry.OTHER_NUMBER
    assert inquiry.verdict(cuff, [0x181D], b"UA-651BLE") == inquiry.OTHER_SERVICES


def test_what_is_asked_of_a_known_model_is_what_it_needs():
    assert inquiry.services_of(None) is None
    assert 0x1810 in inquiry.services_of(models.known("and-ua651"))
    assert 0x1822 not in inquiry.services_of(models.known("and-ua651"))

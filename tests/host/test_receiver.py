"""What the receiver sees of what a hub delivered."""

from __future__ import annotations

import json

import pytest

from host.conftest import NOW_MS, Bench
from host.virtual_hub import RECEIVER, SPOT_VALUE, VirtualHub
from varde_host import json_text, messages
from varde_host.commands import readings as readings_command
from varde_host.receiver import decoding, opening, source, wording
from varde_protocols import assigned, cose, records, test_readings
from varde_protocols.crypto import x25519

RUN = bytes(range(16))
VALUE, SENSOR_CLOCK = map(readings_command._COLUMNS.index, ("value", "sensor-clock"))


def rows(bench: Bench, private: bytes = RECEIVER) -> list[dict]:
    """Return the rows as `readings --json` gives them."""
    with bench.database.reading() as connection:
        found = list(source.rows(connection, private, None))
    return json.loads(json_text.dumps([wording.as_json(row) for row in found]))


def test_a_reading_comes_out_as_the_sensor_sent_it(bench: Bench, hub: VirtualHub):
    raws = [hub.start()]
    hub.uptime_ms = 5000
    raws += [hub.anchor(NOW_MS - 60_000, 40), hub.reading()]
    bench.post(hub.body(raws))
    assert rows(bench) == [
        {
            "hub": hub.hub_id.hex(),
            "seq": 3,
            "boot": 1,
            "uptime_ms": 5000,
            "slot": 1,
            "service": "1822",
            "characteristic": "2A5E",
            "address": "public/A1:A2:A3:A4:A5:A6",
            "model": "",
            "hex": SPOT_VALUE.hex(),
            "values": {
                "spo2": 97,
                "pulse_rate": 7.2,
                "timestamp": None,
                "measurement_status": None,
                "sensor_status": None,
                "pulse_amplitude_index": None,
                "clock_not_set": False,
            },
            "words": "97 % SpO₂, 7.2 /min",
            "sensor_time": None,
            "sensor_utc_ms": None,
            "sensor_utc_uncertainty_ms": None,
            "sensor_clock_step": None,
            "sensor_clock": None,
            "utc_ms": NOW_MS - 60_000,
            "uncertainty_ms": 42,
            "not_before_ms": None,
            "not_after_ms": None,
            "signature": "verified",
            "error": None,
            "test": False,
            "verification": None,
            "repeats": None,
            "part_of": None,
            "parts": None,
        }
    ]


def made_tests(hub: VirtualHub) -> list[bytes]:
    """Three test readings, by both of their signs, by one, and one that was altered."""
    good, other = (test_readings.value(RUN, number, 3) for number in (1, 2))
    bad = good[:-1] + bytes([good[-1] ^ 1])
    return [
        hub.reading(good, assigned.TEST, test_readings.SLOT),
        hub.reading(other, assigned.TEST, 1),
        hub.reading(bad, assigned.TEST, test_readings.SLOT),
        hub.reading(slot=test_readings.SLOT),
    ]


def test_test_readings_are_told_by_what_they_are_and_never_handed_on(
    bench: Bench, hub: VirtualHub
):
    bench.post(hub.body([hub.start(), hub.reading(), *made_tests(hub)]))
    assert [row["seq"] for row in rows(bench)] == [2]
    with bench.database.reading() as connection:
        (opened,) = source.opened(connection, RECEIVER, None, with_tests=True)
    assert [row.is_test for row in opened.rows] == [False, True, True, True, True]
    assert [row.error for row in opened.rows] == [None, None, None, decoding.ALTERED, None]
    assert opened.rows[1].fields == {"test_run": RUN.hex(), "test_number": 1, "test_count": 3}
    shown = wording.as_json(opened.rows[2])
    assert (shown["test"], shown["words"]) == (True, "prøvemåling 2 av 3")


def test_a_reading_names_its_verification(bench: Bench, hub: VirtualHub):
    bench.post(hub.body([hub.start(), hub.reading(verification=RUN[:8]), hub.reading()]))
    with bench.database.reading() as connection:
        found = [row.verification for row in source.rows(connection, RECEIVER, None)]
    assert found == [RUN[:8], b""]


def test_order_of_arrival_does_not_matter(bench: Bench, hub: VirtualHub):
    session, reading, anchor = hub.start(), hub.reading(), hub.anchor(NOW_MS)
    bench.post(hub.body([reading]))
    assert rows(bench)[0]["error"] == "no-session"
    bench.post(hub.body([anchor, session]))
    [row] = rows(bench)
    assert row["error"] is None
    assert row["utc_ms"] == NOW_MS


def test_a_frame_that_cannot_be_decoded_is_shown_with_its_bytes(bench: Bench, hub: VirtualHub):
    bench.post(hub.body([hub.start(), hub.reading(b"\x00\x61"), hub.reading(b"x", 0x2AFF)]))
    truncated, unknown = rows(bench)
    assert (truncated["error"], truncated["hex"]) == ("truncated", "0061")
    assert (unknown["error"], unknown["hex"]) == ("unknown-characteristic", "78")
    assert truncated["values"] is None


def test_another_receivers_key_opens_nothing(bench: Bench, hub: VirtualHub):
    bench.post(hub.body([hub.start(), hub.reading()]))
    [row] = rows(bench, bytes(range(100, 132)))
    assert (row["error"], row["hex"], row["seq"]) == ("wrong-receiver", None, 2)


def test_a_reading_sealed_for_another_number_does_not_open(bench: Bench, hub: VirtualHub):
    raws = [hub.start()]
    original = records.decode(cose.Sign1.parse(hub.reading()).unverified_payload)
    assert isinstance(original, records.Reading)
    moved = records.Reading(9, *original._items()[1:])
    bench.post(hub.body([*raws, hub.sign(moved)]))
    [row] = rows(bench)
    assert (row["error"], row["seq"]) == ("wrong-nonce", 9)


def test_a_row_that_was_altered_in_the_database_is_shown_as_bad(bench: Bench, hub: VirtualHub):
    bench.post(hub.body([hub.start(), hub.reading(), hub.reading()]))
    with bench.database.writing() as connection:
        query = "SELECT record FROM records WHERE seq = 2"
        record = bytearray(connection.exec_driver_sql(query).scalar_one())
        record[40] ^= 1
        update = "UPDATE records SET record = ? WHERE seq = 2"
        connection.exec_driver_sql(update, (bytes(record),))
    altered, good = rows(bench)
    assert (altered["seq"], altered["signature"], altered["error"]) == (2, "bad", "bad-signature")
    assert good["signature"] == "verified"


def test_a_key_swapped_in_the_database_verifies_nothing(bench: Bench, hub: VirtualHub):
    bench.post(hub.body([hub.start(), hub.reading()]))
    with bench.database.writing() as connection:
        statement = "UPDATE hubs SET public_key = ?"
        connection.exec_driver_sql(statement, (VirtualHub(2).public,))
    assert {row["error"] for row in rows(bench)} == {"wrong-hub"}


def test_one_hub_only(bench: Bench, hub: VirtualHub):
    other = bench.enrol(VirtualHub(2, x25519.public_key(RECEIVER)))
    for each in (hub, other):
        bench.post(each.body([each.start(), each.reading()]))
    with bench.database.reading() as connection:
        found = list(source.rows(connection, RECEIVER, other.hub_id))
    assert [row.hub_id for row in found] == [other.hub_id]


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_reading_that_waits_for_its_session_says_so(
    bench: Bench, hub: VirtualHub, monkeypatch: pytest.MonkeyPatch, language: str
):
    monkeypatch.setattr(messages.speaker, "language", language)
    session, reading = hub.start(), hub.reading()
    bench.post(hub.body([reading]))
    with bench.database.reading() as connection:
        [row] = source.rows(connection, RECEIVER, None)
    words = {"nb": "venter på øktposten sin", "nn": "ventar på øktposten sin"}
    expected = words.get(language, "waits for its session record")
    assert readings_command._cells(row, is_narrow=False)[VALUE] == expected
    bench.post(hub.body([session]))
    with bench.database.reading() as connection:
        [row] = source.rows(connection, RECEIVER, None)
    assert readings_command._cells(row, is_narrow=False)[VALUE].startswith("97 %")


def test_a_failed_weighing_and_an_unset_clock_are_said_in_words():
    failed = opening.Row(b"", 1, "verified", fields={"unsuccessful": True, "weight": None})
    assert readings_command._cells(failed, is_narrow=False)[VALUE] == "målingen mislyktes"
    unset = {"timestamp": "0000-00-00T08:00:00", "clock_not_set": True}
    row = opening.Row(b"", 1, "verified", fields=unset)
    said = readings_command._cells(row, is_narrow=False)[SENSOR_CLOCK]
    assert said == "0000-00-00T08:00:00 (klokken er ikke stilt)"

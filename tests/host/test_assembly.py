"""Values in several records are put together, and nothing else is."""

from __future__ import annotations

import pytest

from host.conftest import Bench
from host.parted_values import (
    ADDRESSES,
    CUFF,
    LIVE,
    RING,
    STORED,
    Sent,
    as_rows,
    joined,
    observation,
    parts_of,
    ring,
    weighing,
)
from host.virtual_hub import RECEIVER, VirtualHub
from varde_host.receiver import assembly, opening, repetition, source
from varde_protocols import gatt
from varde_protocols.gatt import health_sensor, segments, viatom_frames


def test_two_frames_of_a_scale_are_one_weighing():
    first, second = joined(weighing())
    assert (first.part_of, first.parts, first.error) == (2, None, None)
    assert (second.part_of, second.parts, second.error) == (None, (1, 2), None)
    assert second.fields["weight"].text() == "70"
    assert second.fields["muscle_pct"].text() == "40.1"
    assert second.fields["timestamp"] == "2026-07-21T18:00:00"
    assert "weight" in first.fields  # the part still says what it says by itself
    assert first.fields["weight"] is None


@pytest.mark.parametrize(("characteristic", "name"), [(LIVE, "2B8B"), (STORED, "2BDD")])
def test_segments_are_one_observation(characteristic: int, name: str):
    body = (b"\x07\0\0\0" if characteristic == STORED else b"") + observation(97, 5)
    frames = [Sent(each, characteristic) for each in segments.split(body, 9, 62)]
    *parts, last = joined(frames)
    assert [row.part_of for row in parts] == [last.seq] * len(parts)
    assert last.parts == tuple(range(1, last.seq + 1))
    assert last.fields == health_sensor.decode_observation(body, name)
    assert {row.error for row in (*parts, last)} == {None}


def test_a_blood_pressure_record_shows_what_it_holds():
    reading = bytes.fromhex("00780050005d00")
    body = b"\x05\x00\x35\x2a" + reading
    [row] = joined([Sent(b"\x03" + body, CUFF)])
    assert row.fields["recorded"] == gatt.decode(0x2A35, reading)
    first, last = joined([Sent(each, CUFF) for each in segments.split(body, 7)])
    assert last.fields["recorded"] == gatt.decode(0x2A35, reading)
    assert (last.fields["sequence"], last.fields["uuid16"]) == (5, 0x2A35)
    assert first.part_of == last.seq


def test_the_second_segment_of_a_record_has_no_sequence_of_its_own():
    [row] = joined([Sent(b"\x06" + bytes(8), CUFF)])
    assert (row.fields["sequence"], row.fields["uuid16"]) == (None, None)
    assert (row.error, row.fields["data_hex"]) == ("missing-parts", bytes(8).hex())


def test_a_record_of_a_characteristic_without_decoder_keeps_its_bytes():
    [row] = joined([Sent(b"\x03\x05\x00\xff\x2a\x01", CUFF)])
    assert (row.fields["recorded"], row.fields["data_hex"]) == (None, "01")


def test_pieces_of_a_ring_are_one_answer():
    *parts, last = joined(ring(96))
    assert (last.fields["spo2"], last.error, len(parts)) == (96, None, 2)
    assert [row.error for row in parts] == [None, None]


def test_an_answer_that_came_whole_is_left_alone():
    rows = as_rows(ring(96, size=200))
    assert assembly.join(rows) == rows


def test_a_joined_value_that_cannot_be_read_says_so_at_its_end():
    frames = [Sent(each) for each in segments.split(b"\x63" + bytes(20), 8)]
    *parts, last = joined(frames)
    assert (last.error, last.parts) == ("out-of-range", (1, 2, 3))
    assert {row.part_of for row in parts} == {3}


NEVER_JOINED = {
    "another address": lambda a, b: (a, b._replace(address=ADDRESSES[1])),
    "another slot": lambda a, b: (a, b._replace(slot=2)),
    "another boot": lambda a, b: (a, b._replace(boot=2)),
    "too late": lambda a, b: (a, b._replace(uptime_ms=assembly.MAX_APART_MS + 1)),
    "the wrong order": lambda a, b: (b, a),
    "only the first": lambda a, b: (a,),
    "only the second": lambda a, b: (b,),
    "another characteristic": lambda a, b: (a, b._replace(characteristic=STORED)),
}


@pytest.mark.parametrize("case", NEVER_JOINED)
@pytest.mark.parametrize("kind", ["segments", "scale"])
def test_what_does_not_belong_together_is_left_with_its_error(case: str, kind: str):
    first, second = parts_of(97, size=16) if kind == "segments" else weighing()
    if kind == "scale" and case == "another characteristic":
        return
    rows = joined([*NEVER_JOINED[case](first, second)])
    assert {row.error for row in rows} == {"missing-parts"}
    assert {row.whole for row in rows} == {None}
    assert all(row.fields for row in rows)


@pytest.mark.parametrize("frames", [parts_of(97, size=16), weighing(), ring(96)])
def test_nothing_is_joined_across_what_is_not_known(frames: list[Sent]):
    apart = joined([*frames], gaps=(2,))
    assert {row.whole for row in apart} == {None}
    # ... but what lies elsewhere does not matter
    assert joined([*frames], gaps=(1,))[-1].parts is not None


def test_nothing_is_joined_across_what_cannot_be_opened():
    first, second = parts_of(97, size=16)
    assert {row.whole for row in joined([first, None, second])} == {None}
    bad = opening.Row(b"", 2, "bad", "bad-signature")
    rows = as_rows([first, first, second])
    assert {row.whole for row in assembly.join([rows[0], bad, rows[2]])} == {None}


def test_a_second_frame_alone_takes_nothing_from_the_next_weighing():
    first, second = weighing()
    rows = joined([second, first, second])
    assert [row.error for row in rows] == ["missing-parts", None, None]
    assert rows[2].parts == (2, 3)


@pytest.mark.parametrize("frames", [parts_of(97, size=12), weighing()])
def test_a_part_that_came_again_belongs_to_the_whole(frames: list[Sent]):
    doubled = [each for frame in frames for each in (frame, frame)]
    rows = joined(doubled)
    shown = rows[-2]
    assert shown.parts == tuple(range(1, len(doubled), 2))
    assert [row.part_of for row in rows if row is not shown] == [shown.seq] * (len(rows) - 1)
    assert [row.is_again for row in rows] == [False, True] * len(frames)
    marked = list(repetition.mark(rows, {}))
    assert [row.repeats for row in marked[1::2]] == list(shown.parts)


def test_of_a_ring_equal_pieces_may_follow_each_other():
    answer = ring(96, bytes(88))
    assert answer[2].value == answer[3].value
    assert joined(answer)[-1].fields["spo2"] == 96


def test_what_is_still_on_its_way_mends_it(bench: Bench, hub: VirtualHub):
    first, middle, last = segments.split(observation(97), 8)
    raws = [hub.start(), hub.reading(first, LIVE), hub.reading(middle, LIVE)]
    raws += [hub.event(), hub.reading(last, LIVE)]
    bench.post(hub.body([*raws[:2], raws[4]]))
    assert [row.error for row in opened(bench)] == ["missing-parts"] * 2
    bench.post(hub.body([raws[2]]))
    assert [row.error for row in opened(bench)] == ["missing-parts"] * 3  # number 4 is not known
    bench.post(hub.body([raws[3]]))
    *_, whole = opened(bench)
    assert (whole.parts, whole.fields["value"].text()) == ((2, 3, 5), "97")


def opened(bench: Bench) -> list[opening.Row]:
    with bench.database.reading() as connection:
        return list(source.rows(connection, RECEIVER, None))


def test_many_small_pieces_take_no_time_to_speak_of():
    pieces = [Sent(b"\x55", RING), Sent(b"\x00", RING), Sent(b"\xff", RING)] * 1000
    assert len(joined([*pieces])) == 3000
    assert viatom_frames.MAX_DATA_BYTES == 2048

"""Values in several records are put together, and nothing else is."""

from __future__ import annotations

from typing import NamedTuple

import hypothesis
import pytest
from hypothesis import strategies as st

from host.conftest import Bench
from host.virtual_hub import RECEIVER, VirtualHub
from varde_host.receiver import assembly, decoding, opening, repetition, source
from varde_protocols import assigned, gatt, sealing
from varde_protocols.errors import GattError
from varde_protocols.gatt import health_sensor, scaled, segments, viatom_frames

SCALE, LIVE, STORED, CUFF, RING = 0x2A9C, 0x2B8B, 0x2BDD, 0x2B36, assigned.VIATOM_NOTIFY
MODELS = {RING: "viatom-o2ring"}
ADDRESSES = (b"\x00AAAAAA", b"\x01BBBBBB")
WEIGHING = {
    "unit": "kg", "multiple_packet": True, "body_fat_pct": gatt.Scaled(221, -1),
}  # fmt: skip


class Sent(NamedTuple):
    """One frame."""

    value: bytes
    characteristic: int = LIVE
    address: bytes = ADDRESSES[0]
    uptime_ms: int = 0
    boot: int = 1
    slot: int = 1


def as_rows(frames: list[Sent | None]) -> list[opening.Row]:
    """Return what a receiver would have of them; None: a record that it cannot open."""
    rows = []
    for seq, sent in enumerate(frames, 1):
        if sent is None:
            closed = opening.Row(b"", seq, "verified", "no-session", slot=1, characteristic=LIVE)
            rows.append(closed)
            continue
        characteristic, model = sent.characteristic, MODELS.get(sent.characteristic, "")
        content = sealing.Content(sent.value, 0, sent.address, model)
        fields, error = {}, None
        try:
            fields = decoding.decode(characteristic, sent.value, model)
        except GattError as refused:
            error = refused.code
        rows.append(
            opening.Row(
                b"", seq, "verified", error, sent.boot, sent.uptime_ms, sent.slot, characteristic,
                None, content, fields,
            )
        )  # fmt: skip
    return rows


def joined(frames: list[Sent | None], gaps: tuple[int, ...] = ()) -> list[opening.Row]:
    return assembly.join(as_rows(frames), gaps)


def observation(number: int, stamp: int | None = None) -> bytes:
    fields = {
        "class": "numeric", "type": 150456, "unit": 262688, "value": gatt.Float(number, 0),
    }  # fmt: skip
    if stamp is not None:
        fields["clock"] = {
            "tick": False, "utc": False, "resolution": "1s", "tz_used": False,
            "current_timeline": True, "time": stamp, "sync_source": 1, "tz_offset_quarters": 0,
        }  # fmt: skip
    return health_sensor.encode_observation(fields)


def parts_of(number: int, counter: int = 0, size: int = 8, **sent) -> list[Sent]:
    body = observation(number, sent.pop("stamp", None))
    return [Sent(each, **sent) for each in segments.split(body, size, counter)]


def weighing(weight: int = 14000, stamp: str | None = "2026-07-21T18:00:00") -> list[Sent]:
    first = {**WEIGHING, "timestamp": stamp, "muscle_pct": gatt.Scaled(401, -1)}
    second = {**WEIGHING, "weight": scaled.from_count(weight, (5, -3))}
    return [Sent(gatt.encode(SCALE, fields), SCALE) for fields in (first, second)]


def ring(spo2: int, samples: bytes = bytes(range(40)), size: int = 20) -> list[Sent]:
    fields = {
        "reading": "rt", "spo2": spo2, "pulse_rate": 61, "battery_pct": 80, "charging": 0,
        "pulse_amplitude_raw": 30, "worn": 1, "waveform_hex": samples.hex(),
    }  # fmt: skip
    whole = gatt.encode(RING, fields, "viatom-o2ring")
    return [Sent(whole[at : at + size], RING) for at in range(0, len(whole), size)]


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


A, B = weighing()
C, D = weighing(15000, "2026-07-22T18:00:00")
BARE_A, BARE_B = weighing(stamp=None)
LATER = {"uptime_ms": 60_000, "boot": 2}
# The frames, the events (number of the named reading: that of the event), what repeats what, and
# which of these are left out.
SENT_AGAIN = {
    "a weighing with a date": ([A, B, A, B], {}, {3: 1, 4: 2}, {3, 4}),
    "others in between": ([A, B, C, D, A, B, C, D], {}, {5: 1, 6: 2, 7: 3, 8: 4}, {5, 6, 7, 8}),
    "without a date": ([BARE_A, BARE_B, BARE_A, BARE_B], {}, {}, set()),
    "without a date, as was said": (
        [BARE_A, BARE_B, None, BARE_A, BARE_B], {2: 3}, {4: 1, 5: 2}, set(),
    ),
    "said, and another came": ([BARE_A, BARE_B, None, C, D, BARE_A, BARE_B], {2: 3}, {}, set()),
    "said of the part, which came again": (
        [BARE_A, None, BARE_A, BARE_B, BARE_A, BARE_B], {1: 2}, {3: 1}, set(),
    ),
    "the last part, as was said": ([BARE_A, BARE_B, None, BARE_B], {2: 3}, {4: 2}, set()),
    "the last part after a restart": (
        [BARE_A, BARE_B, None, BARE_B._replace(**LATER)], {2: 3}, {4: 2}, set(),
    ),
    "the hub kept out what has the date": (
        [A, B, B._replace(**LATER)], {}, {3: 2}, set(),
    ),
    "the second part is only like another's": (
        [A, B, weighing(stamp="2026-07-23T18:00:00")[0], B], {}, {}, set(),
    ),
    "the first part alone, with the date": ([A, B, A._replace(**LATER)], {}, {3: 1}, {3}),
    "first unfinished, then whole": ([A, A._replace(**LATER), B._replace(**LATER)], {}, {}, set()),
    "segments with other counters": (
        [*parts_of(97, 0, 20, stamp=5), *parts_of(97, 9, 20, stamp=5)], {}, {3: 1, 4: 2}, {3, 4},
    ),
    "segments of another size": (
        [*parts_of(97, 0, 20, stamp=5), *parts_of(97, 9, 40, stamp=5)], {}, {3: 2}, {3},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SENT_AGAIN)
def test_a_value_that_was_sent_again_repeats_as_a_whole(case: str):
    frames, events, repeats, left_out = SENT_AGAIN[case]
    rows = [row for row in as_rows(frames) if row.content is not None]  # None is an event here
    marked = list(repetition.mark(assembly.join(rows), events))
    assert {row.seq: row.repeats for row in marked if row.repeats is not None} == repeats
    assert {row.seq for row in marked if repetition.is_certain(row)} == left_out


STREAMS = st.lists(
    st.tuples(st.sampled_from(["scale", "live", "stored", "ring"]), st.integers(1, 100)),
    min_size=1,
    max_size=4,
)


def stream(values: list[tuple[str, int]], address: bytes) -> list[tuple[Sent, int]]:
    """Return the frames of some values, with which value each is of."""
    frames, counter = [], 0
    for number, (kind, size) in enumerate(values):
        if kind == "scale":
            made = weighing(100 + number, f"2026-07-{1 + number:02}T08:00:00")
        elif kind == "ring":
            made = ring(number, bytes(range(13, 15 + size)))
        else:
            stored = kind == "stored"
            body = (bytes((number, 0, 0, 0)) if stored else b"") + observation(number, 1 + number)
            cut = segments.split(body, 2 + size % 18, counter)
            counter = (counter + len(cut)) % 64
            made = [Sent(each, STORED if stored else LIVE) for each in cut]
        frames += [(each._replace(address=address), number) for each in made]
    return frames


def interleaved(data: st.DataObject, streams: list[list]) -> list[tuple[int, Sent, int]]:
    """Return all frames in any order that keeps that of each sensor."""
    turns = [which for which, frames in enumerate(streams) for _ in frames]
    order = data.draw(st.permutations(turns))
    iterators = [iter(frames) for frames in streams]
    return [(which, *next(iterators[which])) for which in order]


def expected(mixed: list[tuple[int, Sent, int]]) -> dict[tuple[int, int], list[int]]:
    """Return the numbers of each value's records."""
    found: dict[tuple[int, int], list[int]] = {}
    for seq, (which, _, number) in enumerate(mixed, 1):
        found.setdefault((which, number), []).append(seq)
    return found


@hypothesis.given(STREAMS, STREAMS, st.data())
def test_any_interleaving_of_two_sensors_gives_every_value(one, other, data):
    streams = [stream(one, ADDRESSES[0]), stream(other, ADDRESSES[1])]
    mixed = interleaved(data, streams)
    rows = joined([frame for _, frame, _ in mixed])
    assert [row.seq for row in rows] == list(range(1, len(mixed) + 1))
    assert [row.content.value for row in rows] == [frame.value for _, frame, _ in mixed]
    for seqs in expected(mixed).values():
        *parts, last = [rows[seq - 1] for seq in seqs]
        assert last.error is None
        assert [row.part_of for row in parts] == [last.seq] * len(parts)
        assert last.parts == (tuple(seqs) if parts else None)


@pytest.mark.parametrize("place", ["on the way here", "on the radio"])
@hypothesis.given(STREAMS, STREAMS, st.data())
def test_missing_parts_never_make_a_false_value(place, one, other, data):
    if place == "on the radio":
        # Nobody can tell that two frames of a scale are missing, the second and the next first.
        one, other = ([each for each in values if each[0] != "scale"] for values in (one, other))
    mixed = interleaved(data, [stream(one, ADDRESSES[0]), stream(other, ADDRESSES[1])])
    lost = data.draw(st.sets(st.integers(0, len(mixed))))
    sizes = {value: len(seqs) for value, seqs in expected(mixed).items()}
    kept = [each for number, each in enumerate(mixed) if number not in lost]
    gaps = [seq for seq in range(1, len(kept) + 1) if place == "on the way here"]
    gaps = [seq for seq in gaps if mixed.index(kept[seq - 1]) - 1 in lost]
    rows = joined([frame for _, frame, _ in kept], tuple(gaps))
    assert len(rows) == len(kept)
    for value, seqs in expected(kept).items():
        last, size = rows[seqs[-1] - 1], sizes[value]
        if last.whole is not None:
            assert (len(seqs), last.parts) == (size, tuple(seqs))
        elif size > 1:
            assert all(rows[seq - 1].error is not None for seq in seqs)
            assert len(seqs) < size or any(seqs[0] < gap <= seqs[-1] for gap in gaps)
        else:
            assert last.error is None


@hypothesis.given(STREAMS, st.data())
def test_parts_that_come_again_change_no_value(values, data):
    frames = [each for each in stream(values, ADDRESSES[0]) if each[0].characteristic != RING]
    times = data.draw(
        st.lists(st.integers(1, 3), min_size=len(frames), max_size=len(frames)), label="times"
    )
    repeated = [each for each, count in zip(frames, times, strict=True) for _ in range(count)]
    rows = joined([frame for frame, _ in repeated])
    assert len(rows) == len(repeated)
    wholes = [row.fields for row in joined([frame for frame, _ in frames]) if row.parts]
    assert [row.fields for row in rows if row.parts] == wholes


@hypothesis.given(STREAMS, STREAMS, st.data())
def test_all_that_has_a_date_is_shown_once_however_often_it_is_sent(one, other, data):
    mixed = interleaved(data, [stream(one, ADDRESSES[0]), stream(other, ADDRESSES[1])])
    frames = [frame for _, frame, _ in mixed if frame.characteristic != RING]
    again = [frame._replace(boot=2) for frame in frames]
    marked = list(repetition.mark(joined([*frames, *again]), {}))
    assert [row.repeats for row in marked] == [None] * len(frames) + [
        row.seq for row in marked[: len(frames)]
    ]
    shown = [row for row in marked if not repetition.is_certain(row)]
    assert shown == marked[: len(frames)]


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


@hypothesis.given(st.lists(st.binary(max_size=24), max_size=12), st.sampled_from([*MODELS, LIVE]))
def test_any_bytes_keep_their_rows(values, characteristic):
    rows = joined([Sent(value, characteristic) for value in values])
    assert [row.content.value for row in rows] == values
    assert all(row.error or row.fields for row in rows)


def test_many_small_pieces_take_no_time_to_speak_of():
    pieces = [Sent(b"\x55", RING), Sent(b"\x00", RING), Sent(b"\xff", RING)] * 1000
    assert len(joined([*pieces])) == 3000
    assert viatom_frames.MAX_DATA_BYTES == 2048

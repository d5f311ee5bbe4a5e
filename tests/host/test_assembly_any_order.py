"""Values in several records, in any order, with parts missing, and sent again."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st

from host.parted_values import (
    ADDRESSES,
    LIVE,
    MODELS,
    RING,
    STREAMS,
    Sent,
    as_rows,
    expected,
    interleaved,
    joined,
    parts_of,
    stream,
    weighing,
)
from varde_host.receiver import assembly, repetition

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


@hypothesis.given(st.lists(st.binary(max_size=24), max_size=12), st.sampled_from([*MODELS, LIVE]))
def test_any_bytes_keep_their_rows(values, characteristic):
    rows = joined([Sent(value, characteristic) for value in values])
    assert [row.content.value for row in rows] == values
    assert all(row.error or row.fields for row in rows)


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

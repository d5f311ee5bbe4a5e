"""What a hub gave up is told once, to people and machines, and only as far as it did not come."""

from __future__ import annotations

import json
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from host.conftest import NOW_MS, Bench
from host.terminal import Terminal
from host.virtual_hub import RECEIVER, VirtualHub
from varde_host import messages
from varde_host.receiver import events, gaps, source, timeline, verified_log
from varde_host.site import files
from varde_protocols import records

STREAM = 0x2A5F
HUB = bytes(8)


def gap(
    hub: VirtualHub,
    ranges: list[list[int]],
    sources: tuple[tuple[int, int], ...] = ((1, STREAM),),
    reason: int = records.GAP_JOURNAL_FULL,
) -> bytes:
    fields = (ranges, [list(each) for each in sources], reason)
    return hub.sign(records.Gap(hub.take_seq(), hub.boot, hub.uptime_ms, *fields))


def skip(hub: VirtualHub, count: int) -> list[int]:
    """The range of so many numbers that the hub gives away and never sends."""
    first = hub.next_seq
    hub.next_seq += count
    return [first, hub.next_seq - 1]


def outage(hub: VirtualHub) -> list[bytes]:
    """An hour without a network between two known times: 40 samples given up in two ranges."""
    raws = [hub.start()]
    hub.uptime_ms = 60_000
    raws += [hub.anchor(NOW_MS - 7_200_000, 40), hub.reading()]
    lost = [skip(hub, 30)]
    hub.uptime_ms += 1_800_000
    raws.append(hub.reading())  # a spot check, which is not given up
    lost.append(skip(hub, 10))
    hub.uptime_ms += 1_800_000
    raws += [hub.reading(), gap(hub, lost, ((1, STREAM), (3, 0x2A37)))]
    return raws


def losses(bench: Bench) -> list[gaps.Loss]:
    with bench.database.reading() as connection:
        return [
            loss
            for hub in source.opened(connection, RECEIVER, None)
            for loss in hub.losses
        ]


def test_a_gap_is_a_row_among_the_events_with_sensors_numbers_and_times(
    bench: Bench, hub: VirtualHub, monkeypatch: pytest.MonkeyPatch
):
    bench.post(hub.body(outage(hub)))
    with bench.database.reading() as connection:
        [told] = source.happenings(connection, None)
    assert (told.seq, told.code, told.name, told.detail) == (46, None, "given-up", 40)
    assert told.when.utc_ms == NOW_MS - 3_600_000
    assert told.loss is not None
    assert told.loss.ranges == ((4, 33), (35, 44))
    assert told.loss.sources == ((1, STREAM), (3, 0x2A37))
    # between the readings 3 and 45
    assert told.loss.not_before_ms == NOW_MS - 7_200_000 - 42
    assert told.loss.not_after_ms == pytest.approx(NOW_MS - 3_600_000, abs=42 + 361)
    monkeypatch.setattr(messages.speaker, "language", "en")
    text = told.text()
    assert "40" in text
    assert "sensor 1 (2A5F), sensor 3 (2A37)" in text
    for language in messages.LANGUAGES:
        monkeypatch.setattr(messages.speaker, "language", language)
        assert "40" in told.text()


def test_what_is_delivered_all_the_same_is_not_lost(bench: Bench, hub: VirtualHub):
    raws = outage(hub)
    late = [hub.sign(records.Event(seq, 1, 70_000, 1, 1)) for seq in (4, 20, 44)]
    bench.post(hub.body(raws))
    bench.post(hub.body(late))
    [loss] = losses(bench)
    assert loss.numbers == 37
    assert loss.ranges == ((5, 19), (21, 33), (35, 43))


def test_all_came_and_nothing_is_told(bench: Bench, hub: VirtualHub):
    raws = [hub.start(), hub.reading(), hub.reading()]
    bench.post(hub.body([*raws, gap(hub, [[2, 3]])]))
    assert losses(bench) == []
    with bench.database.reading() as connection:
        assert list(source.happenings(connection, None)) == []


def test_records_that_overlap_count_each_number_once(bench: Bench, hub: VirtualHub):
    raws = [hub.start()]
    first = skip(hub, 20)
    raws.append(gap(hub, [first]))
    second = skip(hub, 10)
    # it takes up the first one, with its number; both have come
    raws.append(gap(hub, [[first[0], second[1]]], ((1, STREAM), (2, STREAM))))
    bench.post(hub.body(raws))
    [loss] = losses(bench)
    assert loss.numbers == 30
    assert loss.ranges == ((2, 21), (23, 32))
    assert loss.sources == ((1, STREAM), (2, STREAM))


def test_a_later_record_that_is_missing_leaves_the_earlier_one(bench: Bench, hub: VirtualHub):
    raws = [hub.start()]
    raws.append(gap(hub, [skip(hub, 20)]))
    bench.post(hub.body(raws))
    assert [loss.numbers for loss in losses(bench)] == [20]
    # one that says less than both is told beside it, for what it alone says
    bench.post(hub.body([gap(hub, [[10, 21], skip(hub, 5)])]))
    assert [loss.numbers for loss in losses(bench)] == [8, 17]


def test_nothing_can_be_given_up_before_it_is_numbered(bench: Bench, hub: VirtualHub):
    raws = [hub.start(), gap(hub, [[3, 1000]])]
    hub.next_seq = 5
    raws.append(gap(hub, [[3, 4], [6, 9_000_000]]))
    bench.post(hub.body(raws))
    assert [loss.ranges for loss in losses(bench)] == [((3, 4),)]


def test_a_gap_that_another_key_signed_gives_nothing_up(hub: VirtualHub):
    stranger = VirtualHub(2, hub.receiver_public)
    stranger.start()
    forged = verified_log.Delivered(9, NOW_MS, gap(stranger, [[1, 5]]))
    assert events.of_hub(hub.hub_id, hub.public, [forged]) == []


def test_a_reason_of_a_later_version_is_shown_as_it_is(hub: VirtualHub):
    loss = gaps.Loss(HUB, 9, 77, ((1, STREAM),), ((1, 5),), None, NOW_MS)
    told = events.Happening(HUB, 9, None, events.GIVEN_UP, 5, timeline.Instant(*[None] * 4), loss)
    assert "77" in told.text()


@pytest.fixture
def command(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What follows the name of a command, for a site whose receiver's key is at hand."""
    monkeypatch.setattr(files, "load", lambda path: files.Site(path, None, None))
    monkeypatch.setattr(files.Site, "receiver_private", lambda *_: RECEIVER)
    return ["--site", tmp_path, "--database", tmp_path / "collector.sqlite"]


def test_the_readings_say_how_many_were_given_up(
    bench: Bench, hub: VirtualHub, terminal: Terminal, command: list[object]
):
    bench.post(hub.body(outage(hub)))
    _, out, err = terminal.run("readings", *command)
    assert not err
    assert "40 målinger er oppgitt" in out.splitlines()[-1]
    _, out, _ = terminal.run("readings", *command, "--json")
    rows = json.loads(out)
    assert [(row["seq"], row["given_up_before"], row["given_up_after"]) for row in rows] == [
        (3, 0, 0), (34, 30, 0), (45, 10, 0),
    ]  # fmt: skip
    bench.post(hub.body([gap(hub, [skip(hub, 6)])]))
    _, out, _ = terminal.run("readings", *command, "--json")
    assert json.loads(out)[-1]["given_up_after"] == 6
    _, out, _ = terminal.run("hub", "events", *command, "--json")
    assert [row["given_up"] for row in json.loads(out)] == [
        {
            "readings": 40,
            "sources": [
                {"slot": 1, "characteristic": "2A5F"}, {"slot": 3, "characteristic": "2A37"},
            ],
            "ranges": [[4, 33], [35, 44]],
            "reason": 1,
            "not_before_ms": NOW_MS - 7_200_042,
            "not_after_ms": NOW_MS - 3_600_000 + 42 + 361,
        },
        {
            "readings": 6,
            "sources": [{"slot": 1, "characteristic": "2A5F"}],
            "ranges": [[47, 52]],
            "reason": 1,
            "not_before_ms": NOW_MS - 3_600_000 - 42 - 361,
            "not_after_ms": NOW_MS - 3_600_000 + 42 + 361,
        },
    ]  # fmt: skip


def test_without_a_loss_nothing_is_said_of_it(
    bench: Bench, hub: VirtualHub, terminal: Terminal, command: list[object]
):
    bench.post(hub.body([hub.start(), hub.reading(), hub.event()]))
    _, out, _ = terminal.run("readings", *command)
    assert "oppgitt" not in out
    _, out, _ = terminal.run("readings", *command, "--json")
    assert [row["given_up_before"] + row["given_up_after"] for row in json.loads(out)] == [0]
    _, out, _ = terminal.run("hub", "events", *command, "--json")
    assert json.loads(out)[0]["given_up"] is None


RANGE = st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda pair: (pair[0], sum(pair)))
GAPS = st.lists(st.lists(RANGE, min_size=1, max_size=5), max_size=6)


@hypothesis.given(GAPS, st.sets(st.integers(0, 80)), st.sets(st.integers(0, 80)))
def test_any_gaps_and_arrivals_leave_the_union_less_what_came(named, arrived, shown):
    log = gaps.GapLog()
    line = timeline.Timeline()
    expected: set[int] = set()
    for number, ranges in enumerate(named):
        seq = 100 + number
        joined = [list(each) for each in gaps._joined(ranges)]
        log.take(records.Gap(seq, 1, 5, joined, [[1, STREAM]], 1))
        expected.update(n for first, last in ranges for n in range(first, last + 1))
    for seq in arrived:
        log.saw(seq, 1, seq * 1000)
        line.saw(1, seq * 1000, NOW_MS)
    found = log.losses(HUB, line)
    lost = [n for loss in found for first, last in loss.ranges for n in range(first, last + 1)]
    assert sorted(lost) == sorted(expected - arrived)
    assert sum(gaps.beside(found, sorted(shown))) == len(lost)
    for loss in found:
        assert loss.numbers > 0
        assert list(loss.ranges) == sorted(loss.ranges)

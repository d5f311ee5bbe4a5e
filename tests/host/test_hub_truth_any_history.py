"""Whatever a hub says, in whatever order it comes, beside whatever forgers write: one truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.site_hands import altered
from host.virtual_hub import VirtualHub
from varde_host.collector import commit, database, registry, schema
from varde_host.collector.batch import Batch
from varde_host.fleet import hub_truth, own_word
from varde_protocols import records, update_words

HUB = VirtualHub(1)
OTHER = VirtualHub(2)
CONFIG = update_words.CONFIG
ENDS = (records.EVENT_UPDATE_CONFIRMED, records.EVENT_UPDATE_RETURNED)
UNTOUCHED = 10_000  # forged rows have numbers from here on, or such as are free

said = st.one_of(
    st.tuples(st.just("report"), st.integers(0, 3)),
    st.tuples(st.sampled_from(ENDS), st.integers(1, 3)),
    st.tuples(st.just("boot"), st.just(0)),
    st.tuples(st.just("alarm"), st.integers(1, 3)),
)


def made(seq: int, what: Any, number: int) -> Any:
    """The record of a word."""
    if what == "report":
        return records.Report(seq, 1, seq, {records.FACT_CONFIG_NUMBER: number})
    if what == "boot":
        return records.Event(seq, 1, seq, records.EVENT_BOOT, 1)
    if what == "alarm":
        return records.Event(seq, 1, seq, records.EVENT_JOURNAL_DAMAGED, number)
    return records.Event(seq, 1, seq, what, update_words.detail(CONFIG, 0, number))


def in_force(words: dict[int, tuple[Any, int]]) -> int | None:
    """The model: the last report, and what ended after it."""
    number: int | None = None
    has_reported = -1
    for seq, (what, value) in sorted(words.items()):
        if what == "report":
            number, has_reported = value, seq
    for seq, (what, value) in sorted(words.items()):
        if seq < has_reported or what not in ENDS:
            continue
        if what == records.EVENT_UPDATE_CONFIRMED:
            number = value
        elif number == value:
            number = None
    return number


@pytest.fixture
def opened(tmp_path: Path):
    opened = database.open_database(tmp_path / "collector.sqlite")
    with opened.writing() as connection:
        for hub in (HUB, OTHER):
            registry.enrol(connection, hub.public, 0)
    yield opened
    opened.close()


def deliver(opened: database.Database, seqs: list[int], words: list[tuple[Any, int]]) -> None:
    rows = []
    for seq in seqs:
        record = made(seq, *words[seq - 1])
        rows.append((1, seq, 1, record.KIND, seq, 1000 + seq, HUB.sign(record)))
    with opened.writing() as connection:
        commit.commit(connection, [Batch(1, 0, rows, list(range(len(rows))), [])])


def forge(opened: database.Database, seq: int, words: tuple[Any, int], how: str) -> None:
    """Write a row that says something, as who has the database can."""
    what, number = words
    record = made(seq, what, number)
    raw = {
        "other": lambda: OTHER.sign(record),
        "broken": lambda: altered(HUB.sign(record), 70),
        "moved": lambda: HUB.sign(made(seq + 1, what, number)),
    }[how]()
    values = (seq, seq, 9_999_999, 1, 1, record.KIND, raw)
    with opened.writing() as connection:
        connection.execute(sa.insert(schema.records).values(values))


@given(data=st.data(), words=st.lists(said, min_size=1, max_size=12))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_truth_is_one(
    data: st.DataObject, words: list[tuple[Any, int]], opened: database.Database
):
    with opened.writing() as connection:
        connection.execute(sa.delete(schema.records))
    follower = hub_truth.Follower(opened)
    order = data.draw(st.permutations(range(1, len(words) + 1)))
    known: dict[int, tuple[Any, int]] = {}
    forged = UNTOUCHED
    while order:
        count = data.draw(st.integers(1, len(order)))
        now, order = list(order[:count]), order[count:]
        deliver(opened, now, words)
        known |= {seq: words[seq - 1] for seq in now}
        if data.draw(st.booleans()):
            how = data.draw(st.sampled_from(("other", "broken", "moved")))
            forge(opened, forged, data.draw(said), how)
            forged += 2
        found = follower.read()
        assert found == hub_truth.truths(opened)
        agree(found[HUB.hub_id], known)
        assert found[OTHER.hub_id].last_heard_ms is None


def agree(found: own_word.HubTruth, known: dict[int, tuple[Any, int]]) -> None:
    ended = [(seq, word[1]) for seq, word in sorted(known.items()) if word[0] in ENDS]
    assert [(event.seq, event.number) for event in found.events] == ended
    alarms = [seq for seq, word in sorted(known.items()) if word[0] == "alarm"]
    assert [alarm.seq for alarm in found.alarms] == alarms
    assert found.assignment_number == in_force(known)
    assert found.last_heard_ms == 1000 + max(known)
    for number in range(1, 4):
        last = max((seq for seq, value in ended if value == number), default=None)
        word = found.said_of((CONFIG,), number)
        assert (None if word is None else word.seq) == last

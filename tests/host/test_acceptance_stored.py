"""The storage test's verdict: lost, altered, twice and late are each found, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.acceptance_place import Log
from varde_host.acceptance import at_collector, storage_test, stored
from varde_host.acceptance.run_talk import Run
from varde_host.bench import faults
from varde_host.receiver import verified_log
from varde_protocols import assigned, test_readings


def verdict(log: Log, **options: int) -> stored.Stored:
    return stored.compare(log.held, log.heard.tests, log.made_ms(), **options)


def code(found: stored.Stored) -> str:
    with pytest.raises(faults.Fault) as caught:
        found.refuse()
    return caught.value.code


def ran() -> Log:
    log = Log()
    log.test_run()
    return log


def test_twenty_of_twenty():
    found = verdict(ran())
    found.refuse()
    assert (found.held, found.arrived, found.lost) == (20, 20, 0)
    assert found.longest_ms is not None
    assert found.longest_ms < 1000


def test_one_that_did_not_arrive():
    log = ran()
    del log.rows[-1]
    found = verdict(log)
    assert (found.lost, code(found)) == (1, "lag-01")


def test_the_hub_never_journaled_one():
    log = Log()
    log.test_run(19)
    assert verdict(log).lost == 1
    assert code(verdict(log)) == "lag-01"


def test_other_bytes_under_the_same_number():
    """By the hub's own hand, else they would not even verify (`test_a_forged_record`)."""
    log = ran()
    seq = max(log.held)
    log.held[seq] = log.held[seq][:-1] + b"\x00"
    found = verdict(log)
    assert found.altered == (seq,)
    assert (found.lost, code(found)) == (0, "lag-02")


def test_the_same_reading_under_two_numbers():
    log = ran()
    seq = log.test_reading(20)
    del log.held[seq]
    found = verdict(log)
    assert found.twice == (seq,)
    assert code(found) == "lag-02"


def test_the_same_sealed_bytes_twice():
    log = ran()
    arrived = log.heard.tests
    again = [*arrived, arrived[3]]
    found = stored.compare(log.held, again, log.made_ms())
    assert found.twice == (arrived[3].record.seq,)


def test_too_late_and_late_by_the_cuts():
    log = ran()
    log.wait(2000)
    late = log.test_reading(20, late_ms=90_000)
    first = min(log.held)
    del log.held[first]
    log.rows = [row for row in log.rows if row.seq != first]
    found = verdict(log)
    assert found.late == (late,)
    assert code(found) == "lag-03"
    verdict(log, allowed_ms=stored.IN_TIME_MS + 40_000).refuse()


def test_of_a_hub_that_does_not_know_the_time_nothing_is_in_time():
    log = ran()
    found = stored.compare(log.held, log.heard.tests, dict.fromkeys(log.held))
    assert len(found.late) == 20
    assert found.longest_ms is None


def test_a_forged_record_ends_it():
    log = ran()
    row = log.rows[-1]
    log.rows[-1] = verified_log.Delivered(row.seq, row.received_ms, row.record[:-1] + b"\x00")
    with pytest.raises(faults.Fault) as caught:
        log.heard  # noqa: B018
    assert caught.value.code == "record-forged"
    other = Log(2)
    with pytest.raises(faults.Fault):
        at_collector.of_rows(log.hub.hub_id, log.hub.public, other.rows)
    swapped = [verified_log.Delivered(99, 0, row.record) for row in ran().rows[:1]]
    with pytest.raises(faults.Fault):
        at_collector.of_rows(log.hub.hub_id, log.hub.public, swapped)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_goes_wrong_is_counted(data: st.DataObject):
    log = RAN
    numbers = sorted(log.held)
    drop = data.draw(st.sets(st.sampled_from(numbers)))
    spoil = data.draw(st.sets(st.sampled_from(numbers))) - drop
    arrived = [each for each in log.heard.tests if each.record.seq not in drop]
    held = {n: raw + b"x" if n in spoil else raw for n, raw in log.held.items()}
    found = stored.compare(held, arrived, log.made_ms())
    assert (found.lost, set(found.altered)) == (len(drop), spoil)
    assert not found.twice
    if drop or spoil:
        code(found)
    else:
        found.refuse()


RAN = ran()


def test_what_waited_when_power_went():
    log = Log()
    log.test_run()
    first, last = min(log.held), max(log.held)
    came = sorted(each.received_ms for each in log.heard.tests)
    for cut, waiting in ((came[9] + 1, 10), (came[-1] + 1, 0), (came[0], 20)):
        run = Run(first=first, last=last, cut="pulled", cut_ms=cut)
        assert storage_test.waiting_at_cut(log.heard, run) == waiting


def test_when_each_was_made_and_stored():
    log = ran()
    run = Run(cut="pulled", cut_ms=99)
    found = storage_test.moments(log.heard.tests, log.made_ms(), run)
    assert [row[0] for row in found["times"]] == list(range(1, 21))
    assert all(made_ms < stored_ms for _, made_ms, stored_ms in found["times"])
    assert found["cut_times"] == [[found["times"][9][1], "network"], [99, "pulled"]]
    nobody_knows = storage_test.moments(log.heard.tests, {}, run)
    assert nobody_knows == {"times": [], "cut_times": [[99, "pulled"]]}


def test_a_test_reading_is_told_by_its_slot_or_characteristic():
    log = Log()
    seq = log.test_reading(1)
    assert storage_test.is_test_reading(log.held[seq])
    assert not storage_test.is_test_reading(log.hub.reading())
    assert storage_test.is_test_reading(log.hub.reading(slot=test_readings.SLOT))
    assert storage_test.is_test_reading(log.hub.reading(characteristic=assigned.TEST))
    assert not storage_test.is_test_reading(b"\x84")

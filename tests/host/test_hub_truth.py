"""The truth about a hub is its own signed word, whatever a database or another hub says."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from host.conftest import NOW_MS, Bench
from host.virtual_hub import VirtualHub
from varde_firmware.core import uplink
from varde_host.collector import registry, schema
from varde_host.fleet import hub_truth, own_word
from varde_protocols import cose, records, update_words

DATABASES = ("sqlite", "postgresql")
APPLICATION = update_words.APPLICATION
INTERPRETER = update_words.INTERPRETER
CONFIG = update_words.CONFIG
CODE = (APPLICATION, INTERPRETER)
MINUTE_MS = 60_000


def report(hub: VirtualHub, seq: int | None = None, **facts: Any) -> bytes:
    """A report with these facts, by the names of their constants."""
    numbers = {getattr(records, f"FACT_{name.upper()}"): value for name, value in facts.items()}
    seq = hub.take_seq() if seq is None else seq
    return hub.sign(records.Report(seq, hub.boot, hub.uptime_ms, numbers))


def happened(hub: VirtualHub, code: int, what: int, number: int, reason: int = 0) -> bytes:
    return hub.event(update_words.detail(what, reason, number), code=code)


def confirmed(hub: VirtualHub, what: int, number: int) -> bytes:
    return happened(hub, records.EVENT_UPDATE_CONFIRMED, what, number)


def returned(hub: VirtualHub, what: int, number: int, reason: int) -> bytes:
    return happened(hub, records.EVENT_UPDATE_RETURNED, what, number, reason)


def deliver(bench: Bench, hub: VirtualHub, *raws: bytes) -> None:
    """Have it acknowledged, a minute after what came before."""
    bench.clock.now_ms += MINUTE_MS
    assert bench.post(hub.body(list(raws))).status_code == 200


def truth(bench: Bench, hub: VirtualHub) -> hub_truth.HubTruth:
    return hub_truth.truths(bench.database)[hub.hub_id]


def store(bench: Bench, number: int, seq: int, kind: int, raw: bytes, **changes: int) -> None:
    """What somebody writes who has the database and no hub's key."""
    row = {"hub": number, "seq": seq, "boot": 1, "kind": kind, "uptime_ms": 0,
           "received_ms": bench.clock.now_ms, "record": raw, **changes}  # fmt: skip
    with bench.database.writing() as connection:
        connection.execute(sa.insert(schema.records).values(row))


# --- what a hub says -----------------------------------------------------------------------------


def test_a_hub_that_was_never_heard_of_is_there_and_has_said_nothing(
    bench: Bench, hub: VirtualHub
):
    found = truth(bench, hub)
    nothing = (found.last_heard_ms, found.boot, found.report, found.reported_ms)
    assert nothing == (None, None, None, None)
    assert (found.assignment_number, found.release_number, found.trust_epoch) == (None,) * 3
    assert (found.events, found.alarms, found.losses, found.readings_lost) == ((), (), (), 0)
    assert found.said_of(CODE, 7) is None


def test_the_newest_report_says_what_runs(bench: Bench, hub: VirtualHub):
    deliver(bench, hub, hub.start(), report(hub, config_number=3, release=0, application="0.6.0"))
    deliver(
        bench, hub,
        report(hub, config_number=4, release=7, trust_epoch=2, application="0.7.0",
               interpreter="1.28.0", battery_mv=3980, external_power=True, pending=5,
               link=records.LINK_MODEM, update=[2, 7, 4, 0, 44, 44, 1]),
    )  # fmt: skip
    deliver(bench, hub, hub.reading())
    found = truth(bench, hub)
    assert (found.assignment_number, found.release_number, found.trust_epoch) == (4, 7, 2)
    assert (found.application, found.interpreter) == ("0.7.0", "1.28.0")
    assert (found.battery_mv, found.has_external_power, found.pending) == (3980, True, 5)
    assert found.link == records.LINK_MODEM
    assert found.update == own_word.Update(APPLICATION, 7, update_words.CONFIRMED, 0, 44, 44, 1)
    assert found.reported_ms == NOW_MS + 2 * MINUTE_MS
    assert found.last_heard_ms == NOW_MS + 3 * MINUTE_MS
    assert (found.boot, found.is_revoked) == (1, False)


@pytest.mark.parametrize(
    "facts",
    [
        {"update": [2, 7, 4, 0, 44, 44]},
        {"update": [2, 7, 4, 0, 44, 44, -1]},
        {"update": [2, 7, 4, 0, 44, 44, True]},
        {"update": [2, 7, 4, [0], 44, 44, 1]},
        {"update": 7, "config_number": "4", "release": [7], "trust_epoch": -1, "battery_mv": True,
         "application": 7, "external_power": 1},
    ],
)  # fmt: skip
def test_a_fact_that_is_none_is_not_known(bench: Bench, hub: VirtualHub, facts: dict[str, Any]):
    deliver(bench, hub, hub.start(), report(hub, pending=1, **facts))
    found = truth(bench, hub)
    assert (found.update, found.assignment_number, found.release_number) == (None, None, None)
    assert (found.trust_epoch, found.battery_mv, found.application) == (None, None, None)
    assert found.has_external_power is None
    assert found.said_of(CODE, 7) is None


def test_what_was_confirmed_after_the_report_is_in_force(bench: Bench, hub: VirtualHub):
    deliver(bench, hub, hub.start(), report(hub, config_number=3, release=6))
    deliver(bench, hub, confirmed(hub, CONFIG, 4), confirmed(hub, INTERPRETER, 7))
    found = truth(bench, hub)
    assert (found.assignment_number, found.release_number) == (4, 7)
    assert [event.number for event in found.events] == [4, 7]
    deliver(bench, hub, report(hub, config_number=9, release=8))
    found = truth(bench, hub)
    assert (found.assignment_number, found.release_number) == (9, 8)


def test_what_went_back_after_the_report_is_in_force_no_longer(bench: Bench, hub: VirtualHub):
    deliver(bench, hub, hub.start(), report(hub, config_number=4, release=6))
    deliver(bench, hub, returned(hub, CONFIG, 4, update_words.NO_EXCHANGE))
    deliver(bench, hub, returned(hub, APPLICATION, 7, update_words.NO_START))
    found = truth(bench, hub)
    assert (found.assignment_number, found.release_number) == (None, 6)


def test_the_last_word_on_an_update_is_that_of_the_highest_number(bench: Bench, hub: VirtualHub):
    on_trial = [APPLICATION, 7, update_words.TRIAL, 0, 44, 44, 1]
    deliver(bench, hub, hub.start(), report(hub, update=on_trial))
    assert truth(bench, hub).said_of(CODE, 7).state == update_words.TRIAL
    deliver(bench, hub, returned(hub, APPLICATION, 7, update_words.SELF_TEST))
    said = truth(bench, hub).said_of(CODE, 7)
    assert said[:3] == (update_words.RETURNED, update_words.SELF_TEST, 3)
    assert said.received_ms == NOW_MS + 2 * MINUTE_MS
    again = [APPLICATION, 7, update_words.FETCHING, 0, 3, 44, 1]
    deliver(bench, hub, report(hub, update=again))
    found = truth(bench, hub)
    assert found.said_of(CODE, 7).state == update_words.FETCHING
    assert found.said_of((CONFIG,), 7) is None
    assert found.said_of(CODE, 8) is None


def test_the_assignment_is_on_trial_with_the_release_that_it_names(bench: Bench, hub: VirtualHub):
    """Tried together: the report tells of the code, and names the assignment as what it runs."""
    both = [APPLICATION, 7, update_words.TRIAL, 0, 0, 0, 0]
    deliver(bench, hub, hub.start(), returned(hub, CONFIG, 5, update_words.NO_START))
    deliver(bench, hub, report(hub, config_number=5, release=7, update=both))
    found = truth(bench, hub)
    assert found.said_of((CONFIG,), 5).state == update_words.TRIAL
    assert found.said_of(CODE, 7).state == update_words.TRIAL
    assert found.said_of((CONFIG,), 4) is None
    deliver(bench, hub, confirmed(hub, CONFIG, 5), confirmed(hub, APPLICATION, 7))
    assert truth(bench, hub).said_of((CONFIG,), 5).state == update_words.CONFIRMED


def test_what_was_given_up_is_counted_less_what_came_all_the_same(bench: Bench, hub: VirtualHub):
    raws = [hub.start(), *(hub.reading() for _ in range(9))]
    seq = hub.take_seq()
    gap = records.Gap(seq, hub.boot, 0, [[2, 4], [6, 7]], [[1, 0x2A5F]], records.GAP_JOURNAL_FULL)
    deliver(bench, hub, raws[0], *raws[6:], hub.sign(gap))
    found = truth(bench, hub)
    assert [loss.ranges for loss in found.losses] == [((2, 4), (6, 6))]
    assert found.readings_lost == 4
    follower = hub_truth.Follower(bench.database)
    follower.read()
    deliver(bench, hub, raws[2])
    for found in (truth(bench, hub), follower.read()[hub.hub_id]):
        assert [loss.ranges for loss in found.losses] == [((2, 2), (4, 4), (6, 6))]


def test_events_after_which_something_may_lack_are_alarms(bench: Bench, hub: VirtualHub):
    codes = sorted(own_word.LOSS_EVENTS)
    others = (records.EVENT_BOOT, records.EVENT_LINK_SWITCHED, records.EVENT_HEAP_LOW)
    raws = [hub.event(9, code=code) for code in (*codes, *others)]
    deliver(bench, hub, hub.start(), *raws)
    found = truth(bench, hub)
    assert [(alarm.code, alarm.detail) for alarm in found.alarms] == [(code, 9) for code in codes]
    assert found.events == ()


def test_a_revoked_hub_is_said_to_be_one(bench: Bench, hub: VirtualHub):
    deliver(bench, hub, hub.start())
    with bench.database.writing() as connection:
        registry.revoke(connection, hub.hub_id, NOW_MS)
    assert truth(bench, hub).is_revoked


def test_some_hubs_only(bench: Bench, hub: VirtualHub):
    other = bench.enrol(VirtualHub(2))
    assert set(hub_truth.truths(bench.database)) == {hub.hub_id, other.hub_id}
    assert set(hub_truth.truths(bench.database, [other.hub_id, bytes(8)])) == {other.hub_id}


# --- any order -----------------------------------------------------------------------------------


def test_what_comes_late_is_put_in_its_place(bench: Bench, hub: VirtualHub):
    """A hub that was away delivers the newest first."""
    follower = hub_truth.Follower(bench.database)
    raws = [hub.start(), report(hub, config_number=3), confirmed(hub, CONFIG, 4),
            report(hub, config_number=4), returned(hub, CONFIG, 5, update_words.NO_EXCHANGE),
            report(hub, config_number=4, release=7), hub.reading()]  # fmt: skip
    for raw in (raws[0], raws[6], raws[4], raws[1], raws[3], raws[5], raws[2]):
        deliver(bench, hub, raw)
        now = follower.read()
        assert now == hub_truth.truths(bench.database)
    found = now[hub.hub_id]
    assert [(event.seq, event.number) for event in found.events] == [(3, 4), (5, 5)]
    assert (found.assignment_number, found.release_number) == (4, 7)


def test_what_is_sent_again_is_said_once(bench: Bench, hub: VirtualHub):
    raws = [hub.start(), confirmed(hub, CONFIG, 4)]
    for _ in range(3):
        deliver(bench, hub, *raws)
    assert len(truth(bench, hub).events) == 1


# --- what moves nothing --------------------------------------------------------------------------


@pytest.fixture
def known(bench: Bench, hub: VirtualHub) -> tuple[hub_truth.Follower, hub_truth.HubTruth]:
    """A hub at config 4 and release 7, and who follows it."""
    deliver(bench, hub, hub.start(), report(hub, config_number=3, release=6),
            confirmed(hub, CONFIG, 4), report(hub, config_number=4, release=7),
            hub.reading())  # fmt: skip
    follower = hub_truth.Follower(bench.database)
    return follower, follower.read()[hub.hub_id]


def unmoved(bench: Bench, hub: VirtualHub, known) -> None:
    follower, before = known
    assert truth(bench, hub) == before
    assert follower.read()[hub.hub_id] == before


def test_forged_records_never_move_it(bench: Bench, hub: VirtualHub, known):
    """Somebody has the database, the hub's id and its public key, but not its private one."""
    thief = VirtualHub(9)
    thief.boot, thief.next_seq = 8, 1000
    payloads = [
        records.Report(1000, 8, 0, {records.FACT_CONFIG_NUMBER: 9, records.FACT_RELEASE: 99}),
        records.Event(1001, 8, 0, 27, update_words.detail(CONFIG, 0, 9)),
        records.Gap(1002, 8, 0, [[1, 900]], [[1, 0x2A5F]], 1),
    ]
    for record in payloads:
        raw = cose.sign1(thief.key, hub.hub_id, record.payload())
        store(bench, 1, record.seq, record.KIND, raw)
    store(bench, 1, 1003, records.EVENT, b"\x80")
    store(bench, 1, 1004, records.REPORT, b"")
    unmoved(bench, hub, known)


def test_another_hubs_records_never_move_it(bench: Bench, hub: VirtualHub, known):
    other = bench.enrol(VirtualHub(2))
    other.next_seq = 1000
    other.boot = 8
    store(bench, 1, 1000, records.REPORT, report(other, config_number=9))
    store(bench, 1, 1001, records.EVENT, confirmed(other, CONFIG, 9))
    unmoved(bench, hub, known)
    assert truth(bench, other).report is None


def test_an_old_record_under_a_new_number_never_moves_it(bench: Bench, hub: VirtualHub, known):
    old = {seq: raw for seq, raw in bench.stored() if seq in {2, 3}}
    store(bench, 1, 1000, records.REPORT, old[2])
    store(bench, 1, 1001, records.EVENT, old[3])
    unmoved(bench, hub, known)


def test_a_record_under_another_kind_is_not_taken_for_it(bench: Bench, hub: VirtualHub, known):
    reading = dict(bench.stored())[5]
    for seq, kind in ((1000, records.REPORT), (1001, records.EVENT), (1002, records.GAP)):
        store(bench, 1, seq, kind, reading)
    unmoved(bench, hub, known)


def test_a_key_that_is_not_the_hubs_speaks_for_nobody(bench: Bench, hub: VirtualHub, known):
    """The database's own key under the hub's id: the id is made of the key."""
    thief = VirtualHub(9)
    payload = records.Report(1000, 8, 0, {records.FACT_CONFIG_NUMBER: 9}).payload()
    store(bench, 1, 1000, records.REPORT, cose.sign1(thief.key, hub.hub_id, payload))
    with bench.database.writing() as connection:
        changed = sa.update(schema.hubs).where(schema.hubs.c.hub_id == hub.hub_id)
        connection.execute(changed.values(public_key=thief.public))
    found = truth(bench, hub)
    assert (found.report, found.events, found.last_heard_ms) == (None, (), None)


def test_many_forged_ones_in_front_hide_nothing(bench: Bench, hub: VirtualHub, known):
    for seq in range(1000, 1030):
        store(bench, 1, seq, records.REPORT, bytes(100))
    unmoved(bench, hub, known)


def test_a_number_that_a_forged_row_fills_is_lost_all_the_same(bench: Bench, hub: VirtualHub):
    hub.next_seq = 50
    gap = records.Gap(hub.take_seq(), 0, 0, [[2, 4]], [[1, 0x2A5F]], records.GAP_JOURNAL_FULL)
    deliver(bench, hub, hub.sign(gap))
    store(bench, 1, 3, records.READING, bytes(100))
    store(bench, 1, 4, records.READING, VirtualHub(9).event(seq=4))
    assert truth(bench, hub).readings_lost == 3


def test_a_hub_that_gives_up_all_numbers_holds_nobody_up(bench: Bench, hub: VirtualHub):
    other = bench.enrol(VirtualHub(2))
    raws = [hub.event() for _ in range(20)]
    seq = hub.take_seq()
    gap = records.Gap(seq, 0, 0, [[0, records.MAX_SEQ]], [[1, 0x2A5F]], 1)
    deliver(bench, hub, *raws, hub.sign(gap))
    deliver(bench, other, other.event())
    assert truth(bench, hub).readings_lost == 1  # of 0 to 20
    assert truth(bench, other).readings_lost == 0


def test_what_was_believed_once_no_database_takes_back(bench: Bench, hub: VirtualHub, known):
    follower, before = known
    with bench.database.writing() as connection:
        connection.execute(sa.update(schema.records).values(record=b"\x00"))
    assert follower.read()[hub.hub_id] == before
    with bench.database.writing() as connection:
        connection.execute(sa.delete(schema.records).where(schema.records.c.seq > 1))
    assert follower.read()[hub.hub_id] == before


@pytest.mark.parametrize("gone", [{5}, {4, 5}, {3}, {2, 3, 4, 5}])
def test_rows_that_go_leave_no_older_truth(bench: Bench, hub: VirtualHub, known, gone: set[int]):
    """What is left below them is genuine, and was true once."""
    follower, before = known
    with bench.database.writing() as connection:
        connection.execute(sa.delete(schema.records).where(schema.records.c.seq.in_(gone)))
    assert follower.read()[hub.hub_id] == before


def test_what_is_drained_late_is_not_heard_late(bench: Bench, hub: VirtualHub):
    old = [confirmed(hub, CONFIG, 4), report(hub, config_number=4)]
    deliver(bench, hub, hub.event())
    heard_ms = bench.clock.now_ms
    deliver(bench, hub, *old)
    assert truth(bench, hub).last_heard_ms == heard_ms


def test_a_pause_is_what_the_hub_keeps_to():
    """Two programs know it, and neither imports the other."""
    assert own_word.REPORT_EVERY_MS == uplink.REPORT_EVERY_MS
    for heartbeat_ms in (60_000, 900_000, 3_600_000, 86_400_000):
        exchanges = range(heartbeat_ms, 3 * 86_400_000, heartbeat_ms)
        due_ms = max(uplink.REPORT_EVERY_MS, heartbeat_ms)
        assert next(at for at in exchanges if at >= due_ms) <= own_word.longest_pause_ms(
            heartbeat_ms
        )

"""What a full journal gave up and named is told; what it lost without a word fails the run."""

import pytest

from varde_protocols import cose, records
from varde_protocols.crypto import ed25519
from varde_simulator import flash_image, told_gaps, truth
from varde_simulator.journal_watch import Journaled, JournalWatch
from varde_simulator.play import Outcome
from varde_simulator.sensors.ledger import Ledger, Notification

OXIMETER = b"\x00\x11\x22\x33\x44\x55\x66"
STREAM, SPOT = 0x2A5F, 0x2A5E
HUB = b"\x01" * 8
SLOT = 1
T0_MS = 1_772_000_000_000
STREAM_AT, SPOT_AT = (SLOT, STREAM), (SLOT, SPOT)


class Sensor:
    """So many samples of a stream, and spot readings, all sent."""

    def __init__(self, samples, spots=0):
        self.address = OXIMETER
        self.ledger = Ledger()
        for number in range(samples):
            at_us = number * 60_000_000
            self.ledger.notifications.append(Notification(STREAM, bytes([number]), at_us))
        for number in range(spots):
            reading = self.ledger.add(SPOT, bytes([number]), number * 60_000_000)
            reading.sent_us = [reading.measured_us]
            reading.confirmed_us = reading.measured_us


def row(seq, number, characteristic="2A5F"):
    return {
        "hub": HUB.hex(), "seq": seq, "boot": 1, "address": "public/11:22:33:44:55:66",
        "slot": SLOT, "characteristic": characteristic, "hex": bytes([number]).hex(),
        "utc_ms": T0_MS + number * 60_000, "uncertainty_ms": 100, "signature": "verified",
    }  # fmt: skip


def add_up(sensor, rows, ever=None, standing=(), named=None):
    """`ever` and `named` by number."""
    ever = {(HUB, seq): place for seq, place in (ever or {}).items()}
    named = {(HUB, seq): frozenset(places) for seq, places in (named or {}).items()}
    seen = Journaled(ever, {(HUB, seq): ever[HUB, seq] for seq in standing}, named=named)
    return truth.add_up({SLOT: sensor}, rows, seen, T0_MS)


def passed(added, given_up_allowed):
    return Outcome(added, 1.0, 0, 1, 0, 0, 9, (), given_up_allowed=given_up_allowed).passed


@pytest.mark.parametrize("was_seen", [True, False])
def test_samples_that_a_gap_names_are_given_up(was_seen):
    ever = {1: STREAM_AT, 2: STREAM_AT, 3: STREAM_AT} if was_seen else {1: STREAM_AT}
    added = add_up(Sensor(3), [row(1, 0)], ever, [], {2: [STREAM_AT], 3: [STREAM_AT]})
    assert (added.given_up, added.lost, added.unnamed) == (2, 0, 0)
    assert passed(added, given_up_allowed=True)
    assert not passed(added, given_up_allowed=False)


def test_what_is_named_may_still_stand_there():
    added = add_up(Sensor(1), [], {1: STREAM_AT}, [1], {1: [STREAM_AT]})
    assert (added.given_up, added.under_way, added.lost) == (1, 0, 0)


def test_what_is_named_and_arrives_all_the_same_is_delivered():
    added = add_up(Sensor(2), [row(1, 0), row(2, 1)], {1: STREAM_AT}, [], {1: [STREAM_AT]})
    assert (added.delivered, added.given_up, added.lost) == (2, 0, 0)


def test_one_number_too_few_named_is_one_lost():
    ever = dict.fromkeys((1, 2, 3), STREAM_AT)
    added = add_up(Sensor(3), [row(1, 0)], ever, [], {2: [STREAM_AT]})
    assert (added.given_up, added.lost, added.unnamed) == (1, 1, 1)
    assert not passed(added, given_up_allowed=True)


def test_a_number_that_is_gone_and_not_named_fails_though_its_value_arrived():
    added = add_up(Sensor(1), [row(1, 0)], {1: STREAM_AT, 2: STREAM_AT})
    assert (added.lost, added.unnamed) == (0, 1)
    assert not passed(added, given_up_allowed=True)


def test_a_spot_reading_is_never_excused():
    added = add_up(Sensor(0, 1), [], {1: SPOT_AT}, [], {1: [SPOT_AT]})
    assert (added.given_up, added.lost) == (0, 1)


def test_a_gap_of_another_source_excuses_nothing():
    added = add_up(Sensor(1), [], {}, [], {1: [(SLOT + 1, STREAM)]})
    assert (added.given_up, added.lost) == (0, 1)


def test_the_receivers_word_counts_where_it_is_asked():
    """A gap record in the flash that has not arrived tells nobody anything."""
    named = {(HUB, 1): frozenset([STREAM_AT])}
    seen = Journaled({(HUB, 1): STREAM_AT}, named=named)
    assert truth.add_up({SLOT: Sensor(1)}, [], seen, T0_MS, told={}).lost == 1
    assert truth.add_up({SLOT: Sensor(1)}, [], seen, T0_MS, told=named).given_up == 1


def test_a_gap_record_that_another_took_up_excuses_no_sample():
    seen = Journaled(others=frozenset([(HUB, 5)]))
    told = {(HUB, seq): frozenset([STREAM_AT]) for seq in (4, 5)}
    added = truth.add_up({SLOT: Sensor(2)}, [], seen, T0_MS, told=told)
    assert (added.given_up, added.lost) == (1, 1)


def test_the_receivers_events_are_read():
    """As `varde hub events --json` gives them."""
    sources = [{"slot": SLOT, "characteristic": "2A5F"}]
    loss = {"readings": 3, "sources": sources, "ranges": [[4, 5], [9, 9]], "reason": 1}
    events = [{"hub": HUB.hex(), "given_up": None}, {"hub": HUB.hex(), "given_up": loss}]
    assert told_gaps.of_events(events) == {
        (HUB, seq): frozenset([STREAM_AT]) for seq in (4, 5, 9)
    }


def test_samples_in_the_hubs_hand_when_the_power_went_are_lost_on_any_hub():
    """And only those: of a stream, shortly before."""
    seen = Journaled()
    cut = [T0_MS + 60_000 + 2_000]  # two seconds after the second of them
    added = truth.add_up({SLOT: Sensor(3)}, [], seen, T0_MS, cuts_ms=cut)
    assert (added.in_hand, added.lost) == (1, 2)
    added = truth.add_up({SLOT: Sensor(0, 3)}, [], seen, T0_MS, cuts_ms=cut)
    assert (added.in_hand, added.lost) == (0, 3)


def test_no_time_is_no_fault_in_a_boot_that_never_had_one():
    rows = [row(1, 0) | {"utc_ms": None, "uncertainty_ms": None}]
    for timeless, counts in ((frozenset({(HUB, 1)}), (0, 1)), (frozenset({(HUB, 2)}), (1, 0))):
        seen = Journaled({(HUB, 1): STREAM_AT}, timeless=timeless)
        added = truth.add_up({SLOT: Sensor(1)}, rows, seen, T0_MS)
        assert (added.undated, added.timeless) == counts


def test_the_watch_reads_gaps_and_which_boots_knew_the_time(tmp_path, monkeypatch):
    key = ed25519.SigningKey(bytes(32))
    watch = JournalWatch(tmp_path / "hub.flash")
    watch.add_hub(HUB, key.public)
    found = [
        records.Gap(9, 2, 1000, [[3, 4]], [[SLOT, STREAM]], 1),
        records.Gap(10, 2, 1000, [[4, 5]], [[SLOT + 1, STREAM]], 1),
        records.Anchor(11, 3, 1000, T0_MS, 1, 10),
    ]
    image = b"\xff".join(cose.sign1(key, HUB, record.payload()) for record in found)
    monkeypatch.setattr(flash_image, "read", lambda *_: image)
    seen = watch.look()
    both = {STREAM_AT, (SLOT + 1, STREAM)}
    assert seen.named == {(HUB, 3): {STREAM_AT}, (HUB, 4): both, (HUB, 5): both - {STREAM_AT}}
    assert seen.timeless == {(HUB, 2)}
    assert seen.others == {(HUB, 9), (HUB, 10), (HUB, 11)}

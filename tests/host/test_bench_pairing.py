"""Step 7's verdict, a label's level, what is searched for and what is unsent: without a board."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from host.virtual_hub import VirtualHub
from varde_host import errors
from varde_host.bench import faults
from varde_host.bench.cable import journal_tail, prompt
from varde_host.bench.making import labelling, pairing, pairing_figures, recipes
from varde_host.bench.making.sensor_evidence import ClockSeen, SensorSeen
from varde_host.bench.taking_back import draining, known_secrets, return_sensors
from varde_host.collector import registry, schema
from varde_host.inventory import items, progress
from varde_host.inventory.who import Who
from varde_protocols import assignment, documents, hub_config, records

UA651, MASIMO = recipes.BUILT_IN["and-ua651"], recipes.BUILT_IN["masimo-mightysat"]
OMRON = recipes.BUILT_IN["omron-evolv"]
PASSWORD = "kaffe-og-kringle"


def wanted(recipe: recipes.Recipe) -> pairing.Wanted:
    item = items.Item("A1", "sensor", recipe.model, "5150800123", *[None] * 6, None, "good",
                      *[None] * 7)  # fmt: skip
    return pairing.Wanted(item, recipe, recipes.row(recipe, 3, "5150800123"))


def seen(**known: object) -> SensorSeen:
    return SensorSeen(3, **known)


def clock(off_s: int | None = 0, occasion: int = records.CLOCK_AFTER, seq: int = 9) -> ClockSeen:
    return ClockSeen(seq, occasion, "00", off_s)


@pytest.mark.parametrize(
    ("recipe", "known", "code"),
    [
        (UA651, None, "sensor-hold"),
        (UA651, seen(failed=2), "sensor-hold"),
        (UA651, seen(paired=5), "sensor-measure"),
        (UA651, seen(paired=5, clock_refused=6), "tid-02"),
        (UA651, seen(paired=5, clock=clock(), clock_refused=10), "tid-02"),
        (UA651, seen(paired=5, clock=clock(900)), "tid-02"),
        (UA651, seen(paired=5, clock=clock(900, records.CLOCK_READ)), "sensor-measure"),
        (UA651, seen(paired=5, clock=clock(None, records.CLOCK_READ)), "sensor-measure"),
        (UA651, seen(paired=5, clock=clock(), lost=12), "ble-06"),
        (UA651, seen(paired=5, refused=12, clock=clock()), "ble-07"),
        (UA651, seen(paired=5, clock=clock()), None),
        (UA651, seen(paired=5, refused=4, lost=3, clock_refused=2, clock=clock(59)), None),
        (OMRON, seen(paired=5, clock=clock(500, records.CLOCK_READ)), None),
        (OMRON, seen(paired=5, clock=clock(700)), "tid-02"),
        (MASIMO, None, "sensor-measure"),
        (MASIMO, seen(readings=1), None),
        (MASIMO, seen(refused=2), "ble-07"),
    ],
)
def test_a_sensor_is_done_only_when_the_hub_has_written_all_of_it(recipe, known, code):
    fault = pairing.missing(wanted(recipe), known)
    assert (None if fault is None else fault.code) == code
    if fault is not None:
        assert fault.outcome in (faults.PERSON, faults.FAILED)


def test_tries_and_clock_stand_in_the_evidence():
    known = seen(paired=5, failed=2, clock=clock(4), battery_percent=80, readings=1)
    assert pairing.told(wanted(UA651), known) == {
        "slot": 3, "item": "A1", "model": "and-ua651", "paired": 5, "tries": 3,
        "clock": {"record": 9, "occasion": 2, "off_s": 4}, "battery_percent": 80, "readings": 1,
    }  # fmt: skip


def test_the_round_ends_when_the_hub_has_spoken_of_each_that_is_missing():
    asked: list[int] = []
    is_enough = pairing._hears([1, 7, 12], asked.append)
    assert not is_enough("varde: sensor 12: done, 1 values")
    assert not is_enough("varde: sensor 2: done, 1 values")
    assert not is_enough("not varde: sensor 1: done")
    assert asked == [1]
    assert not is_enough("varde: sensor 1: lost, 0 values")
    assert asked == [1, 7]
    assert is_enough("varde: sensor 7: done, 1 values")
    assert asked == [1, 7]


@pytest.mark.parametrize(
    ("sensors", "has_links", "level"),
    [
        ({}, True, 0),
        ({"sensors": []}, True, 0),
        ({"sensors": [{"readings": 1}]}, True, 1),
        ({"sensors": [{"readings": 1}]}, False, 0),
        ({"sensors": [{"readings": 1}, {"readings": 0}]}, True, 0),
    ],
)
def test_a_label_says_no_more_than_was_done(sensors, has_links: bool, level: int):
    assert labelling.level_of(sensors, has_links=has_links) == level


# The way back


def config() -> hub_config.HubConfig:
    return hub_config.HubConfig(
        networks=[hub_config.Network("hjemme", PASSWORD), hub_config.Network("åpent", "")],
        collector_host="collector.example", collector_port=443, heartbeat_s=3600,
        sensors=[recipes.row(UA651, 1, "", b"\0\1\2\3\4\5\6")],
        ntp_host="ntp.example", ntp_port=123, board="generic",
        modem=hub_config.Modem("apn.example", "", "", "1234"), data_budget_kib=0,
        local_time=list(hub_config.NORWAY), reminders=[], quiet=None,
    )  # fmt: skip


def assigned() -> bytes:
    class Key:
        public = bytes(32)

        def sign(self, message: bytes) -> bytes:
            return bytes(64)

    given = assignment.Assignment(bytes(8), 1, None, config(), None, 0, None, None, None, "")
    return documents.sign(documents.ASSIGNMENT, given.encode(), [Key()])


def test_what_is_looked_for_is_named_and_never_told():
    secrets = known_secrets.of("00" * 7 + "01", "ab" * 32, {prompt.ASSIGNMENT: assigned()})
    names = {secret.name for secret in secrets}
    assert {"wifi 0 password", "wifi 0 name", "modem pin", "/assignment.cbor", "hub id"} <= names
    assert PASSWORD not in repr(secrets)
    assert PASSWORD.encode() in {secret.value for secret in secrets}


def test_an_assignment_that_cannot_be_read_is_looked_for_whole():
    secrets = known_secrets.of("00" * 8, "ab" * 32, {prompt.ASSIGNMENT: b"\xd8\x62half of it"})
    assert {secret.name for secret in secrets} == {"hub id", "hub key", "/assignment.cbor"}


def test_the_sensors_are_taken_down_without_their_secrets():
    rows = return_sensors.of_assignment(assigned())
    assert rows == [{"slot": 1, "model": "and-ua651", "name": "", "address": "01:02:03:04:05:06"}]
    assert return_sensors.of_assignment(None) == return_sensors.of_assignment(b"no") == []


def test_only_the_follow_up_service_gives_readings_up():
    decision = draining.Decision(Who("oppfolgingstjeneste", "s3"), "ført for hånd")
    assert decision.as_json()["person"] == "s3"
    with pytest.raises(errors.InputRefused, match="decision-function"):
        draining.Decision(Who("lagertekniker", "t17"), "det haster")


@pytest.mark.parametrize("state", [{}, {"pending": 1}, {"pending": 1, "readings": {"1": "x"}},
                                   {"pending": "1", "readings": {}}])  # fmt: skip
def test_a_state_of_another_shape_is_no_answer(state):
    with pytest.raises(faults.Fault, match="answer-malformed"):
        draining.pending(state)


def test_what_a_hub_counts_is_an_upper_bound():
    state = {"pending": 5, "readings": {"1": 2, "2": 1}}
    assert draining.pending(state) == draining.Unsent(5, 3)
    tests = {"pending": 25, "readings": {"1": 2, "255": 20}}
    assert draining.pending(tests) == draining.Unsent(25, 2)  # nobody was measured


def test_test_readings_keep_nobody_from_wiping_and_what_cannot_be_read_does():
    hub = VirtualHub(receiver_public=b"\x09" + bytes(31))
    session, test = hub.start(), hub.reading(slot=255)
    raws = (session, hub.reading(), test, test[:-70], b"")
    assert [draining.is_test(raw) for raw in raws] == [False, False, True, False, False]


def test_the_benchs_networks_come_first_and_there_are_eight_at_most():
    ours = [hub_config.Network("benk", "passord1234"), hub_config.Network("hjemme", "annet1234")]
    made = draining.with_networks(config(), ours)
    assert [net.ssid for net in made.networks] == ["benk", "hjemme", "åpent"]
    assert made.networks[1].password == "annet1234"
    many = [hub_config.Network(f"nett{number}", "") for number in range(8)]
    assert len(draining.with_networks(config(), many).networks) == 8


@pytest.mark.parametrize("page", [1, 2, 500])
def test_unsent_is_what_the_collector_does_not_have_byte_for_byte(opened, monkeypatch, page: int):
    monkeypatch.setattr(journal_tail, "_ASK", page)
    hub = VirtualHub(receiver_public=b"\x09" + bytes(31))
    hub.start()
    first = hub.next_seq
    held = dict(enumerate([hub.reading() for _ in range(4)], first))
    second, third, fourth = first + 1, first + 2, first + 3
    with opened.writing() as connection:
        assert journal_tail.missing_at(connection, hub.hub_id, held) == sorted(held)
        registry.enrol(connection, hub.public, 0)
        number = registry.find(connection, hub.hub_id).number
        for seq, raw in ((first, held[first]), (third, held[third] + b"?"), (99, b"")):
            row = {"hub": number, "seq": seq, "kind": 1, "record": raw}
            row |= dict.fromkeys(("uptime_ms", "received_ms", "boot"), 0)
            connection.execute(sa.insert(schema.records).values(row))
        assert journal_tail.missing_at(connection, hub.hub_id, held) == [second, third, fourth]


def test_models_that_are_hard_to_pair_are_counted_also_after_a_wipe(room):
    def row(model: str, tries: int, paired: int | None = 5) -> dict:
        return {"model": model, "tries": tries, "paired": paired}

    by, chips = Who("lagertekniker", "t17"), ("a829e27f94d5", "a829e27f94d6")
    first = {"sensors": [row("and-ua651", 1), row("omron-evolv", 3), row("masimo", 0, None)]}
    for chip, evidence in zip(chips, (first, {"sensors": [row("omron-evolv", 2)]}), strict=True):
        room.do(progress.finish, chip, "sensors", evidence, by, 1)
    room.do(progress.forget, chips[0], by, 2, "wiped")
    assert room.see(pairing_figures.of_log) == [
        pairing_figures.Figures("omron-evolv", 2, 5, 1),
        pairing_figures.Figures("and-ua651", 1, 1, 0),
    ]

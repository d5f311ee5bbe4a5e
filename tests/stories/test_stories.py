"""The whole way: sensors on the air, the firmware on the real interpreter, TLS, the collector, the
receiver. Built firmware and an interpreter are needed; without them these are skipped."""

import asyncio
import dataclasses
import tomllib

import pytest

from stories.playing import play
from varde_simulator import interpreter, scenario_file, story_batch
from varde_simulator.stage import StageError, firmware_files
from varde_simulator.story_cuts import Cut, Story

try:
    firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

CUT = scenario_file.find("cut")
SENSORS = """
[[sensor]]
name = "oximeter"
model = "oximeter"
slot = 1
service = "1822"
characteristics = ["2A5E", "2A5F"]

[[sensor]]
name = "scale"
model = "scale"
slot = 2
service = "181D"
characteristics = ["2A9D"]

[[sensor]]
name = "cuff"
model = "cuff"
slot = 3
service = "1810"
characteristics = ["2A35", "2A36"]

[[routine]]
sensor = "scale"
at = ["07:00", "10:00"]
duration_s = 6
vectors = ["v162", "v175", "v187"]

[[routine]]
sensor = "oximeter"
at = ["07:20", "09:00"]
duration_s = 8
vectors = ["v241", "v088"]
live = ["v085", "v259", "v085"]
live_every_s = 2

[[routine]]
sensor = "cuff"
at = ["07:30", "07:32", "07:34", "11:00"]
duration_s = 25
vectors = ["v226", "v247", "v158", "v229"]
live = ["v073", "v007"]
live_every_s = 8
"""
MORNING = """
name = "morning"
start = 2026-03-02T05:30:00Z
zone_h = 1
days = 0.25
settle_min = 60
heartbeat_min = 30
journal_kib = 128
"""


def morning(folder, events, act=None):
    """Play a morning with these events; the play and what came of it."""
    return play(folder, scenario_file.parse(tomllib.loads(MORNING + SENSORS + events)), act)


def test_nothing_goes_wrong(tmp_path):
    _, outcome, rows = morning(tmp_path / "stage", "")
    assert outcome.passed, outcome
    assert outcome.sum.measured > 10
    assert all(row["utc_ms"] is not None for row in rows)


def test_everything_goes_wrong(tmp_path):
    _, outcome, _ = morning(
        tmp_path / "stage",
        """
        [[event]]
        day = 1
        at = "07:10"
        do = "wifi-down"
        for_min = 40

        [[event]]
        day = 1
        at = "08:10"
        do = "collector-down"
        for_min = 20

        [[event]]
        day = 1
        at = "08:50"
        do = "wire"
        state = "stall"
        for_min = 30

        [[event]]
        day = 1
        at = "09:30"
        do = "wire"
        state = "slow"
        bytes_per_s = 400
        for_min = 20

        [[event]]
        day = 1
        at = "09:58"
        do = "cut-at-write"
        sensor = "scale"
        writes = 1
        fraction = 0.4
        off_min = 10

        [[event]]
        day = 1
        at = "10:40"
        do = "power-cut"
        off_min = 5
        """,
    )
    assert outcome.passed, outcome
    assert (outcome.cuts, outcome.boots) == (2, 3)


def test_a_hub_without_time_trusts_nobody_and_loses_nothing(tmp_path):
    """Its certificate check judges by its own clock, which stands in the year 2000."""

    def lose(playing):
        sntp = playing.board.network.sntp
        sntp.lost = True
        playing.clock.call_at(3 * 3_600_000_000, lambda: setattr(sntp, "lost", False))

    playing, outcome, rows = morning(tmp_path / "stage", "", lose)
    assert outcome.passed, outcome
    console = (playing.stage.folder / "hub-1.log").read_text()
    assert "The certificate validity starts in the future" in console
    early = next(row for row in rows if row["characteristic"] == "2A9D")
    assert early["utc_ms"] is not None  # measured before the hub knew the time, dated afterwards


@pytest.mark.parametrize("sensor", ["scale", "cuff"])
def test_a_lost_link_makes_no_second_measurement(tmp_path, sensor):
    """Out of range while the first value is written: the confirmation never arrives.

    The value bears a date, so the hub, which has not been off, keeps the second one out (0016).
    """

    def lose(playing):
        air = playing.stage.world.air_of()
        in_range, send = air.signal_dbm, playing.sensors[sensor].station.indications.send

        def leave(signal_dbm):
            air.signal_dbm = signal_dbm
            air.range_changed()

        def send_and_leave(*indication):
            playing.sensors[sensor].station.indications.send = send
            send(*indication)
            loop = asyncio.get_running_loop()
            loop.call_later(1.5 * air.latency_us / 1e6, leave, lambda *_: None)
            loop.call_later(60, leave, in_range)

        playing.sensors[sensor].station.indications.send = send_and_leave

    _, outcome, _ = morning(tmp_path / "stage", "", lose)
    assert outcome.passed, outcome
    assert (outcome.sum.repeats, outcome.sum.mistaken) == (0, 0)


def test_a_cut_between_the_value_and_its_confirmation_makes_no_second_measurement(tmp_path):
    """The scale's first value is written whole; with that the power goes."""
    _, outcome, _ = morning(
        tmp_path / "stage",
        """
        [[event]]
        day = 1
        at = "06:59"
        do = "cut-at-write"
        sensor = "scale"
        writes = 1
        fraction = 1.0
        off_min = 10
        """,
    )
    assert outcome.passed, outcome
    assert (outcome.cuts, outcome.sum.repeats) == (1, 1)


def test_power_cuts_at_flash_operations(tmp_path):
    """In the first boot of all, while it first tells, while readings are written; one is cut
    again in its recovery."""
    chosen = [Story(f"story-{seed}", seed, cuts) for seed, cuts in enumerate([
        (Cut(1, 0.0),), (Cut(5, 1.0),), (Cut(9, 0.5),), (Cut(15, 0.99), Cut(4, 0.5)),
        (Cut(20, 0.25),),
    ])]  # fmt: skip
    rows = story_batch.play_batch(CUT, chosen, tmp_path / "stage")
    assert [row.machine["cuts"] for row in rows] == [1, 1, 1, 2, 1]
    assert all(row.passed for row in rows), rows


def test_a_full_journal_gives_up_samples_by_name_and_no_spot_reading(tmp_path):
    """Two hours of the scenario; the line comes back when they are over."""
    story = scenario_file.load(scenario_file.find("overflow"))
    story = dataclasses.replace(story, days=0.08, settle_min=60, journal_kib=32)
    playing, outcome, rows = play(tmp_path / "stage", story)
    assert outcome.passed, outcome
    assert outcome.sum.given_up > 50
    assert (outcome.sum.lost, outcome.sum.unnamed, outcome.sum.under_way) == (0, 0, 0)
    spots = sum(len(sensor.ledger.readings) for sensor in playing.sensors.values())
    assert sum(row["characteristic"] in {"2A5E", "2A9D", "2A35"} for row in rows) == spots > 5

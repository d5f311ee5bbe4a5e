"""Updates by air, as a home sees them: config, application, interpreter; good ones and bad.

All homes are played once, side by side, with real hubs, collector and blobs; each test looks at
one. In every home a scale is used meanwhile, and no reading may be lost.
"""

from __future__ import annotations

import pytest

from stories import releases, update_cases
from stories.update_cases import CONFIRMED, RETURNED, Case, Home, Result
from varde_firmware.core import update_record
from varde_protocols import hub_config
from varde_protocols import update_words as words
from varde_simulator import interpreter, scenario_links
from varde_simulator.modem.settings import Settings
from varde_simulator.stage import PASSWORD, SSID, StageError
from varde_simulator.usb import stand_in_image

try:
    releases.built()
except (interpreter.NoInterpreterError, StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

GOOD = releases.named("good", 1)
CRASHES, HANGS = releases.named("crashes", 1), releases.named("hangs", 1)
NEVER_SENDS = releases.named("never_sends", 1)
OLD_IMAGE = stand_in_image.build("1.25.0")
NEW_INTERPRETER = releases.make(1, image=releases.interpreter_image("1.26.0", 96 * 1024))
OTHER_WIFI = hub_config.Network("elsewhere", "twelve strokes")
WRONG_PASSWORD = hub_config.Network(SSID, "not " + PASSWORD)
HEARTBEAT_S = 600
FIRST_NUMBER = 1  # of the assignment that the bench gave
SLOW_BYTES_PER_S = 3000
LITTLE_KIB = 8
ON_MODEM = {
    "board": scenario_links.MODEM_BOARD,
    "links": scenario_links.LinksPlan(
        modem=scenario_links.ModemPlan("telenor.smart", "", "", "", 0, Settings(pin=None), ())
    ),
}


async def new_heartbeat(home: Home) -> None:
    home.publish(config={"heartbeat_s": HEARTBEAT_S})


async def wrong_wifi(home: Home) -> None:
    home.publish(config={"networks": [OTHER_WIFI]})


async def wrong_password(home: Home) -> None:
    home.publish(config={"networks": [WRONG_PASSWORD]})


async def wrong_collector(home: Home) -> None:
    home.publish(config={"collector_host": "nobody.varde.example"})


async def wrong_then_right(home: Home) -> None:
    home.publish(config={"networks": [OTHER_WIFI]})
    await home.minutes(60)
    home.publish(3, config={"heartbeat_s": HEARTBEAT_S})


async def offered(home: Home) -> None:
    home.publish(2, home.case.offered)


async def from_collector(home: Home) -> None:
    home.stage.serve(GOOD)
    home.stage.publish(home.stage.assigned(home.play.hub, 2, GOOD))


async def release_and_wrong_wifi(home: Home) -> None:
    home.publish(2, GOOD, config={"networks": [OTHER_WIFI]})


async def bad_then_good(home: Home) -> None:
    home.publish(2, CRASHES)
    await home.minutes(60)
    repaired = releases.named("good", 2)
    home.stage.source.offer(home.path, repaired.served)
    home.publish(3, repaired)


async def link_goes_mid_fetch(home: Home) -> None:
    home.publish(2, GOOD)
    await home.until_asked(12)
    home.play.board.network.set_link(False)
    await home.minutes(10)
    home.play.board.network.set_link(True)


async def to_4g_mid_fetch(home: Home) -> None:
    """The access point goes; the modem is what is left."""
    home.play.board.network.set_state("slow", SLOW_BYTES_PER_S)
    home.publish(2, GOOD)
    await home.until_asked(12)
    for access_point in home.play.board.wifi.access_points:
        access_point.is_up = False
    home.play.board.wifi.access_points_changed()


async def little_allowed_over_4g(home: Home) -> None:
    """8 KiB may go over the modem, and there is nothing else."""
    wifi = home.play.board.wifi
    for access_point in wifi.access_points:
        access_point.is_up = False
    wifi.access_points_changed()
    home.publish(2, GOOD, allowance_kib=LITTLE_KIB)


async def measured_mid_fetch(home: Home) -> None:
    """On a line on which the fetching takes a minute; a weight that is not in the plan."""
    home.play.board.network.set_state("slow", SLOW_BYTES_PER_S)
    home.publish(2, GOOD)
    await home.until_asked(8)
    (characteristic, value), *_ = home.play.plan.measurements[0].stored
    other = value[:1] + bytes([value[1] ^ 0x40]) + value[2:]
    home.play.sensors["scale"].measure([(characteristic, other)], (), 6)


CASES = {
    "config": Case(new_heartbeat),
    "wrong-wifi": Case(wrong_wifi),
    "wrong-password": Case(wrong_password),
    "wrong-collector": Case(wrong_collector),
    "wrong-then-right": Case(wrong_then_right),
    "application": Case(offered, GOOD),
    "from-collector": Case(from_collector),
    "crashes": Case(offered, CRASHES, may_crash=True),
    "hangs": Case(offered, HANGS, may_crash=True),
    "never-sends": Case(offered, NEVER_SENDS, may_crash=True),
    "with-wrong-wifi": Case(release_and_wrong_wifi, GOOD),
    "bad-then-good": Case(bad_then_good, CRASHES, may_crash=True),
    "interpreter": Case(offered, NEW_INTERPRETER, image=OLD_IMAGE),
    "mid-fetch-link": Case(link_goes_mid_fetch, GOOD),
    "mid-fetch-reading": Case(measured_mid_fetch, GOOD),
    "mid-fetch-4g": Case(to_4g_mid_fetch, GOOD, story=ON_MODEM),
    "little-allowed-over-4g": Case(little_allowed_over_4g, GOOD, story=ON_MODEM),
}


@pytest.fixture(scope="module")
def came(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    return update_cases.once(
        tmp_path_factory, "updates", lambda folder: update_cases.play_cases(folder, CASES)
    )


@pytest.mark.parametrize("name", CASES)
def test_no_reading_is_lost(came, name):
    outcome = came[name].outcome
    assert outcome.passed, outcome
    assert outcome.sum.delivered >= 5


@pytest.mark.parametrize("name", CASES)
def test_the_fleet_view_is_what_stands_in_the_flash(came, name):
    it = came[name]
    assert it.truth.release_number == it.flash.record.release
    assert it.truth.assignment_number == (it.flash.record.assignment or FIRST_NUMBER)
    assert it.truth.readings_lost == 0


def test_config_is_changed_by_air(came):
    it = came["config"]
    assert it.said == [(CONFIRMED, words.CONFIG, words.NONE, 2)]
    assert it.truth.assignment_number == 2
    assert it.flash.record.assignment == 2
    assert "assignment.trial" not in it.flash.documents


@pytest.mark.parametrize("name", ["wrong-wifi", "wrong-password", "wrong-collector"])
def test_config_that_leads_nowhere_heals_by_itself(came, name):
    it = came[name]
    assert (RETURNED, words.CONFIG, words.NO_EXCHANGE, 2) in it.said
    assert it.truth.assignment_number != 2
    assert it.flash.record.assignment == 0
    assert "assignment.trial" not in it.flash.documents


def test_next_config_is_taken_after_a_wrong_one(came):
    it = came["wrong-then-right"]
    assert it.said[-1] == (CONFIRMED, words.CONFIG, words.NONE, 3)
    assert it.flash.record.assignment == 3


@pytest.mark.parametrize("name", ["application", "from-collector"])
def test_application_is_changed_by_air(came, name):
    it = came[name]
    assert (CONFIRMED, words.APPLICATION, words.NONE, 1) in it.said
    assert it.truth.release_number == 1
    assert it.runs(GOOD)
    assert it.flash.slots["a"] == releases.built()
    assert it.flash.record.is_spare_whole


def test_application_costs_its_size_on_the_air(came):
    counts = came["application"].counts
    assert counts.body_bytes == GOOD.size_bytes
    assert counts.connections <= 2


@pytest.mark.parametrize("name", ["crashes", "hangs"])
def test_application_that_does_not_start_goes_back(came, name):
    it = came[name]
    assert (RETURNED, words.APPLICATION, words.NO_START, 1) in it.said
    assert it.truth.release_number == 0
    assert it.runs()


def test_application_that_cannot_send_goes_back(came):
    it = came["never-sends"]
    assert (RETURNED, words.APPLICATION, words.NO_EXCHANGE, 1) in it.said
    assert it.truth.release_number == 0
    assert it.runs()


def test_application_with_a_config_that_leads_nowhere_goes_back(came):
    it = came["with-wrong-wifi"]
    assert {said[0] for said in it.said} == {RETURNED}
    assert it.runs()
    assert it.flash.record.assignment == 0


def test_next_release_is_taken_after_a_bad_one(came):
    it = came["bad-then-good"]
    assert (RETURNED, words.APPLICATION, words.NO_START, 1) in it.said
    assert (CONFIRMED, words.APPLICATION, words.NONE, 2) in it.said
    assert it.runs(releases.named("good", 2))


def test_interpreter_is_changed_by_air(came):
    it = came["interpreter"]
    assert (CONFIRMED, words.INTERPRETER, words.NONE, 1) in it.said
    assert it.flash.record.interpreter == 1
    assert it.flash.record.parts & update_record.INTERPRETER
    assert it.runs()


def test_no_more_goes_over_the_modem_than_is_allowed(came):
    it = came["little-allowed-over-4g"]
    assert (words.WAITING, words.OVER_BUDGET) in {row[2:4] for row in it.reported}
    assert 0 < it.counts.body_bytes <= LITTLE_KIB * 1024
    assert it.runs()


@pytest.mark.parametrize("name", ["mid-fetch-link", "mid-fetch-reading", "mid-fetch-4g"])
def test_fetch_goes_on_where_it_was(came, name):
    it = came[name]
    assert it.runs(GOOD)
    assert it.counts.body_bytes <= GOOD.size_bytes + 4096

"""Networks and modems in scenario files, and what happens to them."""

import asyncio
import tomllib

import pytest

from simulator.board_place import play
from varde_simulator import scenario_file
from varde_simulator.play_links import LinkHappenings
from varde_simulator.scenario_table import ScenarioError

HEAD = """
name = "test"
start = 2026-03-02T05:30:00Z
days = 2
board = "lilygo_t_sim7670g_s3"
"""
SENSOR = """
[[sensor]]
name = "scale"
model = "scale"
slot = 2
service = "181D"
characteristics = ["2A9D"]

[[routine]]
sensor = "scale"
at = ["07:00"]
vectors = ["v162"]
"""
LINKS = """
[[network]]
ssid = "loft"
password = "tregulv og tak"
rssi_dbm = -81

[[network]]
ssid = "a:b"
password = "c:d"
fault = "hidden"

[modem]
apn = "internet"
user = "u"
pin = "1234"
sim_pin = "4321"
data_budget_mib = 50
clock_begins = "1980"
faults = ["weak"]
"""


def parse(text, head=HEAD):
    return scenario_file.parse(tomllib.loads(head + SENSOR + text))


def event(text):
    return f'\n[[event]]\nday = 1\nat = "08:00"\n{text}\n'


def test_what_the_hub_is_told_and_what_there_is():
    links = parse(LINKS).links
    assert links.wifi_lines() == "loft:tregulv og tak\na\\:b:c:d\n"
    assert links.modem.lines() == "apn=internet\nuser=u\npin=1234\n"
    assert links.modem.settings.pin == "4321"
    assert links.modem.settings.clock_begins == "1980"
    assert (links.networks[0].rssi_dbm, links.networks[1].fault) == (-81, "hidden")


def test_without_a_word_there_is_one_good_network_and_no_modem():
    links = parse("").links
    assert links.wifi_lines() == "hjemme:ikke hemmelig\n"
    assert links.modem is None


def test_a_home_without_wifi():
    links = parse('\n[modem]\napn = "x"\n', HEAD + "wifi = false\n").links
    assert links.networks == ()


WRONG = [
    (event('do = "modem"\nfault = "weak"'), "give [modem]"),
    (LINKS + event('do = "modem"\nfault = "rain"'), "one of no-sim"),
    (LINKS + event('do = "modem"'), "`fault` is missing"),
    (LINKS + event('do = "modem"\nfault = "weak"\nafter_s = 3'), "`weak` has no `after_s`"),
    (event('do = "wifi"\nfault = "weak"\nnetwork = "cellar"'), "one of hjemme"),
    (event('do = "wifi"\nfault = "rain"'), "one of wrong-password"),
    (event('do = "wire"\nstate = "down"\nlink = "modem"'), "give [modem]"),
    (event('do = "time-server-lies"'), "`by_s` is missing"),
    (event('do = "interference"\nfor_min = 3'), "`share` is missing"),
    ("\n[modem]\n", "`apn` is missing"),
    ('\n[modem]\napn = "x"\npin = "12"\n', "four to eight digits"),
    ('\n[modem]\napn = "x"\nfaults = ["rain"]\n', "no-sim"),
    ("\n[[modem]]\n", "is no table; write [modem]"),
    (LINKS + '\n[[network]]\nssid = "loft"\npassword = "x"\n', "the same `ssid`"),
]


@pytest.mark.parametrize(("text", "says"), WRONG)
def test_what_cannot_be_is_said(text, says):
    with pytest.raises(ScenarioError) as caught:
        parse(text)
    assert says in str(caught.value)


def test_a_modem_needs_the_board_that_has_one():
    with pytest.raises(ScenarioError, match="needs `board"):
        parse(LINKS, HEAD.replace("lilygo_t_sim7670g_s3", "generic"))


def test_no_wifi_needs_a_modem():
    with pytest.raises(ScenarioError, match="needs \\[modem\\]"):
        parse("", HEAD + "wifi = false\n")


def test_events_do_what_they_say_and_end(tmp_path):
    story = parse(
        LINKS
        + event('do = "modem"\nfault = "ppp-drops"\nafter_s = [5, 9]\nfor_min = 10')
        + event('do = "wifi"\nfault = "no-dhcp"\nnetwork = "loft"\nfor_min = 10')
        + event('do = "wire"\nstate = "stall"\nlink = "modem"\nfor_min = 10')
        + event('do = "wifi-down"\nfor_min = 10')
        + event('do = "wifi"\nfault = "weak"')
    )
    events = story.plan(1).events
    told = []

    async def act(place):
        board = place.world.add_board("hub-1", {})
        happenings = LinkHappenings(board, story.links, lambda *words: told.append(words))
        modem, (loft, hidden) = board.modem, board.wifi.access_points
        assert "weak" in modem.faults
        running = asyncio.gather(*(happenings.happen(e.do, e.keys) for e in events[:4]))
        await asyncio.sleep(60)
        assert 5 <= modem.faults.value("ppp-drops", "after_s") <= 9
        assert (loft.fault, hidden.fault, loft.is_up) == ("no-dhcp", "hidden", False)
        assert (modem.network.state, board.network.state) == ("stall", "up")
        await running
        assert "ppp-drops" not in modem.faults
        assert (loft.fault, hidden.fault, loft.is_up) == ("", "hidden", True)
        assert modem.network.state == "up"
        await happenings.happen(events[4].do, events[4].keys)
        assert (loft.fault, hidden.fault) == ("weak", "weak")
        happenings.mend()
        assert (loft.fault, hidden.fault, "weak" in modem.faults) == ("", "", False)

    play(tmp_path, act)
    assert ("modem", "ppp-drops") in told

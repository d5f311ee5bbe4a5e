"""Whole hubs, their modem misbehaving by name: each reaches the collector in the end, by itself
where that can be, and says why where not; none hangs, no SIM is locked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from firmware.link_homes import MODEM_FAILED, NO_WIFI, Home, play
from varde_protocols import records
from varde_simulator import host_programs
from varde_simulator.modem.settings import Settings

# Minutes until the collector has answered; power, boot and registration are up to 90 s of them.
ALONE = {
    "": 5, "roams": 5, "slow-registration": 8, "sim-busy": 8, "no-time": 5, "wrong-time": 5,
    "garbage": 30, "echo-comes-back": 6, "weak": 6, "ppp-drops": 5, "hangs": 8,
}  # fmt: skip
MENDED = {
    "no-sim": records.MODEM_NO_SIM,
    "sim-pin": records.MODEM_PIN,
    "silent": records.MODEM_SILENT,
    "power-key-ignored": records.MODEM_SILENT,
    "registration-denied": records.MODEM_DENIED,
    "no-network": records.MODEM_NO_NETWORK,
    "ppp-refused": records.MODEM_NO_PPP,
    "ppp-stalls": records.MODEM_NO_PPP,
}
BROKEN_MIN = 30
# 4G that failed rests for half an hour at most, and then takes some minutes.
AFTER_MENDING_MIN = 40
PIN = "4711"
MOST_PROBE_MIN = 36
LATER_MIN = 40


def reaches_alone(most_min: float) -> Callable[[Home], Awaitable[None]]:
    async def act(home: Home) -> None:
        await home.reaches(most_min)
        await asyncio.sleep(60)
        home.seen["again"] = await home.reaches(LATER_MIN)  # with the heartbeat, if not before

    return act


async def reaches_once_mended(home: Home) -> None:
    await asyncio.sleep(BROKEN_MIN * 60)
    home.seen["early"] = home.went()
    home.modem.mend()
    if home.faults == ("sim-pin",):
        home.modem.sim.pin = None
    await home.reaches(AFTER_MENDING_MIN)


async def never_locks(home: Home) -> None:
    """A wrong PIN, over power cuts and days."""
    for _ in range(3):
        await asyncio.sleep(2 * 3600)
        home.seen.setdefault("tries", []).append(home.modem.sim.pin_tries)
        await home.board.cut_power()
        await asyncio.sleep(5)
        await home.board.power_on()
    home.modem.mend()
    home.modem.sim.pin = None  # somebody has taken the PIN off the card
    await home.reaches(AFTER_MENDING_MIN)


async def has_no_time_server(home: Home) -> None:
    del home.modem.network.names[host_programs.NTP_NAME]
    await home.reaches(5)


async def goes_over_4g_while_wifi_is_away(home: Home) -> None:
    await home.reaches(3, "wifi")
    home.set_wifi(False)
    home.seen["to 4g"] = await home.reaches(20)
    home.set_wifi(True)
    home.seen["to wifi"] = await home.reaches(MOST_PROBE_MIN, "wifi")
    await home.reaches(1, "wifi")  # which takes the event
    await home.until(lambda: not home.modem.is_on, 2)


async def comes_back_to_4g_from_a_probe(home: Home) -> None:
    await home.reaches(3, "wifi")
    home.set_wifi(False)
    await home.reaches(20)
    await home.until(lambda: "modem: call over" in home.notes, MOST_PROBE_MIN)
    home.seen["back after"] = await home.reaches(10)
    home.set_wifi(True)
    await home.reaches(2 * MOST_PROBE_MIN, "wifi")
    await home.reaches(1, "wifi")


async def proves_the_reserve_daily(home: Home) -> None:
    await home.reaches(3, "wifi")
    await home.until(lambda: home.modem.calls == 1, 7 * 60)
    await home.until(lambda: not home.modem.is_on, 5)
    home.seen["bytes"] = home.went() + home.modem.network.traffic.up_bytes
    await asyncio.sleep(26 * 3600)
    home.seen["calls"] = home.modem.calls


async def tells_of_a_reserve_that_fails(home: Home) -> None:
    await home.reaches(3, "wifi")
    await asyncio.sleep(9 * 3600)
    home.modem.mend()
    await home.until(lambda: home.modem.calls == 1, 12 * 60)
    await home.reaches(LATER_MIN, "wifi")


HOMES = [
    *[
        Home(f"alone {fault}", reaches_alone(most_min), NO_WIFI, faults=(fault,) if fault else ())
        for fault, most_min in ALONE.items()
    ],
    *[Home(f"mended {fault}", reaches_once_mended, NO_WIFI, faults=(fault,)) for fault in MENDED],
    Home("pin", reaches_alone(5), NO_WIFI, Settings(pin=PIN), PIN),
    Home("wrong pin", never_locks, NO_WIFI, Settings(pin="9999"), PIN),
    Home("operator's time", has_no_time_server, NO_WIFI),
    Home("failover", goes_over_4g_while_wifi_is_away),
    Home("probe", comes_back_to_4g_from_a_probe),
    Home("proof", proves_the_reserve_daily),
    Home("failing proof", tells_of_a_reserve_that_fails, faults=("registration-denied",)),
]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Home]:
    return play(tmp_path_factory.mktemp("links"), HOMES)


def outcome(homes: dict[str, Home], name: str) -> Home:
    """The home, after its story was checked for what every hub keeps to."""
    home = homes[name]
    if home.problem is not None:
        raise home.problem
    assert home.board.crashes == 0, home.lines
    assert not [line for line in home.lines if line.startswith("varde: stopped")]
    assert home.told(records.EVENT_BOOT), home.lines  # the collector has heard of it
    assert home.modem.sim.pin_tries >= 2 or home.modem.sim.pin is None
    return home


@pytest.mark.parametrize("fault", ALONE)
def test_it_reaches_the_collector_all_the_same(homes: dict[str, Home], fault: str) -> None:
    outcome(homes, f"alone {fault}")


@pytest.mark.parametrize("fault", MENDED)
def test_it_says_what_keeps_it(homes: dict[str, Home], fault: str) -> None:
    home = outcome(homes, f"mended {fault}")
    assert set(home.told(MODEM_FAILED)) == {MENDED[fault]}, home.events
    assert home.seen["early"] == 0


def test_a_pin_is_used(homes: dict[str, Home]) -> None:
    home = outcome(homes, "pin")
    assert home.modem.sim.pin_tries == 3
    assert not home.told(MODEM_FAILED)


def test_a_wrong_pin_is_tried_once_in_a_life(homes: dict[str, Home]) -> None:
    home = outcome(homes, "wrong pin")
    assert home.seen["tries"] == [2] * 3
    assert set(home.told(MODEM_FAILED)) == {records.MODEM_PIN}


def test_the_operators_time_is_enough_for_tls(homes: dict[str, Home]) -> None:
    home = outcome(homes, "operator's time")
    assert [line for line in home.lines if line.startswith("varde: time: OSError")]
    assert not home.told(records.EVENT_SERVER_REFUSED)  # as by a chip that is in 2000


def test_4g_takes_over_and_wifi_comes_back(homes: dict[str, Home]) -> None:
    home = outcome(homes, "failover")
    print(home.seen)
    switched = home.told(records.EVENT_LINK_SWITCHED)
    assert switched == [records.LINK_MODEM, records.LINK_WIFI]
    assert home.seen["to wifi"] > 14
    assert set(home.told(records.EVENT_WIFI_FAILED)) <= {records.WIFI_NOT_FOUND}


def test_a_probe_of_a_dead_wifi_costs_a_minute(homes: dict[str, Home]) -> None:
    home = outcome(homes, "probe")
    assert home.told(records.EVENT_LINK_SWITCHED) == [records.LINK_MODEM, records.LINK_WIFI]
    assert home.seen["back after"] < 4


def test_the_reserve_is_proven_once_a_day_and_told_once(homes: dict[str, Home]) -> None:
    home = outcome(homes, "proof")
    print(home.seen)
    assert home.told(records.EVENT_RESERVE_PROOF) == [1]
    assert home.seen["calls"] == 2
    assert not home.told(records.EVENT_LINK_SWITCHED)


def test_a_reserve_that_fails_is_told_each_time(homes: dict[str, Home]) -> None:
    home = outcome(homes, "failing proof")
    proofs = home.told(records.EVENT_RESERVE_PROOF)
    assert proofs[-1] == 1
    assert set(proofs[:-1]) == {0}
    assert set(home.told(MODEM_FAILED)) == {records.MODEM_DENIED}

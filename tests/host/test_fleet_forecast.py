"""What a rollout will cost, before anybody starts it."""

from __future__ import annotations

from varde_host.commands import fleet_plan
from varde_host.fleet import forecast, plan_file
from varde_host.fleet.own_word import HubTruth
from varde_protocols import records, release

BLOCK = 4096


def component(size: int, kind: int = release.APPLICATION) -> release.Component:
    return release.Component(kind, size, bytes(32), BLOCK, bytes(32), 0)


def given(*components: release.Component) -> release.Release:
    return release.Release(7, "0.7.0", "esp32s3", list(components), 0, 1)


def truth(link: int | None, runs: int = 6) -> HubTruth:
    facts = {records.FACT_RELEASE: runs, records.FACT_LINK: link}
    report = records.Report(1, 1, 1, {key: fact for key, fact in facts.items() if fact})
    return HubTruth(bytes(8), False, 1, 1, report, 1, (), (), ())


def plan(allowance_kib: int | None = None) -> plan_file.Plan:
    ring = plan_file.Ring("a", plan_file.PERCENT, 100, 0, 1, None, allowance_kib)
    return plan_file.Plan("a", plan_file.NamedRelease(), (ring,), b"")


HUBS = [f"{number:016x}" for number in range(38)]


def test_the_sum_for_a_fleet():
    """38 hubs and a bundle of 120 kB: each block is a request of its own."""
    truths = dict.fromkeys(map(bytes.fromhex, HUBS), truth(records.LINK_MODEM))
    hubs = forecast.of_hubs(plan(), [HUBS], 7, given(component(120_000)), truths)
    total = forecast.together(hubs)
    payload = 2000 + 120_000 + 30 * 32 + 31 * 720
    each = payload + payload // 8 + 3 * 3600
    assert (total.hubs, total.air_bytes, total.modem_bytes) == (38, 38 * each, 38 * each)
    assert total.each_s == (each // 4000 + 60,) * 2
    assert fleet_plan.amount(total.air_bytes) == "6.6 MB"
    assert fleet_plan.minutes(total.each_s) == "2 min"


def test_links_and_those_that_have_it():
    truths = {
        bytes.fromhex(HUBS[0]): truth(records.LINK_WIFI),
        bytes.fromhex(HUBS[1]): truth(records.LINK_MODEM),
        bytes.fromhex(HUBS[2]): truth(records.LINK_MODEM, runs=7),
        bytes.fromhex(HUBS[3]): truth(records.LINK_WIFI, runs=8),
    }
    hubs = forecast.of_hubs(plan(100), [HUBS[:5]], 7, given(component(400_000)), truths)
    total = forecast.together(hubs)
    one = forecast.air_bytes(given(component(400_000)))
    assert (total.air_bytes, total.modem_bytes) == (3 * one, 2 * one)
    assert (total.there, total.above, total.unknown) == (1, 1, 1)
    assert total.over_allowance == 2  # 100 KiB over the modem are not enough
    assert total.each_s[0] < total.each_s[1]


def test_an_interpreter_is_counted_too():
    both = given(component(120_000), component(1_700_000, release.INTERPRETER))
    assert forecast.air_bytes(both) > 1_820_000


def test_nobody_knows_without_the_release():
    assert forecast.of_hubs(plan(), [HUBS], 7, None, {}) is None
    assert forecast.together([]).each_s == (0, 0)

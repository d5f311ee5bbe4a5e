"""After a regional outage a thousand hubs do not come back in the same minute."""

from __future__ import annotations

import random

import pytest

from firmware import herd
from varde_firmware.core import uplink

HUBS = 1000
MOST = 0.05


@pytest.mark.parametrize("kind", ["collector", "internet", "networks"])
def test_no_minute_after_an_hours_outage_has_more_than_one_in_twenty(kind: str) -> None:
    region, over_ms = getattr(herd, f"{kind}_away")(60)
    came = herd.returns(HUBS, region, over_ms)
    peak = herd.most_in_a_minute(came, over_ms)
    print(f"{kind}: {peak:.1%}")
    assert peak <= MOST


def test_nor_after_a_power_cut_in_a_whole_region() -> None:
    region, over_ms = herd.power_away(60)
    came = herd.returns(HUBS, region, over_ms, boots=True)
    peak = herd.most_in_a_minute(came, over_ms)
    print(f"power: {peak:.1%}")
    assert peak <= MOST


def test_one_hub_with_a_new_reading_does_not_wait() -> None:
    region, over_ms = herd.collector_away(60)
    luck = random.Random(5)
    for number in range(20):
        hub = herd.Hub(number, 5, region, over_ms)
        now_ms = luck.randrange(herd.HEARTBEAT_S * 1000)
        hub.boot(now_ms)
        while now_ms < over_ms + 1_000:
            now_ms = hub.step(now_ms)
        if hub.first_ms is None:
            hub.measured(now_ms)
            while hub.first_ms is None:
                now_ms = hub.step(now_ms)
            assert hub.first_ms - over_ms < uplink.BATCH_MS + 60_000

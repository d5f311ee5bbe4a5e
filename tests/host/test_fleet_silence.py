"""Silence where the hub's past or the collector's clock would mislead."""

from __future__ import annotations

from varde_host.fleet import own_word
from varde_host.fleet_view import hub_faults, hub_view, silence
from varde_host.fleet_view.hub_view import Home, Known
from varde_host.inventory import states, who

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
OUT = Home("63PT8C", states.HANDED_OUT, "standard", None)


def seen(heard_ms: int, home: Home | None) -> hub_view.HubView:
    truth = own_word.HubTruth(bytes(8), False, heard_ms, 1, None, None, (), (), ())
    return hub_view.view(truth, Known(NOW_MS - 60 * DAY_MS, None, home), (), NOW_MS)


def test_a_year_in_a_drawer_counts_from_when_the_kit_went_out():
    year_ago = NOW_MS - 365 * DAY_MS
    out = silence.judge(year_ago, 900, states.HANDED_OUT, NOW_MS, out_since_ms=NOW_MS - HOUR_MS)
    assert out == (silence.LATE, NOW_MS - HOUR_MS + silence.allowed_ms(900_000))
    again = silence.judge(
        year_ago, 900, states.HANDED_OUT, NOW_MS, out_since_ms=NOW_MS - 3 * DAY_MS
    )
    assert again.state == silence.SILENT


def test_a_hub_heard_in_a_time_far_to_come_is_not_on_time():
    for ahead_ms, wanted in ((1, silence.ON_TIME), (365 * DAY_MS, silence.SILENT)):
        found = silence.judge(NOW_MS + ahead_ms, 900, states.IN_USE, NOW_MS)
        assert found.state == wanted
    assert silence.judge(NOW_MS + 9 * DAY_MS, 900, states.READY, NOW_MS).state == silence.STORED


def test_nobody_is_to_call_a_home_that_a_hub_has_not():
    old_ms = NOW_MS - 3 * DAY_MS
    assert "silent" in {each.code for each in hub_faults.of_hub(seen(old_ms, OUT), NOW_MS, {})}
    (fault,) = hub_faults.of_hub(seen(old_ms, None), NOW_MS, {})
    assert (fault.code, fault.owner) == ("homeless", who.IT)

"""A rollout on either database: what is published when, and what hubs said, are read the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from host import rollout_place
from host.conftest import FixedClock
from host.rollout_place import RELEASE
from host.terminal import Terminal
from varde_host import clock as host_clock
from varde_host.fleet import model_fleet, rollout, rollout_view, signing, starting

DATABASES = ("sqlite", "postgresql")


def test_it_stops_and_says_what_was_lost(
    made: Path, terminal: Terminal, address: str | Path, monkeypatch: pytest.MonkeyPatch
):
    clock = FixedClock()
    monkeypatch.setattr(host_clock, "from_environment", lambda: clock)
    faults = {2: model_fleet.LOSES_READING}
    place = rollout_place.make(made, terminal, clock, 5, faults, address=address)
    path = place.signed_plan()
    sign = signing.Signing(place.site)
    starting.start(place.site, path, place.opened, sign, clock.now_ms)
    looked = place.play(24 * 4)
    assert looked.found.ended is not None
    assert [(each["why"], each["ring"]) for each in looked.found.ended.reasons] == [
        (rollout.LOST, "staff")
    ]
    shown = rollout_view.as_json(looked)
    assert [hub["readings_lost"] for hub in shown["hubs"][:3]].count(1) == 1
    assert shown["runs"] == [{"release": RELEASE - 1, "hubs": 2}, {"release": RELEASE, "hubs": 3}]
    place.opened.close()

"""`varde config status`: each hub's own word, exit codes for scripts, and a table that ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from host import config_place
from host.config_place import ConfigPlace, error_of, ids, publish
from host.terminal import Terminal
from varde_host import messages
from varde_protocols import records
from varde_protocols import update_words as words


@pytest.fixture
def place(
    made: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ConfigPlace]:
    yield from config_place.in_time(made, terminal, monkeypatch)


def test_status_and_its_exit_codes(place: ConfigPlace):
    for at in range(2):
        publish(place, at, number=2)
    two = ("--hub", ids(place)[0], "--hub", ids(place)[1])
    status, rows = place.json("status", *two)
    assert (status, {row["state"] for row in rows}) == (4, {"waiting"})
    place.reports(place.hubs[0], 2)
    assert place.json("status", "--hub", ids(place)[0])[0] == 0
    assert place.json("status", *two)[0] == 4
    place.reports(place.hubs[1], 1)
    place.says(place.hubs[1], records.EVENT_UPDATE_RETURNED, 2, words.NO_EXCHANGE)
    status, rows = place.json("status", *two)
    assert status == 5
    by_id = {row["hub"]: row for row in rows}
    wrong = by_id[ids(place)[1]]
    assert (wrong["state"], wrong["reason"], wrong["in_force"]) == ("returned", 9, 1)
    assert "WiFi" in wrong["next"]
    status, rows = place.json("status")
    assert {row["state"] for row in rows} == {"confirmed", "returned", "unpublished"}


def test_a_watch_ends_when_all_is_settled(place: ConfigPlace, monkeypatch: pytest.MonkeyPatch):
    publish(place, number=2)
    told = [
        lambda: place.reports(place.hubs[0], 2, [words.CONFIG, 2, words.TRIAL, 0]),
        lambda: None,
        lambda: place.says(place.hubs[0], records.EVENT_UPDATE_CONFIRMED, 2),
    ]
    monkeypatch.setattr("time.sleep", lambda _s: told.pop(0)())
    status, out, _ = place.run("status", "--watch", "--hub", ids(place)[0], "--json")
    states = [json.loads(line)[0]["state"] for line in out.splitlines()]
    assert (status, states) == (0, ["waiting", "trial", "confirmed"])


def test_a_watch_on_a_terminal_shows_one_table_and_why(
    place: ConfigPlace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    publish(place, number=2)
    hub = place.hubs[0]
    monkeypatch.setattr(
        "time.sleep", lambda _s: place.says(hub, records.EVENT_UPDATE_RETURNED, 2, 9)
    )
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    status, out, _ = place.run("status", "--watch", "--hub", ids(place)[0])
    assert status == 5
    assert messages.text("config-state.returned") in out
    assert "WiFi" in out


def test_a_watch_ends_when_it_was_told_to(place: ConfigPlace, monkeypatch: pytest.MonkeyPatch):
    publish(place, number=2)

    def later(_s: float) -> None:
        place.clock.now_ms += config_place.MINUTE_MS

    monkeypatch.setattr("time.sleep", later)
    status, _, _ = place.run("status", "--watch", "--until", "30min", "--hub", ids(place)[0])
    assert status == 4
    assert error_of(place, "status", "--watch", "--until", "soon") == "until"

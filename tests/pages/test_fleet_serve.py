"""`varde fleet serve` as a process: what it says, whom it lets in, how it ends; and its twins."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from host.terminal import Terminal
from pages import fleet_place
from varde_host import clock, errors
from varde_host.fleet_view import fault_codes
from varde_host.inventory import store


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fleet_place.FleetPlace]:
    with fleet_place.opened(tmp_path_factory.mktemp("serve")) as made:
        fleet_place.furnish(made)
        yield made


@pytest.fixture
def run(place: fleet_place.FleetPlace, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(clock, "from_environment", lambda: place.clock)
    terminal, directory = Terminal(capsys), place.tenant.directory
    return lambda *arguments: terminal.json(*arguments, "--site", directory)


def test_hubs_say_what_they_run_beside_what_they_were_told(run: Any, place: Any):
    status, found = run("fleet", "hubs")
    assert status == 0
    by_id = {each["hub"]: each for each in found}
    assert set(by_id) == {hub.hub_id.hex() for hub in place.hubs}
    low = by_id[place.hubs[4].hub_id.hex()]
    assert low["power"] == {"battery_mv": 3400, "external": False}
    assert set(low["faults"]) >= {"battery-low", "bond-lost", "sensor-battery", "wifi"}
    assert low["kit"] == place.kits[low["hub"]]
    status, found = run("fleet", "hubs", "--wrong", "bond-lost")
    assert [each["hub"] for each in found] == [low["hub"]]
    status, found = run("fleet", "hubs", low["kit"][:4].lower(), "--order", "kit")
    assert [each["hub"] for each in found] == [low["hub"]]


def test_faults_have_owners_and_the_status_says_if_one_is_late(run: Any):
    status, found = run("fleet", "faults")
    assert status == 5
    assert {each["owner"] for each in found} <= {rule.owner for rule in fault_codes.RULES.values()}
    assert [each["due_ms"] // fault_codes.DAY_MS for each in found] == sorted(
        each["due_ms"] // fault_codes.DAY_MS for each in found
    )
    mine = run("fleet", "faults", "--owner", "lagertekniker")[1]
    assert {each["owner"] for each in mine} == {"lagertekniker"}


def test_a_kit_on_the_telephone(run: Any, place: Any):
    hub_id = place.hubs[4].hub_id.hex()
    status, found = run("kit", "support", place.kits[hub_id])
    assert status == 0
    assert [hub["hub"] for hub in found["hubs"]] == [hub_id]
    assert found["hubs"][0]["sensors"][0]["has_bond"] is False
    assert found["next"] is None
    assert found["faults"][0]["now"].startswith("Ring hjem")
    ready = run("kit", "support", place.kits[place.hubs[6].hub_id.hex()])[1]
    assert ready["next"] is not None
    status, refused = run("kit", "support", "AAAAAA")
    assert (status, refused["error"]) == (errors.EXIT_REFUSED, "kit-id-check")


def test_in_words(place: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clock, "from_environment", lambda: place.clock)
    terminal, site = Terminal(capsys), place.tenant.directory
    hub_id = place.hubs[4].hub_id.hex()
    for command in (
        ["fleet", "hubs"],
        ["fleet", "faults"],
        ["kit", "support", place.kits[hub_id]],
    ):
        _, out, _ = terminal.run(*command, "--site", site)
        assert hub_id in out
        assert fleet_place.SECRET not in out


def test_passwords_do_not_go_over_the_network_in_clear(run: Any):
    status, refused = run("fleet", "serve", "--address", "0.0.0.0")
    assert (status, refused["error"]) == (errors.EXIT_REFUSED, "serve-plain")
    status, refused = run("fleet", "serve", "--certificate", "a.pem")
    assert (status, refused["error"]) == (errors.EXIT_REFUSED, "serve-key")


@contextlib.contextmanager
def serving(*sites: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    named = [part for site in sites for part in ("--site", str(site))]
    command = [sys.executable, "-m", "varde_host", "fleet", "serve", "--port", "0", "--json"]
    left_out = {"VARDE_SITE", "VARDE_DATABASE", "VARDE_INVENTORY", "VARDE_LANGUAGE"}
    environment = {name: said for name, said in os.environ.items() if name not in left_out}
    process = subprocess.Popen(
        [*command, *named], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())["address"]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def get(address: str, path: str) -> tuple[int, str, str]:
    host = address.removeprefix("http://").strip("/")
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    found = answer.status, answer.getheader("Location", ""), answer.read().decode()
    connection.close()
    return found


def test_a_server_for_two_towns_lets_nobody_in_unasked_and_ends_in_order(
    place: Any, tmp_path: Path
):
    with fleet_place.opened(tmp_path, "Nabovik", 3) as other:
        sites = (place.tenant.directory, other.tenant.directory)
        with serving(*sites) as (process, address):
            assert get(address, "/health")[0] == 200
            for path in ("/", "/hubs", "/faults", "/support", "/audit"):
                status, to, _ = get(address, path)
                assert (status, to.split("?")[0]) == (303, "/login")
            login = get(address, "/login")[2]
            assert "Fjordvik" in login
            assert "Nabovik" in login
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) in (0, -signal.SIGTERM)
    assert store.FILE in {path.name for path in place.tenant.directory.iterdir()}

"""IT gives a home the wrong WiFi, by the commands that IT types, and then the right one.

The hub, the collector and the commands are real. What `varde config status` says at each moment is
the hub's own signed word; the home heals by itself, and no reading is lost.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stories import releases, update_cases
from stories.update_cases import Case, Home, Result
from varde_protocols import assignment
from varde_protocols import update_words as words
from varde_simulator import interpreter
from varde_simulator.stage import StageError

try:
    releases.built()
except (interpreter.NoInterpreterError, StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

WRONG_PASSWORD = "nobody knows this one"
LOOKS, BETWEEN_LOOKS_MIN = 16, 4
HEARTBEAT_S = 600
SAID = "config.json"


async def varde(home: Home, *arguments: str | Path) -> tuple[int, Any]:
    """Run `varde config ARGUMENTS --json` in the world's time; its status and what it said."""
    host = home.stage.host
    command = [*arguments, "--site", host.site, "--database", host.database, "--json"]
    told = {"VARDE_CLOCK": str(host.clock.path), "VARDE_LANGUAGE": "en"}
    with host.clock.busy("varde config"):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "varde_host.cli", "config", *map(str, command),
            stdout=asyncio.subprocess.PIPE, env={**os.environ, **told},
        )  # fmt: skip
        out, _ = await process.communicate()
    return process.returncode or 0, json.loads(out)


async def until(home: Home, states: Sequence[str]) -> list[dict[str, Any]]:
    """Look now and then until the hub's state is one of these; return all that differed."""
    seen: list[dict[str, Any]] = []
    for _ in range(LOOKS):
        status, (row,) = await varde(home, "status", "--hub", home.play.hub[:8])
        if not seen or row["state"] != seen[-1]["state"]:
            seen.append({**row, "exit": status, "at_ms": home.stage.clock.utc_ms()})
        if row["state"] in states:
            break
        await home.minutes(BETWEEN_LOOKS_MIN)
    return seen


async def wrong_and_right(home: Home) -> None:
    """What IT types, and what is answered, kept in a file for the tests."""
    hub = ("--hub", home.play.hub)
    folder = home.stage.host.site.parent
    made_with = folder / "made-with.cbor"
    made_with.write_bytes(home.stage.assigned(home.play.hub, 1))
    said: dict[str, Any] = {"adopted": await varde(home, "adopt", made_with)}
    said["at_first"] = await until(home, ["confirmed"])

    wrong = folder / "wrong-wifi"
    ssid = home.stage.first.config.networks[0].ssid
    wrong.write_text(f"{ssid}:{WRONG_PASSWORD}\n")
    said["set"] = await varde(home, "set", "--wifi", wrong, *hub)
    said["push"] = await varde(home, "push", *hub)
    said["wrong"] = await until(home, ["returned", "refused", "confirmed"])

    right = folder / "right-wifi"
    right.write_text(f"{ssid}:{home.stage.first.config.networks[0].password}\n")
    said["mended"] = await varde(home, "set", "--wifi", right, f"heartbeat-s={HEARTBEAT_S}", *hub)
    said["again"] = await varde(home, "push", *hub)
    said["right"] = await until(home, ["confirmed"])
    (folder / SAID).write_text(json.dumps(said))


@pytest.fixture(scope="module")
def came(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("config-story")
    case = Case(wrong_and_right)
    result = update_cases.play_cases(folder, {"home": case})["home"]
    return result, json.loads((folder / SAID).read_text()), folder


def test_the_wrong_wifi_comes_back_by_itself_and_status_says_why(came):
    _, said, _ = came
    assert said["adopted"][1][0]["number"] == 1
    assert said["at_first"][-1]["state"] == "confirmed"
    *before, last = said["wrong"]
    assert {row["state"] for row in before} <= {"waiting", "fetching", "trial"}
    assert {row["exit"] for row in before} == {4}
    assert (last["state"], last["exit"], last["in_force"]) == ("returned", 5, 1)
    assert last["reason"] == words.NO_EXCHANGE
    assert "WiFi" in last["next"]
    (promised,) = said["push"][1]
    assert last["since_ms"] <= promised["healed_before_ms"]


def test_the_right_one_is_confirmed_under_its_own_number(came):
    result, said, _ = came
    last = said["right"][-1]
    assert (last["state"], last["exit"], last["published"], last["in_force"]) == (
        "confirmed", 0, 3, 3,
    )  # fmt: skip
    given = assignment.unverified(result.flash.documents["assignment.cbor"])
    assert (given.number, given.config.heartbeat_s) == (3, HEARTBEAT_S)


def test_no_reading_is_lost_and_no_secret_is_said(came):
    result, said, folder = came
    assert result.outcome.passed, result.outcome
    assert result.outcome.sum.delivered >= 5
    assert WRONG_PASSWORD not in json.dumps(said)
    assert WRONG_PASSWORD not in (folder / "collector.log").read_text()


def test_a_change_of_config_is_small_on_the_air(came):
    _, said, _ = came
    (promised,) = said["push"][1]
    assert promised["document_bytes"] < 1024
    assert promised["air_bytes"] < 10_000

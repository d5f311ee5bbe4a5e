"""`varde verify run` with the virtual manometer: a cuff that leaks, killed, gone on, changed."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from simulator import verify_place
from simulator.manometer_place import Bench
from varde_host.inventory.references import Given
from varde_host.verification import judgement

GOOD = Given(
    "manometer", "K-1", "Justervesenet", "2026-01-01", "2029-01-01", "mmHg",
    expanded_u=Decimal("0.3"),
)  # fmt: skip
FACTS = {"kind": "cuff", "resolution": "1", "maximum": "280"}
TARGET = re.compile(r"(oppover|nedover): (\d+) mmHg")


class Hands:
    """At the bulb, and at the keys."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.bench.say("vent")
        self.displays = 0
        self.words = {"unchanged": "ja"}

    def watch(self, line: str) -> None:
        found = TARGET.search(line)
        if found is not None:
            self.bench.say(f"{'pump' if found[1] == 'oppover' else 'release'} {found[2]}")

    async def display(self, _found: re.Match[str]) -> str:
        self.displays += 1
        return str(self.bench.display())

    async def preload(self, _found: re.Match[str]) -> str:
        self.bench.say("pump 250")
        self.bench.say("vent")
        return "j"

    async def pumped(self, _found: re.Match[str]) -> str:
        self.bench.say("pump 250")
        return ""

    async def unchanged(self, _found: re.Match[str]) -> str:
        return self.words.pop("unchanged", "ja")

    async def new_cuff(self, _found: re.Match[str]) -> str:
        self.bench.say("leak 1")
        self.bench.say("vent")
        return "Ny mansjett"

    def answers(self) -> dict[str, verify_place.Answer]:
        return {
            "Temperaturen": "21,5", "tatt i bruk": "1.3.2025", "Serienummer": "S100",
            "manometermodus": "", "Forbelastning": self.preload, "Null, åpen": "",
            "Hva viser apparatet": self.display, "Lekkasje": self.pumped,
            "Er alt som": self.unchanged, "Hva ble byttet": self.new_cuff,
            "står ikke stille": "!Lekker", "Gjelder det bare": "",
            r"Signer|Legg øvelsen": "", r"\? $": "ja",
        }  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path):
    made = Bench(tmp_path, "--offset", "1", "--leak", "9")
    yield made
    made.close()


def played(desk: verify_place.Desk, hands: Hands, **more: str) -> tuple[int, str, str]:
    clock = {"VARDE_CLOCK": str(hands.bench.clock)}
    story = verify_place.work(
        desk, hands.answers(), "--manometer", hands.bench.port, "--json",
        watch=hands.watch, **clock, **more,
    )  # fmt: skip
    return asyncio.run(asyncio.wait_for(story, 300))


def test_killed_gone_on_changed_and_signed(tmp_path: Path, bench: Bench):
    desk = verify_place.Desk(tmp_path, "a-cuff", GOOD, **FACTS)
    hands = Hands(bench)
    hands.words["unchanged"] = "n"
    killed, _, read = played(desk, hands, kill_at=r"\[1[5-9]/\d+\] Hva viser apparatet")
    assert killed == -9, read
    before = len(TARGET.findall(read))
    bench.say("vent")
    status, out, again = played(desk, hands)
    assert status == 0, again
    assert "Punktet du var midt i, tas på nytt" in again
    assert TARGET.findall(again)[0] == TARGET.findall(read)[-1]  # that point, and none before it
    assert "Serienummer" not in again.partition("Er alt som")[0]
    assert before > 1
    told = json.loads(out)
    assert "BT-03" in again
    assert told["as_found_outcome"] == judgement.FAILED
    assert told["outcome"] == judgement.PASSED, again
    assert (told["level"], told["practice"]) == (3, False)
    state = json.loads(Path(told["state"]).read_text())
    assert [one["did"] for one in state["entries"]].count("reopened") == 1


def test_with_a_reference_past_its_day_one_may_practise(tmp_path: Path, bench: Bench):
    bench.say("leak 1")
    late = dataclasses.replace(GOOD, calibrated_on="2024-01-01", due="2025-03-01")
    desk = verify_place.Desk(tmp_path, "a-cuff", late, **FACTS)
    status, out, read = played(desk, Hands(bench))
    assert status == 0, read
    told = json.loads(out)
    assert read.count("REF-01") >= 2
    assert (told["practice"], told["record"], told["valid_until"]) == (True, None, None)
    assert told["level"] < 3

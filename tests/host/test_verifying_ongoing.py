"""Things in hand: one hand each, two at once, killed at a question, and over to others."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from host.inventory_bench import K2, NOW_MS, T17, T18, Stockroom
from varde_host import errors
from varde_host.inventory import records, references, store
from varde_host.inventory.references import Given
from varde_host.site import certificates, creation, files
from varde_host.verification import judgement
from varde_host.verifying import entry, lapsing, session, situation, state_file, wires
from varde_host.verifying.ongoing import InHand, Ongoing

MODELS = """\
[a-scale.measures]
kind = "scale"
scale_class = "III"
e = "0.1"
d = "0.1"
maximum = "150"
"""
WEIGHTS = Given(
    "weights", "L-1", "Justervesenet", "2026-01-01", "2029-01-01", "kg", weights_class="M1",
)  # fmt: skip
TYPED = wires.Wires()


class Bench:
    """A site with two scales, and the weights for them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "site"
        creation.create(self.folder, "Fjord", ["c.test"], certificates.Validity())
        (self.folder / "sensor-models.toml").write_text(MODELS)
        store.open_inventory(self.folder / store.FILE, create=True).close()
        self.stock = Stockroom(self.folder / store.FILE)
        self.stock.model("a-scale", name="Vekt", maker="M")
        self.stock.model("weights", "reference", name="Lodd", maker="M")
        self.items = [self.stock.item("a-scale", serial=f"S{number}") for number in (1, 2)]
        weights = self.stock.item("weights", serial="R1")
        self.stock.do(references.add, weights, WEIGHTS, K2, NOW_MS)
        self.now_ms = NOW_MS + 86_400_000

    def tick(self) -> int:
        self.now_ms += 100
        return self.now_ms

    def ongoing(self) -> Ongoing:
        return Ongoing(files.load(self.folder), self.stock.opened, self.tick)


@pytest.fixture
def bench(tmp_path: Path):
    made = Bench(tmp_path)
    yield made
    made.stock.close()


def ran(story: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(story, 120))


def said(asked: session.Question, serial: str) -> str:
    """What a perfect scale shows, and a person says."""
    step, bases = asked.step, {"conditions-temperature": "21,5", "conditions-weights": "4x20 2x10"}
    if step.id in bases:
        return bases[step.id]
    if step.planned is not None and step.name == "display":
        return str(step.planned.nominal)
    return serial if asked.kind == "yes-text" else ""


def answered(there: InHand, most: int = 1000) -> None:
    for _ in range(most):
        asked = there.work.question()
        if asked is None:
            return
        there.runner.answer(
            there.runner.turn, said(asked, there.item.serial or ""), ("lagertekniker", "t17")
        )


def test_two_technicians_on_two_things_and_each_thing_in_one_hand(bench: Bench):
    async def story() -> None:
        ongoing = bench.ongoing()
        first = await ongoing.begin(situation.Asked(bench.items[0]), TYPED, T17)
        second = await ongoing.begin(situation.Asked(bench.items[1]), TYPED, T18)
        with pytest.raises(errors.InputRefused) as caught:
            await ongoing.begin(situation.Asked(bench.items[0]), TYPED, T18)
        assert (caught.value.code, caught.value.fields["person"]) == ("verify-busy", "t17")
        at_terminal = state_file.held(first.path, "t18", 1)
        with pytest.raises(errors.InputRefused) as elsewhere, at_terminal:
            pass
        assert elsewhere.value.fields == caught.value.fields
        answered(first)
        answered(second)
        for there, by in ((first, T17), (second, T18)):
            finished = await ongoing.finish(there, by)
            assert finished.judged.outcome in judgement.GOOD
        assert ongoing.all() == []
        signed = bench.stock.see(records.listing)
        assert [one.subject for one in signed] == bench.items
        last_day = str(signed[0].valid_until)
        assert len(lapsing.lapsing(signed, last_day)) == 2
        assert lapsing.lapsing(signed, "2027-01-01") == []

    ran(story())


def test_who_takes_over_has_it_and_the_first_is_told(bench: Bench):
    async def story() -> None:
        ongoing = bench.ongoing()
        first = await ongoing.begin(situation.Asked(bench.items[0]), TYPED, T17)
        hold = first.hold
        answered(first, 3)
        taken = ongoing.take_over(bench.items[0], T18)
        assert ongoing.held(bench.items[0], taken.hold) is taken
        with pytest.raises(errors.InputRefused) as caught:
            ongoing.held(bench.items[0], hold)
        assert (caught.value.code, caught.value.fields["person"]) == ("verify-busy", "t18")
        await ongoing.leave(taken)
        with pytest.raises(errors.InputRefused) as gone:
            ongoing.held(bench.items[0], taken.hold)
        assert gone.value.code == "verify-let-go"
        again = await ongoing.begin(situation.Asked(bench.items[0]), TYPED, T17)
        assert (again.goes_on, len(again.work.entries)) == (True, 3)
        await ongoing.close()

    ran(story())


PROGRAM = """
import asyncio, sys
from pathlib import Path
from host import test_verifying_ongoing as here
from varde_host.inventory import store
from varde_host.inventory.who import Who
from varde_host.site import files
from varde_host.verifying import situation
from varde_host.verifying.ongoing import Ongoing

async def story(folder, item):
    now = iter(range(here.NOW_MS + 86_400_000, 1 << 60, 100))
    stock = store.open_inventory(folder / store.FILE)
    ongoing = Ongoing(files.load(folder), stock, lambda: next(now))
    there = await ongoing.begin(situation.Asked(item), here.TYPED, Who("lagertekniker", "t17"))
    while there.work.question() is not None:
        print(there.runner.turn, flush=True)
        sys.stdin.readline()
        here.answered(there, 1)
    print("done", flush=True)
    sys.stdin.readline()

asyncio.run(story(Path(sys.argv[1]), sys.argv[2]))
"""


def test_killed_at_a_question_nothing_said_is_lost(bench: Bench):
    item, killed_at = bench.items[0], [1, 4, 9, 17, 26, 33]
    path = state_file.path_of(bench.folder, item)
    for stop in [*killed_at, None]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(bench.folder), item],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        with process, process.stdin, process.stdout:
            while (shown := process.stdout.readline().strip()) not in ("done", str(stop)):
                assert shown, "it ended by itself"
                process.stdin.write("\n")
                process.stdin.flush()
            kept = json.loads(path.read_text())["entries"]
            process.kill()  # SIGKILL
        assert len(kept) == (stop or len(kept))
        assert json.loads(path.read_text())["entries"] == kept
    assert {one["did"] for one in kept} == {entry.ANSWER}
    steps = [one["step"] for one in kept]
    assert len(steps) == len(set(steps)) > killed_at[-1]

"""`varde-sim practice`: a bench in a folder, hands by lines, an end with whoever started it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulator.board_place import needs_vm
from varde_simulator.practice import plan, table_sensors
from varde_simulator.practice.hand import HandError
from varde_simulator.scenario_table import ScenarioError

WORLD = """
[world]
boards = 1
late = ["weights"]

[[world.sensor]]
name = "scale"

[[world.planted]]
when = "start"
do = "off scale front-left 0.8"

[[world.planted]]
when = "unplugged board-1"
do = "switch-off network"
"""
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "varde_simulator.cli", *sys.argv[1:]],
                         stdin=subprocess.PIPE)
print(child.pid, flush=True)
child.wait()
"""


EXERCISES = Path(__file__).parents[2] / "host" / "varde_host" / "practice" / "exercises"


@pytest.mark.parametrize("file", sorted(EXERCISES.glob("*.toml")), ids=lambda file: file.stem)
def test_each_exercise_has_a_world_with_what_it_plants(file: Path):
    wanted = plan.load(file)
    labels = {each.label for each in wanted.sensors} | {"manometer", "network"}
    labels |= {f"board-{number}" for number in range(1, wanted.boards + 1)}
    for row in wanted.planted:
        assert row.do.split()[1] in labels
        assert row.when == "start" or row.when.split()[1] in labels


class Bench:
    """The program under another one, which can be killed."""

    def __init__(self, folder: Path) -> None:
        exercise = folder / "exercise.toml"
        exercise.write_text(WORLD)
        self.out = folder / "out"
        self.news: list[dict] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "varde_simulator.cli", "practice", "--exercise", str(exercise),
             "--out", str(self.out), "--json"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "VARDE_SITE": "/nowhere"},
        )  # fmt: skip

    def until(self, event: str, **more: object) -> dict:
        for line in self.process.stdout:
            news = json.loads(line)
            self.news.append(news)
            if news["event"] == event and all(news.get(key) == more[key] for key in more):
                return news
        raise AssertionError(f"it ended; {self.news[-3:]}")

    def say(self, line: str) -> dict:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.until("not-understood" if line.startswith("fly") else "done")

    def thing(self, label: str) -> dict:
        rows = [row for news in self.news if news["event"] == "table" for row in news["things"]]
        return [row for row in rows if row["thing"] == label][-1]


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@needs_vm
def test_a_bench_is_set_up_moved_by_hands_and_gone(tmp_path: Path):
    bench = Bench(tmp_path)
    ready = bench.until("ready", site=str(tmp_path / "out" / "site"))
    assert bench.news[0] == {"event": "preparing", "what": "site", "done": 0, "of": 11}
    bench.until("table")
    assert bench.thing("scale")["code"] == "010952123454321321SC20240"
    assert [hand["do"] for hand in bench.thing("board-1")["hands"]][:1] == ["unplug board-1"]
    bench.say("load scale 40 front-left")
    assert bench.thing("scale")["display"] == "40.8 kg"
    bench.say("load scale 40,0 middle")
    assert bench.thing("scale")["display"] == "40.0 kg"
    assert "does not lie here" in bench.say("fly away")["why"]
    bench.say("unplug board-1")
    assert (tmp_path / "out" / "ports").read_text() == ""
    while bench.thing("network")["lies"] != "off":
        bench.until("table")
    references = json.loads((tmp_path / "out" / "site" / "practice.json").read_text())
    assert references == {"exercise": "exercise"}
    assert Path(ready["clock"]).is_file()
    children = _children(bench.process.pid)
    assert children
    bench.process.stdin.close()  # as the kernel does for who was killed
    assert bench.process.wait(30) == 0
    bench.process.stdout.close()
    assert not any(map(is_alive, children))


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in found]


@needs_vm
def test_a_killed_starter_takes_it_along_before_it_is_ready(tmp_path: Path):
    exercise = tmp_path / "exercise.toml"
    exercise.write_text(WORLD)
    options = ["practice", "--exercise", str(exercise), "--out", str(tmp_path / "out"), "--json"]
    starter = subprocess.Popen(
        [sys.executable, "-c", PARENT, *options], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    child = int(starter.stdout.readline())
    assert json.loads(starter.stdout.readline())["event"] == "preparing"
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.read()  # its end is the end of all who hold it
    starter.stdout.close()
    end_s = time.monotonic() + 30
    while is_alive(child):
        assert time.monotonic() < end_s
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[world]\nboards = 99", "from 0 to 8"),
        ("[world]\nroof = 1", "`roof` is not known"),
        ("[world]\nlate = ['cuff']", "each one of"),
        ("[world]\nprepared = 'ready'", "needs a board and a sensor"),
        ("[[world.sensor]]\nname = 'toaster'", "one of scale, cuff, oximeter"),
        ("[[world.sensor]]\nname = 'scale'\ncount = 3", "from 1 to 2"),
        ("[[world.sensor]]\nname = 'scale'\n[[world.sensor]]\nname = 'scale'", "twice"),
        ("[world\n", "Expected"),
    ],
)
def test_a_file_that_cannot_be_is_refused_with_the_reason(tmp_path: Path, text: str, why: str):
    file = tmp_path / "exercise.toml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=why):
        plan.load(file)


def test_a_display_errs_in_proportion_and_refuses_what_is_no_number():
    thing = plan.parsed({"sensor": [{"name": "scale"}]}).sensors[0]
    scale = table_sensors.TableScale(thing, None)  # nothing here reaches its radio
    scale.spoil("off", "all 0.4")
    scale.say("load", "20 back-left")
    assert scale.display == "20.2 kg"
    for line in ("x", "-1", "nan", "1e9", "20 roof"):
        with pytest.raises(HandError):
            scale.say("load", line)

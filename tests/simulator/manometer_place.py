"""`varde-sim manometer` in a process of its own, and the hands at its bulb."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from varde_host import clock


class Bench:
    """`varde-sim manometer` in a process of its own, whose time leaps while it measures."""

    def __init__(self, folder: Path, *options: str) -> None:
        program = "from varde_simulator.cli import main; main()"
        self.clock = folder / "bench" / "clock"
        self.program = subprocess.Popen(
            [sys.executable, "-c", program, "manometer", "--quick", "--json", *options,
             "--out", str(folder / "bench")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        self.port = self.news()["port"]
        self.now_ms = clock.FileClock(self.clock).utc_ms

    def say(self, word: str) -> None:
        assert self.program.stdin is not None
        self.program.stdin.write(word + "\n")
        self.program.stdin.flush()

    def news(self) -> dict[str, str]:
        assert self.program.stdout is not None
        return json.loads(self.program.stdout.readline())

    def display(self) -> int:
        self.say("display")
        return int(self.news()["value"])

    def close(self) -> None:
        self.say("quit")
        assert self.program.wait() == 0
        self.program.stdin.close()
        self.program.stdout.close()

"""A bench PC and what lies on its bench: `varde-sim practice` and `varde bench`, two programs.

The bench is a real one here, with people who log in: only its boards and sensors are simulated.
It can be killed and started again, and has then the same address.
"""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pyotp

from host.collector_process import environment, varde
from stories.bench_stage import Program

PERSON, PASSWORD = "t17", "hest stift batteri lampe"
WORLD = """
[world]
boards = 1
[[world.sensor]]
name = "scale"
[[world.sensor]]
name = "oximeter"
"""
_OURS = ("VARDE_SITE", "VARDE_DATABASE", "VARDE_INVENTORY", "VARDE_BY", "VARDE_CLOCK")


class PageStage:
    """`with PageStage(folder, root) as stage`: `stage.url` is the bench's page."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self.root = root
        self.things: dict[str, dict] = {}
        self.seconds_to_ready = 0.0
        self._stack = contextlib.ExitStack()
        self._server: subprocess.Popen[str] | None = None
        self._port = _free_port()

    def __enter__(self) -> PageStage:
        with contextlib.ExitStack() as undone:
            self._set(undone)
            self._stack = undone.pop_all()
        return self

    def _set(self, undone: contextlib.ExitStack) -> None:
        exercise = self.folder / "story.toml"
        exercise.write_text(WORLD, encoding="utf-8")
        self.world = Program(
            "varde_simulator.cli", "practice", "--exercise", str(exercise), "--out",
            str(self.folder / "world"), "--json", cwd=self.root, log=self.folder / "world.log",
        )  # fmt: skip
        undone.callback(self.world.end)
        ready = self.world.until(lambda news: news["event"] == "ready" and "site" in news)
        self.world.until(lambda news: news["event"] == "table")
        self.site, self.seconds_to_ready = Path(ready["site"]), ready["seconds"]
        (self.site / "practice.json").unlink()  # a bench like any other, from here on
        self._let_in()
        undone.callback(self.end_server)
        self.start_server()

    def _let_in(self) -> None:
        password = self.folder / "password"
        password.write_text(PASSWORD + "\n")
        password.chmod(0o600)
        done = varde(
            "access", "person", "add", PERSON, "--function", "lagertekniker", "--password-file",
            str(password), "--out", str(self.folder / "enrolment.pdf"), "--site", str(self.site),
            "--by", "it-drift:i1",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def code(self) -> str:
        """What the telephone shows."""
        people = json.loads((self.site / "people.json").read_text())["people"]
        return pyotp.TOTP(people[PERSON]["totp"]).now()

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # The bench PC

    def start_server(self) -> None:
        ours = {name: text for name, text in environment().items() if name not in _OURS}
        with (self.folder / "bench.log").open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "varde_host", "bench", "--site", str(self.site),
                 "--no-open", "--port", str(self._port), "--json"],
                cwd=self.root, env=ours | {"TMPDIR": str(self.folder)}, text=True,
                stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        assert line, (self.folder / "bench.log").read_text()[-3000:]
        self.url = json.loads(line)["address"]

    def pull_the_plug(self) -> None:
        """The bench PC is off from one moment to the next."""
        self._end(signal.SIGKILL)

    def end_server(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(60)
            assert self._server.stdout is not None
            self._server.stdout.close()
            self._server = None

    # The world

    def hand(self, line: str) -> None:
        """A hand does it, and it is done."""
        self.world.say(line)
        told = self.world.until(lambda news: news["event"] in ("done", "not-understood"))
        assert told["event"] == "done", told

    def thing(self, label: str) -> dict:
        """How a thing looks by now."""
        with contextlib.suppress(queue.Empty):
            while self.world.hear(0) is not None:
                pass
        for news in self.world.news:
            if news["event"] == "table":
                self.things |= {row["thing"]: row for row in news["things"]}
        return self.things[label]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port

"""Three programs at work, as on a technician's table: a collector, boards on cables, the bench.

All are processes of their own and talk as they do outside: the bench by `varde bench run --json`,
the table by the words of `varde-sim boards`. A ports file stands for USB names that come and go.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from host.collector_process import CollectorProcess, environment, varde
from varde_host.site import files

NAME = "collector.varde.example"
BY = "lagertekniker:t17"
QUICK_POLLING = Path(__file__).parent / "quick_polling"
WAIT_S = float(os.environ.get("BENCH_WAIT", "240"))
"""For any one thing to happen; a machine with other work takes its time."""

News = dict[str, Any]


class Program:
    """A process whose lines of JSON are kept, and can be waited for."""

    def __init__(self, *command: str, cwd: Path, log: Path) -> None:
        quick = os.pathsep.join([str(QUICK_POLLING), *sys.path])
        self.news: list[News] = []
        self._lines: queue.Queue[News | None] = queue.Queue()
        self._log = log.open("ab")
        # Boards of two stages have the same chip ids; runs of one user know each other by TMPDIR.
        apart = {"TMPDIR": str(log.parent)} if command[0].startswith("varde_host") else {}
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=cwd,
            env=environment(VARDE_LANGUAGE="en", PYTHONPATH=quick, **apart),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self, timeout_s: float = WAIT_S) -> News | None:
        """The next of its news; None when it has ended."""
        found = self._lines.get(timeout=timeout_s)
        if found is not None:
            self.news.append(found)
        return found

    def until(self, is_it: Callable[[News], bool], timeout_s: float = WAIT_S) -> News:
        """Hear news until one is it."""
        end_s = time.monotonic() + timeout_s
        while (left_s := end_s - time.monotonic()) > 0:
            news = self.hear(left_s)
            assert news is not None, f"it ended; {self.news[-3:]}"
            if is_it(news):
                return news
        raise AssertionError(f"not heard; {self.news[-3:]}")

    def rest(self) -> Iterator[News]:
        """All that comes until it ends."""
        while (news := self.hear()) is not None:
            yield news

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        self.process.stdin.close()
        self.process.stdout.close()
        self._log.close()
        return status


@dataclass
class Stage:
    """`with Stage(folder, root, 8, ...)`: site, collector and boards; `bench()` starts a bench."""

    folder: Path
    root: Path
    count: int
    options: tuple[str, ...] = ()
    by_lines: frozenset[int] = frozenset()
    """Boards on RFC 2217; the others are on pseudo-terminals."""
    boards: dict[int, News] = field(default_factory=dict)

    def __enter__(self) -> Stage:
        with contextlib.ExitStack() as undone:
            self._set(undone)
            undone.pop_all()
        return self

    def _set(self, undone: contextlib.ExitStack) -> None:
        """Start all of it; `undone` ends what has been started if the rest does not come."""
        self.site = self.folder / "site"
        done = varde("site", "init", str(self.site), "--server-name", NAME, "--no-passphrase")
        assert done.returncode == 0, done.stderr
        self.collector = CollectorProcess(files.load(self.site))
        undone.enter_context(self.collector)
        (self.folder / "wifi").write_text("home:correct horse\n")
        self.image = self.folder / "micropython.bin"
        made = subprocess.run(
            [sys.executable, "-m", "varde_simulator.cli", "image", str(self.image)],
            env=environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        self.table = Program(
            "varde_simulator.cli", "boards", "--count", str(self.count), "--json",
            "--collector", f"{NAME}=127.0.0.1:{self.collector.port}",
            "--wifi", "home:correct horse", "--out", str(self.folder / "boards"), *self.options,
            cwd=self.root, log=self.folder / "boards.log",
        )  # fmt: skip
        undone.callback(self.table.end)
        self.table.until(self._take_boards)
        self._write_ports()

    def _take_boards(self, news: News) -> bool:
        if news["event"] == "board":
            self.boards[news["board"]] = news
        return bool(news["event"] == "complete")

    def __exit__(self, *_: object) -> None:
        self.table.say("quit")
        self.table.end()
        self.collector.__exit__()

    def port(self, number: int) -> str:
        return str(self.boards[number]["port" if number in self.by_lines else "pty"])

    def chip(self, number: int) -> str:
        return str(self.boards[number]["mac"]).replace(":", "")

    def _write_ports(self) -> None:
        """As the operating system would: the names there are now."""
        part = self.folder / "ports.part"
        part.write_text("".join(f"{self.port(n)}\n" for n in self.boards if self.port(n)))
        os.replace(part, self.folder / "ports")

    def unplug(self, number: int) -> None:
        self.table.say(f"unplug {number}")
        self.table.until(lambda news: news["event"] == "unplugged" and news["board"] == number)

    def plug(self, number: int, *, elsewhere: bool = False, in_loader: bool = False) -> None:
        """Without lines somebody must hold the button if the loader shall have the chip."""
        if in_loader:
            self.table.say(f"boot {number} down")
        self.table.say(f"plug {number}" + (" elsewhere" if elsewhere else ""))
        self.boards[number] = self.table.until(
            lambda news: news["event"] == "board" and news["board"] == number
        )
        self.table.say(f"boot {number} up")
        self._write_ports()

    def press_into_loader(self, number: int) -> None:
        for word in ("boot {} down", "reset {}", "boot {} up"):
            self.table.say(word.format(number))

    def bench(self, *options: str) -> Program:
        return Program(
            "varde_host", "bench", "run", "--json", "--site", str(self.site), "--by", BY,
            "--port", f"@{self.folder / 'ports'}", "--image", str(self.image),
            "--firmware", str(self.root / "build" / "firmware"), "--host", NAME,
            "--wifi", str(self.folder / "wifi"), "--ntp-host", "ntp.varde.example", *options,
            cwd=self.root, log=self.folder / "bench.log",
        )  # fmt: skip

    def status(self) -> dict[str, Any]:
        done = varde("bench", "status", "--site", str(self.site), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

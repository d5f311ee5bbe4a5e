"""The world that is practised in: `varde-sim practice`, another program, and what it tells.

It ends with this process, whatever ends it: its standard input is our pipe. It gets nothing that
names a real site, and all that it makes lies in one folder, which is removed in the end.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from varde_host import errors
from varde_host.practice.exercises import Exercise

SIMULATOR: Final = "varde_simulator"
READY_S: Final = 300.0
"""A kit that is prepared takes a minute or two, on a slow machine twice that."""
ANSWER_S: Final = 15.0
STOP_S: Final = 20.0
MAX_LINE: Final = 120
OF_A_REAL_SITE: Final = (
    "VARDE_SITE", "VARDE_DATABASE", "VARDE_INVENTORY", "VARDE_BY", "VARDE_RADIO",
    "VARDE_VERIFICATIONS", "VARDE_RECEIVER_KEY", "VARDE_PASSPHRASE_FILE", "VARDE_PIN_FILE",
)  # fmt: skip
_MARK = ".varde-run"
"""As the simulator marks a folder that is its own."""

KINDS: Final = (
    "board", "scale", "cuff", "oximeter", "oximeter-reference", "manometer", "network",
)  # fmt: skip
LIES: Final = ("plugged", "unplugged", "loader", "on", "off", "connected")
LIGHTS: Final = ("red", "green", "blue", "yellow", "violet", "turquoise", "white")
HANDS: Final = (
    "plug", "plug-into-loader", "unplug", "into-loader", "press", "press-long", "hold-button",
    "change-batteries", "load", "step-on", "finger-in", "finger-out", "measure", "pump", "release",
    "vent", "new-cuff", "switch-off", "switch-on",
)  # fmt: skip
PLACES: Final = ("middle", "front-left", "front-right", "back-left", "back-right")
PREPARED: Final = ("site", "boards", "kit")
"""The words of the simulator that have a text; of others nothing is shown."""

Progress = Callable[[str, int, int], None]
"""What is being prepared, how far it is, of how many parts."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What a hand can do: `do` is the line, to which a number in `unit` and a word of `among` are
    added where there are such; `hand` names its text."""

    hand: str
    do: str
    unit: str = ""
    usual: str = ""
    among: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing on the bench as it looks now; `code` is what a scanner reads from it."""

    thing: str
    kind: str
    display: str
    lies: str
    code: str
    hands: Sequence[Hand]


class World:
    """A running world. `things` are by name, in the order in which they lie there."""

    def __init__(self, process: subprocess.Popen[str], on_change: Callable[[], None]) -> None:
        self.things: Mapping[str, Thing] = {}
        self.site = Path()
        self.seconds = 0.0
        """How long it took to be ready."""
        self._process = process
        self._on_change = on_change
        self._news = threading.Condition()
        self._heard: list[Mapping[str, Any]] = []
        self._is_over = False
        self._saying = threading.Lock()
        threading.Thread(target=self._read, name="practice world", daemon=True).start()

    @property
    def is_over(self) -> bool:
        """It has ended."""
        return self._is_over

    def wait_ready(self, progress: Progress) -> None:
        """Raises WorldFailed `practice-world` if it ends before."""
        seen = 0
        while not self._is_over:
            fresh = self._later_than(seen)
            seen += len(fresh)
            for news in fresh:
                if news["event"] == "ready" and "site" in news:
                    self.site, self.seconds = Path(news["site"]), news["seconds"]
                    return
                if news["event"] == "preparing" and news["what"] in PREPARED:
                    progress(str(news["what"]), int(news["done"]), int(news["of"]))
        raise errors.WorldFailed("practice-world", reason=self._last_words())

    def _later_than(self, seen: int) -> Sequence[Mapping[str, Any]]:
        with self._news:
            if not self._news.wait_for(lambda: self._is_over or len(self._heard) > seen, READY_S):
                raise errors.WorldFailed("practice-world", reason=f"{READY_S:g} s")
            return self._heard[seen:]

    def say(self, line: str) -> str:
        """Let a hand do a line; return why it cannot, "" if it was done.

        Raises WorldFailed `practice-world` when there is no world any more.
        """
        line = " ".join(line.split())[:MAX_LINE]
        with self._saying, self._news:
            seen = len(self._heard)
            self._write(line)
            if not self._news.wait_for(lambda: self._answer(seen) or self._is_over, ANSWER_S):
                raise errors.WorldFailed("practice-world", reason=line)
            answer = self._answer(seen)
        if answer is None:
            raise errors.WorldFailed("practice-world", reason=self._last_words())
        return str(answer.get("why", ""))

    def _answer(self, seen: int) -> Mapping[str, Any] | None:
        answers = ("done", "not-understood")
        return next((news for news in self._heard[seen:] if news["event"] in answers), None)

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise errors.WorldFailed("practice-world", reason=error.strerror) from error

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with contextlib.suppress(ValueError):
                self._hear(json.loads(line))
        with self._news:
            self._is_over = True
            self._news.notify_all()
        self._on_change()

    def _hear(self, news: Mapping[str, Any]) -> None:
        with self._news:
            if news["event"] == "table":
                known = (row for row in news["things"] if row["kind"] in KINDS)
                fresh = {row["thing"]: _thing(row) for row in known}
                self.things = {**self.things, **fresh}
            else:
                self._heard.append(news)
            self._news.notify_all()
        if news["event"] == "table":
            self._on_change()

    def _last_words(self) -> str:
        return (str(self._heard[-1]) if self._heard else "")[:200]

    def end(self) -> None:
        """Let it end in order; else it is ended."""
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def running(
    exercise: Exercise, folder: Path, on_change: Callable[[], None], progress: Progress
) -> Iterator[World]:
    """Give a world that is ready, in a folder of its own below `folder`; both are gone at the end.

    Raises WorldFailed `simulator-missing`, `practice-world`, `file-write`.
    """
    if importlib.util.find_spec(SIMULATOR) is None:
        raise errors.WorldFailed("simulator-missing", SIMULATOR)
    own = folder / f"world-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_left(folder)
        log = (folder / f"world-{os.getpid()}.log").open("wb")
    except OSError as error:
        raise errors.WorldFailed("file-write", str(folder), reason=error.strerror) from error
    with log:
        world = World(_started(exercise, own, log.fileno()), on_change)
        try:
            world.wait_ready(progress)
            yield world
        finally:
            world.end()
            shutil.rmtree(own, ignore_errors=True)
            if world.seconds:  # else the log says why it never was ready
                Path(log.name).unlink(missing_ok=True)


def _started(exercise: Exercise, out: Path, log: int) -> subprocess.Popen[str]:
    ours = {name: text for name, text in os.environ.items() if name not in OF_A_REAL_SITE}
    command = (
        sys.executable, "-m", f"{SIMULATOR}.cli", "practice", "--exercise", str(exercise.file),
        "--out", str(out), "--json",
    )  # fmt: skip
    return subprocess.Popen(
        command, env=ours, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        encoding="utf-8", errors="replace", start_new_session=True,
    )  # fmt: skip


def _remove_left(folder: Path) -> None:
    """Remove what a killed run left: folders of the simulator's whose process is gone."""
    for path in folder.glob("world-*"):
        number = path.name.partition(".")[0].removeprefix("world-")
        if not number.isdecimal() or _is_alive(int(number)):
            continue
        if path.is_dir() and not path.is_symlink() and (path / _MARK).is_file():
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix == ".log" and path.is_file():
            path.unlink()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _thing(row: Mapping[str, Any]) -> Thing:
    hands = tuple(
        Hand(
            each["hand"], each["do"], each.get("asks", {}).get("unit", ""),
            f"{each['asks']['usual']:g}" if "asks" in each else "",
            tuple(place for place in each.get("among", ()) if place in PLACES),
        )
        for each in row["hands"]
        if each["hand"] in HANDS
    )  # fmt: skip
    lies = row["lies"] if row["lies"] in LIES else ""
    is_shown = row["kind"] != "board" or row["display"] in LIGHTS
    display = row["display"] if is_shown else ""
    return Thing(row["thing"], row["kind"], display, lies, row["code"], hands)

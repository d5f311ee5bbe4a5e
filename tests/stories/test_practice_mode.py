"""`varde bench --practice`: a world behind the page, hands by buttons, nothing left of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from host.collector_process import environment
from pages import conftest as in_pages
from varde_simulator import interpreter
from varde_simulator import stage as world_stage

try:
    world_stage.firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, world_stage.StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

browser, axe, shot = in_pages.browser, in_pages.axe, in_pages.shot
END_S = 30


class Practice:
    """The program, begun; `url` is its page."""

    def __init__(self, folder: Path, exercise: str) -> None:
        self.folder = folder / "practice"
        real = {"VARDE_INVENTORY": str(folder / "real.sqlite"), "VARDE_SITE": "nowhere"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "varde_host", "bench", "--practice", exercise, "--no-open",
             "--port", "0", "--folder", str(self.folder), "--json"],
            env=environment(**real), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()[-2000:]
        self.url = json.loads(line)["address"]
        (self.world,) = self.folder.glob("world-*[0-9]")

    def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(END_S)
        self.process.stdout.close()
        self.process.stderr.close()


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    begun = Practice(tmp_path, "scale-corner")
    yield begun
    if begun.process.poll() is None:
        begun.end(signal.SIGTERM)


def at_work(world: Path) -> list[int]:
    """The programs whose command names the world's folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(world) in words:
            found.append(int(folder.name))
    return found


def until_gone(world: Path) -> None:
    end_s = time.monotonic() + END_S
    while at_work(world):
        assert time.monotonic() < end_s, at_work(world)
        time.sleep(0.05)


def test_a_newcomer_practises_and_nothing_is_left(practice: Practice, browser: Browser, axe, shot):
    page = browser.new_page(base_url=practice.url, viewport={"width": 1280, "height": 800})
    page.goto("/")
    assert axe(page) == []
    page.keyboard.type("t17\n")
    expect(page.locator(".practice-panel")).to_be_visible()
    assert axe(page) == []
    shot(page, "practice-mode")
    page.locator("#hand-scale-load").fill("40")
    page.locator("#among-scale-load").select_option("front-left")
    page.locator("#do-scale-load").press("Enter")
    expect(page.locator(".practice-seen output", has_text="40.8 kg")).to_be_visible()
    page.locator("#scan-scale").press("Enter")  # the code of a thing that is new in stock
    expect(page).to_have_url(re.compile("/entry/take-in|/scanned"))
    shot(page, "practice-mode-scanned")
    assert not (practice.folder.parent / "real.sqlite").exists()
    page.close()
    practice.end(signal.SIGTERM)
    until_gone(practice.world)
    assert list(practice.folder.iterdir()) == []


def test_a_killed_page_takes_its_world_along_and_the_next_clears_up(
    practice: Practice, tmp_path: Path
):
    practice.end(signal.SIGKILL)
    until_gone(practice.world)
    assert practice.world.is_dir()
    again = Practice(tmp_path, "scale-corner")
    try:
        assert not practice.world.exists()
    finally:
        again.end(signal.SIGTERM)
    assert list(practice.folder.iterdir()) == []

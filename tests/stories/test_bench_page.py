"""A newcomer's whole kit in the browser, from box to label, by keyboard and scanner alone.

The bench's page in Chromium; its server, the world on its bench and all tools are programs of
their own. The bench PC loses its power twice, in the middle of making the hub and of verifying
the scale: the page comes back by itself, and nothing that was done is asked again.

Pictures of each step go to build/pages/story/, times to build/bench/bench-page-times.json beside
the budget, which is a proposal; what is printed of hands is an estimate (page_times.py).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from pages import conftest as in_pages
from stories.page_newcomer import Newcomer
from stories.page_robot import Robot, Seen
from stories.page_stage import PASSWORD, PERSON, PageStage
from stories.page_times import Meter, report
from varde_host.bench_record import form
from varde_host.inventory import kits, progress, records, states, store
from varde_simulator import interpreter
from varde_simulator import stage as world_stage

try:
    world_stage.firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, world_stage.StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "pages" / "story"
TIMES = ROOT / "build" / "bench" / "bench-page-times.json"
WIDE = {"width": 1280, "height": 800}

browser = in_pages.browser


class Troubles:
    """What the browser complains about, but for a server that is off."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def heard(self, message) -> None:
        is_known = message.text.startswith(
            ("Failed to load resource", "htmx:sendError", "htmx:after")
        )
        if message.type in ("error", "warning") and not is_known:
            self.found.append(message.text)

    def answered(self, response) -> None:
        if response.status >= 500:
            self.found.append(f"{response.status} {response.url}")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageStage]:
    with PageStage(tmp_path_factory.mktemp("page"), ROOT) as made:
        yield made


def test_a_newcomer_makes_a_kit_from_box_to_label(bench: PageStage, browser: Browser):
    shutil.rmtree(SHOTS, ignore_errors=True)
    meter, troubles = Meter(), Troubles()
    page = browser.new_page(base_url=bench.url, viewport=WIDE)
    page.on("console", troubles.heard)
    page.on("response", troubles.answered)
    robot = Robot(page, meter, SHOTS)
    newcomer = Newcomer(robot, bench)
    newcomer.scans = [bench.thing(name)["code"] for name in ("scale", "oximeter")]
    try:
        seen = logged_in(robot, bench)
        meter.now = "new-kit"
        robot.follow("Nytt kit")
        seen = newcomer.work(robot.next(seen), lambda now: "HOLD-BOOT" in now.codes)
        seen = cut_while_making(newcomer, seen)
        seen = newcomer.work(seen, is_in_a_corner)
        seen = cut_while_verifying(newcomer, seen)
        seen = newcomer.work(seen, lambda _now: state_of(bench, newcomer.kit) == states.READY)
    finally:
        print("\n".join(robot.log))
        print(report(meter, TIMES))
    robot.shot("ready")
    assert troubles.found == []
    proven(bench, newcomer.kit)


def logged_in(robot: Robot, bench: PageStage) -> Seen:
    robot.page.goto("/")
    seen = robot.next(None)
    robot.meter.prompt(seen.words)
    robot.shot("log-in")
    robot.fill(PERSON, PASSWORD, bench.code())
    return robot.next(seen)


def cut_while_making(newcomer: Newcomer, seen: Seen) -> Seen:
    """The bench PC goes while the interpreter is written."""
    newcomer.robot.meter.now = "make"
    newcomer.robot.meter.prompt(seen.words)
    newcomer.look(seen)
    newcomer.hand("into-loader board-1")
    newcomer.robot.meter.machine_begins()
    until_text(newcomer, r"\([1-4]/8\)")
    return restarted(newcomer)


def cut_while_verifying(newcomer: Newcomer, seen: Seen) -> Seen:
    """It goes with half of the scale's loads answered."""
    asked_before = seen.check
    seen = restarted(newcomer, types_into_it=True)
    seen = newcomer.work(seen, lambda now: bool(now.check))
    assert seen.check == asked_before, "what was answered is not asked again"
    return seen


def restarted(newcomer: Newcomer, *, types_into_it: bool = False) -> Seen:
    bench, robot = newcomer.stage, newcomer.robot
    before = robot.see()
    bench.pull_the_plug()
    robot.shot("bench-pc-off")
    bench.start_server()
    if types_into_it:
        robot.page.keyboard.press("F5")  # what is on the screen is of before
    return robot.next(None if types_into_it else before)


def until_text(newcomer: Newcomer, text: str) -> None:
    for _ in range(3000):
        now = newcomer.robot.see()
        if now is not None and re.search(text, now.text):
            return
        newcomer.robot.page.wait_for_timeout(20)
    raise AssertionError(f"{text!r} never stood there: {newcomer.robot.see()}")


def is_in_a_corner(seen: Seen) -> bool:
    return "hjørne" in seen.check.lower()


def state_of(bench: PageStage, kit: str) -> str:
    if not kit:
        return ""
    with _reading(bench) as connection:
        return kits.find(connection, kit).state


def proven(bench: PageStage, kit: str) -> None:
    """By what is signed: both sensors verified, the kit accepted; and no step was done twice."""
    with _reading(bench) as connection:
        signed = records.listing(connection)
        chip = progress.chips(connection)[0]
        finished = progress.finished(connection, chip)
    assert [each.kind for each in signed].count(form.VERIFICATION) == 2
    (accepted,) = [each for each in signed if each.kind == form.ACCEPTANCE]
    assert (accepted.subject, accepted.outcome) == (kit, "passed")
    assert finished


def _reading(bench: PageStage):
    return store.open_inventory(bench.site / store.FILE).reading()

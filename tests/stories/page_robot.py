"""A newcomer at the bench's page: reads what is asked, and has a keyboard, a scanner and hands.

Never the mouse. What a scanner sends is typed fast, with Enter behind; what fingers type counts
as keystrokes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Error, Page

from stories.page_times import Meter

WAIT_S = 240.0
LOOK_MS = 40
_SEE = """() => {
  const main = document.querySelector("main");
  if (!main) return null;
  const all = (what) => [...main.querySelectorAll(what)].filter((at) => at.offsetParent !== null);
  const text = (at) => at ? at.innerText.replace(/\\s+/g, " ").trim() : "";
  const form = all(".question");
  const first = form[0];
  const box = first && [...first.querySelectorAll("input:not([type=hidden]),textarea,select")]
    .find((at) => at.offsetParent !== null && !at.closest("details:not([open])"));
  const parts = [...all("h1"), ...all(".check,.told"), ...form, ...all(".failure")];
  const read = parts.map(text).join(" ");
  const focus = document.activeElement;
  return {
    path: location.pathname + location.search,
    h1: text(all("h1")[0]),
    ask: text(first && first.querySelector(".ask")),
    question: text(first),
    wants: !box ? (first && first.querySelector(".big") ? "button" : "none")
      : box.type === "radio" ? "choice" : box.tagName === "SELECT" ? "select"
      : box.hasAttribute("data-scan") ? "scan" : "text",
    box: box ? box.id || box.name : "",
    choices: first ? [...first.querySelectorAll("label.choice")].map(text) : [],
    codes: all(".failure .code b").map(text),
    works: !!(first && first.querySelector(".outcome.working")),
    told: all(".failure").map(text).join(" "),
    check: text(all(".check")[0]),
    words: read.split(/\\s+/).filter((word) => word).length,
    focused: focus === document.body ? "" : text(focus) || focus.id || focus.name || focus.tagName,
    text: text(main),
  };
}"""


@dataclass(frozen=True)
class Seen:
    """What stands on the page: `wants` is button, choice, select, scan, text or none; `codes` are
    those of what has failed or wants hands, and `told` what is said of it; `check` is the check
    of a verification, with its point."""

    path: str
    h1: str
    ask: str
    question: str
    wants: str
    box: str
    choices: tuple[str, ...]
    codes: tuple[str, ...]
    works: bool
    told: str
    check: str
    words: int
    focused: str
    text: str

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it another prompt than before."""
        return (self.path, self.ask, self.wants, self.box, self.told)

    @property
    def waits(self) -> bool:
        """The machine is at work, and nobody is asked."""
        return self.wants == "none" and not self.codes and (self.works or not self.ask)


class Robot:
    """`see()` what stands there; `enter`, `type`, `scan`, `choose`, `follow` by keyboard."""

    def __init__(self, page: Page, meter: Meter, shots: Path) -> None:
        self.page = page
        self.meter = meter
        self._shots = shots
        self._count = 0
        self.log: list[str] = []

    def see(self) -> Seen | None:
        """None while one page goes and the next comes."""
        try:
            found = self.page.evaluate(_SEE)
        except Error:
            return None
        if found is None:
            return None
        return Seen(**{key: tuple(v) if isinstance(v, list) else v for key, v in found.items()})

    def next(self, before: Seen | None, wait_s: float = WAIT_S) -> Seen:
        """The next prompt: another than `before`, once the machine is ready."""
        end_s = time.monotonic() + wait_s
        seen: Seen | None = None
        steady: Seen | None = None
        while time.monotonic() < end_s:
            seen = self.see()
            is_new = seen is not None and (before is None or seen.key != before.key)
            if seen is not None and is_new and not seen.waits:
                if steady is not None and steady.key == seen.key:
                    return seen
                steady = seen
            self.page.wait_for_timeout(LOOK_MS)
        self.shot("stuck")
        print(steady, seen)
        raise AssertionError(f"nothing new is asked; {self.log[-5:]}; {self.see()}")

    def shot(self, name: str) -> None:
        """Keep a picture of what is seen."""
        self._count += 1
        self._shots.mkdir(parents=True, exist_ok=True)
        path = self._shots / f"{self._count:02}-{name}.png"
        self.page.screenshot(path=path, full_page=True, animations="disabled")

    # Fingers

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)
        self.meter.keys(times)

    def enter(self) -> None:
        self.meter.machine_begins()
        self.press("Enter")

    def type(self, text: str) -> None:
        """Into what has the focus, over what stands there, with Enter."""
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        self.meter.keys(len(text))
        self.enter()

    def fill(self, *texts: str) -> None:
        """Several boxes, with Tab between them."""
        for number, text in enumerate(texts):
            if number:
                self.press("Tab")
            self.page.keyboard.type(text)
            self.meter.keys(len(text))
        self.enter()

    def scan(self, code: str) -> None:
        """As a scanner types: at once, with Enter."""
        self.meter.scan()
        self.meter.machine_begins()
        self.page.keyboard.type(code)
        self.page.keyboard.press("Enter")

    def choose(self, number: int) -> None:
        """The choice of a number, from 0: the first has the focus."""
        if number == 0:
            self.press("Space")
        else:
            self.press("ArrowDown", number)
        self.enter()

    def follow(self, text: str, most: int = 60) -> None:
        """Tab to a link or a button, and press it."""
        for _ in range(most):
            seen = self.see()
            if seen is not None and seen.focused.startswith(text):
                self.enter()
                return
            self.press("Tab")
        raise AssertionError(f"no way to {text!r} by Tab")

"""What a newcomer does at each prompt: by what stands there, and by nothing else.

A rule is what the page's address and words look like, and what is then done; the first that fits
is it. Hands that a prompt wants are told to the world, and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from stories.page_robot import Robot, Seen
from stories.page_stage import PageStage

HEALTHY_SPO2, HEALTHY_PULSE = "97", "71"
_KG = re.compile(r"(\d+(?:,\d+)?) kg")
_PLACES = {
    "foran til venstre": "front-left", "foran til høyre": "front-right",
    "bak til venstre": "back-left", "bak til høyre": "back-right",
}  # fmt: skip


@dataclass
class Newcomer:
    """`work(until)` answers prompts until one fits; `kit` is the kit's id once it is known."""

    robot: Robot
    stage: PageStage
    kit: str = ""
    scans: list[str] = field(default_factory=list)
    looked: set[str] = field(default_factory=set)

    def work(self, seen: Seen, until: Callable[[Seen], bool], most: int = 120) -> Seen:
        """Go on from a prompt; return the one at which it ends."""
        for _ in range(most):
            if until(seen):
                return seen
            seen = self.answer(seen)
        raise AssertionError(f"no end; {self.robot.log[-6:]}")

    def answer(self, seen: Seen) -> Seen:
        """Do what a prompt wants, and return the next one."""
        meter = self.robot.meter
        meter.now = row_of(seen) or meter.now
        meter.prompt(seen.words)
        self.look(seen)
        self.robot.log.append(f"{meter.now}: {seen.path} {seen.ask or seen.codes}")
        if found := re.search(r"/kit/(\w{6})", seen.path):
            self.kit = found[1]
        if seen.wants == "none":
            return self.with_hands(seen) if seen.codes else self.press(seen)
        if "/verify/" in seen.path:
            self.verify(seen)
        elif seen.wants == "scan":
            self.scan(seen)
        elif seen.wants == "text":
            self.robot.type(self.text(seen))
        elif seen.wants == "choice":
            self.robot.choose(0)
        else:
            assert seen.wants == "button", seen
            self.robot.enter()
        return self.robot.next(seen)

    def look(self, seen: Seen) -> None:
        """Keep a picture of each sort of page, once."""
        kind = re.sub(r"[0-9a-f]{8}|\w*\d\w*|\?.*", "", seen.path).strip("/").replace("/", "-")
        name = f"{kind or 'start'}-{seen.wants}{'-' + seen.codes[0].lower() if seen.codes else ''}"
        if "verify" in name:
            name = f"{name}-{re.sub(r'[^a-zæøå]+', '-', seen.check.lower())[:24]}"
        if name not in self.looked:
            self.looked.add(name)
            self.robot.shot(name)

    # What is typed and scanned

    def text(self, seen: Seen) -> str:
        asked = seen.ask.lower()
        if "kommer kitet fra" in asked:
            return "Leverandør, ordre 17"
        if "middel" in asked:
            return "Overflatesprit 75"
        if "parti" in asked:
            return "L2291"
        raise AssertionError(f"nothing to type for {seen.ask!r} at {seen.path}")

    def scan(self, seen: Seen) -> None:
        if "/label" in seen.path or "etikett" in seen.ask.lower():
            self.robot.scan(self.kit)  # what stands on the label that was just printed
        elif self.scans:
            self.robot.scan(self.scans.pop(0))
        else:
            self.robot.enter()  # all are there

    # What hands do

    def with_hands(self, seen: Seen) -> Seen:
        code = seen.codes[0].lower()
        if code == "pull-ready":
            pass  # a hand on the cable, and wait
        elif code == "hold-boot":
            self.hand("into-loader board-1")
        elif code == "pull-power":
            self.hand("unplug board-1")
            self.hand("plug board-1")
        elif code in ("sensor-hold", "ble-06") and "ove-vekt" in seen.told:
            self.hand("hold-button scale")
        elif code in ("sensor-hold", "sensor-measure", "ble-08") and "oksymeter" in seen.told:
            self.hand("finger-in oximeter")
        elif code in ("sensor-measure", "tid-02", "ble-08") and "ove-vekt" in seen.told:
            self.hand("step-on scale 70")
        elif "/verify/" in seen.path:
            self.robot.scan(self.kit)  # what is said then: begin at the kit again
        else:
            raise AssertionError(f"no hand for {code}: {seen.told}")
        self.robot.meter.machine_begins()
        return self.robot.next(seen)

    def hand(self, line: str) -> None:
        self.robot.meter.hand(line.partition(" ")[0])
        self.stage.hand(line)

    def press(self, seen: Seen) -> Seen:
        """The hub's button, until the page has seen it."""
        assert "knappen" in seen.ask, seen
        for _ in range(40):
            self.stage.hand("press board-1")
            self.robot.page.wait_for_timeout(500)
            now = self.robot.see()
            if now is not None and now.key != seen.key:
                break
        self.robot.meter.hand("press")
        self.robot.meter.machine_begins()
        return self.robot.next(seen)

    # Verifying

    def verify(self, seen: Seen) -> None:
        """Look at the thing, and type what it shows."""
        asked, check = seen.ask.lower(), seen.check.lower()
        if seen.wants == "choice":
            self.robot.choose(0)
        elif seen.wants == "button":
            self.robot.enter()
        elif "temperatur" in asked:
            self.robot.type("21,5")
        elif "lodd har du" in asked:
            self.robot.type("4x20 2x10")
        elif "serienummer" in asked or "serienummer" in check:
            self.robot.type(self.serial(seen))
        elif "lys" in asked:
            self.robot.type("ja")
        elif "kg" in check or "hva viser" in asked:
            self.robot.type(self.display(seen))
        else:
            raise AssertionError(f"nothing to type for {seen.ask!r}, {check}, {seen.question}")

    def serial(self, seen: Seen) -> str:
        return self.stage.thing("scale" if "vekt" in seen.text.lower() else "oximeter")[
            "code"
        ].rpartition("21")[2]

    def display(self, seen: Seen) -> str:
        """Use the thing as asked, and read it."""
        check = seen.check.lower()
        if "puls" in check or "spo" in check or "finger" in check:
            self.finger()
            return HEALTHY_PULSE if "puls" in check else HEALTHY_SPO2
        found = _KG.search(seen.check) or _KG.search(seen.question)
        load = found[1] if found else "0"
        place = next((ours for words, ours in _PLACES.items() if words in check), "middle")
        self.hand(f"load scale {load} {place}")
        return str(self.stage.thing("scale")["display"]).split()[0].replace(".", ",")

    def finger(self) -> None:
        """Once: it stays in as long as it is asked about."""
        if not str(self.stage.thing("oximeter")["display"]).startswith(HEALTHY_SPO2):
            self.hand("finger-in oximeter")


ROWS = (
    (r"^/login", "log-in"), (r"^/job/accept", "accept"), (r"^/label|/label", "label"),
)  # fmt: skip


def row_of(seen: Seen) -> str:
    """Return which row of the budget a prompt belongs to, "" for that of the one before."""
    said = (seen.told + seen.ask + seen.check + seen.question).lower()
    for pattern, row in ROWS:
        if re.search(pattern, seen.path):
            return row
    if "/job/make" in seen.path:
        if "skann" in said:
            return "scan"
        return "pair" if "sensor" in said else "make"
    if "/verify/" in seen.path:
        text = seen.text.lower()
        return "scale" if "vekt" in text else "oximeter" if "oksymeter" in text else "cuff"
    if "/entry/clean" in seen.path or "rengjør" in said or "bekreft" in said:
        return "clean"
    return ""

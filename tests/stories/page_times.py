"""How long hands are busy at a page: estimated, since a robot's hands say nothing of a person's.

The keystroke-level model (Card, Moran, Newell, "The Keystroke-Level Model for User Performance
Time with Interactive Systems", Communications of the ACM 23(7), 1980; "The Psychology of
Human-Computer Interaction", 1983, chapter 8): the time of a task is that of its operators, one
after the other, for a practised user who makes no mistake. A newcomer's is longer, and an
equipment's own handling is no operator of theirs: what is ours stands apart, as a proposal.
"""

from __future__ import annotations

import json
import time
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path

K_S = 0.28
"""A keystroke of an average non-secretary typist (40 words a minute), 1983, figure 8.1."""
M_S = 1.35
"""To prepare for one action, 1983, figure 8.1: here once for each prompt."""
H_S = 0.40
"""A hand from one device to another and back counts twice, 1983, figure 8.1."""
READING_WORDS_PER_S = 238 / 60
"""Silent reading of an adult: Brysbaert, "How many words do we read per minute?", Journal of
Memory and Language 109 (2019). Each word of a prompt is counted as read, every time."""

SCAN_S = 2.5
"""Our proposal, not measured: take the scanner, aim, hear it."""
HANDS_S = {
    "into-loader": 6.0, "press": 2.0, "unplug": 3.0, "plug": 5.0, "hold-button": 6.0,
    "step-on": 8.0, "finger-in": 12.0, "finger-out": 2.0, "measure": 40.0, "load": 9.0,
    "pump": 8.0, "release": 6.0, "vent": 2.0,
}  # fmt: skip
"""Our proposal, not measured: seconds of a hand with equipment, by what it does."""

BUDGET = Path(__file__).with_name("page_budget.toml")


@dataclass
class Step:
    """One row of the budget, as it went here."""

    name: str
    prompts: int = 0
    keystrokes: int = 0
    scans: int = 0
    words: int = 0
    hands: dict[str, int] = field(default_factory=dict)
    machine_s: float = 0.0

    @property
    def practised_s(self) -> float:
        """Seconds of hands by the model above, for who knows the prompts."""
        away = self.scans + sum(self.hands.values())
        equipment = sum(HANDS_S[name] * count for name, count in self.hands.items())
        keys = K_S * self.keystrokes + M_S * self.prompts + 2 * H_S * away
        return keys + SCAN_S * self.scans + equipment

    @property
    def newcomer_s(self) -> float:
        """The same for somebody who reads every word of every prompt."""
        return self.practised_s + self.words / READING_WORDS_PER_S


class Meter:
    """Counts, row by row of the budget. `now` is the row that things count for."""

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}
        self.now = "log-in"
        self._waits_since: float | None = None

    @property
    def step(self) -> Step:
        return self.steps.setdefault(self.now, Step(self.now))

    def prompt(self, words: int) -> None:
        """Something new to read, and to decide."""
        self.machine_ends()
        self.step.prompts += 1
        self.step.words += words

    def keys(self, count: int) -> None:
        self.step.keystrokes += count

    def scan(self) -> None:
        self.step.scans += 1

    def hand(self, name: str) -> None:
        self.step.hands[name] = self.step.hands.get(name, 0) + 1

    def machine_begins(self) -> None:
        """The answer is given: from here the machine is at work."""
        self._waits_since = time.monotonic()

    def machine_ends(self) -> None:
        if self._waits_since is not None:
            self.step.machine_s += time.monotonic() - self._waits_since
            self._waits_since = None


def report(meter: Meter, path: Path) -> str:
    """Write build/bench/bench-page-times.json, and return the table that is printed."""
    budget = tomllib.loads(BUDGET.read_text(encoding="utf-8"))
    rows = []
    by_name = {row["name"]: row for row in budget["row"]}
    for name in [*by_name, *(name for name in meter.steps if name not in by_name)]:
        step = meter.steps.get(name)
        if step is not None:
            rows.append({**asdict(step), "machine_s": round(step.machine_s, 1),
                         "hands_practised_s": round(step.practised_s, 1),
                         "hands_newcomer_s": round(step.newcomer_s, 1),
                         "budget": by_name.get(name)})  # fmt: skip
    whole = {
        "note": "hands_practised_s and hands_newcomer_s are estimates by the keystroke-level "
                "model, without mistakes, the second with every word of every prompt read. A "
                "robot did the work: nothing of a person's hands was measured. The budget is a "
                "proposal.",
        "constants": {"K_s": K_S, "M_s": M_S, "H_s": H_S, "scan_s": SCAN_S, "hands_s": HANDS_S,
                      "reading_words_per_s": round(READING_WORDS_PER_S, 2),
                      "sources": ["Card, Moran, Newell 1980, 1983", "Brysbaert 2019",
                                  "scan_s and hands_s: proposal"]},
        "budget": {key: value for key, value in budget.items() if key != "row"},
        "not_done_here": [name for name in by_name if name not in meter.steps],
        "steps": rows,
        "sum": {
            "prompts": sum(row["prompts"] for row in rows),
            "keystrokes": sum(row["keystrokes"] for row in rows),
            "scans": sum(row["scans"] for row in rows),
            "words": sum(row["words"] for row in rows),
            "machine_s": round(sum(row["machine_s"] for row in rows), 1),
            "hands_practised_s": round(sum(row["hands_practised_s"] for row in rows), 1),
            "hands_newcomer_s": round(sum(row["hands_newcomer_s"] for row in rows), 1),
        },
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return _table(whole)


def _table(whole: dict) -> str:
    widths = (9, 9, 7, 5, 5, 6, 11, 10, 18)
    heads = ("step", "machine s", "prompts", "keys", "scans", "words", "practised s", "newcomer s",
             "budget s")  # fmt: skip
    rows = [heads]
    for row in whole["steps"]:
        budget = row["budget"]
        proposed = f"{budget['hands_s']} + {budget['machine_s']} machine" if budget else ""
        rows.append((row["name"], *_numbers(row), proposed))
    rows.append(("sum", *_numbers(whole["sum"]), ""))
    lines = [
        "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    lines.append(f"not done here: {', '.join(whole['not_done_here']) or 'nothing'}")
    return "\n".join([*lines, whole["note"]])


def _numbers(row: dict) -> tuple[object, ...]:
    return (
        row["machine_s"], row["prompts"], row["keystrokes"], row["scans"], row["words"],
        round(row["hands_practised_s"]), round(row["hands_newcomer_s"]),
    )  # fmt: skip

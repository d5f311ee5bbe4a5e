"""Holds what a fleet view says against what is true: by the hubs' flash, and by what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stories import fleet_truth
from stories.fleet_truth import CONFIRMED, RETURNED
from varde_protocols import update_words as words

Told = tuple[str, int, int | None]
"""State, reason, release that runs."""


@dataclass(frozen=True)
class Fact:
    """Of a hub: its flash, what the campaign did to it, whether the bad release cannot start on
    it, whether it is cut off now."""

    flash: Path
    trouble: str
    is_bad_board: bool
    is_offline: bool


@dataclass
class Rollout:
    """What came of one, as counted."""

    name: str
    release: int
    state: str = ""
    hours: int = 0
    reached: str = ""
    """The last ring that was published to."""
    must_reach: str = ""
    views: int = 0
    compared: int = 0
    lies: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    reasons: list[dict[str, Any]] = field(default_factory=list)

    def look(self, view: Mapping[str, Any], facts: Mapping[str, Fact]) -> None:
        """The view may know less than is true, as hubs tell hourly; never something else."""
        for row in view["hubs"]:
            true = fleet_truth.truth(facts[row["hub"]].flash, self.release)
            self.compared += 1
            claim = row["state"]
            is_lie = (
                (claim == "confirmed" and true.state != CONFIRMED)
                or (claim in ("returned", "refused", "fell-back") and true.state == CONFIRMED)
                or (claim == "planned" and true.state in (CONFIRMED, RETURNED))
                or (row["runs"] == self.release and true.runs != self.release)
            )
            if is_lie:
                self.lies.append(f"{row['hub']}: {claim}, {row['runs']}; it is {true}")

    def sum_up(
        self,
        view: Mapping[str, Any],
        facts: Mapping[str, Fact],
        order: Sequence[str],
        *,
        is_bad: bool,
    ) -> None:
        """With everybody at rest the view is the truth."""
        self.counts = dict(Counter(row["state"] for row in view["hubs"]))
        self.reasons = [] if view["ended"] is None else view["ended"]["reasons"]
        out = {row["ring"] for row in view["hubs"] if row["published_ms"] is not None}
        self.reached = max(out, key=order.index)
        for row in view["hubs"]:
            fact = facts[row["hub"]]
            expected = self._expected(fact, row["published_ms"] is not None, is_bad)
            told = (row["state"], row["reason"], row["runs"])
            if told != expected:
                self.lies.append(f"{row['hub']} {fact.trouble}: {told}, and it is {expected}")

    def _expected(self, fact: Fact, is_published: bool, is_bad: bool) -> Told:
        """What the view must say of a hub."""
        true = fleet_truth.truth(fact.flash, self.release)
        if not is_published:
            return "planned", words.NONE, self.release - 1
        if fact.is_offline:
            return "silent", words.NONE, self.release - 1
        is_failure = is_bad and fact.is_bad_board
        must_be = (RETURNED, words.NO_START) if is_failure else (CONFIRMED, words.NONE)
        if (true.state, true.reason) != must_be:
            return f"by its flash {true.state}", true.reason, true.runs
        return true.state, true.reason, true.runs

"""The indicators, as data: what each is made of, and what it rests on. Their words are messages.

Two sorts. A *count* is a sum of cells (`counting`), and what may be told of it `suppression` says.
A *derived* figure is told where all counts that it rests on are, and on no fewer than five. The
cost rests on the kits made ready, too: whoever knows the prices finds the bench's minutes in it.
`formula` and `source` are for people who recompute it, and stand in docs/benefit.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

COUNT, PERCENT, SECONDS, DAYS, HOURS, MINUTES, PER_100, KITS, MONEY = UNITS = (
    "count", "percent", "seconds", "days", "hours", "minutes", "per-100-kit-months", "kits",
    "money",
)  # fmt: skip
BY_TYPE, BY_KIND, BY_CAUSE, WHOLE = "type", "kind", "cause", ""
"""By what an indicator is split: what is measured, what was verified, type and cause, nothing."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """`cells` are what a count is the sum of; a derived figure has none and `rests_on` counts.

    `places` are the decimals that are shown. What is `yearly` is told of whole calendar years
    alone: in a month it is mostly a small count, and those would take the year's with them.
    """

    key: str
    unit: str
    by: str
    source: str
    formula: str
    denominator: str = ""
    cells: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    places: int = 0
    yearly: bool = False

    @property
    def is_count(self) -> bool:
        """Told by itself, or derived from what is."""
        return bool(self.cells)


_INVENTORY_LOANS = "inventory: loans, loan_items, items, audit (the ids a hub has had)"
_RECORDS = "collector: records (verified; kind, slot, characteristic, boot, uptime), anchors"
_PLAN = "collector: assignments (the site's signature verified), reminders of the config"
_NOTES = "inventory: notes"
_MOVES = "inventory: moves"
_BENCH = "inventory: audit, lines bench.step, evidence.took"
_FOUND = "inventory: bench_records, verifications of things that had been on loan"

INDICATORS: Final = (
    Indicator(
        "loans", COUNT, WHOLE, _INVENTORY_LOANS, "loans that begin in the month",
        cells=("loans",),
    ),
    Indicator(
        "days", DAYS, WHOLE, _INVENTORY_LOANS, "midnights (Norwegian time) at which a kit was out",
        cells=("days-planned", "days-unplanned"),
    ),
    Indicator(
        "kits-out", KITS, WHOLE, _INVENTORY_LOANS, "days / days in the month",
        denominator="calendar days", rests_on=("days",), places=1,
    ),
    Indicator(
        "received", COUNT, BY_TYPE, _RECORDS,
        "measurements of the type, made while the hub was in a loan; test readings left out",
        cells=("dated-well", "dated-badly"),
    ),
    Indicator(
        "readings", COUNT, WHOLE, _RECORDS, "received, all types",
        cells=("dated-well", "dated-badly"),
    ),
    Indicator(
        "good-clock", COUNT, WHOLE, _RECORDS,
        "readings whose time is known within 60 s to either side", cells=("dated-well",),
    ),
    Indicator(
        "good-clock-share", PERCENT, WHOLE, _RECORDS, "100 * good-clock / readings",
        denominator="readings", rests_on=("readings", "good-clock"), places=1,
    ),
    Indicator(
        "days-with-plan", DAYS, WHOLE, _PLAN,
        "days of which the assignment that stood is still readable", cells=("days-planned",),
    ),
    Indicator(
        "planned", COUNT, BY_TYPE, _PLAN,
        "reminders that came due, with the hour after them, in a loan", cells=("met", "missed"),
    ),
    Indicator(
        "missed", COUNT, BY_TYPE, _PLAN + "; " + _RECORDS,
        "planned without a reading of the type with a good clock from 2 h before to 1 h after",
        cells=("missed",),
    ),
    Indicator(
        "missed-cause", COUNT, BY_CAUSE, _PLAN + "; " + _RECORDS,
        "missed, by the cause that a classifier finds; without one the cause is not classified",
        cells=("missed",),
    ),
    Indicator(
        "missed-share", PERCENT, BY_TYPE, _PLAN + "; " + _RECORDS, "100 * missed / planned",
        denominator="planned", rests_on=("planned", "missed"), places=1,
    ),
    Indicator(
        "delay-median", SECONDS, WHOLE, _RECORDS,
        "median of arrival - time, of good-clock", denominator="readings",
        rests_on=("readings",), places=1,
    ),
    Indicator(
        "delay-95", SECONDS, WHOLE, _RECORDS,
        "the smallest delay that 95 % of good-clock do not exceed (nearest rank)",
        denominator="readings", rests_on=("readings",), places=1,
    ),
    Indicator(
        "uptime", PERCENT, WHOLE, _RECORDS + "; " + _INVENTORY_LOANS,
        "100 * time from a start to its last record / time that a hub was in a loan",
        denominator="days", rests_on=("days",), places=1,
    ),
    Indicator(
        "faults", COUNT, WHOLE, _NOTES, "deviations opened in the month", cells=("faults",),
    ),
    Indicator(
        "faults-rate", PER_100, WHOLE, _NOTES + "; " + _INVENTORY_LOANS,
        "100 * faults / (days / 30.4375)", denominator="days", rests_on=("faults", "days"),
        places=1,
    ),
    Indicator(
        "repaired", COUNT, WHOLE, _NOTES, "deviations closed in the month", cells=("repaired",),
    ),
    Indicator(
        "repair-time", HOURS, WHOLE, _NOTES, "mean of closed - opened, of repaired",
        denominator="repaired", rests_on=("repaired",), places=1,
    ),
    Indicator(
        "turned-round", COUNT, WHOLE, _MOVES, "kits made ready that had come back",
        cells=("ready-again",),
    ),
    Indicator(
        "turn-round-time", DAYS, WHOLE, _MOVES, "median of ready - returned, of turned-round",
        denominator="turned-round", rests_on=("turned-round",), places=1,
    ),
    Indicator(
        "made-ready", COUNT, WHOLE, _MOVES, "kits made ready, new ones and others",
        cells=("ready-again", "ready-new"),
    ),
    Indicator(
        "bench-hands", MINUTES, WHOLE, _BENCH + "; " + _MOVES,
        "sum of hands_ms of the bench's steps / 60000 / made-ready", denominator="made-ready",
        rests_on=("made-ready",), places=1,
    ),
    Indicator(
        "bench-machine", MINUTES, WHOLE, _BENCH + "; " + _MOVES,
        "sum of machine_ms of the bench's steps / 60000 / made-ready", denominator="made-ready",
        rests_on=("made-ready",), places=1,
    ),
    Indicator(
        "found", COUNT, BY_KIND, _FOUND, "verifications as found, done whole, references valid",
        cells=("found-good", "found-bad"),
    ),
    Indicator(
        "found-good", COUNT, BY_KIND, _FOUND, "found, of them in tolerance as found",
        cells=("found-good",), yearly=True,
    ),
    Indicator(
        "found-good-share", PERCENT, BY_KIND, _FOUND, "100 * found-good / found",
        denominator="found", rests_on=("found", "found-good"), places=1, yearly=True,
    ),
    Indicator(
        "cost", MONEY, WHOLE, _BENCH + "; " + _INVENTORY_LOANS + "; the prices file",
        "sum of price / life in months + fixed per month + hands_ms / 3600000 * hourly cost / "
        "(days / 30.4375)",
        denominator="days", rests_on=("days", "made-ready"), places=2,
    ),
)  # fmt: skip
BY_KEY: Final = {each.key: each for each in INDICATORS}

SHARES: Final = {
    "good-clock-share": ("good-clock", "readings"),
    "missed-share": ("missed", "planned"),
    "found-good-share": ("found-good", "found"),
}
"""Shares, with numerator and denominator."""

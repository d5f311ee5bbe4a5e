"""Handing a kit out: this loan's settings are looked at, somebody is shown how, it is signed."""

from __future__ import annotations

from typing import Final

from varde_host.bench.making import label_facts
from varde_host.bench_entry import checks, moving
from varde_host.bench_entry.checks import YES
from varde_host.bench_entry.entries import Entry
from varde_host.bench_entry.flow import CHOICE, SEEN, Around, Ended, Flow, Question
from varde_host.inventory import states
from varde_host.reporting import handing_out

SETTINGS: Final = "settings"
"""The question that shows the hub's settings for this loan."""


def _hand_out(around: Around, entry: Entry) -> Ended:
    """Move the kit, which begins the loan, and sign what went out: both, or neither."""
    is_instructed = entry.answers["instructed"] == YES
    proof = {"handout": {"instructed": is_instructed}}
    if moving.was_moved(around, entry, states.HANDED_OUT, proof):
        return Ended(kit=entry.about)
    ended = moving.move(around, entry, states.HANDED_OUT, proof)
    named = label_facts.municipality(around.site)
    handing_out.sign(
        around.connection, around.site, entry.about, by=around.by, place=named,
        municipality=named, instructed=is_instructed, now_ms=around.now_ms,
    )  # fmt: skip
    return ended


HANDOUT: Final = Flow(
    "handout",
    "handout.do",
    (
        Question(SETTINGS, SEEN, checks.choice),
        Question("instructed", CHOICE, checks.choice, choices=checks.yes_no),
    ),
    _hand_out,
    picture="handout",
)

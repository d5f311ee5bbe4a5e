"""Handing a kit out: this loan's settings are looked at, somebody is shown how, it is signed."""

from __future__ import annotations

from typing import Final

from varde_host import errors
from varde_host.bench.making import label_facts
from varde_host.bench_entry import checks
from varde_host.bench_entry.checks import YES
from varde_host.bench_entry.entries import Entry
from varde_host.bench_entry.flow import CHOICE, SEEN, Around, Ended, Flow, Question
from varde_host.inventory import kits, states
from varde_host.reporting import handing_out

SETTINGS: Final = "settings"
"""The question that shows the hub's settings for this loan."""


def _hand_out(around: Around, entry: Entry) -> Ended:
    """Move the kit, which begins the loan, and sign what went out: both, or neither."""
    is_instructed = entry.answers["instructed"] == YES
    moved = kits.move(
        around.connection, entry.about, states.HANDED_OUT,
        {"handout": {"instructed": is_instructed}}, around.by, around.now_ms,
        seen=entry.given.get("seen"), known=around.known,
    )  # fmt: skip
    named = municipality(around)
    handing_out.sign(
        around.connection, around.site, moved.kit.kit_id, by=around.by, place=named,
        municipality=named, instructed=is_instructed, now_ms=around.now_ms,
    )  # fmt: skip
    return Ended(kit=moved.kit.kit_id)


def municipality(around: Around) -> str:
    """Return the name that papers bear: that of the labels, else the site's own."""
    try:
        return label_facts.load(around.site.directory).municipality
    except errors.InputRefused:
        return around.site.name


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

"""The end of an entry that moves a kit: whoever was faster is named, and nothing is done twice."""

from __future__ import annotations

from typing import Any

from varde_host.bench_entry.entries import Entry
from varde_host.bench_entry.flow import Around, Ended
from varde_host.inventory import evidence, kits

Proof = dict[str, dict[str, Any]]


def move(around: Around, entry: Entry, state: str, proof: Proof) -> Ended:
    """Move the entry's kit. Raises InputRefused `kit-moved` and as `kits.move`."""
    if not was_moved(around, entry, state, proof):
        kits.move(
            around.connection, entry.about, state, proof, around.by, around.now_ms,
            seen=entry.given.get("seen"), known=around.known,
        )  # fmt: skip
    return Ended(kit=entry.about)


def was_moved(around: Around, entry: Entry, state: str, proof: Proof) -> bool:
    """Tell if this entry has moved it already, and the computer was cut off before it was said."""
    newest = kits.steps(around.connection, entry.about)[-1]
    is_same = (newest.after, newest.evidence) == (state, evidence.checked(proof))
    return is_same and newest.at_ms >= entry.began_ms

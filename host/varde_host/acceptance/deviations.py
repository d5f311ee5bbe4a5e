"""A failed step is a deviation: a note about the kit that belongs to a function, and blocks it.

    LAG   readings (storage)            OPP   config and update     KIT   what is in the kit
    NETT  radio                         BAT   batteries             HUB   identity
    TID   clocks                        SIG   light, sound, button  LAS   the lock
    BLE   a sensor                      AKS   anything else of the kit's

A fault of the way to the hub (a cable, a busy port, a tool that is missing) says nothing about the
kit and opens none. The notes that an acceptance has opened are closed by the one that passes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from varde_host import messages
from varde_host.bench import faults, live
from varde_host.inventory import evidence, kits, notes, states
from varde_host.inventory.who import Who

NOT_THE_KITS: Final = frozenset(
    (
        "port-gone", "port-busy", "board-silent", "talk-garbled", "tool-timeout", "other-board",
        "not-come-back", "hold-boot", "tool-failed", "tool-missing", "refused", "pull-power",
        "no-firmware", "script-failed", "answer-malformed", "lag-04", "lag-06",
    )
)  # fmt: skip
"""Faults of cable, tools and hands: nothing is known to be wrong with the kit."""

_CODES: Final[Mapping[str, str]] = {
    "other-hub": "HUB-02",
    "documents-refused": "OPP-04",
    "read-back-differs": "OPP-05",
    "no-exchange": "NETT-06",
    "no-acknowledgement": "NETT-07",
    "record-forged": "LAG-07",
    "lock-open": "LAS-01",
    "service-silent": "LAS-02",
    "service-refused": "LAS-03",
    "sensor-measure": "BLE-08",
    "sensor-new-model": "KIT-04",
    "cannot": "AKS-02",
}
_OTHER: Final = "AKS-01"
_OURS: Final = ("LAG", "NETT", "TID", "OPP", "BAT", "SIG", "KIT", "HUB", "LAS", "BLE", "AKS")


def code_of(fault: faults.Fault) -> str:
    """Return the code of the deviation that a fault is."""
    known = _CODES.get(fault.code)
    if known is not None:
        return known
    upper = fault.code.upper()
    return upper if upper.partition("-")[0] in _OURS else _OTHER


def is_the_kits(fault: faults.Fault) -> bool:
    """Tell if a fault says something about the kit."""
    return fault.code not in NOT_THE_KITS


def opened(
    connection: sa.Connection, kit_id: str, fault: faults.Fault, number: str, by: Who, now_ms: int
) -> notes.Note:
    """Write the deviation, once for as long as it stands; a sealed kit goes to quarantine.

    `number` is that of the signed record. Raises InputRefused as `notes.write`, `kits.move`.
    """
    code = code_of(fault)
    standing = [note for note in notes.listing(connection, kit_id) if note.code == code]
    what = live.fault_text(fault.code, dict(fault.fields))
    said = messages.text("accept.note", number=number, what=what)[: evidence.MAX_TEXT]
    note = standing[0] if standing else notes.write(
        connection, kit_id, code, fault.who, said, by, now_ms
    )  # fmt: skip
    if kits.find(connection, kit_id).state in states.SEALED:
        reason = {"reason": {"text": f"{code} {number}"}}
        kits.move(connection, kit_id, states.QUARANTINE, reason, by, now_ms)
    return note


def is_of_acceptance(note: notes.Note) -> bool:
    """Tell if an acceptance has opened it, in whatever language was spoken then: the next one that
    passes closes it."""
    return note.code.partition("-")[0] in _OURS and note.text.startswith(_beginnings())


@functools.cache
def _beginnings() -> tuple[str, ...]:
    """Return how the deviations of acceptances begin, in each language."""
    texts = [messages.catalogue(each)["accept.note"] for each in messages.LANGUAGES]
    return tuple(text.partition("{")[0] for text in texts)


def closed(connection: sa.Connection, kit_id: str, number: str, by: Who, now_ms: int) -> list[int]:
    """Close the deviations that acceptances of this kit have opened; return their numbers."""
    ours = [note for note in notes.listing(connection, kit_id) if is_of_acceptance(note)]
    outcome = messages.text("accept.note-closed", number=number)
    for note in ours:
        notes.close(connection, note.note_id, outcome, by, now_ms)
    return [note.note_id for note in ours]

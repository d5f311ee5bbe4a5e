"""Tells what cannot be read in the journal: each stretch or sector once. Loaded when needed.

A mount counts all that is unreadable, old and new alike, so what was told is remembered in NVS.
The count falls when a sector is reclaimed; then the lower one is remembered, and what is new in
the same start is told only as far as it exceeds what went.
"""

from varde_firmware.core.journal import JournalFull
from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from varde_firmware.core.journal_report import MountReport
    from varde_firmware.core.recorder import Recorder
    from varde_firmware.ports import IdentityStore


def tell_found(
    recorder: "Recorder", store: "IdentityStore", report: "MountReport", now_ms: int
) -> None:
    """Journal how much more a mount found damaged than was told; a full journal tells it later.

    A torn write, of which Recorder.start tells, counts as damaged from the next mount on.
    """
    told = store.damage_told()
    count = report.damaged + report.torn
    if report.damaged > told:
        try:
            recorder.event(now_ms, records.EVENT_JOURNAL_DAMAGED, report.damaged - told)
        except JournalFull:
            count = told
    if count != told:
        store.set_damage_told(count)


def tell_vanished(recorder: "Recorder", store: "IdentityStore", now_ms: int) -> None:
    """Journal how many records could be read at the mount and no longer can.

    The next mount finds one stretch or sector there, mostly: that many are told. Raises OSError.
    """
    journal = recorder.journal
    recorder.event(now_ms, records.EVENT_JOURNAL_DAMAGED, journal.vanished)
    journal.vanished = 0
    store.set_damage_told(store.damage_told() + 1)

"""What is true of a hub in a rollout, by its flash and by what the campaign did to it.

Nothing here asks the host: it is what the host's fleet view is held against.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stories import hub_flash
from varde_firmware.core import update_record
from varde_protocols import update_words as words
from varde_simulator import flash_image

WAITING, UNDER_WAY, CONFIRMED, RETURNED = "waiting", "under-way", "confirmed", "returned"


@dataclass(frozen=True)
class Truth:
    """Of one hub and one release: a word of the four above, the release in force, and why it
    returned."""

    state: str
    runs: int
    reason: int = words.NONE


def record(flash: Path) -> update_record.Record | None:
    """The update record as it stands in the flash now; None before the first."""
    raw = hub_flash.nvs(flash_image.read(flash, "nvs")).get("varde/update")
    return None if raw is None else update_record.decode(raw)


def truth(flash: Path, release: int) -> Truth:
    """Where this hub stands with this release."""
    found = record(flash)
    if found is None:
        return Truth(WAITING, 0)
    if found.release == release:
        return Truth(CONFIRMED, release)
    if found.failed_release == release or (
        found.state == words.RETURNED and found.new_release == release
    ):
        return Truth(RETURNED, found.release, found.reason)
    if found.new_release == release and found.state in (words.FETCHING, words.STAGED, words.TRIAL):
        return Truth(UNDER_WAY, found.release)
    return Truth(WAITING, found.release)

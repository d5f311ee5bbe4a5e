"""An update by cable: what a hub would fetch by air is copied to it, and its own code judges it.

Nothing is trusted that would not be by air (`on_hub/release.py`), and the way back is the same:
the hub starts into a trial, and keeps what is new if it reaches its collector within ten minutes.
An interpreter does not fit a hub's file system, and is flashed by `varde bench run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from varde_host import errors
from varde_host.bench import faults, steps
from varde_host.bench.cable import prompt
from varde_host.bench.work import Evidence, Work
from varde_host.receiver import update_text
from varde_host.release.folder import Folder
from varde_protocols import release

NAME: Final = "update"
ASSIGNMENT: Final = "assignment"
TIMEOUT_S: Final = 300.0
"""A bundle of 256 KiB at 92 kB/s with an acknowledgement each few bytes, and two slots' worth of
flash."""

_FOLDER = "/update"
_MAKE = f"""
import os
try:
    os.mkdir({_FOLDER!r})
except OSError:
    pass
print("varde-bench: {{}}")
"""


@dataclass(frozen=True)
class UpdateStep(steps.Step):
    """A step that brings these files, by name."""

    files: Mapping[str, bytes] = field(default_factory=dict)

    def run(self) -> steps.Run:
        """Return the function that does it."""

        async def bring(work: Work) -> Evidence:
            return await _bring(work, self.files)

        return bring


def step(files: Mapping[str, bytes]) -> UpdateStep:
    """Return the step for the table."""
    return UpdateStep(NAME, "", (), "the hub's verdict, and its record", files=files)


def files_of(assignment: bytes, folder: Folder | None) -> dict[str, bytes]:
    """Return what the hub is to have: the assignment, and what a release serves.

    Raises InputRefused `release-missing`, `file-read`, `release-interpreter`, DocumentError.
    """
    found = {ASSIGNMENT: assignment}
    if folder is None:
        return found
    payload = folder.payload()
    given = release.decode(payload)
    names = [release.digest(payload)]
    for part in given.components:
        if part.kind != release.APPLICATION:
            raise errors.InputRefused("release-interpreter", str(folder.path))
        names += [part.blocks_sha256, part.sha256]
    for name in names:
        found[name.hex()] = folder.read(f"serve/{name.hex()}", release.MAX_SIZE_BYTES)
    return found


async def _bring(work: Work, files: Mapping[str, bytes]) -> Evidence:
    """Open the hub if it is locked, copy, let it judge, and start it."""
    await prompt.reach(work, str(work.finished.get("identity", {}).get("hub", "")))
    await work.execute(_MAKE, "folder")
    put = {f"{_FOLDER}/{name}": work.put(name, data) for name, data in files.items()}
    try:
        said = await work.on_hub("release", put=put, timeout_s=TIMEOUT_S)
    finally:
        for path in put.values():  # an assignment holds WiFi passwords
            path.unlink(missing_ok=True)
    reason = said.get("reason")
    if said.get("outcome") != "trial":
        text = update_text.reason(reason) if isinstance(reason, int) else str(said.get("outcome"))
        raise faults.Fault("update-refused", said=text)
    await work.reset()
    return {key: said.get(key) for key in ("hub", "release", "assignment")}

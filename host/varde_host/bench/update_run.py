"""An update by cable, for a hub that no network reaches (`varde bench update`, and the desk)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from varde_host import errors
from varde_host.bench import tray, work_folder
from varde_host.bench.making import update
from varde_host.bench.occasion import Occasion
from varde_host.release.folder import Folder
from varde_protocols import documents


@dataclass(frozen=True)
class Ended:
    """How the hub ended; it is on trial with what it was brought if `is_on_trial`."""

    results: tuple[tray.Result, ...]

    @property
    def is_on_trial(self) -> bool:
        """Tell if it took all of it."""
        return [result.fault for result in self.results] == [None]


def brought(assignment: Path, release: Path | None) -> Mapping[str, bytes]:
    """Return what is brought to the hub. Raises InputRefused as `update.files_of`, `file-read`."""
    folder = None if release is None else Folder(release)
    return update.files_of(_read(assignment), folder)


async def bring(occasion: Occasion, files: Mapping[str, bytes]) -> Ended:
    """Bring one hub its assignment and release."""
    with work_folder.opened() as folder:
        asked, written = occasion.settings(folder), occasion.ledger({update.NAME})
        boards = occasion.tray(asked, written, (update.step(dict(files)),))
        return Ended(tuple(await boards.run()))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(documents.MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error

"""The folder that a run leaves: made anew each time, so the one of the run before is removed.

Only a folder that an earlier run has marked as its own is ever removed. Whatever else a person may
have named (`--out .`, `--out /`) is refused and stays as it is.
"""

import shutil
from pathlib import Path

MARK = ".varde-run"
_MARK_TEXT = "Made by varde-sim, which removes this folder when it plays into it again.\n"


class RunFolderError(Exception):
    """A folder that cannot be played into; says why and what to do."""


def fresh(folder: Path) -> None:
    """Make `folder`, empty and marked. Raises RunFolderError, and has then removed nothing."""
    folder = folder.absolute()
    if folder.is_symlink():
        raise RunFolderError(f"{folder}: is a link; name the folder itself with --out")
    try:
        if folder.exists() and any(folder.iterdir()):
            _remove(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).write_text(_MARK_TEXT, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or error
        raise RunFolderError(f"{folder}: {reason}; name another folder with --out") from error


def _remove(folder: Path) -> None:
    if Path.cwd().is_relative_to(folder) or Path.home().is_relative_to(folder):
        raise RunFolderError(
            f"{folder}: you are in it, or live in it; name another folder with --out"
        )
    if not (folder / MARK).is_file():
        raise RunFolderError(
            f"{folder}: holds files and is not from an earlier run; "
            "name another folder with --out, or remove it yourself"
        )
    shutil.rmtree(folder)

"""What `make build` left for a hub, and whether a second build leaves the same.

The second build is made from a copy of the sources in a folder of another name, with another hash
seed, time zone and language, by the same compiler: what still gets into the files is none of the
machine's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.release import bundle

SLOT: Final = "a"
"""The build's folder for the application; what lies beside it is not updated over the air."""
HUB: Final = "xtensawin"
"""The compiler's name for the chip of the reference board."""
TARGETS: Final = {HUB: "esp32s3"}
"""The class of hubs for a compiler's architecture, where they have different names."""
SOURCES: Final = ("protocols", "firmware", "tools")
BUILD_TIMEOUT_S: Final = 600
"""A build takes some ten seconds."""
_OTHER = {"PYTHONHASHSEED": "77", "TZ": "Pacific/Chatham", "LANG": "C", "LC_ALL": "C"}


@dataclass(frozen=True)
class Source:
    """Where the code came from: a commit, and if something in the folder differs from it."""

    commit: str
    is_modified: bool


def load(folder: Path) -> dict[str, bytes]:
    """Return the files of the slot by path. Raises InputRefused `release-firmware`."""
    slot = folder / SLOT
    try:
        found = {path.relative_to(slot).as_posix(): path.read_bytes()
                 for path in slot.rglob("*.mpy")}  # fmt: skip
    except OSError as error:
        raise errors.InputRefused("file-read", str(slot), reason=error.strerror) from error
    if not found:
        raise errors.InputRefused("release-firmware", str(folder))
    return found


def target(files: Mapping[str, bytes]) -> str:
    """Return the class of hubs that these files are for. Raises InputRefused `release-target`."""
    found = bundle.architecture(files)
    if not found:
        raise errors.InputRefused("release-target")
    return TARGETS.get(found, found)


def contradicts(architecture: str, named: str) -> bool:
    """Tell if a target that we know is not that of the code."""
    known = {TARGETS.get(each, each): each for each in bundle.ARCHITECTURES.values()}
    return architecture != "" and named in known and known[named] != architecture


def again(source: Path, architecture: str) -> dict[str, bytes]:
    """Build once more from a copy of the sources, and return the slot's files.

    Raises InputRefused `release-source`, WorldFailed `release-build`.
    """
    tool = Path("tools") / "build_firmware.py"
    if not (source / tool).is_file():
        raise errors.InputRefused("release-source", str(source))
    with tempfile.TemporaryDirectory(prefix="varde-second-build-") as made:
        place = Path(made) / "elsewhere"
        for name in SOURCES:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source / name, place / name, ignore=ignored)
        command = [sys.executable, str(place / tool), "--arch", architecture, "--quiet"]
        _build(command, place)
        return load(place / "build" / "firmware" / architecture)


def differing(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    """Return the paths that are not the same in both, in order."""
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def source_of(folder: Path) -> Source | None:
    """Return the commit that a folder has checked out; None if git does not know."""
    commit = _git(folder, "rev-parse", "HEAD")
    status = _git(folder, "status", "--porcelain", "--", *SOURCES)
    return None if commit is None or status is None else Source(commit, bool(status))


def _build(command: list[str], place: Path) -> None:
    environment = {**os.environ, **_OTHER}
    try:
        done = subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, check=False,
            timeout=BUILD_TIMEOUT_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise errors.WorldFailed(
            "release-build", command[1], reason=type(error).__name__
        ) from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise errors.WorldFailed("release-build", command[1], reason="".join(last)[:200])


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False,
            timeout=BUILD_TIMEOUT_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None

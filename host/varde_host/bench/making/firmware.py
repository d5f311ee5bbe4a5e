"""The hub's application as `make build` left it: a folder for each architecture."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from varde_host import errors
from varde_host.bench import faults
from varde_host.flash import file_system

NOT_FOR_THE_HUB = ("sizes.json",)
MAIN = "main.py"


@dataclass(frozen=True)
class Firmware:
    """`files` by path; `sha256` is over all names and contents, in order of the names."""

    files: Mapping[str, bytes]
    sha256: str

    @classmethod
    def load(cls, built: Path, architecture: str) -> Firmware:
        """Read what was built for this architecture. Raises Fault `no-firmware`."""
        folder = built / architecture
        try:
            files = file_system.from_folder(folder)
        except errors.InputRefused as error:
            raise faults.Fault("no-firmware", folder=str(folder)) from error
        files = {name: data for name, data in files.items() if name not in NOT_FOR_THE_HUB}
        if MAIN not in files:
            raise faults.Fault("no-firmware", folder=str(folder))
        return cls(files, digest(files))


def digest(files: Mapping[str, bytes]) -> str:
    """Return one hash of all names and contents."""
    made = hashlib.sha256()
    for name in sorted(files):
        made.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return made.hexdigest()

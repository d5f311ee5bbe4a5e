"""Files that a command was told to write: new ones, for the owner's eyes only."""

from __future__ import annotations

import os
from pathlib import Path

from varde_host import errors


def write(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet; raises InputRefused `file-exists`, WorldFailed."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except FileExistsError as error:
        raise errors.InputRefused("file-exists", str(path)) from error
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error

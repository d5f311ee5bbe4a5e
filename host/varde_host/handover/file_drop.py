"""A folder that another program empties: one file a version, whole or not there, never replaced.

A file is named by what it holds: the first 32 hex digits of the SHA-256 of the identifier, a dash,
the version. Neither a name nor a path tells of a person. Whoever reads takes the highest version
of a name, and nothing that begins with a dot.

A file that was written and one that was taken away again look alike to whoever was cut off before
the ledger knew. So each goes through these steps, and where it was cut is seen from what is there:

1. `.NAME.part`, down to the disk;
2. `.NAME.begun`, with the digest of the part: from now on no part means that step 3 was done;
3. the part gets its name, in one step of the file system;
4. once the ledger knows (`settle`), the second file goes.

If there is another content under a name (an old copy of the store was put back, a person was added
to the list between), the next free version is taken: the newest is the highest.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.handover import sending
from varde_host.site import new_file

Rendering = Callable[[sending.Outgoing], bytes]

RETRY_S: Final = 30.0
"""A full disk or a share that is away: asked again soon, as asking costs nothing."""
MAX_VERSIONS: Final = 10_000
"""Of one measurement. More would be a loop somewhere."""
_NAME_HEX: Final = 32
_BEGUN: Final = ".begun"
_LEFT: Final = re.compile(r"\.[0-9a-f]{32}-[0-9]+\.[a-z]+\.(part|begun)")
_LOCK: Final = ".varde.lock"


class FileDrop:
    """Writes into a folder, which is made if it is not there. A `sending.Sender`."""

    def __init__(self, folder: Path, suffix: str, rendering: Rendering) -> None:
        self._folder = folder
        self._suffix = suffix
        self._rendering = rendering

    def send(self, items: Sequence[sending.Outgoing]) -> Sequence[sending.Sent]:
        """Write each; a folder that cannot be written to is asked again later."""
        results: list[sending.Sent] = []
        for item in items:
            if results and isinstance(results[-1], sending.Later):
                results.append(results[-1])  # the disk is full for the others, too
            else:
                results.append(self._sent(item))
        return results

    def settle(self, items: Sequence[sending.Outgoing]) -> None:
        """Forget how these were written: the ledger knows that they were."""
        for item in items:
            for path in self._folder.glob(f".{stem(item.identifier)}-*{_BEGUN}"):
                path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what those who were cut off left, if the ledger has nothing under way."""
        if self._folder.is_dir():
            for path in list(self._folder.iterdir()):
                if _LEFT.fullmatch(path.name):
                    path.unlink(missing_ok=True)

    def _sent(self, item: sending.Outgoing) -> sending.Sent:
        try:
            data = self._rendering(item)
        except errors.InputRefused as error:
            return sending.Refused(error.code)
        try:
            new_file.make_directory(self._folder)
            with self._alone():
                return sending.Delivered(self._named(stem(item.identifier), item.version, data))
        except OSError as error:
            return sending.Later(RETRY_S, error.strerror or type(error).__name__)

    def _named(self, name: str, version: int, data: bytes) -> str:
        """Let the content be there under a name, if it was not; return the name."""
        for number in range(version, version + MAX_VERSIONS):
            path = self._folder / f"{name}-{number}.{self._suffix}"
            if path.exists():
                if path.read_bytes() == data:
                    new_file.sync_directory(self._folder)
                    return path.name
            elif self._is_free(path, data):
                self._write(path, data)
                return path.name
            elif _begun(path) == _digest(data):
                return path.name  # written, and taken away since
        raise OSError(f"{MAX_VERSIONS} versions of {name}")

    def _is_free(self, path: Path, data: bytes) -> bool:
        """Tell if nothing has ever appeared under this name, as far as can be seen."""
        part = _part(path)
        if _begun(path) is None:
            part.unlink(missing_ok=True)
            return True
        if not part.exists():
            return False
        if _begun(path) != _digest(data):  # it was cut off before step 3
            path.with_name(f".{path.name}{_BEGUN}").unlink()
            part.unlink()
        return True

    def _write(self, path: Path, data: bytes) -> None:
        part = _part(path)
        if not part.exists():
            new_file.write(part, data)
            begun = path.with_name(f".{path.name}{_BEGUN}")
            new_file.write(begun, _digest(data))
        new_file.sync_directory(self._folder)
        part.rename(path)
        new_file.sync_directory(self._folder)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other receiver look whether a name is free meanwhile: a rename would replace."""
        descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def stem(identifier: str) -> str:
    """Return how the files of an identifier begin."""
    return hashlib.sha256(identifier.encode()).hexdigest()[:_NAME_HEX]


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


def _begun(path: Path) -> bytes | None:
    """Return the digest of what was about to get this name, None if nothing was.

    A digest that is not whole is of one who was cut off in step 2: the part is still there.
    """
    try:
        return path.with_name(f".{path.name}{_BEGUN}").read_bytes()
    except FileNotFoundError:
        return None

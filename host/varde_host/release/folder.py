"""A release on a disk: one folder, which goes from signer to signer and to whoever serves it.

    release.payload   what is signed (varde_protocols.release)
    release.cbor      the document, once somebody has signed
    report.json       how it was made; for people, signed by nobody
    sbom.cdx.json     what is in it
    serve/            what hubs fetch, each file named by the SHA-256 of its content in hexadecimal
                      digits: components, lists of blocks; and the document, once enough have
                      signed, by the SHA-256 of its payload, as assignments name it

`serve` may lie on any web server or stick, beside those of other releases. A release is public:
all may read its files. It appears whole or not at all; what a cut leaves is `NAME.part`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.site import new_file
from varde_protocols import documents, release

PAYLOAD: Final = "release.payload"
DOCUMENT: Final = "release.cbor"
REPORT: Final = "report.json"
SBOM: Final = "sbom.cdx.json"
SERVE: Final = "serve"
MAX_TEXT_BYTES: Final = 1024 * 1024
"""Of report and bill of materials: some 50 kB."""

_FILES = (PAYLOAD, DOCUMENT, REPORT, SBOM)
_SERVED = re.compile(r"[0-9a-f]{64}")
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755


@dataclass(frozen=True)
class Folder:
    """Where a release lies."""

    path: Path

    def read(self, name: str, most: int) -> bytes:
        """Return a file's content, cut off behind `most` bytes and one. Raises `file-read`."""
        try:
            with (self.path / name).open("rb") as file:
                return file.read(most + 1)
        except OSError as error:
            where = str(self.path / name)
            raise errors.InputRefused("file-read", where, reason=error.strerror) from error

    def payload(self) -> bytes:
        """Return what is signed. Raises InputRefused `release-missing`."""
        if not (self.path / PAYLOAD).is_file():
            raise errors.InputRefused("release-missing", str(self.path))
        return self.read(PAYLOAD, documents.MAX_DOCUMENT_BYTES)

    def document(self) -> bytes | None:
        """Return the document; None before the first signature."""
        if not (self.path / DOCUMENT).exists():
            return None
        return self.read(DOCUMENT, documents.MAX_DOCUMENT_BYTES)

    def served(self, digest: bytes) -> bytes | None:
        """Return what hubs get under a digest, which may be something else; None if nothing."""
        name = f"{SERVE}/{digest.hex()}"
        if not (self.path / name).exists():
            return None
        return self.read(name, release.MAX_SIZE_BYTES)

    def keep_document(self, data: bytes) -> None:
        """Put a document in the place of the last. Raises WorldFailed `file-write`."""
        self._replace(self.path / DOCUMENT, data)

    def serve_document(self, digest: bytes, data: bytes) -> None:
        """Let hubs have it. Raises WorldFailed `file-write`."""
        self._replace(self.path / SERVE / digest.hex(), data)

    def _replace(self, path: Path, data: bytes) -> None:
        part = path.with_name(path.name + new_file.PART)
        try:
            part.unlink(missing_ok=True)  # of one that was cut off
            _write(part, data)
            os.replace(part, path)
            new_file.sync_directory(path.parent)
        except OSError as error:
            raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error


def write(path: Path, files: Mapping[str, bytes], served: list[bytes]) -> Folder:
    """Write a release that is not there yet.

    Raises InputRefused `file-exists`, `release-part` if something stands in the way that no cut
    has left; WorldFailed `file-write`.
    """
    if path.exists():
        raise errors.InputRefused("file-exists", str(path))
    part = path.with_name(path.name + new_file.PART)
    try:
        _clear(part)
        _make_folder(part / SERVE)
        for data in served:
            _write(part / SERVE / hashlib.sha256(data).hexdigest(), data)
        for name, data in files.items():
            _write(part / name, data)
        new_file.sync_directory(part / SERVE)
        new_file.sync_directory(part)
        os.rename(part, path)
        new_file.sync_directory(path.parent)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
    return Folder(path)


def _clear(part: Path) -> None:
    """Take away what an earlier run was cut off in; only what such a run writes."""
    if not part.is_dir():
        return
    found = sorted(part.rglob("*"), reverse=True)  # what is inside comes first
    names = {file.relative_to(part).as_posix() for file in found}
    known = all(name in (*_FILES, SERVE) or _is_served(name) for name in names)
    if not known or part.is_symlink() or any(file.is_symlink() for file in found):
        raise errors.InputRefused("release-part", str(part))
    for file in found:
        if file.is_dir():
            os.rmdir(file)
        else:
            os.unlink(file)
    os.rmdir(part)


def _is_served(name: str) -> bool:
    start, _, end = name.partition("/")
    return start == SERVE and _SERVED.fullmatch(end) is not None


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        os.mkdir(folder, _FOLDER_MODE)


def _write(path: Path, data: bytes) -> None:
    """Write a new file down to the disk, for all to read. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())

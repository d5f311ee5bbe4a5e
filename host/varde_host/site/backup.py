"""A site's keys, certificates, trust and description in one encrypted file, and back.

The file is age's (age-encryption.org/v1, under a passphrase: scrypt and ChaCha20-Poly1305) around
a tar archive, so that `age --decrypt FILE | tar x` opens it on a day when there is no varde:

    manifest.json         {"format": "varde-site-backup-1", "created_ms", "files": {name: SHA-256}}
    site.json *.pem *.key *.cbor *.json *.toml

Keys under a passphrase go in as they are and keep it. Databases have a backup of their own
(`varde database backup`), and what is in tokens or elsewhere is not here. The description is the
last file to get its name when a site is restored, after every key has signed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pyrage

from varde_host import errors
from varde_host.site import creation, files, new_file, passphrases, proof

FORMAT: Final = "varde-site-backup-1"
MANIFEST: Final = "manifest.json"
# Keys and certificates have some kB each, a trust document 8 kB; a site has some dozen of them.
MAX_FILE_BYTES: Final = 1024 * 1024
MAX_FILES: Final = 200
MAX_BYTES: Final = 16 * 1024 * 1024
# age measures the machine and takes a cost of about a second; on one that is busy that may be too
# little. 2^16 is 64 MiB a guess.
LEAST_WORK_FACTOR: Final = 16
MOST_WORK_FACTOR: Final = 22  # 4 GiB: a file that asks for more is not of a machine like ours
_TRIES = 3
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.(?:key|pem|json|cbor|toml)")
_WORK = re.compile(rb"age-encryption\.org/v1\n-> scrypt [A-Za-z0-9+/]+ ([0-9]{1,2})\n")


class Backup(NamedTuple):
    """What a backup holds: each file's content, and when it was made (UTC)."""

    created_ms: int
    files: dict[str, bytes]


class BackedUp(NamedTuple):
    """What was written, and what of the directory is not in it."""

    hashes: dict[str, str]
    left_out: list[str]
    checked: proof.Checked


def back_up(site: files.Site, out: Path, passphrase: bytes, now: dt.datetime) -> BackedUp:
    """Write a backup, read it back and compare; only then does it get its name.

    Raises InputRefused `site-unproven` for a site that is not worth keeping, `file-exists`,
    `file-read`, `backup-too-large`; WorldFailed `file-write`, `age-weak`.
    """
    checked = proof.check(site, now)
    if checked.problems:
        raise proof.unproven(checked)
    names = sorted(path.name for path in site.directory.iterdir() if path.is_file())
    kept = {
        name: files.read(site.directory / name, MAX_FILE_BYTES)
        for name in names
        if _NAME.fullmatch(name)
    }
    made = Backup(int(now.timestamp() * 1000), kept)
    sealed = _seal(_archive(made, str(site.directory)), passphrase)
    part = out.with_name(out.name + new_file.PART)
    try:
        part.unlink(missing_ok=True)  # of one that was cut off
        new_file.write(part, sealed)
        with _removed_on_error(part):
            if read(part, passphrase) != made:
                raise errors.WorldFailed("file-write", str(part), reason="read back: differs")
            new_file.appear(part, out)
    except FileExistsError as error:
        raise errors.InputRefused("file-exists", str(out)) from error
    except OSError as error:
        raise errors.WorldFailed("file-write", str(out), reason=error.strerror) from error
    return BackedUp(hashes(made), [name for name in names if name not in kept], checked)


def read(file: Path, passphrase: bytes) -> Backup:
    """Open and check a backup, all of it in memory.

    Raises InputRefused `site-backup-shut` for a wrong passphrase or a damaged file, which cannot
    be told apart, `site-backup-format`, `file-read`.
    """
    data = files.read(file, MAX_BYTES)
    work = _WORK.match(data)
    if len(data) > MAX_BYTES or work is None or int(work[1]) > MOST_WORK_FACTOR:
        raise errors.InputRefused("site-backup-format", str(file))
    try:
        archive = pyrage.passphrase.decrypt(data, passphrase.decode())
    except pyrage.DecryptError:
        archive = None
    if archive is None:
        raise errors.InputRefused("site-backup-shut", str(file))
    return _unpacked(archive, str(file))


def restore(
    backup: Backup,
    directory: Path,
    told: passphrases.Secrets,
    now: dt.datetime,
    unopened: frozenset[str] = frozenset(),
) -> tuple[files.Site, proof.Checked]:
    """Make the site in an absent or empty directory, and prove it before it becomes one.

    `unopened` are keys whose passphrase nobody here has: their bytes are compared, and that is
    all. Raises InputRefused `site-exists`, `site-unproven`, `site-unopened` naming a key that was
    not opened and is not among those; WorldFailed `site-write`. After an error nothing is left.
    """
    try:
        creation.prepare(directory)
        with _emptied_on_error(directory):
            _write_all(directory, backup)
            site = files.load(directory, told, creation.PART)
            checked = proof.check(site, now)
            for key in checked.keys:
                if key.state == proof.NOT_OPENED and key.place not in unopened:
                    raise errors.InputRefused(
                        "site-unopened", key.place, reason=key.reason, place=key.place
                    )
            proof.admit(site, creation.PART, checked)
    except OSError as error:
        raise errors.WorldFailed("site-write", str(directory), reason=error.strerror) from error
    return files.load(directory, told), checked


def hashes(backup: Backup) -> dict[str, str]:
    """Return the SHA-256 of each file, in hexadecimal."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in backup.files.items()}


def _write_all(directory: Path, backup: Backup) -> None:
    """Write the description under another name, and see that the disk gives back each byte."""
    named = {
        creation.PART if name == files.DESCRIPTION else name: data
        for name, data in backup.files.items()
    }
    for name, data in named.items():
        new_file.write(directory / name, data)
    for name, data in named.items():
        if (directory / name).read_bytes() != data:
            raise errors.WorldFailed("site-write", str(directory / name), reason="differs")


def _seal(archive: bytes, passphrase: bytes) -> bytes:
    for _ in range(_TRIES):
        sealed: bytes = pyrage.passphrase.encrypt(archive, passphrase.decode())
        work = _WORK.match(sealed)
        if work is not None and int(work[1]) >= LEAST_WORK_FACTOR:
            return sealed
    raise errors.WorldFailed("age-weak")


def _archive(backup: Backup, where: str) -> bytes:
    manifest = {"format": FORMAT, "created_ms": backup.created_ms, "files": hashes(backup)}
    members = {MANIFEST: (json.dumps(manifest, indent=2) + "\n").encode(), **backup.files}
    too_large = any(len(data) > MAX_FILE_BYTES for data in members.values())
    if too_large or len(members) > MAX_FILES or MANIFEST in backup.files:
        raise errors.InputRefused("backup-too-large", where, most=MAX_FILE_BYTES)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), new_file.PRIVATE_MODE
            member.mtime = backup.created_ms // 1000
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def _unpacked(archive: bytes, where: str) -> Backup:
    """Take an archive apart; nothing of it reaches the disk here."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as opened:
            members = dict(_members(opened))
        manifest = json.loads(members.pop(MANIFEST))
        created_ms, listed = manifest["created_ms"], manifest["files"]
        backup = Backup(created_ms, members)
        fits = (manifest["format"], type(created_ms), listed) == (FORMAT, int, hashes(backup))
    except (tarfile.TarError, ValueError, KeyError, TypeError, EOFError, RecursionError) as error:
        raise errors.InputRefused("site-backup-format", where) from error
    if not fits or files.DESCRIPTION not in members:
        raise errors.InputRefused("site-backup-format", where)
    return backup


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    seen: set[str] = set()
    for member in archive:
        content = archive.extractfile(member) if member.isreg() else None
        is_ours = _NAME.fullmatch(member.name) and member.name not in seen
        if content is None or not is_ours or member.size > MAX_FILE_BYTES:
            raise ValueError("not one of a site's files")
        seen.add(member.name)
        yield member.name, content.read()


@contextlib.contextmanager
def _removed_on_error(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _emptied_on_error(directory: Path) -> Iterator[None]:
    """The directory was empty when this began: what is in it on an error is half of ours."""
    try:
        yield
    except BaseException:
        for path in directory.iterdir():
            if _NAME.fullmatch(path.name.removesuffix(new_file.PART)):
                path.unlink()
        raise

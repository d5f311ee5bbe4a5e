"""A receiver's folder: the public half of a site, its one private key, and what it knows beside.

    site.json, root-*.pem, trust-epoch-*.cbor     as the site's, copied when it was made
    receiver.key        opens readings; nowhere else but in the site's own backup
    feed.key            signs what is asked of the collector (`feed_client`)
    receiver.toml       where records come from, and whom they are handed on to
    receiver.sqlite     unless `database` in receiver.toml names a server
    verifications, loans            folders of signed records that the warehouse exported
    subjects.json       whose a loan is; the only file in which a person is named, if there is one
    out                 what targets of files get

So whatever takes a site's folder (`site.files.load`) takes this one, and finds no key in it that
could speak for the site.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from varde_host import errors
from varde_host.database import engine
from varde_host.receiver_store import store
from varde_host.site import files, new_file, passphrases, toml_file
from varde_protocols.crypto import x25519

SETTINGS: Final = "receiver.toml"
FEED_KEY: Final = "feed.key"
VERIFICATIONS: Final = "verifications"
LOANS: Final = "loans"
SUBJECTS: Final = "subjects.json"
OUT: Final = "out"
MAX_SETTINGS_BYTES: Final = 256 * 1024
TABLES: Final = frozenset({"database", "feed", "target", "helseid"})
"""What receiver.toml may hold; each is read, and refused, where it is used."""
_TRUSTS: Final = "trust-epoch-*.cbor"
_FIRST_SETTINGS: Final = """\
# Where records come from, and whom measurements are handed on to: docs/receiver-service.md.

# [feed]
# url = "https://collector.example:8443"

# [target.journal]
# kind = "file"
# on = true
# purpose = ""
"""


@dataclass(frozen=True, slots=True)
class Folder:
    """A receiver's folder that was read; its private key is read when it is asked for."""

    path: Path
    site: files.Site
    settings: Mapping[str, Any]

    @property
    def database(self) -> str | Path:
        """Where its store is."""
        named = str(self.settings.get("database", store.FILE))
        return named if engine.is_url(named) else self.path / named

    @property
    def verifications(self) -> Path:
        """The folder of verifications."""
        return self.path / VERIFICATIONS

    @property
    def loans(self) -> Path:
        """The folder of loan sheets."""
        return self.path / LOANS

    @property
    def subjects(self) -> Path:
        """The file that says whose a loan is, if there is one."""
        return self.path / SUBJECTS

    @property
    def out(self) -> Path:
        """The folder of what targets of files get."""
        return self.path / OUT

    def key(self) -> bytes:
        """Return the receiver's X25519 key (32 bytes); raises as `files.read_private`."""
        return self.site.receiver_private()


def load(path: Path, told: passphrases.Secrets | None = None) -> Folder:
    """Read a receiver's folder.

    Raises InputRefused `receiver-missing` where there is none, `receiver-settings` for a
    receiver.toml that is not understood, and as `files.load`.
    """
    if not (path / SETTINGS).is_file() or not (path / files.DESCRIPTION).is_file():
        raise errors.InputRefused("receiver-missing", str(path))
    found = toml_file.tables(path / SETTINGS, "receiver-settings", MAX_SETTINGS_BYTES)
    for name in found:
        if name not in TABLES:
            raise errors.InputRefused("receiver-settings", str(path / SETTINGS), what=name[:80])
    if not isinstance(found.get("database", ""), str):
        raise errors.InputRefused("receiver-settings", str(path / SETTINGS), what="database")
    return Folder(path, files.load(path, told), found)


def make(path: Path, site: files.Site, key: Path | None = None) -> Folder:
    """Make a folder from a site's; whatever is there already is left alone.

    `key` is the receiver's key if it is not in the site's folder any more. Cut off in the middle
    it is made again: receiver.toml comes last. Raises InputRefused `receiver-exists`,
    `receiver-at-collector` for a folder with the collector's own in it, `key-mismatch` and as
    `files.read_private`; WorldFailed `file-write`.
    """
    if (path / SETTINGS).exists():
        raise errors.InputRefused("receiver-exists", str(path))
    for name in (files.DATABASE, files.COLLECTOR_KEY):
        if (path / name).exists():
            raise errors.InputRefused("receiver-at-collector", str(path / name))
    source = key or site.directory / site.described.receiver.place
    _prove(site, source)
    try:
        new_file.make_directory(path)
        path.chmod(0o700)
        public = [files.DESCRIPTION, *site.root_files]
        public += sorted(each.name for each in site.directory.glob(_TRUSTS))
        for name in public:
            new_file.replace(path / name, (site.directory / name).read_bytes())
        new_file.replace(path / site.described.receiver.place, source.read_bytes())
        if not (path / FEED_KEY).exists():
            new_file.replace(path / FEED_KEY, _feed_key())
        for name in (VERIFICATIONS, LOANS, OUT):
            new_file.make_directory(path / name)
        _copy_verifications(site.directory / VERIFICATIONS, path / VERIFICATIONS)
        new_file.replace(path / SETTINGS, _FIRST_SETTINGS.encode())
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
    return load(path)


def _prove(site: files.Site, key: Path) -> None:
    """Raise unless the file holds the receiver's key of this site."""
    if x25519.public_key(site.receiver_private(key)) != site.receiver_public:
        raise errors.InputRefused("key-mismatch", str(key))


def _feed_key() -> bytes:
    """Return a new key as PEM. It has no passphrase: the service starts by itself at night."""
    return ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _copy_verifications(there: Path, here: Path) -> None:
    if there.is_dir():
        shutil.copytree(there, here, dirs_exist_ok=True)

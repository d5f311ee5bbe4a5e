"""Read a site's directory. The public description is read at once, private keys when asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from varde_host import errors
from varde_host.site import keys

FORMAT = "varde-site-2"
DESCRIPTION = "site.json"
COLLECTOR_KEY = "collector.key"
RECEIVER_KEY = "receiver.key"
ROLE_KEYS = {
    keys.TRUST: ("trust-1.key", "trust-2.key"),
    keys.RELEASE: (),
    keys.ASSIGNMENT: ("assignment.key",),
    keys.SERVICE: ("service.key",),
}
"""The files of the roles' private keys. Release keys are never kept with a site."""
THRESHOLDS = {keys.TRUST: 1, keys.RELEASE: 2, keys.ASSIGNMENT: 1, keys.SERVICE: 1}
SITE_ID_BYTES = 8
ROOTS = ("root-1", "root-2")
SERVER = "server"
DATABASE = "collector.sqlite"

_TEXTS = ("name", "collector_public", "receiver_public")


@dataclass(frozen=True)
class Site:
    """The public half of a site, and the way to the rest."""

    directory: Path
    name: str
    site_id: bytes
    server_names: tuple[str, ...]
    collector_public: bytes
    receiver_public: bytes
    root_files: tuple[str, ...]
    roles: dict[str, keys.Role]

    @property
    def database(self) -> Path:
        """Where the collector keeps its database unless told otherwise."""
        return self.directory / DATABASE

    @property
    def server_certificate(self) -> Path:
        """PEM file of the collector's TLS certificate."""
        return self.directory / f"{SERVER}.pem"

    @property
    def server_key(self) -> Path:
        """PEM file of the collector's TLS private key."""
        return self.directory / f"{SERVER}.key"

    def roots_der(self) -> list[bytes]:
        """Return the pinned roots; raises as `load` does."""
        return [_read_certificate(self.directory / file) for file in self.root_files]

    def collector_seed(self) -> bytes:
        """Return the collector's Ed25519 seed (32 bytes); raises as `load` does."""
        path = self.directory / COLLECTOR_KEY
        return _read_signing(path, self.collector_public).private_bytes_raw()

    def receiver_private(self, path: Path | None = None) -> bytes:
        """Return the receiver's X25519 key (32 bytes), from `path` if kept elsewhere."""
        path = path or self.directory / RECEIVER_KEY
        key = _read_private(path)
        if not isinstance(key, x25519.X25519PrivateKey):
            raise errors.InputRefused("key-kind", str(path), wanted="X25519")
        return key.private_bytes_raw()

    def signer(self, role: str) -> keys.Signer:
        """Return the first of the role's keys that is kept here; raises as `signers` does."""
        return self.signers(role, 1)[0]

    def signers(self, role: str, count: int | None = None) -> list[keys.Signer]:
        """Return as many of a role's signers as its documents need, or `count`.

        Raises InputRefused `key-elsewhere` if fewer keys are kept here, else as `load` does.
        """
        wanted = self.roles[role].threshold if count is None else count
        here = [key for key in self.roles[role].keys if key.place != keys.ELSEWHERE]
        if len(here) < wanted:
            raise errors.InputRefused(
                "key-elsewhere", str(self.directory), role=role, here=len(here), wanted=wanted
            )
        return [
            keys.FileSigner(_read_signing(self.directory / key.place, key.public))
            for key in here[:wanted]
        ]


def load(directory: Path) -> Site:
    """Read `site.json`; raises InputRefused `site-missing`, `site-malformed`, `file-read`."""
    path = directory / DESCRIPTION
    if not path.exists():
        raise errors.InputRefused("site-missing", str(path))
    try:
        description = json.loads(_read(path))
        return _site(directory, description)
    except (ValueError, KeyError, TypeError) as error:
        raise errors.InputRefused("site-malformed", str(path), reason=error) from error


def _site(directory: Path, description: dict[str, Any]) -> Site:
    if description["format"] != FORMAT:
        raise ValueError(f"format is not {FORMAT}")
    if not all(isinstance(description[key], str) for key in _TEXTS):
        raise TypeError("a text is expected in " + ", ".join(_TEXTS))
    publics = [
        _fixed(description[f"{who}_public"], keys.PUBLIC_KEY_BYTES)
        for who in ("collector", "receiver")
    ]
    return Site(
        directory,
        description["name"],
        _fixed(description["site_id"], SITE_ID_BYTES),
        tuple(description["server_names"]),
        publics[0],
        publics[1],
        tuple(description["roots"]),
        {role: _role(description["roles"][role]) for role in keys.ROLES},
    )


def _role(described: dict[str, Any]) -> keys.Role:
    made = tuple(
        keys.RoleKey(_fixed(key["public"], keys.PUBLIC_KEY_BYTES), str(key["key"]))
        for key in described["keys"]
    )
    return keys.Role(int(described["threshold"]), made)


def _fixed(text: str, length: int) -> bytes:
    value = bytes.fromhex(text)
    if len(value) != length:
        raise ValueError(f"{length} bytes in hexadecimal are expected")
    return value


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error


def _read_private(path: Path) -> object:
    try:
        return serialization.load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError) as error:
        raise errors.InputRefused("key-malformed", str(path)) from error


def _read_signing(path: Path, public: bytes) -> ed25519.Ed25519PrivateKey:
    key = _read_private(path)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise errors.InputRefused("key-kind", str(path), wanted="Ed25519")
    if key.public_key().public_bytes_raw() != public:
        raise errors.InputRefused("key-mismatch", str(path))
    return key


def _read_certificate(path: Path) -> bytes:
    try:
        certificate = x509.load_pem_x509_certificate(_read(path))
    except ValueError as error:
        raise errors.InputRefused("certificate-malformed", str(path)) from error
    return certificate.public_bytes(serialization.Encoding.DER)

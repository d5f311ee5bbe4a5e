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

FORMAT = "varde-site-1"
DESCRIPTION = "site.json"
COLLECTOR_KEY = "collector.key"
RECEIVER_KEY = "receiver.key"
ROOTS = ("root-1", "root-2")
SERVER = "server"
DATABASE = "collector.sqlite"

_TEXTS = ("name", "collector_public", "receiver_public")
_PUBLIC_KEY_BYTES = 32


@dataclass(frozen=True)
class Site:
    """The public half of a site, and the way to the rest."""

    directory: Path
    name: str
    server_names: tuple[str, ...]
    collector_public: bytes
    receiver_public: bytes
    root_files: tuple[str, ...]

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
        key = _read_private(path)
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise errors.InputRefused("key-kind", str(path), wanted="Ed25519")
        if key.public_key().public_bytes_raw() != self.collector_public:
            raise errors.InputRefused("key-mismatch", str(path))
        return key.private_bytes_raw()

    def receiver_private(self, path: Path | None = None) -> bytes:
        """Return the receiver's X25519 key (32 bytes), from `path` if kept elsewhere."""
        path = path or self.directory / RECEIVER_KEY
        key = _read_private(path)
        if not isinstance(key, x25519.X25519PrivateKey):
            raise errors.InputRefused("key-kind", str(path), wanted="X25519")
        return key.private_bytes_raw()


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
    publics = [bytes.fromhex(description[f"{who}_public"]) for who in ("collector", "receiver")]
    if any(len(public) != _PUBLIC_KEY_BYTES for public in publics):
        raise ValueError("a public key has 32 bytes")
    return Site(
        directory,
        description["name"],
        tuple(description["server_names"]),
        publics[0],
        publics[1],
        tuple(description["roots"]),
    )


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


def _read_certificate(path: Path) -> bytes:
    try:
        certificate = x509.load_pem_x509_certificate(_read(path))
    except ValueError as error:
        raise errors.InputRefused("certificate-malformed", str(path)) from error
    return certificate.public_bytes(serialization.Encoding.DER)

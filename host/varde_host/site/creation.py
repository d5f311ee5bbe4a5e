"""Make a new site: keys, roots, certificate and `site.json`, in that order."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519

from varde_host import errors
from varde_host.site import certificates, files, keys

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey


def create(
    directory: Path,
    name: str,
    server_names: list[str],
    validity: certificates.Validity,
) -> files.Site:
    """Create the site in an absent or empty directory and return it.

    Raises InputRefused `site-exists`, `site-name` for what no certificate can hold, WorldFailed
    `site-write`. A site broken off on the way has no `site.json`: start again in another
    directory.
    """
    made = _issue(name, server_names, validity)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise errors.InputRefused("site-exists", str(directory))
        _write_all(directory, name, server_names, made)
    except OSError as error:
        raise errors.WorldFailed("site-write", str(directory), reason=error.strerror) from error
    return files.load(directory)


def _issue(
    name: str, server_names: list[str], validity: certificates.Validity
) -> list[certificates.Issued]:
    """Make both roots and the server's certificate, before anything is written."""
    try:
        roots = [
            certificates.issue_root(f"Varde {name} root {number}", validity) for number in (1, 2)
        ]
        return [*roots, certificates.issue_server(server_names, roots[0], validity)]
    except ValueError as error:
        where = ", ".join([name, *server_names])
        raise errors.InputRefused("site-name", where, reason=error) from error


def _write_all(
    directory: Path, name: str, server_names: list[str], made: list[certificates.Issued]
) -> None:
    collector = ed25519.Ed25519PrivateKey.generate()
    receiver = x25519.X25519PrivateKey.generate()
    _write_key(directory / files.COLLECTOR_KEY, collector)
    _write_key(directory / files.RECEIVER_KEY, receiver)
    for stem, issued in zip((*files.ROOTS, files.SERVER), made, strict=True):
        _write_key(directory / f"{stem}.key", issued.key)
        pem = issued.certificate.public_bytes(serialization.Encoding.PEM)
        _write_new(directory / f"{stem}.pem", pem)
    description = {
        "format": files.FORMAT,
        "name": name,
        "site_id": secrets.token_hex(files.SITE_ID_BYTES),
        "server_names": server_names,
        "collector_public": collector.public_key().public_bytes_raw().hex(),
        "receiver_public": receiver.public_key().public_bytes_raw().hex(),
        "roots": [f"{stem}.pem" for stem in files.ROOTS],
        "roles": {role: _make_role(directory, role) for role in keys.ROLES},
    }
    text = json.dumps(description, indent=2, ensure_ascii=False) + "\n"
    _write_new(directory / files.DESCRIPTION, text.encode())


def _make_role(directory: Path, role: str) -> dict[str, object]:
    """Write a role's new private keys; return what the site's description says of it."""
    described = []
    for file in files.ROLE_KEYS[role]:
        key = ed25519.Ed25519PrivateKey.generate()
        _write_key(directory / file, key)
        described.append({"public": key.public_key().public_bytes_raw().hex(), "key": file})
    return {"threshold": files.THRESHOLDS[role], "keys": described}


def _write_key(path: Path, key: PrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write_new(path, pem)


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet, down to the disk, readable by its owner only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())

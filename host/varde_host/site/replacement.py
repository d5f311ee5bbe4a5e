"""A new key in the place of one that was lost or has leaked.

The description names the new one in one step; the old file stays as it is, for what was sealed or
signed with it. Hubs believe the new key from the next trust on (`varde site trust`), which the
remaining trust keys sign: they stand before the new one in their role.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from varde_host import errors
from varde_host.site import description, files, keys, new_file, sealed_key, token_uri

COLLECTOR: Final = "collector"
RECEIVER: Final = "receiver"


class Replaced(NamedTuple):
    """Whose key it is, and where the old one and the new one are."""

    role: str
    old: keys.RoleKey
    new: keys.RoleKey


def find(site: files.Site, named: str) -> tuple[str, keys.RoleKey]:
    """Return the role and the key of a file's name, a `pkcs11:` URI, or a public key in hex.

    Raises InputRefused `key-unknown`, also for release keys, which `release_keys` replaces;
    `key-certified` for those that have a certificate.
    """
    held = [(COLLECTOR, site.described.collector), (RECEIVER, site.described.receiver)]
    held += [
        (name, key)
        for name, role in site.roles.items()
        for key in role.keys
        if name != keys.RELEASE
    ]
    if named in {f"{stem}.key" for stem in (*files.ROOTS, files.SERVER)}:
        raise errors.InputRefused("key-certified", named)
    for role, key in held:
        if named in {key.place, key.public.hex()} - {keys.ELSEWHERE}:
            return role, key
    raise errors.InputRefused("key-unknown", named[: token_uri.MAX_CHARACTERS])


def replace(
    site: files.Site, named: str, passphrase: bytes | None, token: token_uri.TokenUri | None = None
) -> Replaced:
    """Make a new key, or take that of a token, and name it in the description.

    The collector's never has a passphrase. Raises InputRefused `key-unknown`, `token-role`, what
    tokens refuse; WorldFailed `site-write`.
    """
    role, old = find(site, named)
    if token is not None and role in {COLLECTOR, RECEIVER}:
        raise errors.InputRefused("token-role", "--token", roles=", ".join(keys.ROLES))
    try:
        if token is None:
            new = _make(site, role, None if role == COLLECTOR else passphrase)
        else:
            signer = files.open_signer(str(token), None, site.secrets)
            new = keys.RoleKey(signer.public, str(token))
        _name(site, role, old, new)
    except OSError as error:
        where = str(site.directory)
        raise errors.WorldFailed("site-write", where, reason=error.strerror) from error
    return Replaced(role, old, new)


def _make(site: files.Site, role: str, passphrase: bytes | None) -> keys.RoleKey:
    key: ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey = (
        x25519.X25519PrivateKey.generate()
        if role == RECEIVER
        else ed25519.Ed25519PrivateKey.generate()
    )
    file = free_name(site.directory, role)
    pem = sealed_key.write(key, passphrase)
    new_file.write(site.directory / file, pem)
    sealed_key.read((site.directory / file).read_bytes(), passphrase, file)
    return keys.RoleKey(key.public_key().public_bytes_raw(), file)


def free_name(directory: Path, role: str) -> str:
    """Return the role's next file: one higher than any there is, so that none means two keys."""
    taken = [
        int(found[1] or 1)
        for path in directory.iterdir()
        if (found := re.fullmatch(rf"{role}(?:-([1-9][0-9]{{0,3}}))?\.key", path.name))
    ]
    return f"{role}-{max(taken, default=1) + 1}.key"


def _name(site: files.Site, role: str, old: keys.RoleKey, new: keys.RoleKey) -> None:
    described = site.described
    if role == COLLECTOR:
        described = dataclasses.replace(described, collector=new)
    elif role == RECEIVER:
        described = dataclasses.replace(described, receiver=new)
    else:
        kept = tuple(key for key in described.roles[role].keys if key != old)
        changed = keys.Role(described.roles[role].threshold, (*kept, new))
        described = dataclasses.replace(described, roles={**described.roles, role: changed})
    path = site.directory / files.DESCRIPTION
    encoded = description.encode(described)
    description.decode(encoded, str(path))
    new_file.replace(path, encoded)

"""Release keys: three, in three places away from the site, and any two of them release code.

Each is an encrypted file in a folder of its own, with `release.json`, which names the public
halves of all three. That is all a site needs to know, so they may be made on a machine that has no
network and no site, and be taken up by a site (or by every site that runs the same code) from
there.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ed25519

from varde_host import errors
from varde_host.site import (
    description,
    files,
    keys,
    new_file,
    passphrases,
    proof,
    sealed_key,
)

FORMAT: Final = "varde-release-keys-1"
PUBLIC_FILE: Final = "release.json"
COUNT: Final = 3
"""One may be lost, and one may be stolen, and neither stops nor makes a release."""
_PATTERN = "release*.key"


class Made(NamedTuple):
    """Where a key was put, and its public half."""

    file: Path
    public: bytes


def make(folders: Sequence[Path], told: passphrases.Secrets, away_from: Path | None) -> list[Made]:
    """Make a key in each of three folders, each under a passphrase of its own, and prove them.

    `away_from` is the site's directory. Raises InputRefused as `refuse_near`,
    `file-exists`, `passphrase-repeated` and as `Secrets.new`; WorldFailed `site-write`.
    """
    refuse_near(folders, away_from)
    phrases = [told.new(str(folder)) for folder in folders]
    if len(set(phrases)) != len(phrases):
        raise errors.InputRefused("passphrase-repeated", ", ".join(map(str, folders)))
    private = [ed25519.Ed25519PrivateKey.generate() for _ in folders]
    publics = [key.public_key().public_bytes_raw() for key in private]
    made = []
    for number, folder in enumerate(folders, 1):
        file = folder / f"release-{number}.key"
        try:
            new_file.make_directory(folder)
            new_file.write(file, sealed_key.write(private[number - 1], phrases[number - 1]))
            new_file.publish(folder / PUBLIC_FILE, _encode(publics))
        except FileExistsError as error:
            raise errors.InputRefused("file-exists", str(folder)) from error
        except OSError as error:
            raise errors.WorldFailed("site-write", str(folder), reason=error.strerror) from error
        made.append(Made(file, publics[number - 1]))
    for key in made:
        proof.prove_signer(files.open_signer(key.file, key.public, told))
    return made


def refuse_near(folders: Sequence[Path], away_from: Path | None) -> None:
    """Refuse folders that one theft or one fire would take together.

    Inside each other or the site, beside each other on one disk, or with such a key already.
    Raises InputRefused `release-in-site`, `release-used`, `release-inside`, `release-beside`.
    """
    real = [folder.resolve() for folder in folders]
    for folder, path in zip(folders, real, strict=True):
        site = None if away_from is None else away_from.resolve()
        if site is not None and (path.is_relative_to(site) or site.is_relative_to(path)):
            raise errors.InputRefused("release-in-site", str(folder))
        if any(path.glob(_PATTERN)) or (path / PUBLIC_FILE).exists():
            raise errors.InputRefused("release-used", str(folder))
    for one, other in itertools.combinations(real, 2):
        if one.is_relative_to(other) or other.is_relative_to(one):
            raise errors.InputRefused("release-inside", str(one))
        if one.parent == other.parent and device(one) == device(other):
            raise errors.InputRefused("release-beside", str(one))


def device(folder: Path) -> int:
    """Return the number of the disk that a folder is on, or will be on."""
    while not folder.exists():
        folder = folder.parent
    return os.stat(folder).st_dev


def refuse_known(site: files.Site) -> None:
    """Refuse a site that has release keys: what hubs believe is not changed by the way."""
    if site.roles[keys.RELEASE].keys:
        raise errors.InputRefused("release-known", str(site.directory / files.DESCRIPTION))


def take_up(site: files.Site, role: keys.Role) -> files.Site:
    """Name the release keys in a site's description; return the site anew.

    Raises InputRefused `site-malformed` for a key that has another role, WorldFailed `site-write`.
    """
    path = site.directory / files.DESCRIPTION
    roles = {**site.roles, keys.RELEASE: role}
    encoded = description.encode(dataclasses.replace(site.described, roles=roles))
    description.decode(encoded, str(path))
    try:
        new_file.replace(path, encoded)
    except OSError as error:
        raise errors.WorldFailed("site-write", str(path), reason=error.strerror) from error
    return files.load(site.directory, site.secrets)


def role_of(publics: Sequence[bytes]) -> keys.Role:
    """Return the role as a site's description has it: the keys are elsewhere."""
    held = tuple(keys.RoleKey(public, keys.ELSEWHERE) for public in publics)
    return keys.Role(keys.THRESHOLDS[keys.RELEASE], held)


def read_public(file: Path) -> keys.Role:
    """Read `release.json`. Raises InputRefused `file-read`, `release-malformed`."""
    try:
        data = files.read(file, description.MAX_BYTES)
        fields = json.loads(data)
        if fields.keys() != {"format", "threshold", "keys"}:
            raise errors.InputRefused("release-malformed", str(file))
        fits = (fields["format"], fields["threshold"]) == (FORMAT, keys.THRESHOLDS[keys.RELEASE])
        role = role_of([bytes.fromhex(public) for public in fields["keys"]])
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise errors.InputRefused("release-malformed", str(file)) from error
    lengths = {len(public) for public in role.publics}
    if not fits or (len(set(role.publics)), lengths) != (COUNT, {keys.PUBLIC_KEY_BYTES}):
        raise errors.InputRefused("release-malformed", str(file))
    return role


def _encode(publics: Sequence[bytes]) -> bytes:
    fields = {
        "format": FORMAT,
        "threshold": keys.THRESHOLDS[keys.RELEASE],
        "keys": [public.hex() for public in publics],
    }
    return (json.dumps(fields, indent=2) + "\n").encode()

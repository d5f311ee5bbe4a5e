"""Make a new site: keys, roots, certificate and `site.json`, in that order.

Which keys are under a passphrase: all that a person is present for. `collector.key` and
`server.key` are not, as the collector starts by itself after a power cut; who gets them can
answer hubs in the collector's place until the trust names another, and opens no reading.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from varde_host import errors
from varde_host.site import (
    certificates,
    description,
    files,
    keys,
    new_file,
    passphrases,
    proof,
    sealed_key,
    token_uri,
)

PART: Final = files.DESCRIPTION + new_file.PART

TOKEN_ROLES: Final = (keys.TRUST, keys.ASSIGNMENT, keys.SERVICE)
"""Roles whose keys may be in a token from the start; release keys come by `release_keys`."""


@dataclass(frozen=True)
class Plan:
    """Which keys a site gets. `passphrase` None is for trials; `tokens` hold roles' first keys.

    One of two trust keys is enough by default: the second is a spare in another place, as losing
    the last trust key means a visit to every home, and losing one is likelier than a theft from
    under a passphrase. Who can share the duty takes three, two of which sign.
    """

    passphrase: bytes | None = field(default=None, repr=False)
    trust_keys: int = 2
    trust_threshold: int = 1
    tokens: Mapping[str, Sequence[token_uri.TokenUri]] = field(default_factory=dict)


def create(
    directory: Path,
    name: str,
    server_names: list[str],
    validity: certificates.Validity,
    plan: Plan | None = None,
    told: passphrases.Secrets | None = None,
) -> files.Site:
    """Create the site in an absent or empty directory, prove it, and return it.

    Raises InputRefused `site-exists`, `site-name` for what no certificate can hold, `trust-plan`,
    what tokens refuse (`token_signer`), WorldFailed `site-write`. A site broken off on the way has
    no `site.json`: start again in another directory.
    """
    plan = plan or Plan()
    told = told or passphrases.Secrets()
    if plan.passphrase is not None:
        told.tell(plan.passphrase)
    if not 1 <= plan.trust_threshold <= plan.trust_keys <= description.MAX_KEYS:
        raise errors.InputRefused("trust-plan", str(directory), most=description.MAX_KEYS)
    made = _issue(name, server_names, validity)
    roles = {role: _role_keys(role, plan, told) for role in keys.ROLES}
    try:
        prepare(directory)
        described = _write_all(directory, (name, server_names), made, roles, plan)
        new_file.write(directory / PART, description.encode(described))
        site = files.load(directory, told, PART)
        proof.admit(site, PART, proof.check(site, _within(validity)))
    except OSError as error:
        raise errors.WorldFailed("site-write", str(directory), reason=error.strerror) from error
    return files.load(directory, told)


def prepare(directory: Path) -> None:
    """Make an absent directory, or see that it is empty. Raises InputRefused `site-exists`."""
    new_file.make_directory(directory)
    if any(directory.iterdir()):
        raise errors.InputRefused("site-exists", str(directory))


def _within(validity: certificates.Validity) -> dt.datetime:
    """Return now, or the nearest moment at which certificates asked for other days hold."""
    return min(max(dt.datetime.now(dt.UTC), validity.first), validity.last)


def _issue(
    name: str, server_names: list[str], validity: certificates.Validity
) -> list[certificates.Issued]:
    """Make both roots and the server's certificate, before anything is written."""
    try:
        description.check_names(name, server_names)
        roots = [
            certificates.issue_root(f"Varde {name} root {number}", validity) for number in (1, 2)
        ]
        return [*roots, certificates.issue_server(server_names, roots[0], validity)]
    except ValueError as error:
        where = ", ".join([name, *server_names])
        raise errors.InputRefused("site-name", where, reason=error) from error


RoleKeys = list[tuple[keys.RoleKey, ed25519.Ed25519PrivateKey | None]]


def _role_keys(role: str, plan: Plan, told: passphrases.Secrets) -> RoleKeys:
    """Return those of the role's keys that tokens have, and make the others."""
    places = [str(uri) for uri in plan.tokens.get(role, ())]
    signers = [files.open_signer(place, None, told) for place in places]
    found: RoleKeys = [
        (keys.RoleKey(signer.public, place), None)
        for signer, place in zip(signers, places, strict=True)
    ]
    for name in _names(role, plan)[len(found) :]:
        made = ed25519.Ed25519PrivateKey.generate()
        found.append((keys.RoleKey(made.public_key().public_bytes_raw(), name), made))
    return found


def _names(role: str, plan: Plan) -> list[str]:
    """Return the files of a role's keys. Release keys are never made with a site."""
    if role == keys.RELEASE:
        return []
    if role == keys.TRUST:
        return [f"{role}-{number}.key" for number in range(1, plan.trust_keys + 1)]
    return [f"{role}.key"]


def _write_all(
    directory: Path,
    names: tuple[str, list[str]],
    made: list[certificates.Issued],
    roles: dict[str, RoleKeys],
    plan: Plan,
) -> description.Description:
    """Write all but the description, and return it."""
    passphrase = plan.passphrase
    thresholds = {**keys.THRESHOLDS, keys.TRUST: plan.trust_threshold}
    collector = ed25519.Ed25519PrivateKey.generate()
    receiver = x25519.X25519PrivateKey.generate()
    stems = (*files.ROOTS, files.SERVER)
    pairs: list[tuple[str, sealed_key.PrivateKey, bytes | None]] = [
        (files.COLLECTOR_KEY, collector, None),
        (files.RECEIVER_KEY, receiver, passphrase),
        *((f"{stem}.key", issued.key, None if stem == files.SERVER else passphrase)
          for stem, issued in zip(stems, made, strict=True)),
        *((key.place, private, passphrase)
          for held in roles.values() for key, private in held if private is not None),
    ]  # fmt: skip
    for file, key, phrase in pairs:
        new_file.write(directory / file, sealed_key.write(key, phrase))
    for stem, issued in zip(stems, made, strict=True):
        pem = issued.certificate.public_bytes(serialization.Encoding.PEM)
        new_file.write(directory / f"{stem}.pem", pem)
    return description.Description(
        names[0],
        secrets.token_bytes(description.SITE_ID_BYTES),
        tuple(names[1]),
        keys.RoleKey(collector.public_key().public_bytes_raw(), files.COLLECTOR_KEY),
        keys.RoleKey(receiver.public_key().public_bytes_raw(), files.RECEIVER_KEY),
        tuple(f"{stem}.pem" for stem in files.ROOTS),
        {role: keys.Role(thresholds[role], tuple(key for key, _private in held))
         for role, held in roles.items()},
    )  # fmt: skip

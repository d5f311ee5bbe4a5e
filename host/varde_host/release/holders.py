"""Whose signatures make a release: three public keys, of which two must sign.

They come from the `release.json` that lies beside each key, from a site's description, or from a
trust document, which is what a hub goes by.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from varde_host import errors
from varde_host.site import files, keys, passphrases, release_keys
from varde_protocols import documents, sealing, trust, trust_chain


@dataclass(frozen=True)
class Holders:
    """The public keys, and how many of them must sign."""

    publics: tuple[bytes, ...]
    threshold: int

    def name(self, public: bytes) -> str:
        """Return what a key is called: by its id, since not every source numbers them alike."""
        return sealing.key_id(public).hex()

    def by_kid(self) -> dict[bytes, bytes]:
        """Return the public keys by their ids."""
        return {sealing.key_id(public): public for public in self.publics}


def find(public: Path | None, trust_file: Path | None, site: Path | None) -> Holders:
    """Read them from the one place that is named. Raises InputRefused `release-holders`, and as
    `release_keys.read_public`, `files.load`, `trust_chain.first`."""
    if [public, trust_file, site].count(None) != 2:
        raise errors.InputRefused("release-holders")
    if public is not None:
        return _of_role(release_keys.read_public(public), str(public))
    if trust_file is not None:
        data = files.read(trust_file, documents.MAX_DOCUMENT_BYTES)
        return _of_trust(trust_chain.first(data), str(trust_file))
    loaded = files.load(site or Path(), passphrases.Secrets())
    return _of_role(loaded.roles[keys.RELEASE], str(site))


def _of_role(role: keys.Role, where: str) -> Holders:
    if not role.publics:
        raise errors.InputRefused("release-no-keys", where)
    return Holders(role.publics, role.threshold)


def _of_trust(believed: trust.Trust, where: str) -> Holders:
    publics = believed.keys(trust.ROLE_RELEASE)
    if not publics:
        raise errors.InputRefused("release-no-keys", where)
    return Holders(tuple(publics), believed.roles[trust.ROLE_RELEASE][0])

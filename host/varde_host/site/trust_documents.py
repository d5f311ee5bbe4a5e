"""The site's trust as documents: one an epoch, kept beside the keys, each following the last.

`trust-epoch-1.cbor`, `trust-epoch-2.cbor`, ... are public. All are kept: a hub that slept follows
from the one that it has. A new one is signed when the site's description says something else than
the last: it takes holders of the old trust keys and of the new.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from varde_host import errors
from varde_host.site import files, keys, new_file
from varde_protocols import documents, trust, trust_chain
from varde_protocols.errors import WireError

# The roles' numbers in the trust (`trust.ROLE_...`).
NUMBERS = {
    keys.TRUST: trust.ROLE_TRUST,
    keys.RELEASE: trust.ROLE_RELEASE,
    keys.ASSIGNMENT: trust.ROLE_ASSIGNMENT,
    keys.SERVICE: trust.ROLE_SERVICE,
}


def described(site: files.Site, epoch: int, signed_ms: int) -> trust.Trust:
    """Return what the site's description says, as the trust of an epoch.

    Raises DocumentError for what no hub may believe, such as one key in two roles.
    """
    roles = {
        NUMBERS[name]: [role.threshold, sorted(role.publics)]
        for name, role in site.roles.items()
        if role.publics  # nobody holds it yet: release keys, before `varde site release-keys`
    }
    return trust.Trust(
        epoch, site.site_id, roles, site.roots_der(), site.collector_public,
        site.receiver_public, trust.EDDSA, signed_ms,
    )  # fmt: skip


def path(site: files.Site, epoch: int) -> Path:
    """Return where the document of an epoch is kept."""
    return site.directory / f"trust-epoch-{epoch}.cbor"


def newest(site: files.Site) -> tuple[trust.Trust, bytes] | None:
    """Return the last trust that was signed and its document; None before the first.

    Raises as `chain`.
    """
    found = chain(site)
    return found[-1] if found else None


def chain(site: files.Site) -> list[tuple[trust.Trust, bytes]]:
    """Return all trusts and their documents from the first on, each verified with the one before.

    Raises InputRefused `trust-hole` if one lacks between others, `file-read`; DocumentError,
    CoseError, CborError.
    """
    found: list[tuple[trust.Trust, bytes]] = []
    while path(site, len(found) + 1).exists():
        data = _read(path(site, len(found) + 1))
        found.append((_checked(data, found[-1][0] if found else None), data))
    kept = {_epoch(file.name) for file in site.directory.glob("trust-epoch-*.cbor")}
    if max(kept, default=0) > len(found):
        raise errors.InputRefused("trust-hole", path(site, len(found) + 1).name)
    return found


def _epoch(name: str) -> int:
    """Return the epoch of a file's name, 0 if it has none."""
    named = re.fullmatch(r"trust-epoch-([1-9][0-9]{0,9})\.cbor", name)
    return int(named[1]) if named else 0


def _checked(data: bytes, before: trust.Trust | None) -> trust.Trust:
    return trust_chain.first(data) if before is None else trust_chain.following(before, data)


def issue(
    site: files.Site, signed_ms: int, places: Sequence[str] = ()
) -> tuple[trust.Trust, bytes]:
    """Return the trust that the site's description asks for, and its document.

    Signs and keeps a new one if the last says something else; `places` are keys that are not
    with the site, or no longer: the old trust may need one that has been replaced. Raises as
    `newest` and `files.Site.signers`, InputRefused `trust-holders` if these keys are not enough
    for the old trust and the new, WorldFailed `file-write`.
    """
    last = newest(site)
    if last is not None:
        old, data = last
        if described(site, old.epoch, old.signed_ms) == old:
            return old, data
    made = described(site, 1 if last is None else last[0].epoch + 1, signed_ms)
    wanted = [made] if last is None else [made, last[0]]
    count = max(each.roles[trust.ROLE_TRUST][0] for each in wanted)
    former = {public for each in wanted for public in each.keys(trust.ROLE_TRUST)}
    former -= set(site.roles[keys.TRUST].publics)
    signers = site.signers(keys.TRUST, count, places, former)
    payload = made.encode()
    try:
        data = documents.sign(documents.TRUST, payload, signers)
        _checked(data, None if last is None else last[0])
    except (WireError, ValueError) as error:  # more signers than a document holds
        raise errors.InputRefused("trust-holders", str(site.directory), reason=error) from error
    _keep(path(site, made.epoch), data)
    return made, data


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise errors.InputRefused("file-read", str(file), reason=error.strerror) from error


def _keep(file: Path, data: bytes) -> None:
    """Let it appear whole: half a trust would stop every later one."""
    try:
        file.with_name(file.name + new_file.PART).unlink(missing_ok=True)  # of one cut off
        new_file.publish(file, data)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(file), reason=error.strerror) from error

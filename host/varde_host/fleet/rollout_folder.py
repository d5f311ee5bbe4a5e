"""A rollout on the disk, `fleet/rollouts/NAME/`: what was signed for it, and how it ended.

    plan.toml, plan.toml.cose    the plan as it was signed
    release.payload              what the release says, if it was there; its digest is signed
    hubs/HUB ID.cbor             the assignment of each hub, signed; with passwords: not for git
    .gitignore                   which says so
    ended                        from when nothing more is published: how, when, why

The folder appears whole or not at all: it is made in `fleet/starting/NAME`, which whoever starts
next clears away. All that is read is held against signatures again, so that a file that was
changed, or put there, stops the rollout and is not believed. Whose ring a hub is in stands in
its assignment.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from varde_host import errors
from varde_host.fleet import desk, groups, plan_file, plan_signature, rollout, under_way
from varde_host.site import files, keys, new_file, trust_documents
from varde_protocols import assignment, documents, release
from varde_protocols.errors import WireError

PLAN: Final = "plan.toml"
RELEASE: Final = "release.payload"
HUBS: Final = "hubs"
STARTING: Final = "starting"
_IGNORE: Final = ".gitignore"
_ENDING: Final = ".cbor"
_MAX_ENDED_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Ended:
    """How a rollout ended: `how` as in `rollout`, `reasons` as there, hubs in hex; `said` is what
    the person who stopped it gave as a reason."""

    how: str
    at_ms: int
    by: str = ""
    reasons: tuple[dict[str, Any], ...] = ()
    said: str = ""


@dataclass(frozen=True)
class Prepared:
    """One hub's assignment, as it was signed for the rollout."""

    ring: int
    given: assignment.Assignment
    document: bytes


@dataclass(frozen=True)
class Rollout:
    """A rollout that was started. `hubs` go by their ids."""

    path: Path
    plan: plan_file.Plan
    named: plan_signature.Release
    """Number and digest of the release, as they were signed."""
    release: release.Release | None
    """What it says; None if the plan had only number and digest."""
    hubs: Mapping[bytes, Prepared]
    ended: Ended | None

    @property
    def number(self) -> int:
        """The release's number."""
        return self.named[0]


def place(site: Path, name: str) -> Path:
    """Return where a rollout is."""
    return desk.folder(site) / desk.ROLLOUTS / name


def names(site: Path) -> list[str]:
    """Return the names of all rollouts."""
    folder = desk.folder(site) / desk.ROLLOUTS
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def write(
    site: Path, plan: bytes, signature: bytes, name: str, payload: bytes | None,
    hubs: Mapping[bytes, bytes],
) -> None:  # fmt: skip
    """Let a rollout appear whose name is free. The caller holds the desk. WorldFailed."""
    part = desk.folder(site) / STARTING / name
    whole = place(site, name)
    try:
        _clear(part)
        new_file.make_directory(part / HUBS)
        for hub_id, document in hubs.items():
            new_file.write(part / HUBS / f"{hub_id.hex()}{_ENDING}", document)
        new_file.sync_directory(part / HUBS)
        new_file.write(part / _IGNORE, f"{HUBS}/\n".encode())
        new_file.write(part / PLAN, plan)
        new_file.write(plan_signature.beside(part / PLAN), signature)
        if payload is not None:
            new_file.write(part / RELEASE, payload)
        new_file.sync_directory(part)
        new_file.make_directory(whole.parent)
        os.rename(part, whole)
        new_file.sync_directory(whole.parent)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(whole), reason=error.strerror) from error


def replace(found: Rollout, hub_id: bytes, document: bytes) -> None:
    """Put another assignment in the place of one that cannot be published any more."""
    desk.write(found.path / HUBS / f"{hub_id.hex()}{_ENDING}", document)


def end(found: Rollout, ended: Ended) -> None:
    """Say that nothing more is published; the first word stands. Raises WorldFailed."""
    path = found.path / under_way.ENDED
    data = json.dumps(dataclasses.asdict(ended), indent=1).encode() + b"\n"
    part = path.with_name(path.name + new_file.PART)
    try:
        part.unlink(missing_ok=True)  # of one that was cut off
        new_file.write(part, data)
        with contextlib.suppress(FileExistsError):
            new_file.appear(part, path)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error


def ended(site: Path, name: str) -> Ended | None:
    """Return how a rollout ended, without reading the rest of it; None for one that has not."""
    return _ended(place(site, name))


def load(site: files.Site, name: str) -> Rollout:
    """Return a rollout, its signatures verified by the site's description.

    Raises InputRefused `rollout-unknown`, `rollout-damaged` for what was not signed so, and as
    `plan_file.read` and `plan_signature.verify`.
    """
    path = place(site.directory, name)
    if not (path / PLAN).is_file() or name not in names(site.directory):
        raise errors.InputRefused("rollout-unknown", ascii(name[:40])[1:-1])
    plan, _ = plan_file.read(path / PLAN)
    signature = plan_signature.read(path / PLAN)
    publics = site.roles[keys.ASSIGNMENT].publics
    named, _ = plan_signature.verify(plan, signature, publics, str(path / PLAN))
    if plan.name != name:
        raise _damaged(path / PLAN, "name")
    hubs = _hubs(site, path, plan, named)
    return Rollout(path, plan, named, _release(path, named), hubs, _ended(path))


def _release(path: Path, named: plan_signature.Release) -> release.Release | None:
    if not (path / RELEASE).exists():
        return None
    payload = files.read(path / RELEASE, documents.MAX_DOCUMENT_BYTES)
    if release.digest(payload) != named[1]:
        raise _damaged(path / RELEASE, "digest")
    return release.decode(payload)


def _hubs(
    site: files.Site, path: Path, plan: plan_file.Plan, named: plan_signature.Release
) -> dict[bytes, Prepared]:
    numbers = {ring.name: number for number, ring in enumerate(plan.rings)}
    believed = trust_documents.described(site, 1, 0)
    found = {}
    for file in sorted((path / HUBS).iterdir()):
        if file.name.endswith(new_file.PART):
            continue
        if file.suffix != _ENDING or not groups.HUB_ID.fullmatch(file.stem):
            raise _damaged(file, "name")
        hub_id = bytes.fromhex(file.stem)
        document = files.read(file, documents.MAX_DOCUMENT_BYTES)
        try:
            given = assignment.verify(document, believed, hub_id)
        except WireError as error:
            raise _damaged(file, error.code) from error
        if given.hub_id != hub_id or given.ring not in numbers or given.release != list(named):
            raise _damaged(file, "content")
        found[hub_id] = Prepared(numbers[given.ring], given, document)
    return found


def _ended(path: Path) -> Ended | None:
    """Return how it ended; whatever stands in the file, where it is there is an end."""
    file = path / under_way.ENDED
    if not file.exists():
        return None
    try:
        told = json.loads(files.read(file, _MAX_ENDED_BYTES))
        reasons = tuple(dict(reason) for reason in told["reasons"])
        said = str(told.get("said", ""))
        return Ended(str(told["how"]), int(told["at_ms"]), str(told["by"]), reasons, said)
    except (ValueError, KeyError, TypeError, RecursionError):
        return Ended(rollout.STOPPED, 0)


def _clear(part: Path) -> None:
    """Take away what an earlier start was cut off in; only what such a start writes."""
    for folder in (part / HUBS, part):
        if not folder.is_dir() or folder.is_symlink():
            continue
        for file in sorted(folder.iterdir()):
            known = {PLAN, f"{PLAN}{plan_signature.SUFFIX}", RELEASE, _IGNORE}
            if file.name not in known and file.suffix != _ENDING:
                raise _damaged(file, "name")
            os.unlink(file)
        os.rmdir(folder)


def _damaged(path: Path, what: str) -> errors.InputRefused:
    return errors.InputRefused("rollout-damaged", str(path), what=what)

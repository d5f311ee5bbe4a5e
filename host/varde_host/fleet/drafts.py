"""Drafts on the disk: `fleet/drafts/HUB ID.cbor`, a file a hub, for the owner's eyes only.

    {1: << changes >>, 2: << was >>}, each a map of settings by field (`desired.Draft`)

They hold homes' WiFi passwords: 0600, never in git, gone as soon as they are pushed.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

from varde_host import errors
from varde_host.fleet import desired, desk, groups
from varde_host.fleet.desired import Draft
from varde_host.site import new_file
from varde_protocols import cbor, documents
from varde_protocols.errors import WireError

SUFFIX: Final = ".cbor"
# An assignment's settings, twice.
MAX_BYTES: Final = 2 * documents.MAX_DOCUMENT_BYTES

_CHANGES, _WAS = 1, 2
_IGNORE_FILE, _IGNORE_ALL = ".gitignore", b"*\n"


def load(site: Path, hub_id: str) -> Draft:
    """Return a hub's draft, an empty one if there is none.

    Raises InputRefused `draft-malformed`, `file-read`.
    """
    path = _path(site, hub_id)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Draft()
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    try:
        told = cbor.decode(data, max_bytes=MAX_BYTES)
        if type(told) is dict and set(told) == {_CHANGES, _WAS}:
            return Draft(_settings(told[_CHANGES]), _settings(told[_WAS]))
    except (WireError, TypeError):
        pass
    raise errors.InputRefused("draft-malformed", str(path))


def _settings(data: bytes) -> desired.Plain:
    """Return the map; raises WireError, TypeError."""
    told = cbor.decode(data, max_bytes=MAX_BYTES)
    if type(told) is not dict or not set(told) <= set(desired.FIELDS):
        raise TypeError("settings")
    return told


def save(site: Path, hub_id: str, draft: Draft) -> None:
    """Keep a hub's draft; one without changes is removed. Raises WorldFailed `file-write`."""
    if not draft.changes:
        remove(site, hub_id)
        return
    path = _path(site, hub_id)
    ignore = path.with_name(_IGNORE_FILE)
    if not ignore.exists():
        desk.write(ignore, _IGNORE_ALL)
    parts = {_CHANGES: cbor.encode(draft.changes), _WAS: cbor.encode(draft.was)}
    desk.write(path, cbor.encode(parts))


def remove(site: Path, hub_id: str) -> bool:
    """Remove a hub's draft and what a cut-off command left of one; tell if there was one."""
    path = _path(site, hub_id)
    there = path.exists()
    try:
        for file in (path.with_name(path.name + new_file.PART), path):
            file.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            new_file.sync_directory(path.parent)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
    return there


def listing(site: Path) -> list[str]:
    """Return the ids of all hubs that have a draft, ascending."""
    place = desk.folder(site) / desk.DRAFTS
    files = place.glob(f"*{SUFFIX}") if place.is_dir() else ()
    return sorted(path.stem for path in files if groups.HUB_ID.fullmatch(path.stem))


def _path(site: Path, hub_id: str) -> Path:
    if not groups.HUB_ID.fullmatch(hub_id):
        raise ValueError(hub_id)  # ours: it would name another file
    return desk.folder(site) / desk.DRAFTS / (hub_id + SUFFIX)

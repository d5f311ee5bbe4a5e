"""A batch: kits that are made together. Its name and its members, and nothing else, are kept here.

    batches/NAME.json    {"form": 1, "name": "mai", "made_ms": ..., "kits": [...], "chips": [...]}

How far each is follows from the inventory (`stations`), so a batch is resumed by looking at it, on
whatever day. A board that has no kit yet is a member by its chip's id; its kit is found by that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from varde_host import errors
from varde_host.inventory import items, kit_id, kits
from varde_host.site import new_file

FOLDER: Final = "batches"
"""Its name in a site's folder."""
FORM: Final = 1
MAX_BYTES: Final = 256 * 1024
MAX_MEMBERS: Final = 200
"""Kits, and boards; a municipality's whole stock."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
_CHIP = re.compile(r"[0-9a-f]{12}")
_NOT_OURS: Final = (ValueError, TypeError, AttributeError, OverflowError, RecursionError)
"""What other JSON than ours, or of another version of this program, ends in."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Its members as they were added: `kits` by id, `chips` by the chip's id."""

    name: str
    made_ms: int
    kits: tuple[str, ...] = ()
    chips: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it lies on the disk, and for programs."""
        return {
            "form": FORM, "name": self.name, "made_ms": self.made_ms, "kits": list(self.kits),
            "chips": list(self.chips),
        }  # fmt: skip


def create(site: Path, name: str, now_ms: int, members: Iterable[str] = ()) -> Batch:
    """Begin a batch with these kits (the caller has looked).

    Raises InputRefused `batch-name`, `batch-known`, `kit-id`, `batch-full`; WorldFailed.
    """
    path = _path(site, name)
    made = _joined(Batch(name, now_ms), members, ())
    with _writing(path):
        new_file.make_directory(path.parent)
        path.with_name(path.name + new_file.PART).unlink(missing_ok=True)  # of one cut off
        try:
            new_file.publish(path, _bytes(made))
        except FileExistsError as error:
            raise errors.InputRefused("batch-known", name) from error
    return made


def add(site: Path, name: str, kit_ids: Iterable[str] = (), chips: Iterable[str] = ()) -> Batch:
    """Add members; those that are in it already change nothing. Raises as `load`, `create`."""
    old = load(site, name)
    made = _joined(old, kit_ids, chips)
    if made != old:
        with _writing(_path(site, name)):
            new_file.replace(_path(site, name), _bytes(made))
    return made


def load(site: Path, name: str) -> Batch:
    """Return a batch. Raises InputRefused `batch-name`, `batch-unknown`, `batch-file`."""
    path = _path(site, name)
    try:
        with path.open("rb") as file:
            found = parse(file.read(MAX_BYTES + 1), str(path))
    except FileNotFoundError as error:
        raise errors.InputRefused("batch-unknown", name) from error
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    if found.name != name:  # a copy
        raise errors.InputRefused("batch-file", str(path))
    return found


def listing(site: Path) -> list[Batch]:
    """Return all batches, the newest first; a file that is none is left out (`load` names it)."""
    found = []
    for path in (site / FOLDER).glob("*.json"):
        with suppress(errors.InputRefused):
            found.append(load(site, path.stem))
    return sorted(found, key=lambda each: (-each.made_ms, each.name))


def parse(data: bytes, where: str) -> Batch:
    """Return what a file's bytes say. Raises InputRefused `batch-file`."""
    try:
        found = json.loads(data)
        is_whole = len(data) <= MAX_BYTES and set(found) == {"form", *Batch.__slots__}
        if is_whole and found["form"] == FORM and _NAME.fullmatch(found["name"]):
            made = Batch(found["name"], int(found["made_ms"]))
            return _joined(made, found["kits"], found["chips"])
    except (*_NOT_OURS, errors.InputRefused) as error:
        raise errors.InputRefused("batch-file", where) from error
    raise errors.InputRefused("batch-file", where)


def members(connection: sa.Connection, batch: Batch) -> list[str]:
    """Return the ids of its kits, as they were added; those of its boards at the end.

    A kit that the inventory does not know (another's, or of a backup before it) is left out.
    """
    found = [kit for kit in batch.kits if _is_known(connection, kit)]
    for chip in batch.chips:
        hub = items.hub_of(connection, chip)
        if hub is not None and hub.kit_id is not None:
            found.append(hub.kit_id)
    return list(dict.fromkeys(found))


def _is_known(connection: sa.Connection, kit: str) -> bool:
    try:
        kits.find(connection, kit)
    except errors.InputRefused:
        return False
    return True


def _joined(batch: Batch, kit_ids: Iterable[str], chips: Iterable[str]) -> Batch:
    both = dict.fromkeys([*batch.kits, *map(kit_id.check, kit_ids)])
    boards = dict.fromkeys([*batch.chips, *chips])
    if len(both) > MAX_MEMBERS or len(boards) > MAX_MEMBERS:
        raise errors.InputRefused("batch-full", batch.name, most=MAX_MEMBERS)
    if not all(_CHIP.fullmatch(chip) for chip in boards):
        raise errors.InputRefused("batch-file", batch.name)
    return replace(batch, kits=tuple(both), chips=tuple(boards))


def _path(site: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise errors.InputRefused("batch-name", name[:30])
    return site / FOLDER / f"{name}.json"


def _bytes(batch: Batch) -> bytes:
    return json.dumps(batch.as_json(), ensure_ascii=True, sort_keys=True).encode()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error

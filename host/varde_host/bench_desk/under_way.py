"""What the desk was at: a small file, so that who comes back after a power cut sees it.

    {"form": 1, "next": 7, "jobs": [{"number": 6, "kind": "accept", "by": "lagertekniker:t17",
                                     "what": {"kit": "..."}, "began_ms": 1795366864242}]}

Nothing hangs on it: what is finished stands in the inventory, and an order that is given again
goes on where that says. A file that cannot be read is put aside, and the desk begins empty.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from varde_host import errors
from varde_host.bench_desk import orders
from varde_host.inventory import who
from varde_host.site import new_file

FILE: Final = "desk.json"
"""Its name in a site's folder."""
LOCK: Final = "desk.lock"
FORM: Final = 1
MAX_BYTES: Final = 256 * 1024


_NOT_OURS: Final = (KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What other JSON than ours, or of another version of this program, ends in."""


@dataclass(frozen=True, slots=True)
class Left:
    """An order that was under way."""

    number: int
    by: who.Who
    order: orders.Order
    began_ms: int


@contextlib.contextmanager
def alone(site: Path) -> Iterator[None]:
    """Be the only program that keeps this file of a site; it ends with the process, however that
    ends. Raises InputRefused `desk-open` where another one does, WorldFailed `file-write`."""
    path = site / LOCK
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, new_file.PRIVATE_MODE)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise errors.InputRefused("desk-open", str(site)) from error
        yield
    finally:
        os.close(lock)


def keep(path: Path, following: int, left: Sequence[Left]) -> None:
    """Put it on the disk in one step. Raises WorldFailed `file-write`."""
    rows = [
        {
            "number": each.number, "kind": each.order.kind, "by": str(each.by),
            "what": orders.values(each.order), "began_ms": each.began_ms,
        }
        for each in left
    ]  # fmt: skip
    data = json.dumps({"form": FORM, "next": following, "jobs": rows}, ensure_ascii=True)
    try:
        new_file.replace(path, data.encode())
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error


def load(path: Path) -> tuple[int, list[Left]]:
    """Return the next number, and what was under way; 1 and nothing where there is no file."""
    try:
        with path.open("rb") as file:
            return parse(file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return 1, []
    except (OSError, ValueError):
        with contextlib.suppress(OSError):
            path.replace(path.with_name(path.name + ".unread"))
        return 1, []


def parse(data: bytes) -> tuple[int, list[Left]]:
    """Return what a file's bytes say. ValueError for anything but what `keep` writes."""
    try:
        found = json.loads(data)
        if not isinstance(found, dict) or found["form"] != FORM or len(data) > MAX_BYTES:
            raise ValueError("form")
        left = [_left(row) for row in found["jobs"]]
        numbers = [each.number for each in left]
        return max([int(found["next"]), *(number + 1 for number in numbers)]), left
    except (*_NOT_OURS, errors.InputRefused) as error:
        raise ValueError("form") from error


def _left(row: Mapping[str, Any]) -> Left:
    order = orders.order(row["kind"], row["what"])
    for name, value in orders.values(order).items():
        if not isinstance(value, (str, bool, int, tuple, type(None))):
            raise TypeError(name)
    return Left(int(row["number"]), who.parse(str(row["by"])), order, int(row["began_ms"]))

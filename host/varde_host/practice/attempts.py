"""What came of exercises: a file each, `practice/results/...json`, written once it was done.

    {"form": 1, "exercise": "cuff-leaks", "function": "lagertekniker", "person": "t17",
     "began_ms": ..., "done_ms": ..., "hints": 0, "site": "<id of the site that is no more>"}

No value that was measured, and nothing of the world itself: that is thrown away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from varde_host import errors
from varde_host.inventory import who
from varde_host.practice import exercises
from varde_host.site import files, new_file

FOLDER: Final = Path("practice")
VARIABLE: Final = "VARDE_PRACTICE"
RESULTS: Final = "results"
FORM: Final = 1
MAX_BYTES: Final = 4096
MOST_MS: Final = 1 << 53
_SITE = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One exercise, done by somebody; `hints` were looked at."""

    exercise: str
    function: str
    person: str
    began_ms: int
    done_ms: int
    hints: int
    site: str

    @property
    def is_unaided(self) -> bool:
        """Nobody helped, nor did a hint."""
        return self.hints == 0


def keep(folder: Path, attempt: Attempt) -> Path:
    """Write an attempt down; return its file. Raises WorldFailed `file-write`."""
    path = folder / RESULTS / f"{attempt.done_ms}-{attempt.exercise}-{attempt.person}.json"
    data = json.dumps({"form": FORM, **asdict(attempt)}, indent=1).encode() + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new_file.replace(path, data)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error
    return path


def listing(folder: Path, person: str | None = None) -> Sequence[Attempt]:
    """Return all that were done, the oldest first. Raises InputRefused `practice-result`."""
    found = [_read(path) for path in (folder / RESULTS).glob("*.json")]
    mine = [each for each in found if person is None or each.person == person]
    return sorted(mine, key=lambda each: (each.done_ms, each.exercise))


def best(done: Sequence[Attempt]) -> Sequence[Attempt]:
    """Return of each exercise the one with the fewest hints, and of these the first, in order."""
    found: dict[str, Attempt] = {}
    for each in sorted(done, key=lambda each: (each.hints, each.done_ms)):
        found.setdefault(each.exercise, each)
    return [found[name] for name in exercises.known() if name in found]


def _read(path: Path) -> Attempt:
    refused = errors.InputRefused("practice-result", str(path))
    data = files.read(path, MAX_BYTES)
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise refused from error
    if not isinstance(fields, dict) or fields.pop("form", None) != FORM or not _is_fit(fields):
        raise refused
    return Attempt(**fields)


def _is_fit(fields: dict[str, Any]) -> bool:
    if set(fields) != set(Attempt.__dataclass_fields__):
        return False
    numbers = [fields[name] for name in ("began_ms", "done_ms", "hints")]
    if not all(type(each) is int and 0 <= each < MOST_MS for each in numbers):
        return False
    try:
        who.Who(fields["function"], fields["person"])
    except (errors.InputRefused, TypeError):
        return False
    is_site = isinstance(fields["site"], str) and _SITE.fullmatch(fields["site"]) is not None
    is_known = isinstance(fields["exercise"], str) and fields["exercise"] in exercises.known()
    return bool(is_site and is_known and fields["began_ms"] <= fields["done_ms"])

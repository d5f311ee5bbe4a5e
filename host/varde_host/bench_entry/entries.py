"""Half-done entries: one small file each, in the site's folder, for its owner's eyes only."""

from __future__ import annotations

import dataclasses
import json
import random
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from varde_host import errors
from varde_host.inventory import birth_number
from varde_host.inventory.who import Who
from varde_host.site import new_file

FOLDER: Final = "entries"
"""In the site's folder."""
SUFFIX: Final = ".json"
MAX_FILE_BYTES: Final = 64 * 1024
"""Ten answers of 200 characters, given twice, with room for whatever characters they are."""
MAX_GIVEN: Final = 400
"""Characters of what an entry begins with: a code, a sentence, a way back."""
RECENT_MS: Final = 12 * 3_600_000
"""So long an answer is likely the next kit's as well. After a night the bottle is another one."""
MOST: Final = 200
"""Half-done entries of a site; more is a program gone mad, not people."""
_REMEMBERED: Final = "remembered"
_MAX_MS: Final = 1 << 47
"""What the calendar can still show."""
_ID = re.compile(r"[0-9a-f]{8}")
_IGNORE: Final = (".gitignore", b"*\n")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `about` is the kit or thing it is for, "" for none; `given` is what it began with
    (a code that was scanned, the number of a deviation). `answers` are those that were checked,
    `earlier` what stood in questions that are to be answered anew, and `typed` what stands in the
    box of the question that is open. `person` began it, at `began_ms`.
    """

    id: str
    flow: str
    about: str
    person: str
    began_ms: int
    given: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    earlier: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For programs, and for the file."""
        return dataclasses.asdict(self)


def begin(
    site: Path, flow: str, about: str, by: Who, now_ms: int, given: Mapping[str, str]
) -> Entry:
    """Make an entry and keep it; the one that is half done about the same, if there is one.

    Raises InputRefused `entries-many`, `birth-number`, `text-form`, WorldFailed `file-write`.
    """
    for name, text in given.items():
        birth_number.refuse_true(text, name)
        if len(text) > MAX_GIVEN:
            raise errors.InputRefused("text-form", name, most=MAX_GIVEN)
    known = listing(site)
    for entry in known:
        if entry.flow == flow and entry.about == about and _is_same(entry, by, given):
            return _gone_on(site, entry, given)
    if len(known) >= MOST:
        raise errors.InputRefused("entries-many", str(site / FOLDER), most=MOST)
    entry = Entry(secrets.token_hex(4), flow, about, by.person, now_ms, dict(given))
    keep(site, entry)
    return entry


def _is_same(entry: Entry, by: Who, given: Mapping[str, str]) -> bool:
    """About a kit one entry of a kind is enough, whoever goes on with it; about nothing that is
    there yet everybody has their own."""
    if entry.about:
        return entry.given.get("note") == given.get("note")
    return entry.person == by.person and entry.given == given


def _gone_on(site: Path, entry: Entry, given: Mapping[str, str]) -> Entry:
    """Return an entry that is gone on with. If its kit has been somewhere else since it was begun,
    all is asked again, with what was answered in the box."""
    if entry.given.get("seen") == given.get("seen"):
        return entry
    earlier = {**entry.earlier, **entry.answers}
    changed = dataclasses.replace(entry, given=dict(given), answers={}, earlier=earlier, typed={})
    keep(site, changed)
    return changed


def keep(site: Path, entry: Entry) -> None:
    """Keep an entry as it is now: on the disk when this returns. Raises WorldFailed."""
    _write(site, entry.id, entry.as_json())


def load(site: Path, entry_id: str) -> Entry:
    """Return an entry. Raises InputRefused `entry-gone` for one that was ended or never was."""
    if not _ID.fullmatch(entry_id):
        raise errors.InputRefused("entry-gone", entry_id[:20])
    found = _read(site, entry_id)
    if found is None:
        raise errors.InputRefused("entry-gone", entry_id)
    try:
        entry = Entry(**found)
    except TypeError as error:
        raise errors.InputRefused("entry-malformed", entry_id) from error
    if entry.id != entry_id or not _is_whole(entry):
        raise errors.InputRefused("entry-malformed", entry_id)
    return entry


def _is_whole(entry: Entry) -> bool:
    """Tell if a file has what the program writes: another version's may have other things."""
    texts = (entry.flow, entry.about, entry.person)
    maps = (entry.given, entry.answers, entry.earlier, entry.typed)
    if not all(isinstance(each, dict) for each in maps):
        return False
    values = [value for each in maps for value in each.values()]
    is_moment = type(entry.began_ms) is int and 0 <= entry.began_ms < _MAX_MS
    return is_moment and all(isinstance(each, str) for each in (*texts, *values))


def drop(site: Path, entry_id: str) -> None:
    """Forget an entry, done or not wanted. Raises WorldFailed `file-write`."""
    if not _ID.fullmatch(entry_id):
        raise errors.InputRefused("entry-gone", entry_id[:20])
    path = _path(site, entry_id)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error


def listing(site: Path) -> list[Entry]:
    """Return the half-done entries, oldest first; a file that is none of ours is left out."""
    place = site / FOLDER
    names = [path.stem for path in place.glob(f"*{SUFFIX}")] if place.is_dir() else []
    found = []
    for name in names:
        try:
            found.append(load(site, name))
        except errors.InputRefused:
            continue
    return sorted(found, key=lambda entry: (entry.began_ms, entry.id))


def drawing(entry: Entry) -> Callable[[int], int]:
    """Return who draws the new id that an entry makes: the same one each time it is ended, so that
    a cut between the inventory's commit and the entry's end makes nothing twice."""
    return random.Random(entry.id).randrange  # noqa: S311 the entry's own id was drawn in secret


def remembered(site: Path, now_ms: int) -> Mapping[str, str]:
    """Return what was answered lately, where the next kit's answer is likely the same."""
    found = _remembered(site)
    return {n: text for n, (text, at_ms) in found.items() if abs(now_ms - at_ms) <= RECENT_MS}


def last(site: Path, name: str) -> str | None:
    """Return what was remembered last, however long ago."""
    return _remembered(site).get(name, (None, 0))[0]


def remember(site: Path, answers: Mapping[str, str], now_ms: int) -> None:
    """Keep answers, by flow and question ("clean.batch"), for the next time."""
    if answers:
        new = {name: (text, now_ms) for name, text in answers.items()}
        _write(site, _REMEMBERED, {**_remembered(site), **new})


def _remembered(site: Path) -> dict[str, tuple[str, int]]:
    """Return each answer and when it was given; what is not in our form is left out."""
    found = (_read(site, _REMEMBERED) or {}).items()
    return {
        name: (kept[0], kept[1])
        for name, kept in found
        if isinstance(kept, list) and [type(each) for each in kept] == [str, int]
    }


def _path(site: Path, name: str) -> Path:
    return site / FOLDER / (name + SUFFIX)


def _read(site: Path, name: str) -> dict[str, Any] | None:
    """Return what a file says; None where there is none, or what is no object of JSON."""
    try:
        with _path(site, name).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        told = json.loads(data) if len(data) <= MAX_FILE_BYTES else None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise errors.InputRefused("file-read", error.filename, reason=error.strerror) from error
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _write(site: Path, name: str, value: Mapping[str, Any]) -> None:
    path = _path(site, name)
    data = json.dumps(value, ensure_ascii=True, sort_keys=True).encode()
    try:
        new_file.make_directory(path.parent)
        ignore, content = _IGNORE
        if not path.with_name(ignore).exists():
            new_file.replace(path.with_name(ignore), content)
        new_file.replace(path, data)
    except OSError as error:
        raise errors.WorldFailed("file-write", str(path), reason=error.strerror) from error

"""A rollout's plan: a TOML file that people write, review and keep in git (docs/fleet.md).

    name = "vinter-2026"
    release = {folder = "../release-7"}         # or {number = 7, digest = "<64 hex digits>"}
    source = "https://code.example:443/varde"   # of the blobs; without: the collector itself
    window = "01:00-05:00"                      # local time; also in a ring, as is allowance_kib

    [[ring]]
    name = "bench"
    group = "bench"             # or ring = "...", hubs = ["<hub id>", ...], percent = 10
    soak_h = 24                 # a hub is watched so long after it confirmed
    deadline_h = 48             # silence beyond this counts as a failure

Every error names the line. A key that is not known is refused: a limit that is silently dropped
is worse than none. Members are in `ring_members`, the signature in `plan_signature`.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from varde_host import errors
from varde_host.fleet import groups

MAX_FILE_BYTES: Final = 1 << 20  # a list of 50,000 hubs
MAX_RINGS: Final = 16
MAX_NAME_BYTES: Final = 32  # names a folder, and stands in every line of a table
MAX_HOURS: Final = 24 * 365
MAX_ALLOWANCE_KIB: Final = (1 << 32) - 1
HTTPS_PORT: Final = 443
HOUR_MS: Final = 3_600_000

HUBS, GROUP, RING, PERCENT = "hubs", "group", "ring", "percent"
RULES: Final = (GROUP, RING, HUBS, PERCENT)
"""How a ring may say who is in it."""

_NAME = re.compile(r"[^\W_]+(-[^\W_]+)*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_AT_LINE = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True)
class Ring:
    """One step. `rule` is one of RULES, `members` what it names."""

    name: str
    rule: str
    members: str | int | tuple[str, ...]
    soak_ms: int
    deadline_ms: int
    window: tuple[int, int] | None = None
    """From, to: minutes of the local day; None is any time."""
    allowance_kib: int | None = None
    """What the release may take over the modem; None is no limit."""


@dataclass(frozen=True, slots=True)
class NamedRelease:
    """What the plan says of its release: number and digest, a folder of it, or both."""

    number: int | None = None
    digest: bytes | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole plan; `sha256` is that of the file as it was read, which is what is signed."""

    name: str
    release: NamedRelease
    rings: tuple[Ring, ...]
    sha256: bytes
    source: tuple[str, int, str] | None = None
    """Host, port and path of the blobs; None is the collector's."""


def read(path: Path) -> tuple[Plan, bytes]:
    """Return the plan of a file, and the file's bytes.

    Raises InputRefused `file-read`, `plan-syntax`, `plan-field`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise errors.InputRefused("file-read", str(path), reason=error.strerror) from error
    return decode(data, path), data


def decode(data: bytes, path: Path) -> Plan:
    """Return the plan in `data`; a folder in it is looked for from where `path` lies."""
    if len(data) > MAX_FILE_BYTES:
        raise errors.InputRefused("plan-syntax", f"{path}:1", reason=f"> {MAX_FILE_BYTES} B")
    try:
        text = data.decode("utf-8-sig")
        told = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise errors.InputRefused("plan-syntax", f"{path}:{line}", reason="UTF-8") from error
    except (ValueError, RecursionError) as error:  # also of a number with too many digits
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        reason = _AT_LINE.sub("", str(error)).strip()
        raise errors.InputRefused("plan-syntax", f"{path}:{line}", reason=reason) from error
    return _Reader(text, path).plan(told, hashlib.sha256(data).digest())


class _Reader:
    """Turns tables into a plan; knows where in the text each key stands."""

    def __init__(self, text: str, path: Path) -> None:
        self._lines = text.splitlines()
        self._path = path

    def plan(self, told: dict[str, Any], sha256: bytes) -> Plan:
        rows = told.pop("ring", None)
        if type(rows) is not list or not all(type(row) is dict for row in rows):
            self._refuse("ring", "[[ring]]")
        if not 0 < len(rows) <= MAX_RINGS:
            self._refuse("ring", f"1-{MAX_RINGS} [[ring]]", max(len(rows) - 1, 0))
        shared = {"window": told.get("window"), "allowance_kib": told.get("allowance_kib")}
        self._known(told, {"name", "release", "source", *shared}, None)
        rings = tuple(self._ring(row, number, shared) for number, row in enumerate(rows))
        for number, ring in enumerate(rings):
            if ring.name in {other.name for other in rings[:number]}:
                self._refuse("name", "once", number)
        name = self._text(told, "name", None)
        if not _NAME.fullmatch(name) or len(name.encode()) > MAX_NAME_BYTES:
            self._refuse("name", f"a-z 0-9 -, <= {MAX_NAME_BYTES} B")
        return Plan(name, self._release(told), rings, sha256, self._source(told))

    def _ring(self, row: dict[str, Any], at: int, shared: Mapping[str, Any]) -> Ring:
        self._known(row, {"name", "soak_h", "deadline_h", *shared, *RULES}, at)
        name = self._text(row, "name", at)
        if not _NAME.fullmatch(name) or len(name.encode()) > groups.MAX_RING_BYTES:
            self._refuse("name", f"a-z 0-9 -, <= {groups.MAX_RING_BYTES} B", at)
        given = [rule for rule in RULES if rule in row]
        if len(given) != 1:
            self._refuse(given[-1] if given else "name", " | ".join(RULES), at)
        members = self._members(row, given[0], at)
        merged = {**shared, **row}
        soak_ms = self._hours(row, "soak_h", at, least_ms=0)
        deadline_ms = self._hours(row, "deadline_h", at, least_ms=1)
        allowance = merged["allowance_kib"]
        if allowance is not None and not _is_whole(allowance, 1, MAX_ALLOWANCE_KIB):
            self._refuse("allowance_kib", "KiB >= 1", at)
        window = self._window(merged["window"], at)
        return Ring(name, given[0], members, soak_ms, deadline_ms, window, allowance)

    def _members(self, row: dict[str, Any], rule: str, at: int) -> str | int | tuple[str, ...]:
        value = row[rule]
        if rule == PERCENT:
            if not _is_whole(value, 1, 100):
                self._refuse(rule, "1-100", at)
            return int(value)
        if rule == HUBS:
            is_list = type(value) is list and 0 < len(value) == len(set(map(str, value)))
            if not is_list or not all(_is_hub(hub) for hub in value):
                self._refuse(rule, '["<16 hex digits>", ...]', at)
            return tuple(value)
        return self._text(row, rule, at)

    def _hours(self, row: dict[str, Any], key: str, at: int, least_ms: int) -> int:
        value: Any = row.get(key)
        if type(value) not in (int, float) or not 0 <= value <= MAX_HOURS:
            self._refuse(key, f"0-{MAX_HOURS} h", at)
        value_ms: int = round(value * HOUR_MS)
        return value_ms if value_ms >= least_ms else self._refuse(key, "> 0 h", at)

    def _window(self, value: Any, at: int) -> tuple[int, int] | None:
        if value is None:
            return None
        found = _WINDOW.fullmatch(value) if type(value) is str else None
        if found is None:
            self._refuse("window", "HH:MM-HH:MM", at)
        hours_from, minutes_from, hours_to, minutes_to = map(int, found.groups())
        window = hours_from * 60 + minutes_from, hours_to * 60 + minutes_to
        return window if window[0] != window[1] else self._refuse("window", "from != to", at)

    def _release(self, told: dict[str, Any]) -> NamedRelease:
        row = told.get("release")
        if type(row) is not dict or not row.keys() <= {"number", "digest", "folder"}:
            self._refuse("release", "{number, digest} | {folder}")
        number, digest, folder = (row.get(key) for key in ("number", "digest", "folder"))
        if (number is None) != (digest is None) or (number is None and folder is None):
            self._refuse("release", "{number, digest} | {folder}")
        if number is not None and not _is_whole(number, 1, (1 << 32) - 1):
            self._refuse("release", "number >= 1")
        if digest is not None and not (type(digest) is str and _DIGEST.fullmatch(digest)):
            self._refuse("release", "digest: 64 hex digits")
        if folder is not None and (type(folder) is not str or not folder or "\0" in folder):
            self._refuse("release", 'folder: "DIR"')
        return NamedRelease(
            number,
            None if digest is None else bytes.fromhex(digest),
            None if folder is None else self._path.parent / folder,
        )

    def _source(self, told: dict[str, Any]) -> tuple[str, int, str] | None:
        if "source" not in told:
            return None
        text = self._text(told, "source", None)
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port or HTTPS_PORT
        except ValueError:
            self._refuse("source", "https://HOST[:PORT]/PATH")
        path = parts.path.rstrip("/")
        extra = parts.username or parts.password or parts.query or parts.fragment
        if parts.scheme != "https" or not host or extra or not text.isascii() or " " in text:
            self._refuse("source", "https://HOST[:PORT]/PATH")
        return host, port, path

    def _text(self, row: dict[str, Any], key: str, at: int | None) -> str:
        value = row.get(key)
        if type(value) is not str or not value:
            self._refuse(key, '"..."', at)
        return value

    def _known(self, row: dict[str, Any], names: set[str], at: int | None) -> None:
        for key in row:
            if key not in names:
                self._refuse(key, ", ".join(sorted(names)), at)

    def _refuse(self, key: str, wanted: str, at: int | None = None) -> NoReturn:
        where = f"{self._path}:{self._line(key, at)}"
        shown = ascii(key[:40])[1:-1]
        raise errors.InputRefused("plan-field", where, name=shown, wanted=wanted)

    def _line(self, key: str, at: int | None) -> int:
        """Return the line of a key of ring `at` (from 0), or of the plan; its table's if none."""
        is_ring: Callable[[str], object] = re.compile(r"\s*\[\[\s*\"?ring\"?\s*\]\]").match
        heads = [number for number, line in enumerate(self._lines, 1) if is_ring(line)]
        starts = [0, *heads, len(self._lines) + 1]
        table = 0 if at is None or at >= len(heads) else at + 1
        named = re.compile(rf"\s*(\[+\s*)?[\"']?{re.escape(key)}[\"']?\s*[.=\]]").match
        for place in dict.fromkeys((table, 0)):
            for number in range(max(starts[place], 1), starts[place + 1]):
                if named(self._lines[number - 1]):
                    return number
        return max(starts[table], 1)


def _is_whole(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _is_hub(value: Any) -> bool:
    return type(value) is str and groups.HUB_ID.fullmatch(value) is not None

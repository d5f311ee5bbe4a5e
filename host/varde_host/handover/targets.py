"""Where measurements are handed on to: the tables `[target.NAME]` of receiver.toml.

Each target is switched on by itself and for a purpose that is written down; without one it gets
nothing. What is written in a way that this does not know is refused, not skipped: a misspelt
`loans` would hand on everybody's.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from varde_host import errors
from varde_host.fhir import measured, style
from varde_host.receiver_store.folder import OUT

FILE: Final = "file"
CSV: Final = "csv"
REST: Final = "rest"
WEBHOOK: Final = "webhook"
KINDS: Final = (FILE, CSV, REST, WEBHOOK)

BUNDLE: Final = "bundle"
NDJSON: Final = "ndjson"
FORMS: Final = (BUNDLE, NDJSON)

THINGS: Final = (
    measured.OXIMETER, measured.CUFF, measured.SCALE, measured.THERMOMETER, measured.GLUCOSE,
    measured.OTHER,
)  # fmt: skip

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")
_MUNICIPALITY: Final = re.compile(r"[0-9]{4}")
MAX_PURPOSE: Final = 200
MAX_LOANS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Target:
    """One target. `things` and `loans` are None for all; `since_ms` is Unix ms, None for ever.

    `adapter` holds the settings of its kind, which the sender reads and refuses; `check` those
    that are others at its test end. `purpose` says why it gets measurements: the municipality's
    words, for its records of processing.
    """

    name: str
    kind: str
    is_on: bool
    purpose: str
    profile: str = style.VKP
    bundle: str = style.TRANSACTION
    form: str = BUNDLE
    municipality: str | None = None
    things: frozenset[str] | None = None
    loans: frozenset[str] | None = None
    since_ms: int | None = None
    of_no_loan: bool = False
    misses: bool = False
    triage: bool = False
    base: str = style.DEFAULT_BASE
    language: str = "nb"
    around: str | None = None
    verb: str = style.POST
    adapter: Mapping[str, Any] = field(default_factory=dict)
    check: Mapping[str, Any] | None = None

    @property
    def chosen(self) -> str:
        """A digest of all that says what this target gets and in which shape."""
        said = [
            self.profile, self.bundle, self.municipality, self.of_no_loan, self.since_ms,
            self.base, self.language, self.around, self.verb,
            sorted(self.things) if self.things is not None else None,
            sorted(self.loans) if self.loans is not None else None,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def parse(settings: Mapping[str, Any]) -> list[Target]:
    """Return the targets of a receiver.toml that was read, by name.

    Raises InputRefused `target-setting`, its place as `target.NAME.KEY`.
    """
    tables = settings.get("target", {})
    if not isinstance(tables, Mapping):
        raise errors.InputRefused("target-setting", "target")
    found = [_target(name, table) for name, table in sorted(tables.items())]
    _refuse_shared(found)
    return found


def _refuse_shared(found: list[Target]) -> None:
    """Refuse two targets in one folder: their files have the same names."""
    folders: set[str] = set()
    for each in found:
        if each.kind in (FILE, CSV):
            folder = posixpath.normpath(str(each.adapter.get("folder", f"{OUT}/{each.name}")))
            if folder in folders:
                raise errors.InputRefused("target-setting", f"target.{each.name}.folder")
            folders.add(folder)


def named(targets: list[Target], name: str) -> Target:
    """Return the target of that name. Raises InputRefused `target-unknown`."""
    for each in targets:
        if each.name == name:
            return each
    raise errors.InputRefused("target-unknown", name[:30], known=_listed(targets))


def _listed(targets: list[Target]) -> str:
    return ", ".join(each.name for each in targets) or "-"


def _target(name: str, table: Any) -> Target:
    if not _NAME.fullmatch(name) or not isinstance(table, Mapping):
        raise errors.InputRefused("target-setting", f"target.{name[:30]}")
    reading = _Table(f"target.{name}", dict(table))
    is_on = reading.boolean("on", default=False)
    return Target(
        name=name,
        kind=reading.word("kind", KINDS),
        is_on=is_on,
        purpose=reading.text("purpose", must_be_there=is_on),
        profile=reading.word("profile", style.TARGETS, style.VKP),
        bundle=reading.word("bundle", style.BUNDLES, style.TRANSACTION),
        form=reading.word("form", FORMS, BUNDLE),
        municipality=reading.municipality(),
        things=reading.words("things", THINGS),
        loans=reading.words("loans", None),
        since_ms=reading.day("since"),
        of_no_loan=reading.boolean("of_no_loan", default=False),
        misses=reading.notices("misses"),
        triage=reading.notices("triage"),
        base=reading.string("base", style.DEFAULT_BASE),
        language=reading.word("language", style.LANGUAGES, "nb"),
        around=reading.one_of("around", style.AROUNDS),
        verb=reading.word("verb", style.VERBS, style.POST),
        check=reading.table("check"),
        adapter=reading.left(),
    )


class _Table:
    """Reads one table, key by key; what is left belongs to the sender of that kind."""

    def __init__(self, place: str, left: dict[str, Any]) -> None:
        self._place = place
        self._left = left
        self._kind = left.get("kind")

    def left(self) -> Mapping[str, Any]:
        return self._left

    def boolean(self, key: str, *, default: bool) -> bool:
        value = self._left.pop(key, default)
        if not isinstance(value, bool):
            raise self._refused(key)
        return value

    def notices(self, key: str) -> bool:
        """A table has no line for what is no value."""
        wanted = self.boolean(key, default=False)
        if wanted and self._kind == CSV:
            raise self._refused(key)
        return wanted

    def text(self, key: str, *, must_be_there: bool) -> str:
        value = self._left.pop(key, "")
        if not isinstance(value, str) or len(value) > MAX_PURPOSE:
            raise self._refused(key)
        if must_be_there and not value.strip():
            raise self._refused(key)
        return value.strip()

    def word(self, key: str, known: tuple[str, ...], default: str | None = None) -> str:
        value = self._left.pop(key, default)
        if value not in known:
            raise self._refused(key)
        return str(value)

    def string(self, key: str, default: str) -> str:
        value = self._left.pop(key, default)
        if not isinstance(value, str) or not value:
            raise self._refused(key)
        return value

    def one_of(self, key: str, known: tuple[str, ...]) -> str | None:
        return self.word(key, known) if key in self._left else None

    def table(self, key: str) -> Mapping[str, Any] | None:
        value = self._left.pop(key, None)
        if value is not None and not isinstance(value, Mapping):
            raise self._refused(key)
        return value

    def words(self, key: str, known: tuple[str, ...] | None) -> frozenset[str] | None:
        value = self._left.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) > MAX_LOANS:
            raise self._refused(key)
        for each in value:
            if not isinstance(each, str) or not each or (known and each not in known):
                raise self._refused(key)
        return frozenset(value)

    def municipality(self) -> str | None:
        value = self._left.pop("municipality", None)
        if value is None:
            return None
        if not isinstance(value, str) or not _MUNICIPALITY.fullmatch(value):
            raise self._refused("municipality")
        return value

    def day(self, key: str) -> int | None:
        value = self._left.pop(key, None)
        if value is None:
            return None
        if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
            raise self._refused(key)
        midnight = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
        return int(midnight.timestamp()) * 1000

    def _refused(self, key: str) -> errors.InputRefused:
        return errors.InputRefused("target-setting", f"{self._place}.{key}")

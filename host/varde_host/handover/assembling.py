"""From a receiver's folder to a handover at work: its store, its measurements, its senders."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from varde_host import clock, errors
from varde_host.fhir import measured, style
from varde_host.handover import considering, missing, news, sealed, senders, sending, targets
from varde_host.loan_facts import entries, facts, kept, sheet_folder, stream, subjects
from varde_host.missed import looking
from varde_host.receiver import source, verification_of, verification_records
from varde_host.receiver_store import fetching
from varde_host.receiver_store import folder as receiver_folder
from varde_host.receiver_store import store as receiver_store


class Settings:
    """What a folder says: who gets what, and how. Its private key is read when it is asked for."""

    def __init__(self, found: receiver_folder.Folder) -> None:
        self.folder = found
        self.targets = targets.parse(found.settings)
        self.persons = Persons(found.subjects)

    @cached_property
    def private(self) -> bytes:
        """The receiver's key. Raises as `Folder.key`."""
        return self.folder.key()

    def style(self, target: targets.Target) -> style.Style:
        """Return how a target wants its resources."""
        return senders.style_of(target, self.private)

    def sender(self, target: targets.Target, *, is_check: bool = False) -> sending.Sender:
        """Return what sends to a target, or to its test end."""
        return senders.sender(
            target, self.folder, self.style(target), self.persons.of, is_check=is_check
        )


class Persons:
    """The list of persons as it stands now; read anew once it is another file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark: str | None = None
        self._found: subjects.Subjects | None = None

    def of(self, loan: str) -> dict[str, Any] | None:
        """Return the reference to whoever has a loan, None without a list.

        Raises InputRefused `subject-missing` for a loan that is not on it, and as
        `subjects.load`.
        """
        known = self.now()
        found = None if known is None else known.of(loan)
        if known is not None and found is None:
            raise errors.InputRefused("subject-missing")
        return found

    def now(self) -> subjects.Subjects | None:
        """Return the list, None where there is none. Raises as `subjects.load`."""
        mark = news.beside([self._path])
        if mark != self._mark:
            self._found = subjects.load(self._path)
            self._mark = mark
        return self._found


class _Every(frozenset[bytes]):
    """Has every name in it."""

    def __contains__(self, _name: object) -> bool:
        return True


class StoreStream:
    """All measurements of a store, with what is known beside them. A `considering.Stream`."""

    def __init__(self, settings: Settings, sealer: sealed.Sealer) -> None:
        self._settings = settings
        self._sealer = sealer
        self._mark: str | None = None
        self._sheets: tuple[Any, ...] = ()
        self._loans = kept.Reader()
        self._register = verification_records.nothing().register

    def marks(self, connection: sa.Connection, hub: bytes | None = None) -> Mapping[bytes, str]:
        """Return by hub, or of one, what changes once anything may be told otherwise."""
        folder = self._settings.folder
        beside = news.beside([folder.verifications, folder.loans, folder.subjects])
        come = news.come(connection, hub)
        found = {each: f"{count} {beside}" for each, count in come.items()}
        typed = kept.mark(connection)
        if typed:
            found[entries.ENTERED_HUB] = f"{typed} {beside}"
        return found

    def measured(self, connection: sa.Connection, hub: bytes) -> Iterator[measured.Measured]:
        """Return all of a hub."""
        known, register = self.known(connection)
        if hub == entries.ENTERED_HUB:
            typed = kept.entries(connection, self._sealer)
            yield from stream.measured(source.Opened(hub, [], []), known, typed, register)
            return
        for opened in source.opened(connection, self._settings.private, hub):
            yield from stream.measured(opened, known, [], register)

    def with_subject(self) -> frozenset[str] | None:
        """Return the loans whose person is known, None where no list is kept."""
        known = self._settings.persons.now()
        return None if known is None else known.loans

    def known(self, connection: sa.Connection) -> tuple[facts.LoanFacts, verification_of.Register]:
        """Return what is known of loans and of verifications; files are opened once while they are
        the same."""
        folder = self._settings.folder
        mark = news.beside([folder.verifications, folder.loans])
        if mark != self._mark:
            self._sheets = sheet_folder.load(folder.loans, folder.site).sheets
            if folder.verifications.is_dir():
                loaded = verification_records.from_folder(
                    folder.verifications, folder.site, _Every()
                )
                self._register = loaded.register
            self._mark = mark
        return self._loans.read(connection, self._sheets), self._register


@dataclass(frozen=True)
class Receiver:
    """A handover at work."""

    settings: Settings
    store: receiver_store.Store
    service: considering.Service
    stream: StoreStream
    collector: str | None = None
    looking: looking.Looking = field(default_factory=looking.Looking)

    def senders(self) -> dict[str, sending.Sender]:
        """Return what sends to each target that is on. Raises as `senders.sender`."""
        return {each.name: self.settings.sender(each) for each in self.service.switched_on()}

    def fetch(self) -> int:
        """Bring new records into the store, from where the folder or `collector` says.

        Return how many there are that do not prove themselves, and were not taken in. Raises as
        `fetching.fetch`.
        """
        return len(fetching.fetch(self.settings.folder, self.store, self.collector).refused)

    def notice(self) -> int:
        """Look what is missing, and queue what is told of it; return how many are new."""
        return missing.notice(self.service, self.stream, self.settings.private, self.looking)


def settings(folder: Path) -> Settings:
    """Read a receiver's folder. Raises as `folder.load` and `targets.parse`."""
    return Settings(receiver_folder.load(folder))


@contextlib.contextmanager
def opened_store(found: Settings) -> Iterator[receiver_store.Store]:
    """Give the store of a folder; one that is not there yet is made."""
    store = receiver_store.open_store(found.folder.database)
    try:
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def opened(folder: Path, time: clock.Clock, collector: str | None = None) -> Iterator[Receiver]:
    """Give a handover at work, with all that the folder says.

    `collector` is the address of a collector's database to fetch from.
    """
    found = settings(folder)
    sealer = sealed.Sealer(found.private)
    styles = {each.name: found.style(each) for each in found.targets}
    with opened_store(found) as store:
        known = StoreStream(found, sealer)
        service = considering.Service(store, sealer, known, found.targets, styles, time)
        yield Receiver(found, store, service, known, collector)

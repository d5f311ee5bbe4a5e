"""Publish what a site has signed, so that the collector may hand it to hubs.

    publish_trust(database, site, now_ms)                    # each epoch that is not out yet
    publish_assignments(database, site, documents, now_ms)   # all of them, or none
    current(database, hub_id), numbers(database)             # what is out
    history(database)                                        # and what ever was
    withdraw(database, hub_id, number, now_ms)               # while a hub may not have asked yet

A collector hands out bytes and has no say in them: hubs verify each. What is checked here is what
would only be found out in many homes: that the hub is one of ours and the number above all that it
was ever given, and that a hub which follows the trusts that are out will believe the signature. So
a trust goes out before the first assignment that needs it.

Of a hub its newest assignment is kept, and the one before it, for the newest to be withdrawn; they
hold the password of a home. Of all others it stays what number they had, their SHA-256 and when
they were out: the number of a withdrawn one is taken, too, as the hub may have it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from varde_host import errors
from varde_host.collector import database, schema
from varde_host.site import files, trust_documents
from varde_protocols import assignment, trust

_assignments, _hubs, _trusts = schema.assignments, schema.hubs, schema.trusts


class Published(NamedTuple):
    """The assignment that a hub gets when it asks, as it was signed."""

    hub_id: bytes
    number: int
    document: bytes
    published_ms: int


class Given(NamedTuple):
    """An assignment that a hub was ever given; `document` is empty once it is not kept."""

    number: int
    digest: bytes
    document: bytes
    published_ms: int
    withdrawn_ms: int | None


class _Hub(NamedTuple):
    number: int
    revoked_ms: int | None
    config_number: int


def publish_trust(opened: database.Database, site: files.Site, now_ms: int) -> list[int]:
    """Publish the epochs of the site's trust that are not out yet; return their numbers.

    Raises InputRefused `trust-missing` before the first is signed, `trust-hole` for one that
    lacks in the site's folder, `trust-differs` if another document of an epoch is out, or a later
    epoch than the site has; as `trust_documents.chain`; WorldFailed `database`.
    """
    chain = _chain(site)

    def publish(connection: sa.Connection) -> list[int]:
        new = [
            believed.epoch
            for believed, data in chain
            if _publish_epoch(connection, site, believed.epoch, data, now_ms)
        ]
        _check_followed(connection, site, *chain[-1])
        return new

    return opened.write(publish)


def publish_assignment(
    opened: database.Database, site: files.Site, document: bytes, now_ms: int
) -> assignment.Assignment:
    """Publish one assignment and return it. Raises as `publish_assignments`."""
    return publish_assignments(opened, site, [document], now_ms)[0]


def publish_assignments(
    opened: database.Database, site: files.Site, documents: Sequence[bytes], now_ms: int
) -> list[assignment.Assignment]:
    """Publish all of these, or none; one that is out already changes nothing.

    Raises InputRefused `assignment-unnamed` for one that names no hub, `hub-unknown`,
    `hub-revoked`, `assignment-taken` for a number that is not above all that the hub was given,
    `trust-missing`, `trust-unpublished`, `trust-differs`; DocumentError, ConfigError, CoseError,
    CborError for what hubs would refuse; WorldFailed `database`.
    """
    chain = _chain(site)
    newest, data = chain[-1]
    given = [(_verified(document, newest), document) for document in documents]
    given.sort(key=lambda each: (each[0].hub_id or b"", each[0].number))

    def publish(connection: sa.Connection) -> None:
        _check_followed(connection, site, newest, data)
        _lock(connection, {each.hub_id or b"" for each, _ in given})
        for each, document in given:
            _publish_one(connection, each, document, now_ms)

    opened.write(publish)
    return [each for each, _ in given]


def current(opened: database.Database, hub_id: bytes) -> Published | None:
    """Return what a hub gets, None if it gets nothing. Raises WorldFailed `database`."""
    return all_current(opened, [hub_id]).get(hub_id)


def all_current(
    opened: database.Database, hub_ids: Collection[bytes] | None = None
) -> dict[bytes, Published]:
    """Return what hubs get, all of them or some; those that get nothing lack. WorldFailed."""
    query = sa.select(
        _hubs.c.hub_id, _assignments.c.number, _assignments.c.document, _assignments.c.published_ms
    ).join_from(_hubs, _assignments, _assignments.c.hub == _hubs.c.number)
    query = query.where(_assignments.c.number == _hubs.c.config_number)
    if hub_ids is not None and len(hub_ids) == 1:
        query = query.where(_hubs.c.hub_id == next(iter(hub_ids)))
    rows = opened.read(lambda connection: connection.execute(query).all())
    found = (Published(*row) for row in rows)
    return {each.hub_id: each for each in found if hub_ids is None or each.hub_id in hub_ids}


def numbers(opened: database.Database) -> dict[bytes, int]:
    """Return the highest number that each hub was ever given here, withdrawn ones too.

    0 for none. The next one is above this and above what the hub says that it holds
    (`hub_truth`): its first came by cable. Raises WorldFailed `database`.
    """
    highest = sa.func.coalesce(sa.func.max(_assignments.c.number), 0)
    query = sa.select(_hubs.c.hub_id, highest).select_from(_hubs.outerjoin(_assignments))
    query = query.group_by(_hubs.c.hub_id)
    return {
        hub_id: int(number) for hub_id, number in opened.read(lambda c: c.execute(query).all())
    }


def history(opened: database.Database) -> dict[bytes, dict[int, Given]]:
    """Return by hub and number all that hubs were ever given here. Raises WorldFailed."""
    columns = [_assignments.c[name] for name in Given._fields]
    query = sa.select(_hubs.c.hub_id, *columns).select_from(_hubs.join(_assignments))
    query = query.order_by(_assignments.c.hub, _assignments.c.number)
    found: dict[bytes, dict[int, Given]] = {}
    for hub_id, *row in opened.read(lambda connection: connection.execute(query).all()):
        given = Given(*row)
        found.setdefault(bytes(hub_id), {})[given.number] = given
    return found


def digest(document: bytes) -> bytes:
    """Return the SHA-256 by which `history` knows a document."""
    return hashlib.sha256(document).digest()


def epochs(opened: database.Database) -> list[int]:
    """Return the epochs of trust that are out, ascending. Raises WorldFailed `database`."""
    query = sa.select(_trusts.c.epoch).order_by(_trusts.c.epoch)
    return list(opened.read(lambda connection: connection.scalars(query).all()))


def withdraw(opened: database.Database, hub_id: bytes, number: int, now_ms: int) -> bool:
    """Take the newest assignment of a hub back, if it is that of this number.

    The hub gets the one before it, if it has none of the two. Returns False if that number is
    not what it gets: then nothing changes. Raises InputRefused `hub-unknown`, WorldFailed.
    """
    return opened.write(lambda connection: _withdraw(connection, hub_id, number, now_ms))


# --- what is checked -----------------------------------------------------------------------------


def _chain(site: files.Site) -> list[tuple[trust.Trust, bytes]]:
    found = trust_documents.chain(site)
    if not found:
        raise errors.InputRefused("trust-missing", str(site.directory))
    return found


def _verified(document: bytes, believed: trust.Trust) -> assignment.Assignment:
    """Return what the hub that it names will read in it, with nothing in force before."""
    named = assignment.unverified(document).hub_id
    if named is None:
        raise errors.InputRefused("assignment-unnamed", "assignment")
    return assignment.verify(document, believed, named)


def _check_followed(
    connection: sa.Connection, site: files.Site, newest: trust.Trust, data: bytes
) -> None:
    """Refuse unless hubs can come to the site's newest trust: the first they have by cable."""
    out = connection.execute(sa.select(sa.func.max(_trusts.c.epoch))).scalar()
    where = trust_documents.path(site, newest.epoch).name
    if newest.epoch > max(out or 0, 1):
        raise errors.InputRefused("trust-unpublished", where)
    if out is not None:
        _check_same(connection, newest.epoch, data, where)
        if out > newest.epoch:  # a site that was restored from an old backup
            raise errors.InputRefused("trust-differs", where)


def _check_same(connection: sa.Connection, epoch: int, data: bytes, where: str) -> None:
    query = sa.select(_trusts.c.document).where(_trusts.c.epoch == epoch)
    stored = connection.execute(query).scalar()
    if stored is None or bytes(stored) != data:
        raise errors.InputRefused("trust-differs", where)


# --- what is written -----------------------------------------------------------------------------


def _publish_epoch(
    connection: sa.Connection, site: files.Site, epoch: int, data: bytes, now_ms: int
) -> bool:
    """Store a trust; tell if it was not there."""
    stored = sa.select(_trusts.c.epoch).where(_trusts.c.epoch == epoch)
    is_new = connection.execute(stored).first() is None
    row = database.statements(connection).insert(_trusts).values((epoch, data, now_ms))
    connection.execute(row.on_conflict_do_nothing())  # somebody else may at the same moment
    _check_same(connection, epoch, data, trust_documents.path(site, epoch).name)
    return is_new


def _publish_one(
    connection: sa.Connection, given: assignment.Assignment, document: bytes, now_ms: int
) -> None:
    hub_id = given.hub_id or b""
    hub = _locked(connection, hub_id)
    if hub.revoked_ms is not None:
        raise errors.InputRefused("hub-revoked", hub_id.hex())
    before = _stored(connection, hub)
    if before.get(given.number) == digest(document) and given.number == hub.config_number:
        return
    highest = max(before, default=0)
    if given.number <= highest:
        raise errors.InputRefused(
            "assignment-taken", hub_id.hex(), number=given.number, highest=highest
        )
    theirs = _assignments.c.hub == hub.number
    old = theirs & (_assignments.c.number != hub.config_number)
    connection.execute(sa.update(_assignments).where(old).values(document=b""))
    row = (hub.number, given.number, document, digest(document), now_ms, None)
    connection.execute(sa.insert(_assignments).values(row))
    _tell(connection, hub, given.number)


def _withdraw(connection: sa.Connection, hub_id: bytes, number: int, now_ms: int) -> bool:
    hub = _locked(connection, hub_id)
    theirs = _assignments.c.hub == hub.number
    asked = theirs & (_assignments.c.number == number)
    if hub.config_number != number or not number:
        done = asked & _assignments.c.withdrawn_ms.is_not(None)
        return connection.execute(sa.select(_assignments.c.number).where(done)).first() is not None
    emptied = {"document": b"", "withdrawn_ms": now_ms}
    connection.execute(sa.update(_assignments).where(asked).values(emptied))
    # what is left with its content: the one before, if there was one
    kept = theirs & (_assignments.c.document != b"")
    before = connection.execute(sa.select(sa.func.max(_assignments.c.number)).where(kept)).scalar()
    _tell(connection, hub, before or 0)
    return True


def _lock(connection: sa.Connection, hub_ids: Collection[bytes]) -> None:
    """Lock hubs in the order in which collectors do that deliver for them (`on_postgresql`)."""
    query = sa.select(_hubs.c.number).where(_hubs.c.hub_id.in_(hub_ids))
    connection.execute(query.order_by(_hubs.c.number).with_for_update()).all()


def _locked(connection: sa.Connection, hub_id: bytes) -> _Hub:
    """Return a hub that nobody else publishes for meanwhile. Raises InputRefused `hub-unknown`."""
    query = sa.select(_hubs.c.number, _hubs.c.revoked_ms, _hubs.c.config_number)
    row = connection.execute(query.where(_hubs.c.hub_id == hub_id).with_for_update()).first()
    if row is None:
        raise errors.InputRefused("hub-unknown", hub_id.hex())
    return _Hub(*row)


def _stored(connection: sa.Connection, hub: _Hub) -> dict[int, bytes]:
    """Return the SHA-256 of all that the hub was ever given, by number."""
    query = sa.select(_assignments.c.number, _assignments.c.digest)
    rows = connection.execute(query.where(_assignments.c.hub == hub.number))
    return {number: bytes(found) for number, found in rows}


def _tell(connection: sa.Connection, hub: _Hub, number: int) -> None:
    """Let answers to the hub say this number from now on."""
    changed = sa.update(_hubs).where(_hubs.c.number == hub.number)
    connection.execute(changed.values(config_number=number))

"""The collector's work in one thread, from a request's bytes to committed rows, stage by stage.

Bare check and stages take turns every SLICE_REQUESTS requests, and both databases get the same
judged batches, so what else the machine does meets all of them alike. All times are CPU time.
"""

from __future__ import annotations

import functools
import gc
import statistics
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

import nacl.bindings
from collector_load import Load

from varde_host.collector import (
    batch,
    commit,
    database,
    judgement,
    known_hubs,
    registry,
    verification,
)

Result = TypeVar("Result")

REQUESTS_A_TRANSACTION = 200  # the committer's limit: what gathers when all hubs come at once
SLICE_REQUESTS = 20
ROUNDS = 7
RECEIVED_MS = 1_800_000_000_000
SQLITE, POSTGRESQL = "sqlite", "postgresql"
_VERIFY_STAGES = ("cut", "request", "judge")


class Place(NamedTuple):
    """A database; the CPU seconds that its server has taken so far; how to fold its log in."""

    opened: database.Database
    server_cpu: Callable[[], float]
    checkpoint: Callable[[], None]


Seconds = dict[str, float]
"""Seconds of CPU per record by stage:

    bare      libsodium's check of the records on prepared inputs
    cut       the request cut into records, readings recognised
    request   its hub found, its own signature checked
    judge     each record: hub, signature, legality
    unchecked the same without libsodium's work
    <kind>    the transaction into this database, SQLite with its share of the checkpoint
    <kind> server   what the database's own processes took for it
"""


def measure(load: Load, places: dict[str, Place]) -> list[Seconds]:
    """Return the stages of each of ROUNDS rounds; `load` is of hubs that are enrolled."""
    known = known_hubs.KnownHubs(places[SQLITE].opened)
    all_known = {kind: known_hubs.KnownHubs(place.opened) for kind, place in places.items()}
    _same_numbers(load, all_known)
    _round(load, places, known)  # what a collector knows that has run for a while
    return [_round(load, places, known) for _ in range(ROUNDS)]


def medians(rounds: list[Seconds]) -> Seconds:
    """Return each stage's median."""
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def whole(seconds: Seconds, kind: str) -> float:
    """Return the collector's own time per record into that database."""
    return sum(seconds[name] for name in _VERIFY_STAGES) + seconds[kind]


def share(rounds: list[Seconds], kind: str) -> float:
    """Return which share of the bare check's rate is left."""
    return statistics.median(each["bare"] / whole(each, kind) for each in rounds)


def _same_numbers(load: Load, all_known: dict[str, known_hubs.KnownHubs]) -> None:
    """A judged batch has the hub's number: it must be the same in both databases."""
    parts = judgement.split(load.bodies[0])
    found = [known.find(parts.request.unverified_kid) for known in all_known.values()]
    assert len({hub.number if hub else None for hub in found}) == 1, found


def _round(load: Load, places: dict[str, Place], known: known_hubs.KnownHubs) -> Seconds:
    gc.collect()
    spent = dict.fromkeys(("bare", *_VERIFY_STAGES, "unchecked"), 0.0)
    spent |= {name: 0.0 for kind in places for name in (kind, f"{kind} server")}
    for transaction in load.parts(REQUESTS_A_TRANSACTION):
        batches: list[batch.Batch] = []
        for part in transaction.parts(SLICE_REQUESTS):
            batches += _judge(part, known, spent)
        for kind, place in places.items():
            _timed_with_server(spent, kind, place, functools.partial(_store, place, batches))
    for kind, place in places.items():
        _timed_with_server(spent, kind, place, place.checkpoint)
        clear(place.opened, load.records)
    return {name: value / load.records for name, value in spent.items()}


def _judge(part: Load, known: known_hubs.KnownHubs, spent: Seconds) -> list[batch.Batch]:
    """Do all that comes before the database, beside the bare check of the same records."""
    _timed(spent, "bare", lambda: _bare(part))
    cut = _timed(spent, "cut", lambda: [judgement.split(body) for body in part.bodies])
    parts = _timed(spent, "request", lambda: list(_requests(part, cut, known)))
    batches = _timed(spent, "judge", lambda: _judged(parts))
    with_check, verification._open = verification._open, _open_unchecked
    _timed(spent, "unchecked", lambda: _judged(parts))
    verification._open = with_check
    return batches


def _open_unchecked(signed: bytes, pk: bytes) -> bytes:
    """Take the place of libsodium where everything but its work is measured."""
    del pk
    return signed


def _timed(spent: Seconds, name: str, work: Callable[[], Result]) -> Result:
    began = time.process_time()
    result = work()
    spent[name] += time.process_time() - began
    return result


def _timed_with_server(spent: Seconds, kind: str, place: Place, work: Callable[[], None]) -> None:
    began = place.server_cpu()
    _timed(spent, kind, work)
    spent[f"{kind} server"] += place.server_cpu() - began


def _bare(part: Load) -> None:
    for records_of_a_request in part.signed:
        for signed, public in records_of_a_request:
            nacl.bindings.crypto_sign_open(signed, public)


_Verified = tuple[judgement.Parts, registry.Hub]


def _requests(
    part: Load, cut: list[judgement.Parts], known: known_hubs.KnownHubs
) -> Iterator[_Verified]:
    for body, parts in zip(part.bodies, cut, strict=True):
        hub = known.find(parts.request.unverified_kid)
        assert hub is not None
        yield judgement.verify_request(body, parts, hub)[1], hub


def _judged(verified: list[_Verified]) -> list[batch.Batch]:
    return [judgement.judge(parts, hub, RECEIVED_MS) for parts, hub in verified]


def _store(place: Place, batches: list[batch.Batch]) -> None:
    done = place.opened.write(lambda connection: commit.transact(connection, batches))
    assert done.new_records == sum(len(each.rows) for each in batches)


def sqlite_place(opened: database.Database) -> Place:
    """Return a file, which has no server."""

    def checkpoint() -> None:
        with opened.reading() as connection:
            connection.rollback()
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)")

    return Place(opened, lambda: 0.0, checkpoint)


def clear(opened: database.Database, expected: int | None = None) -> None:
    """Forget the records, of which there must be so many."""
    with opened.writing() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM records").scalar_one()
        assert expected is None or count == expected, f"{count} of {expected} records stored"
        is_file = opened.kind == SQLITE
        connection.exec_driver_sql("DELETE FROM records" if is_file else "TRUNCATE records")

"""Lets a hub deliver what it still has, before anything is wiped (SLE-01).

The hub's journal says what there is, the collector's database what has come (`journal_tail`). The
hub delivers while its application runs, and can be asked only while it does not: so it is let run
until the collector has got something and nothing more comes, and is then asked again. Where the
home's network is out of reach the bench's own is put before it, by an assignment as any.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from varde_host import errors
from varde_host.bench import events, faults
from varde_host.bench.cable import journal_tail, prompt
from varde_host.bench.making import assignment
from varde_host.bench.work import Evidence, Work
from varde_host.collector import database, registry
from varde_host.inventory.who import FOLLOW_UP, Who
from varde_host.site import keys
from varde_protocols import assignment as documents_format
from varde_protocols import (
    cose,
    documents,
    hub_config,
    hub_config_checks,
    records,
    test_readings,
)
from varde_protocols.errors import WireError

LOOK_S = 2.0
QUIET_S = 10.0
"""Nothing new for so long: a hub that has more sends it at once after an answer."""
MAX_NETWORKS = hub_config_checks.MAX_NETWORKS
RUN_S = 60.0
"""It is asked again after this at the latest; starting and joining a network take 20 s of it."""


@dataclass(frozen=True)
class Decision:
    """The follow-up service lets unsent readings go, and says why.

    Raises InputRefused `decision-function`: it is nobody else's to decide.
    """

    by: Who
    reason: str

    def __post_init__(self) -> None:
        if self.by.function != FOLLOW_UP:
            raise errors.InputRefused("decision-function", self.by.function, wanted=FOLLOW_UP)

    def as_json(self) -> dict[str, str]:
        """As it stands in the evidence."""
        return {"function": self.by.function, "person": self.by.person, "reason": self.reason}


@dataclass(frozen=True)
class Unsent:
    """What the collector does not have. `records` counts all kinds, at the most."""

    records: int
    readings: int

    def as_json(self) -> dict[str, int]:
        """As it stands in the evidence."""
        return {"records": self.records, "readings": self.readings}


def pending(state: Evidence) -> Unsent:
    """Return what a hub counts as not acknowledged: as much as there is, or more.

    A test reading is a record like others: nobody was measured. Raises Fault `answer-malformed`.
    """
    records, readings = state.get("pending"), state.get("readings")
    if not isinstance(records, int) or not isinstance(readings, dict):
        raise faults.Fault("answer-malformed", said="state")
    counts = [count for slot, count in readings.items() if slot != str(test_readings.SLOT)]
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        raise faults.Fault("answer-malformed", said="state")
    return Unsent(max(records, sum(counts)), sum(counts))


async def unsent(work: Work, hub_id: str, collector: Collector) -> Unsent:
    """Return what the hub at its prompt has that the collector has not: readings by their bytes,
    of the rest what the hub counts."""
    counted = pending(await work.on_hub("state"))
    if not counted.readings:
        return counted
    found = await journal_tail.read(work, [records.READING])
    held = {seq: raw for seq, raw in found.items() if not is_test(raw)}
    missing = await asyncio.to_thread(collector.missing, bytes.fromhex(hub_id), held)
    left = len(missing)
    return Unsent(counted.records - counted.readings + left, left)


def is_test(raw: bytes) -> bool:
    """Tell if a record is a test reading; what cannot be read may be somebody's."""
    try:
        record = records.decode(cose.Sign1.parse(raw).unverified_payload)
    except WireError:
        return False
    return isinstance(record, records.Reading) and test_readings.is_one(record)


class Collector:
    """The collector's database, opened for each look: minutes lie between them."""

    def __init__(self, address: str | Path) -> None:
        self._address = address

    def missing(self, hub_id: bytes, held: journal_tail.Records) -> list[int]:
        """Return the numbers that the collector does not have."""
        with self._reading() as connection:
            return journal_tail.missing_at(connection, hub_id, held)

    def count(self, hub_id: bytes) -> int:
        """Return how many of the hub's records there are."""
        with self._reading() as connection:
            rows = registry.enrolments(connection)
        return sum(row.records for row in rows if row.hub_id == hub_id)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        opened = database.open_database(self._address, create=False)
        try:
            with opened.reading() as connection:
                yield connection
        finally:
            opened.close()


async def drain(
    work: Work, hub_id: str, collector: Collector, decision: Decision | None
) -> Evidence:
    """Wait until no reading is left, or take the decision for what is; the hub is at its prompt.

    Raises Fault `sle-01` if readings are left after the limit and nobody decided.
    """
    began_s, limit_s = time.monotonic(), work.settings.limits.exchange_s
    at_first = left = await unsent(work, hub_id, collector)
    while left.readings and decision is None:
        work.tell(events.PERSON, code="sle-01", readings=left.readings)
        if time.monotonic() - began_s > limit_s:
            raise faults.Fault("sle-01", readings=left.readings)
        await work.reset()
        await _let_run(lambda: collector.count(bytes.fromhex(hub_id)), limit_s)
        await prompt.reach(work, hub_id)
        left = await unsent(work, hub_id, collector)
    return {
        "at_first": at_first.as_json(),
        "unsent_records": left.records,
        "unsent_readings": left.readings,
        "decision": decision.as_json() if decision is not None and left.readings else None,
        "waited_ms": round((time.monotonic() - began_s) * 1000),
    }


async def _let_run(delivered: Callable[[], int], limit_s: float) -> None:
    """Return when the collector has got something and then nothing more for a while."""
    end_s = time.monotonic() + min(RUN_S, max(limit_s, QUIET_S))
    before = newest = await asyncio.to_thread(delivered)
    since_s = time.monotonic()
    while time.monotonic() < end_s:
        await asyncio.sleep(LOOK_S)
        now = await asyncio.to_thread(delivered)
        if now != newest:
            newest, since_s = now, time.monotonic()
        elif now > before and time.monotonic() - since_s > QUIET_S:
            return


async def use_networks(work: Work, ours: Sequence[hub_config.Network]) -> None:
    """Put the bench's networks before the hub's own, by an assignment; it is at its prompt.

    Raises Fault `documents-refused`, `read-back-differs`, InputRefused as `files.Site.signers`.
    """
    old = await assignment.in_place(work)
    if old is None:
        raise faults.Fault("documents-refused", said="no assignment")
    site, config = work.settings.site, with_networks(old.config, ours)
    given = documents_format.Assignment(
        old.site_id, old.number + 1, old.hub_id, config, old.release, work.bench.utc_ms(),
        old.window, old.allowance_kib, old.source, old.ring,
    )  # fmt: skip
    data = documents.sign(documents.ASSIGNMENT, given.encode(), site.signers(keys.ASSIGNMENT))
    await prompt.place(work, prompt.ASSIGNMENT, data)
    said = await work.on_hub("documents")
    if said.get("assignment") != given.number:
        raise faults.Fault("documents-refused", said=str(said.get("assignment")))


def with_networks(
    config: hub_config.HubConfig, ours: Sequence[hub_config.Network]
) -> hub_config.HubConfig:
    """Return the config with the bench's networks before its own, as many as fit."""
    names = {network.ssid for network in ours}
    kept = [network for network in config.networks if network.ssid not in names]
    fields = {name: getattr(config, name) for name in hub_config.HubConfig.FIELDS}
    fields["networks"] = [*ours, *kept][:MAX_NETWORKS]
    return hub_config.HubConfig(**fields)

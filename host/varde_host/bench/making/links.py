"""Step 6: the hub reaches its collector, over each link that it has.

An address proves nothing. Proven is a link by two records that the hub signed in this very start
and that lie at the collector: a report, which says over which link it went, and after it a time
anchor whose source is the exchange. That one the hub writes when it has verified the collector's
signature over its answer, and so the acknowledgement in it (`shell/exchange_round.py`).

For 4G the hub is given an assignment without WiFi for the while. The step begins and ends by
making sure that the one it shall keep is in place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from varde_host.bench import faults
from varde_host.bench.cable import ports, prompt
from varde_host.bench.making import assignment
from varde_host.bench.work import Evidence, Work
from varde_host.collector import database, schema
from varde_host.receiver import verified_log
from varde_protocols import hub_config, records
from varde_protocols.errors import WireError

LOOK_S = 1.0
PORT_LOOKS = 3
"""After so many looks at the collector there is one at the port."""
_RECORDS_OF_HUBS = schema.records.join(schema.hubs, schema.hubs.c.number == schema.records.c.hub)
NAMES = {records.LINK_WIFI: "wifi", records.LINK_MODEM: "4g"}


Arrived = tuple[verified_log.Record, int]
"""A verified record and when it came, by the collector's clock."""


@dataclass(frozen=True)
class Proof:
    """A hub's report of the link, and the number of its record that it was answered."""

    report: records.Report
    anchor_seq: int
    received_ms: int


async def run(work: Work) -> Evidence:
    """Prove WiFi, and 4G where the hub has it; leave the assignment that it shall keep."""
    await prompt.reach(work, work.finished["identity"]["hub"])
    old = await assignment.in_place(work)
    wanted = assignment.wanted(work.settings, old)
    kept = await assignment.ensure(work, old, wanted)
    proofs = []
    if wanted.networks:
        proofs.append(await prove(work, records.LINK_WIFI))
    if wanted.modem is not None:
        await _ensure(work, without_wifi(wanted))
        proofs.append(await prove(work, records.LINK_MODEM))
        kept = await _ensure(work, wanted)
    if not proofs:
        raise faults.Fault("no-links")
    return {"assignment": kept["number"], "sha256": kept["sha256"], "links": proofs}


async def _ensure(work: Work, config: hub_config.HubConfig) -> Evidence:
    return await assignment.ensure(work, await assignment.in_place(work), config)


def without_wifi(config: hub_config.HubConfig) -> hub_config.HubConfig:
    """Return the config with 4G alone."""
    fields = {name: getattr(config, name) for name in hub_config.HubConfig.FIELDS}
    return hub_config.HubConfig(**{**fields, "networks": []})


async def prove(work: Work, link: int) -> Evidence:
    """Let the hub run until the collector holds its word that it was answered over this link."""
    collector = Collector(work)
    try:
        before = await asyncio.to_thread(collector.newest_seq)
        began_s = time.monotonic()
        await work.reset()
        proof = await _await_proof(work, collector, link, before)
        took_s = time.monotonic() - began_s
    finally:
        collector.close()
    return {
        "link": NAMES[link],
        "boot": proof.report.boot,
        "report": proof.report.seq,
        "anchor": proof.anchor_seq,
        "received_ms": proof.received_ms,
        "signal_dbm": proof.report.facts.get(records.FACT_SIGNAL_DBM),
        "ms": round(took_s * 1000),
    }


async def _await_proof(work: Work, collector: Collector, link: int, before: int) -> Proof:
    """Look until both records are there. Raises Fault `no-exchange`, `no-acknowledgement`."""
    limit_s = work.settings.limits.exchange_s
    end_s, looks, is_heard = time.monotonic() + limit_s, 0, False
    while time.monotonic() < end_s:
        found = await asyncio.to_thread(collector.delivered_since, before)
        proof = proof_in(found, link)
        if proof is not None:
            return proof
        is_heard = is_heard or bool(found)
        looks += 1
        is_there = looks % PORT_LOOKS or await asyncio.to_thread(ports.is_there, work.board.port)
        if not is_there:
            raise faults.Fault("port-gone")
        await asyncio.sleep(LOOK_S)
    code = "no-acknowledgement" if is_heard else "no-exchange"
    raise faults.Fault(code, seconds=round(limit_s), link=NAMES[link])


def proof_in(found: Sequence[Arrived], link: int) -> Proof | None:
    """Return the proof among a hub's verified records, in their order; None if it is not there."""
    reports: dict[int, records.Report] = {}
    for record, received_ms in found:
        if isinstance(record, records.Report) and record.facts.get(records.FACT_LINK) == link:
            reports.setdefault(record.boot, record)
        is_answered = (
            isinstance(record, records.Anchor) and record.source == records.SOURCE_EXCHANGE
        )
        if is_answered and record.boot in reports:
            return Proof(reports[record.boot], record.seq, received_ms)
    return None


class Collector:
    """What the collector's database holds of one hub; every record is verified again."""

    def __init__(self, work: Work) -> None:
        identity = work.finished["identity"]
        self._hub_id = bytes.fromhex(identity["hub"])
        self._log = verified_log.VerifiedLog(self._hub_id, bytes.fromhex(identity["public"]))
        self._database = database.open_database(work.settings.database, create=False)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def newest_seq(self) -> int:
        """Return the highest number that the collector has, 0 for none."""
        query = sa.select(sa.func.max(schema.records.c.seq)).select_from(_RECORDS_OF_HUBS)
        query = query.where(schema.hubs.c.hub_id == self._hub_id)
        return self._database.read(lambda connection: connection.execute(query).scalar() or 0)

    def delivered_since(self, seq: int) -> list[Arrived]:
        """Return the records after `seq` that the collector has, in their order.

        Raises Fault `record-forged` for one that the hub has not signed.
        """
        table = schema.records
        query = sa.select(table.c.seq, table.c.received_ms, table.c.record)
        query = query.select_from(_RECORDS_OF_HUBS)
        query = query.where(schema.hubs.c.hub_id == self._hub_id, table.c.seq > seq)
        query = query.order_by(table.c.seq)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        found = []
        for row in rows:
            entry = verified_log.Delivered(*row)
            try:
                found.append((records.decode(self._log.payload(entry)), entry.received_ms))
            except WireError as error:
                raise faults.Fault("record-forged", record=entry.seq) from error
        return found

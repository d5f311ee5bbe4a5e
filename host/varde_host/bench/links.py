"""Step 6: the hub reaches its collector, over each link that it has.

An address proves nothing. Proven is a link when the collector holds a report that this hub signed
in this very start, that says over which link it went, and when the hub in turn no longer counts
that report among what waits: it has verified the collector's signed acknowledgement.

For 4G the hub is given an assignment without WiFi for the while. The step begins and ends by
making sure that the one it shall keep is in place.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import sqlalchemy as sa

from varde_host.bench import assignment, faults, ports, prompt
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


@dataclass(frozen=True)
class Proof:
    """A report at the collector that the hub signed."""

    seq: int
    boot: int
    link: int
    received_ms: int
    facts: dict[int, object]


async def run(work: Work) -> Evidence:
    """Prove WiFi, and 4G where the hub has it; leave the assignment that it shall keep."""
    await prompt.reach(work, work.finished["identity"]["hub"])
    old = await assignment.in_place(work)
    wanted = assignment.wanted(work.settings, [] if old is None else old.config.sensors)
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
    """Let the hub run until the collector has its word over this link; then ask the hub."""
    collector = Collector(work)
    try:
        before = await asyncio.to_thread(collector.newest_seq)
        began_s = time.monotonic()
        await work.reset()
        proof = await _await_report(work, collector, link, before)
        took_s = time.monotonic() - began_s
    finally:
        collector.close()
    acknowledged = await _acknowledged(work, proof)
    return {
        "link": NAMES[link],
        "record": proof.seq,
        "boot": proof.boot,
        "received_ms": proof.received_ms,
        "acknowledged_to": acknowledged,
        "signal_dbm": proof.facts.get(records.FACT_SIGNAL_DBM),
        "seconds": round(took_s, 1),
    }


async def _await_report(work: Work, collector: Collector, link: int, before: int) -> Proof:
    limit_s = work.settings.limits.exchange_s
    end_s, looks = time.monotonic() + limit_s, 0
    while time.monotonic() < end_s:
        proof = await asyncio.to_thread(collector.report_since, before, link)
        if proof is not None:
            return proof
        looks += 1
        is_there = looks % PORT_LOOKS or await asyncio.to_thread(ports.is_there, work.board.port)
        if not is_there:
            raise faults.Fault("port-gone")
        await asyncio.sleep(LOOK_S)
    raise faults.Fault("no-exchange", seconds=round(limit_s), link=NAMES[link])


async def _acknowledged(work: Work, proof: Proof) -> int:
    """Return up to which record the hub knows itself acknowledged, by its own count.

    Records go in order, so what waits is the end of what there is. Raises Fault
    `no-acknowledgement`.
    """
    state = await work.on_hub("state")
    tail = await work.on_hub("tail", since=proof.seq, most=1)
    pending, behind = state.get("pending"), tail.get("next")
    if not isinstance(pending, int) or not isinstance(behind, int):
        raise faults.Fault("answer-malformed", said="state")
    acknowledged = behind - pending - 1
    if acknowledged < proof.seq:
        raise faults.Fault("no-acknowledgement", record=proof.seq)
    return acknowledged


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

    def report_since(self, seq: int, link: int) -> Proof | None:
        """Return a report after `seq` that says it came over this link.

        Raises Fault `record-forged` for one that the hub has not signed.
        """
        table = schema.records
        query = sa.select(table.c.seq, table.c.received_ms, table.c.record)
        query = query.select_from(_RECORDS_OF_HUBS)
        query = query.where(schema.hubs.c.hub_id == self._hub_id)
        query = query.where(table.c.seq > seq, table.c.kind == records.REPORT)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        for row in rows:
            entry = verified_log.Delivered(*row)
            try:
                record = records.decode(self._log.payload(entry))
            except WireError as error:
                raise faults.Fault("record-forged", record=entry.seq) from error
            if isinstance(record, records.Report) and record.facts.get(records.FACT_LINK) == link:
                return Proof(record.seq, record.boot, link, entry.received_ms, record.facts)
        return None

"""The acceptance of a kit, step by step (docs/acceptance.md; `steps` has names and order).

The steps are those of a tray as any other (`bench.steps`), on one board: what is finished is not
done again after a cut, each begins anew harmlessly, and a step ends by what was read back.

At the prompt, opened once by the service key: who the hub is, its documents, what would take an
update back, light and sound. Then it runs, and all else is its own signed word at the collector.
Once more it is opened, when the test readings have come: its journal says what there was.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from varde_host.acceptance import (
    at_collector,
    contents,
    coverage,
    hub_word,
    signals,
    steps,
    storage_test,
)
from varde_host.acceptance.at_collector import Heard
from varde_host.bench import events, faults
from varde_host.bench import steps as bench_steps
from varde_host.bench.cable import ports, prompt
from varde_host.bench.making import (
    assignment,
    links,
    lock,
    lock_check,
    published,
    sensor_evidence,
)
from varde_host.bench.work import RUNNING, Evidence, Work
from varde_host.collector import database, registry
from varde_host.inventory import items, store
from varde_protocols import hub_config, records

RESERVE_DAYS: Final = 7
"""A hub proves its reserve link daily by itself (docs/link.md): its word on that holds so long."""
DAY_MS: Final = 86_400_000
LOOK_S: Final = 1.0
MEASURE_S: Final = 60.0
"""For somebody to take one measurement with one sensor; then the tray asks anew."""

Do = Callable[[Work], Awaitable[Evidence]]


@dataclass(frozen=True)
class AcceptanceStep(bench_steps.Step):
    """A step whose work is given, for one board only."""

    chip_id: str = ""
    do: Do | None = None

    def run(self) -> bench_steps.Run:
        """Return the function that does it, and notes when and with which outcome."""
        do = self.do
        assert do is not None

        async def noted(work: Work) -> Evidence:
            if work.board.chip_id != self.chip_id:
                raise faults.Fault("other-board", found=work.board.chip_id)
            facts = await do(work)
            outcome = facts.pop("outcome", steps.PASSED)
            return {"outcome": outcome, "facts": facts, "at_ms": work.bench.utc_ms()}

        return noted


@dataclass
class Acceptance:
    """One kit's. `database` is the collector's; `place` is where the test is done, in words."""

    kit_id: str
    chip_id: str
    inventory: store.Inventory
    database: str | Path
    place: str = ""
    heard: Heard | None = field(default=None, repr=False)

    def table(self) -> tuple[bench_steps.Step, ...]:
        """Return the steps."""
        rows: dict[str, tuple[Do, str]] = {
            steps.IDENTITY: (self.identity, "the hub's documents, verified by its own code"),
            steps.SIGNALS: (self.signals, "a person's word"),
            steps.RADIO: (self.radio, "a signed report at the collector, acknowledged"),
            steps.CONFIG: (self.config, "the number in the hub's signed report"),
            steps.ROLLBACK: (self.rollback, "the hub's update record, and its signed report"),
            steps.SENSORS: (self.sensors, "a reading of each sensor at the collector"),
            steps.STORAGE: (self.storage, "the journal and the collector, byte for byte"),
            steps.CLOCK: (self.clock, "the hub's stamp of a moment that the bench saw, too"),
            steps.BATTERY: (self.battery, "signed reports"),
            steps.COVERAGE: (self.coverage, "signed reports, and when readings came"),
            steps.LOCK: (self.lock, "every way in tried from outside"),
        }
        names = [steps.PREFIX + name for name in steps.STEPS]
        return tuple(
            AcceptanceStep(steps.PREFIX + name, "", tuple(names[:n]), proof, self.chip_id, do)
            for n, (name, (do, proof)) in enumerate((s, rows[s]) for s in steps.STEPS)
        )

    # At the prompt

    async def identity(self, work: Work) -> Evidence:
        """Find out whose hub it is, and let its config name the verifications that stand."""
        public = await asyncio.to_thread(self._public)
        hub_id = registry.hub_id_of(public).hex()
        said = await prompt.reach(work, hub_id)
        if not said.get("locked"):
            raise faults.Fault("lock-open", way="prompt")
        documents = await work.on_hub("documents")
        if documents.get("hub") != hub_id:
            raise faults.Fault("other-hub", found=str(documents.get("hub")), wanted=hub_id)
        old = await assignment.in_place(work)
        if old is None:
            raise faults.Fault("documents-refused", said="no assignment")
        newest = await asyncio.to_thread(published.highest, work.settings, bytes.fromhex(hub_id))
        refuse_older(old.number, newest)
        kit = contents.kit_of(self.inventory, self.kit_id)
        wanted = contents.planned(work, self.inventory, kit)
        rows = old.config.sensors
        strange, config = contents.aliens(rows, wanted), old.config
        if not strange:
            config = _with_sensors(config, contents.renamed(rows, wanted))
        work.finished = {**work.finished, "identity": {"hub": hub_id, "public": public.hex()}}
        given = await assignment.ensure(work, old, config)
        return {
            "hub": hub_id,
            "public": public.hex(),
            "opened_by": said["kid"],
            "assignment": given,
            "rows": [each.as_json() for each in wanted],
            "aliens": strange,
            "wifi": bool(config.networks),
            "modem": config.modem is not None,
            "armed": hub_word.armed_of(await work.on_hub("armed", board=config.board)),
        }

    async def signals(self, work: Work) -> Evidence:
        """Light, sound and button."""
        identity = self._of(work, steps.IDENTITY)
        await prompt.reach(work, identity["hub"])
        return await signals.ask(work, identity["armed"]["can"])

    # At the collector

    async def radio(self, work: Work) -> Evidence:
        """Start the hub, and see it answered over its first link; 4G by its own daily proof."""
        identity = self._of(work, steps.IDENTITY)
        bench = {"identity": {"hub": identity["hub"], "public": identity["public"]}}
        work.finished = {**work.finished, **bench}
        await prompt.reach(work, identity["hub"])
        hub_id = bytes.fromhex(identity["hub"])
        since = await asyncio.to_thread(at_collector.newest_seq, self.database, hub_id)
        first = records.LINK_WIFI if identity["wifi"] else records.LINK_MODEM
        proofs = [await links.prove(work, first)]
        if identity["wifi"] and identity["modem"]:
            heard = await self._heard(work)
            proofs.append(reserve_proof(heard, work.bench.utc_ms()))
        return {"since": since, "links": proofs}

    async def config(self, work: Work) -> Evidence:
        """Compare what the hub says that it runs with what was signed for it."""
        given = self._of(work, steps.IDENTITY)["assignment"]
        facts = hub_word.config(await self._heard_now(work), given["number"])
        return {**facts, "sha256": given["sha256"], "published": given["published"]}

    async def rollback(self, work: Work) -> Evidence:
        """See that no trial is under way and that one would come back."""
        armed = self._of(work, steps.IDENTITY)["armed"]
        return hub_word.rollback(await self._heard_now(work), armed)

    async def sensors(self, work: Work) -> Evidence:
        """See what is in the kit, and a reading of each sensor arrive."""
        identity = self._of(work, steps.IDENTITY)
        kit = contents.kit_of(self.inventory, self.kit_id)
        things = contents.refuse(work, self.inventory, kit, identity)
        await storage_test.is_running(work)
        came = await self._measured(work, identity["rows"])
        read = [
            {"slot": r["slot"], "item": r["item"], "reading": came[r["slot"]]}
            for r in identity["rows"]
        ]
        return {"profile": kit.profile, "things": things, "sensors": read}

    async def _measured(self, work: Work, rows: list[dict[str, Any]]) -> dict[int, int]:
        """Ask for a measurement of each sensor, and return the number of its reading by slot.

        Raises Fault `sensor-measure` for one that has brought none in a while.
        """
        began_s = time.monotonic()
        asked: set[int] = set()
        while True:
            heard = await self._heard_now(work)
            readings = [r for r in heard.of(records.Reading) if not at_collector.is_test(r)]
            came = {reading.slot: reading.seq for reading in readings}
            missing = [row for row in rows if row["slot"] not in came]
            if not missing:
                return came
            fields = {"slot": missing[0]["slot"], "model": missing[0]["model"]}
            if time.monotonic() > began_s + MEASURE_S:
                raise faults.Fault("sensor-measure", **fields)
            if fields["slot"] not in asked:
                work.tell(events.PERSON, code="sensor-measure", **fields)
                asked.add(fields["slot"])
            await asyncio.sleep(LOOK_S)
            work.board.hands_s += LOOK_S

    async def storage(self, work: Work) -> Evidence:
        """Twenty readings through the whole chain, with two cuts."""
        hub_id, public = self._ids(work)
        test = storage_test.StorageTest(self.database, hub_id, public)
        return await test.run(work)

    async def clock(self, work: Work) -> Evidence:
        """Compare the hub's clock with the bench's, and each sensor's as the hub read it."""
        identity, storage = self._of(work, steps.IDENTITY), self._of(work, steps.STORAGE)
        heard = await self._heard(work)
        event = storage_test.beginning(heard, storage["first"])
        hub = hub_word.clock(heard, event, storage["testing_ms"])
        hub_id, public = self._ids(work)
        since = self._of(work, steps.RADIO)["since"]
        raw = [each.raw for each in heard.arrived if each.record.seq > since or is_time(each)]
        seen = sensor_evidence.gather(hub_id, public, raw, work.bench.utc_ms())
        wanted = {r["slot"]: r["clock_s"] for r in identity["rows"] if r["clock_s"] is not None}
        return {**hub, "sensors": hub_word.sensor_clocks(seen, wanted)}

    async def battery(self, work: Work) -> Evidence:
        """Read what hub and sensors say of their batteries."""
        identity = self._of(work, steps.IDENTITY)
        heard = await self._heard_now(work)
        slots = [row["slot"] for row in identity["rows"]]
        paired = work.finished.get("sensors", {}).get("sensors", [])
        before = [row["slot"] for row in paired if row.get("battery_percent") is not None]
        measures = bool(identity["armed"]["can"].get("battery"))
        facts = hub_word.battery(heard.reports, slots, hub_measures=measures, told_before=before)
        nobody = facts["hub_mv"] is None and not any(
            percent is not None for percent in facts["sensors"].values()
        )
        return {**facts, **({"outcome": steps.NOT_APPLICABLE} if nobody else {})}

    async def coverage(self, work: Work) -> Evidence:
        """Judge the radio where the test was done."""
        identity, storage = self._of(work, steps.IDENTITY), self._of(work, steps.STORAGE)
        heard = await self._heard(work)
        reports = heard.in_boots_since(self._of(work, steps.RADIO)["since"]).reports
        slots = [row["slot"] for row in identity["rows"]]
        modem, wifi = identity["modem"], identity["wifi"]
        levels = [
            *coverage.links(heard.reports if modem else reports, has_modem=modem, has_wifi=wifi),
            *coverage.sensors(reports, slots),
            coverage.of_times(storage_test.undisturbed_ms(heard, storage), storage["half"]),
        ]
        coverage.refuse(levels)
        return {"place": self.place, "levels": [level.as_json() for level in levels]}

    async def lock(self, work: Work) -> Evidence:
        """Try every way in, while the hub runs and through a start, as a thief would."""
        hub_id = self._ids(work)[0].hex()
        by_lines = ports.has_lines(work.board.port)
        if work.board.mode != RUNNING or not by_lines:
            await prompt.reach(work, hub_id)
            await work.reset()  # and the first volley meets this start
        heard = 0
        for reset in (False, True) if by_lines else (False,):
            heard += (await lock.refuses(work, hub_id, reset=reset)).heard_bytes
        tried = [*lock_check.ATTACKS, "reset line" if by_lines else "restart"]
        opened = self._of(work, steps.IDENTITY)["opened_by"]
        return {"tried": tried, "heard_bytes": heard, "opened_by": opened}

    # What steps have in common

    def _of(self, work: Work, name: str) -> dict[str, Any]:
        """Return the facts of a step before."""
        facts: dict[str, Any] = work.finished[steps.PREFIX + name]["facts"]
        return facts

    def _ids(self, work: Work) -> tuple[bytes, bytes]:
        identity = self._of(work, steps.IDENTITY)
        return bytes.fromhex(identity["hub"]), bytes.fromhex(identity["public"])

    async def _heard(self, work: Work) -> Heard:
        """Return all that the collector has of this hub."""
        hub_id, public = self._ids(work)
        return await asyncio.to_thread(at_collector.heard, self.database, hub_id, public)

    async def _heard_now(self, work: Work) -> Heard:
        """Return what came in the start that this acceptance began, and in those after it."""
        heard = await self._heard(work)
        return heard.in_boots_since(self._of(work, steps.RADIO)["since"])

    def _public(self) -> bytes:
        """Return the hub's key, as the collector has it. Raises Fault `hub-01`."""
        found = self.inventory.read(lambda connection: items.hub_of(connection, self.chip_id))
        hub_id = bytes.fromhex((found.hub_id if found is not None else None) or "")
        opened = database.open_database(self.database, create=False)
        try:
            known = opened.read(lambda connection: registry.find(connection, hub_id))
        finally:
            opened.close()
        if known is None or known.is_revoked:
            raise faults.Fault("hub-01")
        return known.public_key


def refuse_older(runs: int, newest: int) -> None:
    """Raise Fault `opp-01` for a hub that has not yet taken what was published for it.

    A row that names a verification anew is signed on top of what the hub has, and would otherwise
    take back what IT has changed since.
    """
    if newest > runs:
        raise faults.Fault("opp-01", runs=runs, wanted=newest)


def reserve_proof(heard: Heard, now_ms: int) -> Evidence:
    """Return the newest word of the hub that 4G carried it. Raises Fault `no-exchange`."""
    since_ms = now_ms - RESERVE_DAYS * DAY_MS
    for each in reversed(heard.arrived):
        record = each.record
        by_report = (
            isinstance(record, records.Report)
            and record.facts.get(records.FACT_LINK) == records.LINK_MODEM
        )
        by_event = (
            isinstance(record, records.Event)
            and record.code == records.EVENT_RESERVE_PROOF
            and record.detail == 1
        )
        if (by_report or by_event) and each.received_ms >= since_ms:
            return {"link": links.NAMES[records.LINK_MODEM], "record": record.seq,
                    "received_ms": each.received_ms}  # fmt: skip
    raise faults.Fault("no-exchange", seconds=0, link=links.NAMES[records.LINK_MODEM])


def is_time(each: at_collector.Arrived) -> bool:
    """Tell if a record dates others: it is needed whatever it is older than."""
    return isinstance(each.record, records.Anchor)


def _with_sensors(config: hub_config.HubConfig, rows: list[Any]) -> hub_config.HubConfig:
    fields = {name: getattr(config, name) for name in hub_config.HubConfig.FIELDS}
    return hub_config.HubConfig(**{**fields, "sensors": rows})

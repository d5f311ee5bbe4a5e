"""The way back: a kit that came in is emptied, and that is proven (docs/return.md).

    return-look      at the hub's prompt, by a signed request: whose hub it is, what it still has
    return-drain     every reading delivered, or the follow-up service has decided
    return-revoke    the collector takes no more from this hub
    return-wipe      the hub erases itself
    return-erase     the loader erases the whole flash
    return-prove     the flash is read back and searched
    return-sensors   the sensors' memories, as far as each model lets us
    return-record    the wipe record, signed, with «Sletteprotokoll» on paper
    return-state     the kit is wiped in the inventory, by that record

The steps are those of a tray as any other (`steps`): what is finished is not done again after a
cut, and each begins anew harmlessly. From the wipe on the board's earlier steps, of its way out,
do not count any more. What the flash is searched for is known to this run only and written down
nowhere, so a run that begins after the wipe searches for less; the flash must be empty anyway.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from varde_host import errors
from varde_host.bench import faults, steps
from varde_host.bench.cable import prompt
from varde_host.bench.taking_back import (
    draining,
    flash_search,
    known_secrets,
    return_sensors,
    wipe_papers,
    wiping,
)
from varde_host.bench.work import Evidence, Work
from varde_host.collector import database, registry
from varde_host.inventory import items, kits, models, progress, states, store, who
from varde_protocols import hub_config

LOOK, DRAIN, REVOKE, WIPE, ERASE, PROVE, SENSORS, RECORD, STATE = NAMES = (
    "return-look", "return-drain", "return-revoke", "return-wipe", "return-erase",
    "return-prove", "return-sensors", "return-record", "return-state",
)  # fmt: skip

Do = Callable[[Work], Awaitable[Evidence]]


@dataclass(frozen=True)
class ReturnStep(steps.Step):
    """A step whose work is given, with what this return knows in it, for one board only."""

    chip_id: str = ""
    do: Do | None = None

    def run(self) -> steps.Run:
        """Return the function that does it, and notes when."""
        do = self.do
        assert do is not None

        async def timed(work: Work) -> Evidence:
            if work.board.chip_id != self.chip_id:
                raise faults.Fault("other-board", found=work.board.chip_id)
            evidence = await do(work)
            return {**evidence, "at_ms": work.bench.utc_ms()}

        return timed


@dataclass
class Return:
    """One kit's way back. `networks` are the bench's own, for the drain; `wipes` is the folder of
    the records."""

    kit_id: str
    chip_id: str
    inventory: store.Inventory
    database: str | Path
    wipes: Path
    decision: draining.Decision | None = None
    networks: tuple[hub_config.Network, ...] = ()
    proof: str = wiping.DUMP
    sensors: return_sensors.Plan = field(default_factory=return_sensors.Plan)
    secrets: list[flash_search.Secret] = field(default_factory=list)

    def table(self) -> tuple[steps.Step, ...]:
        """Return the steps."""
        rows: tuple[tuple[str, Do, str], ...] = (
            (LOOK, self.look, "what the hub says, and the lock's own answer"),
            (DRAIN, self.drain, "the hub's count of what nobody has acknowledged"),
            (REVOKE, self.revoke, "the collector's list"),
            (WIPE, self.wipe, "each sector read back by the hub"),
            (ERASE, self.erase, "the loader's answer"),
            (PROVE, self.prove, "the whole flash"),
            (SENSORS, self.clear_sensors, "the sensors' own counts"),
            (RECORD, self.record, "the signature, verified"),
            (STATE, self.move, "the inventory's row"),
        )
        names = [name for name, _do, _proof in rows]
        return tuple(
            ReturnStep(name, "", tuple(names[:number]), proof, self.chip_id, do)
            for number, (name, do, proof) in enumerate(rows)
        )

    # At the prompt

    async def look(self, work: Work) -> Evidence:
        """Find out what is on it; sensors are taken down while the config is still there."""
        lock = await prompt.reach(work, self._hub_id())
        state = await work.on_hub("state")
        found = state.get("hub")
        wanted = self._hub_id() or found
        if found is None or found != wanted:
            raise faults.Fault("other-hub", found=str(found), wanted=str(wanted))
        papers = await prompt.documents(work)
        self.secrets = known_secrets.of(found, state["public"], papers)
        return {
            "kit": self.kit_id,
            "hub": found,
            "public": state["public"],
            "locked": bool(lock.get("locked")),
            "opened_by": lock["kid"],
            "pending": draining.pending(state).as_json(),
            "bonds": state.get("bonds"),
            "files": len(state.get("files", {})),
            "sensors": return_sensors.of_assignment(papers.get(prompt.ASSIGNMENT)),
        }

    async def drain(self, work: Work) -> Evidence:
        """Deliver what is left."""
        hub_id = str(work.finished[LOOK]["hub"])
        await prompt.reach(work, hub_id)
        collector = draining.Collector(self.database)
        if self.networks and self.decision is None:
            left = await draining.unsent(work, hub_id, collector)
            if left.readings:
                await draining.use_networks(work, self.networks)
        return await draining.drain(work, hub_id, collector, self.decision)

    async def wipe(self, work: Work) -> Evidence:
        """Erase on the hub; its way out does not count any more from here on."""
        state = await prompt.reach(work, str(work.finished[LOOK]["hub"]))
        if not state["wiping"]:
            papers = await prompt.documents(work)
            look = work.finished[LOOK]
            self.secrets = known_secrets.of(look["hub"], look["public"], papers)
        self._forget_way_out(work)
        return await wiping.wipe(work)

    async def erase(self, work: Work) -> Evidence:
        """Erase from outside."""
        return await wiping.erase(work)

    async def prove(self, work: Work) -> Evidence:
        """Read back."""
        look = work.finished[LOOK]
        secrets = self.secrets or known_secrets.of(look["hub"], look["public"], {})
        return await wiping.prove(work, self.proof, secrets)

    # Elsewhere

    async def revoke(self, work: Work) -> Evidence:
        """Refuse the hub at the collector: its key is about to go, and nobody may have a copy."""
        hub_id = bytes.fromhex(work.finished[LOOK]["hub"])
        opened = database.open_database(self.database, create=False)
        try:
            with opened.writing() as connection:
                known = registry.find(connection, hub_id)
                if known is not None and not known.is_revoked:
                    registry.revoke(connection, hub_id, work.bench.utc_ms())
                known = registry.find(connection, hub_id)
        finally:
            opened.close()
        return {"enrolled": known is not None, "revoked": known is not None and known.is_revoked}

    async def clear_sensors(self, work: Work) -> Evidence:
        """Empty the sensors' memories."""
        rows = await return_sensors.clear(work, work.finished[LOOK]["sensors"], self.sensors)
        left = return_sensors.undone(rows)
        if left and not self.sensors.may_skip:
            raise faults.Fault("sle-04", slots=left)
        return {"sensors": rows}

    async def record(self, work: Work) -> Evidence:
        """Sign what was done, and put it on paper."""
        done = {name: work.finished[name] for name in NAMES if name in work.finished}
        return wipe_papers.write(work, self.kit_id, done, self.wipes)

    async def move(self, work: Work) -> Evidence:
        """Say so in the inventory.

        Raises Fault `sle-03` if the kit is not cleaned yet, `sle-04` while a sensor is not empty:
        it would give the readings of one user to the next one's hub.
        """
        left = return_sensors.undone(work.finished[SENSORS]["sensors"])
        if left:
            raise faults.Fault("sle-04", slots=left)
        record = str(work.finished[RECORD]["record"])
        now_ms, by = work.bench.utc_ms(), work.settings.by
        with self.inventory.writing() as connection:
            kit = kits.find(connection, self.kit_id)
            if kit.state != states.WIPED:
                try:
                    proof = {"wipe": {"record": record}}
                    kits.move(connection, kit.kit_id, states.WIPED, proof, by, now_ms)
                except errors.InputRefused as error:
                    raise faults.Fault("sle-03", state=kit.state, reason=error.code) from error
            hub = items.hub_of(connection, work.board.chip_id)
            if hub is not None and hub.hub_id is not None:
                items.change(connection, hub.item_id, by, now_ms, hub_id=None)
        return {"state": states.WIPED, "record": record}

    def _hub_id(self) -> str:
        """Return the identity that the inventory has for the kit's hub, "" for none."""
        hub = self.inventory.read(lambda connection: hub_item(connection, self.kit_id))
        return hub.hub_id or ""

    def _forget_way_out(self, work: Work) -> None:
        """Let the board's provisioning be done again, and keep this return's steps."""
        now_ms, by, chip = work.bench.utc_ms(), work.settings.by, work.board.chip_id
        with self.inventory.writing() as connection:
            _keep_only(connection, chip, NAMES, by, now_ms, f"kit {self.kit_id} is wiped")


def _keep_only(
    connection: sa.Connection,
    chip: str,
    names: Collection[str],
    by: who.Who,
    now_ms: int,
    reason: str,
) -> None:
    """Let all other steps of a chip be done again."""
    done = progress.finished(connection, chip)
    if set(done) <= set(names):
        return
    progress.forget(connection, chip, by, now_ms, reason)
    for name, evidence in done.items():
        if name in names:
            progress.finish(connection, chip, name, evidence, by, now_ms)


def hub_item(connection: sa.Connection, kit_id: str) -> items.Item:
    """Return the kit's hub. Raises InputRefused `kit-hub` if it has none, or several."""
    found = items.listing(connection, kit_id=kit_id, kind=models.HUB)
    if len(found) != 1 or found[0].chip_id is None:
        raise errors.InputRefused("kit-hub", kit_id, hubs=len(found))
    return found[0]


def begin(inventory: store.Inventory, kit_id: str, by: who.Who, now_ms: int) -> str:
    """Return the chip of the kit's hub, when a return of it may begin or go on.

    An earlier return that has ended, or that was broken off before the kit was out again, is put
    away; one that left sensors undone goes on with these.
    """
    with inventory.writing() as connection:
        kit = kits.find(connection, kit_id)
        chip = str(hub_item(connection, kit.kit_id).chip_id)
        done = progress.finished(connection, chip)
        moves = kits.steps(connection, kit.kit_id)
        returned_ms = max((m.at_ms for m in moves if m.after == states.RETURNED), default=0)
        begun = [done[name] for name in NAMES if name in done]
        is_over = STATE in done and kit.state != states.WIPED
        is_old = any(int(step.get("at_ms", 0)) < returned_ms for step in begun)
        if is_over or is_old:
            others = set(done) - set(NAMES)
            _keep_only(connection, chip, others, by, now_ms, f"kit {kit_id} comes back anew")
        elif SENSORS in done and return_sensors.undone(done[SENSORS]["sensors"]):
            others = set(done) - {SENSORS, RECORD, STATE}
            _keep_only(connection, chip, others, by, now_ms, f"kit {kit_id}: sensors are left")
    return chip


def end(inventory: store.Inventory, chip: str, by: who.Who, now_ms: int, record: str) -> None:
    """Put the steps of a return that is done away: the board is bare again."""
    with inventory.writing() as connection:
        _keep_only(connection, chip, (), by, now_ms, f"wiped, record {record[:16]}")

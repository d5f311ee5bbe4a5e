"""A kit is accepted: provisioned on a table, tested through its own cable and collector, Klar.

One virtual board with the real firmware, real esptool and mpremote, a collector, a scale. A
network cut and a real power cut (the cable is pulled) come between twenty test readings; the
journal is then read over the cable and compared with what the collector has.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from host import signed_bench
from stories import test_return as way_back
from stories.bench_table import Table
from varde_host import clock
from varde_host.acceptance import steps, stored
from varde_host.bench_record import form, opening, signing
from varde_host.inventory import items, records, states, store, who
from varde_host.site import files
from varde_host.verification import evaluation, procedure

CHECKER = who.Who(who.CALIBRATION, "k2")


class Technician(way_back.Technician):
    """Also sees the light, presses the button, pulls the cable."""

    presses = False

    def __call__(self, event: dict[str, Any]) -> str | None:
        question, code = str(event.get("question", "")), event.get("code")
        if event.get("event") == "person":
            if question in ("accept.ask.light", "accept.ask.sound"):
                return "ja"
            if question == "accept.ask.button":
                self.presses = True
                self._do(self.press())
            elif code == "pull-power":
                self._do(self.pull_the_cable())
        elif (event.get("event"), event.get("step")) == ("finished", "accept-signals"):
            self.presses = False
        return super().__call__(event)

    async def press(self) -> None:
        """Again and again, as nobody sees when the hub begins to look."""
        while self.presses:
            await self.table.say("press 1")
            await asyncio.sleep(0.5)  # a finger


def verify_the_scale(site: Path, item_id: str, now_ms: int) -> records.Record:
    """As `varde verify run` ends: a signed record in the inventory."""
    kept = store.open_inventory(site / "inventory.sqlite")
    try:
        with kept.writing() as connection:
            item = items.find(connection, item_id)
            what = signed_bench.seen(item, signed_bench.today(now_ms))
            judged = evaluation.evaluate(procedure.shipped()[what.procedure.id], what)
            body = {
                "measured": what.as_json(), "judgement": judged.as_json(), "kit": None,
                "valid_until": signed_bench.today(now_ms + 86_400_000 * 300),
            }  # fmt: skip
            signed = signing.sign(
                files.load(site), form.VERIFICATION, body, by=CHECKER, began_ms=now_ms,
                ended_ms=now_ms, place="Benk 1",
            )  # fmt: skip
            return records.put(connection, signed, CHECKER, now_ms).record
    finally:
        kept.close()


async def out_of_the_wash(table: Table, kit: str) -> str:
    """Received, cleaned, wiped (a hub that was just made holds nothing); return its sensor."""
    cleaned = ("-e", "cleaning.product=såpe", "-e", "cleaning.batch=7")
    await way_back.done(table.varde("kit", "move", kit, "cleaned", *cleaned))
    wiped = ("-e", f"wipe.record={'ab' * 32}")
    await way_back.done(table.varde("kit", "move", kit, "wiped", *wiped))
    shown = await way_back.done(table.varde("stock", "list", "--kind", "sensor"))
    (row,) = shown.last["value"]
    return str(row["item_id"])


def test_a_kit_is_tested_and_becomes_klar(tmp_path: Path) -> None:
    async def story() -> None:
        async with Table(tmp_path, sensors=("and-uc352:scale",)) as table:
            hands = Technician(table)
            kit = await way_back.provisioned(table, hands)
            scale = await out_of_the_wash(table, kit)
            now_ms = clock.FileClock(tmp_path / "boards" / "clock").utc_ms()
            verified = verify_the_scale(table.site, scale, now_ms)
            port = ("--port", f"@{tmp_path / 'ports'}")
            accept = ("accept", "run", kit, *port, "--label", kit)
            ended = await way_back.done(table.varde(*accept, answer=hands))
            assert ended.last["accepted"] is True
            assert ended.last["lacks"] == []
            assert ended.last["state"] == states.READY
            proven(table, kit, ended.last["record"], verified)
            await nothing_was_handed_on(table, verified)
            grid = await way_back.done(table.varde("accept", "grid"))
            (row,) = grid.last["value"]
            assert set(row["steps"].values()) <= {steps.PASSED, steps.NOT_APPLICABLE}
            assert (row["kit"], row["lacks"]) == (kit, 0)

    asyncio.run(story())


def proven(table: Table, kit: str, sha256: str, verified: records.Record) -> None:
    """The record is signed by the bench, and says what was done."""
    kept = store.open_inventory(table.site / "inventory.sqlite")
    try:
        record = kept.read(lambda connection: records.get(connection, sha256))
    finally:
        kept.close()
    signed = opening.opened(record.document, files.load(table.site))
    assert (signed.kind, signed.subject, signed.outcome) == (form.ACCEPTANCE, kit, steps.PASSED)
    done = {row["step"]: row for row in signed.content["steps"]}
    assert tuple(done) == steps.STEPS
    storage = done[steps.STORAGE]["facts"]
    assert (storage["held"], storage["arrived"], storage["lost"]) == (stored.COUNT,) * 2 + (0,)
    assert storage["cuts"] == ["network", "pulled"]
    assert storage["waiting_at_cut"] >= stored.COUNT // 2
    assert done[steps.CLOCK]["facts"]["off_ms"] < 2000
    (row,) = done[steps.SENSORS]["facts"]["sensors"]
    named = {r["item"]: r["verification"] for r in signed.content["items"]}
    assert named[row["item"]] == verified.sha256


async def nothing_was_handed_on(table: Table, verified: records.Record) -> None:
    """Test readings are left out unless asked for; the scale's own name their verification."""
    told = await way_back.done(table.varde("readings"))
    (reading,) = told.last["value"]
    assert reading["verification"]["name"] == verified.sha256[:16]
    assert reading["verification"]["state"] == "holds"
    told = await way_back.done(table.varde("readings", "--tests"))
    tests = [row for row in told.last["value"] if row["test"]]
    assert len(tests) == stored.COUNT
    assert len({row["hex"] for row in tests}) == stored.COUNT

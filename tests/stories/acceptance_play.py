"""A kit is accepted: tested through its own cable and collector, and Klar. A part of a story.

A network cut and a real power cut (the cable is pulled) come between twenty test readings; the
journal is then read over the cable and compared with what the collector has.
"""

from __future__ import annotations

from pathlib import Path

from host import signed_bench
from stories.bench_table import Answer, Ended, Table
from varde_host import clock
from varde_host.acceptance import steps, stored
from varde_host.bench_record import form, opening, signing
from varde_host.inventory import items, records, states, store, who
from varde_host.site import files
from varde_host.verification import evaluation, procedure

CHECKER = who.Who(who.CALIBRATION, "k2")


async def accepted(table: Table, hands: Answer, kit: str) -> None:
    """From received to Klar."""
    scale = await out_of_the_wash(table, kit)
    now_ms = clock.FileClock(table.folder / "boards" / "clock").utc_ms()
    verified = verify_the_scale(table.site, scale, now_ms)
    port = ("--port", f"@{table.folder / 'ports'}")
    ended = await table.varde("accept", "run", kit, *port, "--label", kit, answer=hands)
    assert ended.status == 0, (ended.events[-3:], ended.errors[-2000:])
    assert ended.last["lacks"] == []
    assert (ended.last["accepted"], ended.last["state"]) == (True, states.READY)
    proven(table, kit, ended.last["record"], verified)
    await nothing_was_handed_on(table, verified)
    (row,) = (await done(table, "accept", "grid")).last["value"]
    assert set(row["steps"].values()) <= {steps.PASSED, steps.NOT_APPLICABLE}
    assert (row["kit"], row["lacks"]) == (kit, 0)


async def done(table: Table, *arguments: str) -> Ended:
    """A command that must go well."""
    ended = await table.varde(*arguments)
    assert ended.status == 0, (ended.events[-3:], ended.errors[-2000:])
    return ended


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
    await done(table, "kit", "move", kit, "cleaned", *cleaned)
    wiped = ("-e", f"wipe.record={'ab' * 32}")
    await done(table, "kit", "move", kit, "wiped", *wiped)
    shown = await done(table, "stock", "list", "--kind", "sensor")
    (row,) = shown.last["value"]
    return str(row["item_id"])


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
    told = await done(table, "readings")
    (reading,) = told.last["value"]
    assert reading["verification"]["name"] == verified.sha256[:16]
    assert reading["verification"]["state"] == "holds"
    told = await done(table, "readings", "--tests")
    tests = [row for row in told.last["value"] if row["test"]]
    assert len(tests) == stored.COUNT
    assert len({row["hex"] for row in tests}) == stored.COUNT

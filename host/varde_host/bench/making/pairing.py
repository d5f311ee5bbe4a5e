"""Step 7: the kit's sensors, each paired with the hub, with its clock right.

What is in the kit says the inventory; a kit that is empty yet is filled by scanning the sensors'
codes. The model is fixed by that, its row in the hub's config by `recipes`, and a new assignment
takes it to the hub. Then the hub does what it does at home: it pairs with the sensor that waits
for it, sets its clock and reads it back, and writes both down, signed. These records, fetched over
the cable, are the evidence; nothing that merely answered over the air is.

One sensor at a time is switched on; the step says which one is missing, and what to do with it.
More than two tries with a sensor are a figure against its model (`pairing_figures`).
"""

from __future__ import annotations

import asyncio
import functools
import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from varde_host import errors
from varde_host.bench import events, faults
from varde_host.bench.cable import console_lines, journal_tail, prompt
from varde_host.bench.making import assignment, kit_binding, recipes, sensor_evidence
from varde_host.bench.making.sensor_evidence import SensorSeen
from varde_host.bench.taking_back import draining
from varde_host.bench.work import Evidence, Work
from varde_host.inventory import items, kits, models, records, scanning, store
from varde_protocols import hub_config
from varde_protocols.records import CLOCK_AFTER, VERIFICATION_BYTES

TIME_S = 90.0
"""From a start to the time and the first exchange; by 4G it takes longer, and then goes on."""
ROUND_S = 45.0
"""For somebody to wake the sensor, and for its whole session."""
SETTLE_S = 3.0
"""The hub writes down the end of a session after it has told of it."""
LOOK_S = 1.0
MISSING = "sensors-missing"
MOST_SENSORS = 12
MAX_UDI = 200
FILLED = "kit-filled"
_SESSION = re.compile(r"^varde: sensor (\d{1,3}): ")


@dataclass(frozen=True)
class Wanted:
    """A sensor of the kit: its thing in the inventory, how it is treated, its row."""

    item: items.Item
    recipe: recipes.Recipe
    row: hub_config.Sensor


async def run(work: Work) -> Evidence:
    """Fill the kit, assign, and wait for the hub's own records of each sensor."""
    hub_id, public = work.finished["identity"]["hub"], work.finished["identity"]["public"]
    inventory = _inventory(work)
    kit = kit_binding.kit_of(
        inventory, work.board.chip_id, hub_id, work.settings.by, work.bench.utc_ms(),
        work.settings.kit,
    )  # fmt: skip
    await _fill(work, inventory, kit)
    wanted = planned(work, inventory, kit)
    number = await _assign(work, [one.row for one in wanted])
    seen: dict[int, SensorSeen] = {}
    if wanted:
        await _round(work, bytes.fromhex(hub_id), wanted)
        held, now_ms = await journal_tail.read(work), work.bench.utc_ms()
        ids = bytes.fromhex(hub_id), bytes.fromhex(public)
        seen = sensor_evidence.gather(*ids, [held[seq] for seq in sorted(held)], now_ms)
    faults_left = [missing(one, seen.get(one.row.slot)) for one in wanted]
    work.board.memory[MISSING] = faults_left
    for fault in filter(None, faults_left):
        raise fault
    return {
        "kit": kit.kit_id,
        "assignment": number,
        "sensors": [told(one, seen[one.row.slot]) for one in wanted],
    }


def _inventory(work: Work) -> store.Inventory:
    assert work.bench.inventory is not None, "the bench has no inventory"
    return work.bench.inventory


# The kit


async def _fill(work: Work, inventory: store.Inventory, kit: kits.Kit) -> None:
    """Take in what is scanned until a line is empty; asked once in a run of the bench."""
    if not work.settings.scans:
        return
    while not work.board.memory.get(FILLED) and len(sensors(inventory, kit)) < MOST_SENSORS:
        there = ", ".join(item.model for item in sensors(inventory, kit)) or "-"
        text = await work.ask("pairing.scan", kit=kit.kit_id, there=there)
        if not text:
            break
        try:
            take_in(work, inventory, kit, text)
        except errors.InputRefused as error:
            work.tell(events.PERSON, question="pairing.refused", why=error.code, scanned=text[:40])
    work.board.memory[FILLED] = True


def sensors(inventory: store.Inventory, kit: kits.Kit) -> list[items.Item]:
    """Return the sensors that the inventory has in the kit."""
    return inventory.read(
        lambda connection: items.listing(connection, kit_id=kit.kit_id, kind=models.SENSOR)
    )


def take_in(work: Work, inventory: store.Inventory, kit: kits.Kit, text: str) -> items.Item:
    """Put what was scanned into the kit: a thing of ours, or a maker's code of a known model.

    Raises Fault `sensor-new-model`, and InputRefused as `scanning.identify` and `items`.
    """
    by, now_ms = work.settings.by, work.bench.utc_ms()
    with inventory.writing() as connection:
        found = scanning.identify(connection, text, now_ms)
        if found.what == scanning.NEW_MODEL and found.code is not None:
            raise faults.Fault("sensor-new-model", item=found.code.serial, model=found.code.code)
        item_id = found.id
        if found.what == scanning.MODEL and found.model is not None and found.code is not None:
            item_id = items.add(
                connection, secrets.randbelow, found.model.model, by, now_ms,
                serial=found.code.serial, lot=found.code.lot, udi=text.strip()[:MAX_UDI],
            ).item_id  # fmt: skip
        elif found.what != scanning.ITEM or item_id is None:
            raise errors.InputRefused("scan-unknown", text[:40])
        return items.put(connection, str(item_id), kit.kit_id, by, now_ms)


def planned(work: Work, inventory: store.Inventory, kit: kits.Kit) -> list[Wanted]:
    """Return the kit's sensors with their rows, each naming the verification that stands for it.

    Raises Fault `sensor-new-model` for one that no recipe describes, InputRefused `sensor-alike`,
    `sensor-serial`, and ConfigError.
    """
    known = recipes.load(work.settings.site.directory)
    wanted = []
    for slot, item in enumerate(sensors(inventory, kit), 1):
        if item.model not in known:
            raise faults.Fault("sensor-new-model", item=item.item_id, model=item.model)
        recipe = known[item.model]
        ask = functools.partial(
            records.standing_verification, item_id=item.item_id, now_ms=work.bench.utc_ms()
        )
        stands = inventory.read(ask)
        name = b"" if stands is None else bytes.fromhex(stands.sha256)[:VERIFICATION_BYTES]
        row = recipes.row(recipe, slot, item.serial or "", verification=name)
        wanted.append(Wanted(item, recipe, row))
    recipes.refuse_look_alikes([one.row for one in wanted])
    return wanted


# The hub


async def _assign(work: Work, rows: Sequence[hub_config.Sensor]) -> int:
    """Give the hub the assignment with these sensors, if it has another; return its number."""
    await prompt.reach(work, work.finished["identity"]["hub"])
    old = await assignment.in_place(work)
    if old is None:
        raise faults.Fault("documents-refused", said="no assignment")
    fields = {name: getattr(old.config, name) for name in hub_config.HubConfig.FIELDS}
    slots = {hub_config.ANY_SLOT, *(row.slot for row in rows)}
    reminders = [reminder for reminder in old.config.reminders if reminder[2] in slots]
    config = hub_config.HubConfig(**{**fields, "sensors": list(rows), "reminders": reminders})
    number = (await assignment.ensure(work, old, config))["number"]
    assert isinstance(number, int)
    return number


async def _round(work: Work, hub_id: bytes, wanted: Sequence[Wanted]) -> None:
    """Let the hub run until it has spoken of each sensor that is missing, or for a while.

    A hub sets no clock before it knows the time, so nobody is asked to wake a sensor before its
    first exchange has brought that.
    """
    collector = draining.Collector(work.settings.database)
    before = await asyncio.to_thread(collector.count, hub_id)
    await work.reset()
    end_s = time.monotonic() + TIME_S
    while time.monotonic() < end_s and await asyncio.to_thread(collector.count, hub_id) == before:
        await asyncio.sleep(LOOK_S)
    left = work.board.memory.get(MISSING) or [missing(one, None) for one in wanted]
    asked = {one.row.slot: fault for one, fault in zip(wanted, left, strict=True) if fault}

    def ask(slot: int) -> None:
        work.tell(events.PERSON, code=asked[slot].code, **asked[slot].fields)

    for slot in reversed(asked):  # whoever shows one of them shows what was told last
        ask(slot)
    loop = asyncio.get_running_loop()
    hears = _hears(asked, lambda next_slot: loop.call_soon_threadsafe(ask, next_slot))
    await console_lines.listen(work.board.port, ROUND_S, hears)
    await asyncio.sleep(SETTLE_S)


# The verdict


def missing(wanted: Wanted, seen: SensorSeen | None) -> faults.Fault | None:
    """Return what is still to be done with a sensor, None if all of it is proven."""
    recipe, slot = wanted.recipe, wanted.row.slot
    what: dict[str, object] = {"slot": slot, "model": recipe.model}
    seen = seen or SensorSeen(slot)
    proven = max(seen.paired or 0, seen.clock.seq if seen.clock else 0)
    if seen.refused is not None and seen.refused > proven:
        return faults.Fault("ble-07", **what)
    if recipe.bond != hub_config.BOND_NONE:
        if seen.paired is None:
            return faults.Fault("sensor-hold", **what, tries=seen.failed)
        if seen.lost is not None and seen.lost > seen.paired:
            return faults.Fault("ble-06", **what)
    if recipe.clock:
        return _clock_missing(recipe, seen, what)
    if recipe.bond == hub_config.BOND_NONE and not seen.readings:
        return faults.Fault("sensor-measure", **what)
    return None


def _clock_missing(
    recipe: recipes.Recipe, seen: SensorSeen, what: dict[str, object]
) -> faults.Fault | None:
    clock = seen.clock
    if clock is None:
        if seen.clock_refused is not None:
            return faults.Fault("tid-02", **what, off="?")
        return faults.Fault("sensor-measure", **what)
    off = "?" if clock.off_s is None else f"{round(clock.off_s / 60)} min"
    if seen.clock_refused is not None and seen.clock_refused > clock.seq:
        return faults.Fault("tid-02", **what, off=off)
    if clock.off_s is not None and abs(clock.off_s) <= recipe.off_s:
        return None
    if clock.occasion == CLOCK_AFTER:
        return faults.Fault("tid-02", **what, off=off)
    # The hub did not know the time when it looked; it sets the clock the next time.
    return faults.Fault("sensor-measure", **what)


def told(wanted: Wanted, seen: SensorSeen) -> Evidence:
    """Return the evidence of one sensor."""
    clock = seen.clock
    return {
        "slot": wanted.row.slot,
        "item": wanted.item.item_id,
        "model": wanted.recipe.model,
        "paired": seen.paired,
        "tries": seen.tries,
        "clock": None
        if clock is None
        else {"record": clock.seq, "occasion": clock.occasion, "off_s": clock.off_s},
        "battery_percent": seen.battery_percent,
        "readings": seen.readings,
    }


def _hears(slots: Iterable[int], on_next: Callable[[int], object]) -> Callable[[str], bool]:
    """Return who tells when the hub has spoken of each of these slots; `on_next` is given the
    first of those that are left, each time that there is one less."""
    left = list(slots)

    def is_enough(line: str) -> bool:
        match = _SESSION.search(line)
        if match and int(match[1]) in left:
            left.remove(int(match[1]))
            if left:
                on_next(left[0])
        return not left

    return is_enough

"""A whole hub whose journal was damaged, or was another's, between two starts."""

import asyncio

from simulator.board_place import needs_vm
from simulator.hub_place import JOURNAL_BYTES, SECTOR_BYTES, Hub, with_hub
from varde_firmware.core import journal
from varde_protocols import records
from varde_simulator import flash_image
from varde_simulator.sensors import meaning as m

pytestmark = needs_vm
START_S = 30
STARTS_TO_FILL_A_SECTOR = 10
SMALL_JOURNAL_BYTES = 64 * 1024
STREAM, SPOT_CHECK, WEIGHT, PRESSURE = 0x2A5F, 0x2A5E, 0x2A9D, 0x2A35
WORN_S = 75


def patch(hub: Hub, label: str, offset: int, data: bytes) -> None:
    """Put bytes into a partition, as age does, while the board is off."""
    assert hub.board is not None
    part = next(p for p in flash_image.layout(JOURNAL_BYTES) if p.label == label)
    with hub.board.flash.open("r+b") as file:
        file.seek(part.offset + offset)
        file.write(data)


async def restart(hub: Hub) -> None:
    await hub.board.cut_power()
    await hub.board.power_on()
    await asyncio.sleep(START_S)


def damage_told(hub: Hub) -> list[int]:
    return [e.detail for e in hub.of(records.Event) if e.code == records.EVENT_JOURNAL_DAMAGED]


def identities(hub: Hub) -> list[str]:
    return [line.split()[-1] for line in hub.place.lines if line.startswith("varde: boot")]


def test_a_flipped_bit_and_a_dead_sector_are_told_once_each(tmp_path):
    async def act(hub: Hub) -> None:
        await hub.power_on()
        await asyncio.sleep(START_S)
        for _ in range(STARTS_TO_FILL_A_SECTOR):
            await restart(hub)
        assert damage_told(hub) == []
        image = flash_image.read(hub.board.flash, "journal")
        assert image[SECTOR_BYTES : SECTOR_BYTES + 2] == b"VJ"  # the first is full
        await hub.board.cut_power()
        patch(hub, "journal", 300, bytes([image[300] ^ 0x20]))
        await restart(hub)
        await restart(hub)
        assert damage_told(hub) == [1]
        await hub.board.cut_power()
        patch(hub, "journal", 5 * SECTOR_BYTES, bytes(SECTOR_BYTES))  # stuck, and not in use
        await restart(hub)
        await restart(hub)
        assert damage_told(hub) == [1, 1]

    hub = with_hub(tmp_path, act)
    assert len(set(identities(hub))) == 1
    assert not any("Traceback" in line for line in hub.place.lines)


def test_a_new_identity_begins_with_an_empty_journal(tmp_path):
    async def act(hub: Hub) -> None:
        await hub.power_on()
        await asyncio.sleep(START_S)
        await restart(hub)
        first = hub.signed()
        assert len(hub.of(records.Session)) == 2
        await hub.board.cut_power()
        patch(hub, "journal", 9 * SECTOR_BYTES, b"another's")
        nvs = next(p for p in flash_image.layout(JOURNAL_BYTES) if p.label == "nvs")
        patch(hub, "nvs", 0, b"\xff" * nvs.size)
        await restart(hub)
        signed = hub.signed()
        old, new = first[0].unverified_kid, signed[0].unverified_kid
        assert old != new
        assert {one.unverified_kid for one in signed} == {new}
        assert [record.seq for record in hub.of(records.Session)] == [2]
        assert damage_told(hub) == []

    hub = with_hub(tmp_path, act)
    assert len(set(identities(hub))) == 2
    log = flash_image.read(hub.board.flash, "journal")
    assert log.count(b"\xff") > len(log) - journal.SECTOR_BYTES


async def wear_oximeter(hub: Hub, number: int) -> None:
    """Samples once a second, and what stands on the display at the end."""
    live = [(float(at_s), STREAM, bytes([0, 97, 0, at_s, 0])) for at_s in range(1, WORN_S)]
    display = bytes([0, 90 + number, 0, 64, 0])
    hub.sensors[1].measure([(SPOT_CHECK, display)], live, WORN_S)
    await asyncio.sleep(WORN_S + 60)


def sent(hub: Hub, slot: int, characteristic: int) -> list[bytes]:
    """The values that a sensor was made to measure, as it sends them."""
    readings = hub.sensors[slot].ledger.readings
    return [one.as_sent for one in readings if one.characteristic == characteristic]


def test_a_stream_that_nobody_fetches_gives_way_and_is_named(tmp_path):
    async def act(hub: Hub) -> None:
        hub.journal_bytes = SMALL_JOURNAL_BYTES
        await hub.add(1, "oximeter", 0x1822, [SPOT_CHECK, STREAM])
        await hub.add(2, "scale", 0x181D, [WEIGHT])
        await hub.add(3, "cuff", 0x1810, [PRESSURE])
        await hub.power_on()
        await asyncio.sleep(START_S)
        for number in range(8):
            await wear_oximeter(hub, number)
            if number in (3, 6):
                await restart(hub)
            hub.sensors[2].take(m.Weight(70.0 + number))
            hub.sensors[3].take(m.Pressure(120 + number, 79, 95, 66))
            await asyncio.sleep(120)
        for slot, characteristic in ((1, SPOT_CHECK), (2, WEIGHT), (3, PRESSURE)):
            spots = hub.values(slot, characteristic)
            assert sorted(spots) == sorted(sent(hub, slot, characteristic))
            assert len(spots) == 8
        assert 100 < len(hub.values(1, STREAM)) < 400
        rows = [records.decode(one.unverified_payload) for one in hub.signed()]
        held = {record.seq for record in rows}
        named: set[int] = set()
        for gap in hub.of(records.Gap):
            assert gap.sources == [[1, STREAM]]
            for first, last in gap.ranges:
                named.update(range(first, last + 1))
        assert named - held == set(range(1, max(held))) - held
        assert len(named - held) > 100
        assert not [e for e in hub.of(records.Event) if e.code == records.EVENT_JOURNAL_FULL]

    hub = with_hub(tmp_path, act)
    assert not any("Traceback" in line for line in hub.place.lines)

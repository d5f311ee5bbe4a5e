"""A whole hub whose journal was damaged, or was another's, between two starts."""

import asyncio

from simulator.board_place import needs_vm
from simulator.hub_place import JOURNAL_BYTES, SECTOR_BYTES, Hub, with_hub
from varde_firmware.core import journal
from varde_protocols import records
from varde_simulator import flash_image

pytestmark = needs_vm
START_S = 30
STARTS_TO_FILL_A_SECTOR = 10


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

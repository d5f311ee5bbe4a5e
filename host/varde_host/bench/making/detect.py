"""Step 1: which board this is, and whether it can become a hub.

The chip says its kind, revision and PSRAM, the flash says its size. The flash may lie: a
remarked part answers with a larger size, and addresses beyond its true size fall on lower ones. So
a mark is written at the very end of the claimed size, which no partition uses, and looked for at
the end of every smaller size (a power of two) as well.

What an earlier life left (readings, keys, bonds) is never erased unseen: a flash with a hub's own
partition table and a journal that is not blank is refused, and goes through `varde bench return`.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from varde_host.bench import faults
from varde_host.bench.cable import esptool_talk
from varde_host.bench.work import Evidence, Work
from varde_host.flash import partition_table

MIB = partition_table.MIB
SECTOR_BYTES = partition_table.SECTOR_BYTES

KINDS = {"ESP32-S3": (0, 0)}
"""Chips that can become a hub, and their oldest revision (ESP-IDF 5 supports the S3 from v0.0)."""
LEAST_FLASH_BYTES = partition_table.LEAST_FLASH_BYTES
LEAST_PSRAM_BYTES = 2 * MIB
"""The application needs half a MiB of heap (docs/firmware.md), which no ESP32 has without."""
SMALLEST_FAKE_BYTES = MIB
MARK_BYTES = 64


async def run(work: Work) -> Evidence:
    """Judge the board by what it says and what its flash does."""
    facts = work.board.facts  # read a moment ago, by the run that found the board
    if facts.flash_bytes is None:
        facts = (await work.esptool("flash-id")).facts()
    judge(facts)
    assert facts.flash_bytes is not None
    await _try_flash(work, facts.flash_bytes)
    return {
        "kind": facts.kind,
        "revision": "v%d.%d" % (facts.revision or (0, 0)),  # noqa: UP031
        "features": facts.features,
        "psram_bytes": facts.psram_bytes,
        "flash_bytes": facts.flash_bytes,
        "flash_id": facts.flash_id,
        "flash_wraps": False,
    }


def judge(facts: esptool_talk.ChipFacts) -> None:
    """Raise the Fault that makes a board unfit, by what it says of itself."""
    if facts.kind not in KINDS:
        raise faults.Fault("wrong-kind", found=facts.kind, wanted=", ".join(KINDS))
    oldest = KINDS[facts.kind]
    if facts.revision is not None and facts.revision < oldest:
        raise faults.Fault("old-revision", found="v%d.%d" % facts.revision)  # noqa: UP031
    if facts.flash_bytes is None or facts.flash_bytes < LEAST_FLASH_BYTES:
        found = (facts.flash_bytes or 0) // MIB
        raise faults.Fault("flash-small", found=found, wanted=LEAST_FLASH_BYTES // MIB)
    if facts.psram_bytes < LEAST_PSRAM_BYTES:
        wanted = LEAST_PSRAM_BYTES // MIB
        raise faults.Fault("psram-small", found=facts.psram_bytes // MIB, wanted=wanted)


async def _try_flash(work: Work, claimed_bytes: int) -> None:
    """Write a mark at the end, and look where it can be read."""
    mark = secrets.token_bytes(MARK_BYTES) * (SECTOR_BYTES // MARK_BYTES)
    path = work.put("mark.bin", mark)
    end = claimed_bytes - SECTOR_BYTES
    smaller = ends_of_smaller(claimed_bytes)
    await _write_mark(work, path, end)
    table, journal = _of_a_hub(work, claimed_bytes)
    marks = pairs([end, *smaller], path)
    talk = await work.esptool("verify-flash", *marks, *table, *journal, may_differ=True)
    wrapped = [offset + SECTOR_BYTES for offset in smaller if talk.verified.get(offset, True)]
    if wrapped:
        true_mib, said_mib = min(wrapped) // MIB, claimed_bytes // MIB
        raise faults.Fault("flash-counterfeit", found=true_mib, claimed=said_mib)
    if not talk.verified.get(end, False):
        raise faults.Fault("flash-dead", offset=hex(end))
    is_hub = talk.verified.get(int(table[0], 16), False)
    if is_hub and not talk.verified.get(int(journal[0], 16), False):
        raise faults.Fault("holds-readings")


def _of_a_hub(work: Work, flash_bytes: int) -> tuple[list[str], list[str]]:
    """Return offset and file of a hub's partition table, and of a journal that is blank."""
    partitions = partition_table.for_flash(flash_bytes)
    journal = partition_table.find(partitions, "journal")
    table_file = work.put("table.bin", partition_table.encode(partitions))
    blank_file = work.put("journal.bin", b"\xff" * journal.size)
    return (
        [hex(partition_table.TABLE_OFFSET), str(table_file)],
        [hex(journal.offset), str(blank_file)],
    )


async def _write_mark(work: Work, path: Path, end: int) -> None:
    try:
        await work.esptool("write-flash", hex(end), str(path))
    except faults.Fault as fault:
        if fault.code != "read-back-differs":
            raise
        raise faults.Fault("flash-dead", offset=hex(end)) from fault


def ends_of_smaller(claimed_bytes: int) -> list[int]:
    """Return the last sector of every size that a flash of this claim may have in truth."""
    ends, size = [], claimed_bytes // 2
    while size >= SMALLEST_FAKE_BYTES:
        ends.append(size - SECTOR_BYTES)
        size //= 2
    return ends


def pairs(offsets: list[int], path: Path) -> list[str]:
    """Return `offset file offset file ...` as esptool takes them."""
    return [word for offset in offsets for word in (hex(offset), str(path))]

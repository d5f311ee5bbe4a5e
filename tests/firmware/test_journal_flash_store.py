"""The port on a stand-in of esp32.Partition with NOR rules; the same bytes as the fake flash."""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any, ClassVar

import pytest

from firmware.nor_flash import SECTOR_BYTES, NorFlash
from varde_firmware.core.journal import Journal


class Partition:
    """The four calls of esp32.Partition that the port uses."""

    TYPE_DATA = 1
    present: ClassVar[dict[str, NorFlash]] = {}
    block_bytes = SECTOR_BYTES

    def __init__(self, flash: NorFlash) -> None:
        self.flash = flash

    @classmethod
    def find(cls, kind: int, subtype: int = 0xFF, label: str | None = None) -> list[Partition]:
        assert kind == cls.TYPE_DATA
        return [cls(flash) for name, flash in cls.present.items() if name == label]

    def readblocks(self, block: int, buffer: Any, offset: int = 0) -> None:
        self.flash.read_into(block * SECTOR_BYTES + offset, buffer)

    def writeblocks(self, block: int, data: Any, offset: int) -> None:
        self.flash.program(block * SECTOR_BYTES + offset, data)

    def ioctl(self, command: int, argument: int) -> int:
        if command == 6:
            self.flash.erase(argument)
            return 0
        return {4: self.flash.sector_count, 5: self.block_bytes}[command]


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Any:
    module: Any = types.ModuleType("esp32")
    module.Partition = Partition
    monkeypatch.setitem(sys.modules, "esp32", module)
    monkeypatch.delitem(sys.modules, "varde_firmware.ports.flash_store", raising=False)
    monkeypatch.setattr(Partition, "present", {})
    yield importlib.import_module("varde_firmware.ports.flash_store")
    sys.modules.pop("varde_firmware.ports.flash_store", None)


def live(flash: Any) -> Journal:
    journal = Journal(flash)
    journal.mount()
    for seq in range(1, 150):
        journal.append(seq, bytes([seq]) * 150)
        if seq % 20 == 0:
            journal.acknowledge([(0, seq - 5)])
    return journal


def test_a_journal_on_the_partition_is_the_same_as_on_the_fake(port: Any) -> None:
    direct, behind = NorFlash(6), NorFlash(6)
    Partition.present["journal"] = behind
    expected = live(direct).batch(1 << 20, 1000)
    assert live(port.find()).batch(1 << 20, 1000) == expected
    assert behind.memory == direct.memory
    again = Journal(port.find())
    again.mount()
    assert again.next_seq == 150


def test_a_missing_partition_is_named(port: Any) -> None:
    Partition.present["vfs"] = NorFlash(6)
    with pytest.raises(OSError, match="no data partition 'journal'"):
        port.find()


def test_other_block_sizes_are_refused(port: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Partition.present["journal"] = NorFlash(6)
    monkeypatch.setattr(Partition, "block_bytes", 512)
    with pytest.raises(OSError, match="512"):
        port.find()

"""The flash image: what ESP-IDF's table and MicroPython's littlefs look like."""

import hashlib
import itertools
import struct

import pytest

from varde_simulator import flash_image

FILES = {
    "boot.py": b"print('hello')\n",
    "a/varde/x.mpy": bytes(range(256)) * 40,
    "empty.cbor": b"",
}


@pytest.fixture
def flash(tmp_path):
    path = tmp_path / "flash"
    flash_image.build(path, FILES, 128 * 1024)
    return path


def test_the_table_is_laid_out_as_esp_idf_reads_it(flash):
    table = flash.read_bytes()[0x8000:0x8C00]
    rows = [table[at : at + 32] for at in range(0, 7 * 32, 32)]
    labels = [struct.unpack("<2sBBII16sI", row)[5].rstrip(b"\0").decode() for row in rows]
    assert labels == ["nvs", "otadata", "phy_init", "ota_0", "ota_1", "journal", "vfs"]
    assert table[7 * 32 : 7 * 32 + 16] == b"\xeb\xeb" + b"\xff" * 14
    assert table[7 * 32 + 16 : 8 * 32] == hashlib.md5(table[: 7 * 32]).digest()
    assert set(table[8 * 32 :]) == {0xFF}


def test_partitions_touch_nothing_of_each_other(flash):
    partitions = flash_image.decode_table(flash.read_bytes()[0x8000:0x8C00])
    for before, after in itertools.pairwise(partitions):
        assert before.end <= after.offset
        assert after.offset % flash_image.SECTOR_BYTES == 0
    assert partitions[-1].end <= flash_image.FLASH_BYTES


def test_files_come_back(flash):
    assert flash_image.read_littlefs(flash_image.read(flash, "vfs")) == FILES


def test_journal_and_nvs_are_erased(flash):
    assert set(flash_image.read(flash, "journal")) == {0xFF}
    assert set(flash_image.read(flash, "nvs")) == {0xFF}
    assert len(flash_image.read(flash, "journal")) == 128 * 1024


def test_a_table_with_a_wrong_sum_is_refused(flash):
    table = bytearray(flash.read_bytes()[0x8000:0x8C00])
    table[40] ^= 1
    with pytest.raises(flash_image.FlashImageError, match="MD5"):
        flash_image.decode_table(bytes(table))


def test_what_is_no_flash_is_refused(tmp_path):
    path = tmp_path / "empty"
    path.write_bytes(bytes(flash_image.FLASH_BYTES))
    with pytest.raises(flash_image.FlashImageError, match="flash image of a hub"):
        flash_image.find(path, "vfs")


def test_an_unknown_label_is_named(flash):
    with pytest.raises(flash_image.FlashImageError, match="labelled moon"):
        flash_image.find(flash, "moon")


def test_a_journal_that_leaves_no_room_is_refused(tmp_path):
    with pytest.raises(flash_image.FlashImageError, match="no room"):
        flash_image.build(tmp_path / "flash", {}, 12 * 1024 * 1024)

"""Which application a flash boots, and that broken ones are never taken."""

import functools
import operator
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_simulator import flash_image
from varde_simulator.flash_image import Partition
from varde_simulator.usb import app_image, boot_rom, chips, ota_data, stand_in_image

IMAGE_BYTES = 8000
OTA_DATA_AT = 0xD000
HASH_FLAG_BIT = 23 * 8


@functools.cache
def flashed(*versions: str) -> bytes:
    """A small flash with the stand-in, and perhaps a second version in a second slot."""
    table = [
        Partition("otadata", 1, 0x00, OTA_DATA_AT, 0x2000),
        Partition("ota_0", 0, 0x10, 0x10000, 0x10000),
        Partition("ota_1", 0, 0x11, 0x20000, 0x10000),
    ]
    flash = bytearray(b"\xff" * 0x30000)
    whole = stand_in_image.build(versions[0], IMAGE_BYTES)
    flash[: len(whole)] = whole
    flash[0x8000:0x8C00] = flash_image.encode_table(table)
    for number, version in enumerate(versions):
        image = stand_in_image.application(version, IMAGE_BYTES)
        at = 0x10000 * (1 + number)
        flash[at : at + len(image)] = image
    return bytes(flash)


def with_ota(flash: bytes, *entries: tuple[int, int]) -> bytes:
    """`entries`: (sequence, state) of the two sectors."""
    changed = bytearray(flash)
    for sector, (sequence, state) in enumerate(entries):
        row = ota_data.ENTRY.pack(sequence, b"", state, ota_data.crc_of(sequence))
        at = OTA_DATA_AT + sector * 4096
        changed[at : at + len(row)] = row
    return bytes(changed)


def slot_of(flash: bytes) -> str:
    boot = boot_rom.look(flash)
    return boot.slot.label if boot.slot else boot.reason


def test_blank_flash_ends_in_the_rom() -> None:
    boot = boot_rom.look(b"\xff" * 0x30000)
    assert not boot.boots
    assert boot.text.count(b"invalid header: 0xffffffff\r\n") == boot_rom.HEADER_ATTEMPTS
    assert b"boot:0x8 (SPI_FAST_FLASH_BOOT)" in boot.text


def test_fresh_image_boots_the_first_slot(tmp_path) -> None:
    path = tmp_path / "flash"
    path.write_bytes(flashed("1.25.0"))
    boot = boot_rom.look(path, cause=2)
    assert boot.boots
    assert boot.slot is not None
    assert boot.slot.label == "ota_0"
    assert b"rst:0x3 (RTC_SW_SYS_RST)" in boot.text
    assert boot.text.endswith(b"entry 0x403c98d0\r\n")


@pytest.mark.parametrize(
    ("entries", "slot"),
    [
        ([(1, 2)], "ota_0"),
        ([(2, 2)], "ota_1"),
        ([(1, 2), (2, 2)], "ota_1"),
        ([(3, 2), (2, 2)], "ota_0"),
        ([(1, 2), (2, ota_data.ABORTED)], "ota_0"),
        ([(2, ota_data.INVALID)], "ota_0"),
        ([(0xFFFFFFFF, 0xFFFFFFFF)], "ota_0"),
    ],
)
def test_ota_data_names_the_slot(entries, slot) -> None:
    assert slot_of(with_ota(flashed("1.25.0", "1.26.1"), *entries)) == slot


def test_a_bad_crc_in_the_ota_data_counts_for_nothing() -> None:
    flash = bytearray(with_ota(flashed("1.25.0", "1.26.1"), (2, 2)))
    flash[OTA_DATA_AT + 28] ^= 1
    assert slot_of(bytes(flash)) == "ota_0"


def test_a_broken_slot_falls_back_to_the_other_and_says_so() -> None:
    flash = bytearray(with_ota(flashed("1.25.0", "1.26.1"), (2, 2)))
    flash[0x20000 + 4000] ^= 1
    boot = boot_rom.look(bytes(flash))
    assert boot.slot is not None
    assert boot.slot.label == "ota_0"
    assert b"image at 0x20000: Checksum failed" in boot.text


def test_no_whole_application_is_no_boot() -> None:
    flash = bytearray(flashed("1.25.0"))
    flash[0x10000:0x11000] = b"\xff" * 4096
    boot = boot_rom.look(bytes(flash))
    assert not boot.boots
    assert b"No bootable app partitions" in boot.text
    assert b"nothing flashed here?" in boot.text


def test_an_image_of_another_chip_is_not_started() -> None:
    image = app_image.encode([(0x3C000020, bytes(64))], 0x40375000, chip_id=5)
    flash = bytearray(flashed("1.25.0"))
    flash[0x10000 : 0x10000 + len(image)] = image
    assert slot_of(bytes(flash)) == "no bootable application"
    assert not boot_rom.look(flashed("1.25.0"), chip=chips.ESP32_C3).boots


@given(st.integers(0, 0x30000 * 8 - 1))
def test_no_flipped_bit_boots_something_else(bit) -> None:
    """Also in a boot that is still good, it is the same slot: a flip anywhere in the image is
    found, one in the padding behind it does not matter. But for the bit that says whether there
    is a hash: without one the checksum is enough, as on the chip."""
    whole = flashed("1.25.0")
    flash = bytearray(whole)
    flash[bit // 8] ^= 1 << bit % 8
    boot = boot_rom.look(bytes(flash))
    length = app_image.decode(whole[0x10000:]).length
    bootloader = app_image.decode(whole).length
    is_inside = bit // 8 < bootloader or 0x10000 <= bit // 8 < 0x10000 + length
    if is_inside and bit % (0x10000 * 8) != HASH_FLAG_BIT:
        assert not boot.boots
    if boot.boots:
        assert boot.slot is not None
        assert boot.slot.label == "ota_0"


@given(st.binary(max_size=3000), st.integers(0, 40), st.integers(0, 255))
def test_any_flash_is_looked_at_without_harm(noise, at, byte) -> None:
    boot_rom.look(noise)
    flash = bytearray(flashed("1.25.0"))
    flash[0x10000 + at : 0x10000 + at + len(noise)] = noise
    flash[0x8000 + at * 4] = byte
    flash[at] = byte
    boot_rom.look(bytes(flash))


@given(
    st.lists(st.integers(0, 3000).map(lambda count: bytes(count * 4)), min_size=1, max_size=4),
    st.binary(max_size=40),
)
def test_images_decode_to_what_they_were(segments, tail) -> None:
    parts = [(0x3C000020 + index, data) for index, data in enumerate(segments)]
    raw = app_image.encode(parts, 0x40375000)
    image = app_image.decode(raw + tail)
    assert (image.entry, list(image.segments), image.length) == (0x40375000, parts, len(raw))
    with pytest.raises(app_image.ImageError):
        app_image.decode(raw[:-1])


@given(st.binary(max_size=200))
def test_checksum_is_every_byte_once(data) -> None:
    assert app_image.checksum(data) == functools.reduce(operator.xor, data, 0xEF)


def test_description_names_version_and_project() -> None:
    image = app_image.decode(stand_in_image.application("1.25.0", IMAGE_BYTES))
    assert image.description == (stand_in_image.PROJECT, "1.25.0")
    assert app_image.decode(stand_in_image.build("1.25.0")).description == ("", "")
    assert struct.unpack_from("<I", image.segments[0][1])[0] == app_image.DESCRIPTION_MAGIC

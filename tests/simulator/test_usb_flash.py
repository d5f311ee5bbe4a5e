"""NOR rules, counterfeits, what a flash says of itself; eFuses and the registers before them."""

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from varde_simulator.usb import chips, efuse
from varde_simulator.usb.nor_flash import NorFlash, PowerLostError
from varde_simulator.usb.registers import Registers

REAL_BYTES = 64 * 1024
MAC = bytes.fromhex("a829e27f94d5")
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def flash_in(folder: Path, claimed: int | None = None) -> NorFlash:
    path = folder / "flash"
    path.write_bytes(b"\xff" * REAL_BYTES)
    return NorFlash(path, claimed, None)


STEPS = st.lists(
    st.tuples(st.integers(0, 4 * REAL_BYTES - 1), st.one_of(st.none(), st.binary(max_size=600))),
    max_size=20,
)


@given(STEPS)
@SHARED
def test_bits_only_fall_and_high_addresses_fall_on_low_ones(tmp_path, steps) -> None:
    """Against a model a byte at a time: None erases, bytes program."""
    flash = flash_in(tmp_path, claimed=4 * REAL_BYTES)
    model = bytearray(b"\xff" * REAL_BYTES)
    for at, data in steps:
        if data is None:
            flash.erase(at, at + 1)
            sector = at % REAL_BYTES // 4096 * 4096
            model[sector : sector + 4096] = b"\xff" * 4096
        else:
            flash.program(at, data)
            for index, byte in enumerate(data):
                model[(at + index) % REAL_BYTES] &= byte
    assert (tmp_path / "flash").read_bytes() == model
    assert (
        flash.read(REAL_BYTES - 10, 2 * REAL_BYTES)
        == (bytes(model) * 4)[REAL_BYTES - 10 : 3 * REAL_BYTES - 10]
    )


def test_operations_are_pages_and_sectors(tmp_path) -> None:
    flash = flash_in(tmp_path)
    flash.erase(4095, 4097)
    assert (flash.operations, flash.erased_sectors) == (2, 2)
    flash.program(250, bytes(20))
    assert (flash.operations, flash.programmed_bytes) == (4, 20)
    flash.program(250, b"\x01")
    assert flash.nor_errors == 1


def test_a_cut_is_once(tmp_path) -> None:
    flash = flash_in(tmp_path)
    flash.cut_after(2, 0.25)
    with pytest.raises(PowerLostError):
        flash.program(0, bytes(1024))
    assert flash.read(0, 1024) == bytes(256 + 64) + b"\xff" * 704
    flash.program(0, bytes(1024))
    flash.cut_after(1, 0)
    flash.cut_after(0, 0)
    flash.erase(0, 4096)


def test_what_it_says_of_itself_is_what_it_claims(tmp_path) -> None:
    flash = flash_in(tmp_path, claimed=16 * chips.MIB)
    assert flash.command(0x9F, 0) == 0x184020
    assert flash.command(0x5A, 0) == int.from_bytes(b"SFDP", "little")
    table_at = flash.command(0x5A, 12) & 0xFFFFFF
    assert flash.command(0x5A, table_at + 4) == 16 * chips.MIB * 8 - 1
    assert flash.command(0x5A, 0xFFFFFF) == 0xFFFFFFFF
    assert flash.command(0x05, 0) == 0


@pytest.mark.parametrize("claimed", [REAL_BYTES + 4096, REAL_BYTES // 2])
def test_a_claim_that_cannot_wrap_is_refused(tmp_path, claimed) -> None:
    with pytest.raises(ValueError, match="bytes of flash"):
        flash_in(tmp_path, claimed=claimed)


# eFuses


def fuses_in(folder: Path) -> efuse.Efuse:
    path = folder / "efuse"
    efuse.virgin(path, MAC, 0x44, chips.efuse_words(chips.ESP32_S3))
    return efuse.Efuse(path)


def burn(fuses: efuse.Efuse, block: int, words: list[int]) -> None:
    for index, word in enumerate(words):
        fuses.write(index * 4, word)
    fuses.write(efuse.CONFIGURATION_AT, efuse.WRITE_OPERATION)
    fuses.write(efuse.COMMAND_AT, 2 | block << 2)


def test_burning_only_sets_and_is_kept(tmp_path) -> None:
    fuses = fuses_in(tmp_path)
    burn(fuses, 3, [0x0F, 1])
    burn(fuses, 3, [0xF0])
    again = efuse.Efuse(tmp_path / "efuse")
    assert (again.read(0x7C), again.read(0x80)) == (0xFF, 1)
    assert again.read(efuse.COMMAND_AT) == 0


def test_burning_needs_its_operation_code(tmp_path) -> None:
    fuses = fuses_in(tmp_path)
    fuses.write(0, 0xFF)
    fuses.write(efuse.COMMAND_AT, 2 | 3 << 2)
    assert fuses.read(0x7C) == 0


@pytest.mark.parametrize(("block", "offset"), [(1, 0x44), (2, 0x5C), (4, 0x9C), (10, 0x15C)])
def test_write_protection(tmp_path, block, offset) -> None:
    fuses = fuses_in(tmp_path)
    before = fuses.read(offset)
    burn(fuses, 0, [1 << (19 + block)])
    burn(fuses, block, [0xFFFFFFFF])
    assert fuses.read(offset) == before


def test_read_protection_hides_a_key(tmp_path) -> None:
    fuses = fuses_in(tmp_path)
    burn(fuses, 5, [0x1234] * 8)
    assert fuses.read(0xBC) == 0x1234
    burn(fuses, 0, [0, 1 << 1])
    assert [fuses.read(0xBC + index * 4) for index in range(8)] == [0] * 8


def test_a_file_of_another_size_is_none(tmp_path) -> None:
    (tmp_path / "efuse").write_bytes(bytes(100))
    with pytest.raises(ValueError, match="not 512"):
        efuse.Efuse(tmp_path / "efuse")


WRITES = st.lists(
    st.tuples(
        st.one_of(
            st.integers(0, 0x200).map(lambda offset: 0x60007000 + offset),
            st.integers(0, 0x60).map(lambda offset: 0x60002000 + offset),
            st.sampled_from([0x60008098, 0x600080B0]),
            st.integers(0, 0xFFFFFFFF),
        ),
        st.integers(0, 0xFFFFFFFF),
        st.one_of(st.just(0xFFFFFFFF), st.integers(0, 0xFFFFFFFF)),
    ),
    max_size=30,
)


@given(WRITES)
@SHARED
def test_no_write_to_a_register_breaks_or_grows_it(tmp_path, writes) -> None:
    fuses = fuses_in(tmp_path)
    registers = Registers(chips.ESP32_S3, flash_in(tmp_path), fuses)
    address = fuses.read(0x44), fuses.read(0x48)
    size = len(registers._spi)
    for at, value, mask in writes:
        registers.write(at, value, mask)
        assert 0 <= registers.read(at) <= 0xFFFFFFFF
    assert len(registers._spi) == size
    assert len((tmp_path / "efuse").read_bytes()) == efuse.REGISTER_BYTES
    assert fuses.read(0x44) | address[0] == fuses.read(0x44), "fuses never go back"


def test_spi_command_by_registers(tmp_path) -> None:
    registers = Registers(chips.ESP32_S3, flash_in(tmp_path), fuses_in(tmp_path))
    registers.write(0x60002020, 7 << 28 | 0x9F)
    registers.write(0x60002000, 1 << 18)
    assert registers.read(0x60002000) == 0
    assert registers.read(0x60002058) == 0x104020
    assert registers.read(0x60004038) == 0, "others read 0"
    assert struct.pack("<I", registers.read(0x60007050) >> 18 & 7) == b"\x02\0\0\0"

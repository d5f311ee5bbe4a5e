"""Kinds of chip, as far as a flashing tool can tell them apart.

What a tool asks for lies at addresses of the chip's own: register names and numbers are those of
Espressif's technical reference manuals, as esptool's `targets/esp32*.py` has them.
"""

from dataclasses import dataclass

MIB = 1024 * 1024
BLOCK1_WORD3, BLOCK1_WORD4, BLOCK1_WORD5 = 0x50, 0x54, 0x58

# Block 1 word 4 bits 4:3 and word 5 bit 19: size of the PSRAM in the package
# (esptool, `ESP32S3ROM.get_chip_features`).
PSRAM_CODES = {0: 0, 8 * MIB: 1, 2 * MIB: 2, 16 * MIB: 3, 4 * MIB: 4}


@dataclass(frozen=True)
class Chip:
    """`chip_id` None: older than GET_SECURITY_INFO, known by `magic` at 0x40001000. `spi_offsets`:
    registers CMD, ADDR, USER, USER1, USER2, MOSI_DLEN, MISO_DLEN, W0 after `spi_registers`."""

    name: str
    chip_id: int | None
    efuse_registers: int
    mac_offset: int
    spi_registers: int
    rom_banner: str
    magic: int = 0
    # CONFIG0, WPROTECT of the RTC watchdog; 0: a reset by it is not simulated on this kind.
    watchdog_config: int = 0
    watchdog_unlock: int = 0
    spi_offsets: tuple[int, ...] = (0x00, 0x04, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x58)
    revision: tuple[int, int] = (0, 2)
    flash_bytes: int = 16 * MIB
    psram_bytes: int = 0


ESP32_S3 = Chip(
    name="ESP32-S3",
    chip_id=9,
    efuse_registers=0x60007000,
    mac_offset=0x44,
    spi_registers=0x60002000,
    rom_banner="ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\n",
    watchdog_config=0x60008098,
    watchdog_unlock=0x600080B0,
    psram_bytes=8 * MIB,
)
ESP32_C3 = Chip(
    name="ESP32-C3",
    chip_id=5,
    efuse_registers=0x60008800,
    mac_offset=0x44,
    spi_registers=0x60002000,
    rom_banner="ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\n",
    watchdog_config=0x60008090,
    watchdog_unlock=0x600080A8,
    revision=(0, 4),
    flash_bytes=4 * MIB,
)
ESP32_C6 = Chip(
    name="ESP32-C6",
    chip_id=13,
    efuse_registers=0x600B0800,
    mac_offset=0x44,
    spi_registers=0x60003000,
    rom_banner="ESP-ROM:esp32c6-20220919\r\nBuild:Sep 19 2022\r\n",
    revision=(0, 1),
    flash_bytes=8 * MIB,
)
ESP32 = Chip(
    name="ESP32",
    chip_id=None,
    magic=0x00F01D83,
    efuse_registers=0x3FF5A000,
    mac_offset=0x04,
    spi_registers=0x3FF42000,
    spi_offsets=(0x00, 0x04, 0x1C, 0x20, 0x24, 0x28, 0x2C, 0x80),
    rom_banner="ets Jul 29 2019 12:21:46\r\n\r\n",
    revision=(3, 1),
    flash_bytes=4 * MIB,
)
KINDS = {chip.name: chip for chip in (ESP32_S3, ESP32_C3, ESP32_C6, ESP32)}


def efuse_words(chip: Chip, psram_bytes: int | None = None) -> dict[int, int]:
    """What the factory burns beside the address, by offset of the eFuse registers: revision, block
    version and PSRAM. Kinds that lay these out in another manner get none: they read as v0.0."""
    if chip.chip_id not in (ESP32_S3.chip_id, ESP32_C3.chip_id):
        return {}
    major, minor = chip.revision
    code = PSRAM_CODES[chip.psram_bytes if psram_bytes is None else psram_bytes]
    vendor = 1 if code else 0  # AP Memory, 3.3 V
    return {
        BLOCK1_WORD3: (minor & 0x7) << 18,
        BLOCK1_WORD4: (code & 0x3) << 3 | vendor << 7,
        BLOCK1_WORD5: (minor >> 3) << 23 | major << 24 | (code >> 2) << 19,
    }

"""What READ_REG and WRITE_REG of the loader reach: eFuses, the SPI controller, the RTC watchdog.

Everything else reads 0 and forgets what is written: a host cannot fill memory here.
"""

from varde_simulator.usb import chips
from varde_simulator.usb.efuse import REGISTER_BYTES, Efuse
from varde_simulator.usb.nor_flash import NorFlash

MAGIC_AT = 0x40001000  # a word of the ROM by which older kinds are told apart
WORD = 0xFFFFFFFF

SPI_BYTES = 0x100
SPI_RUN = 1 << 18  # SPI_USR in the CMD register: run what the others describe
SPI_COMMAND_MASK = 0xFF

WATCHDOG_KEY = 0x50D83AA1
WATCHDOG_ON = 1 << 31


class Registers:
    """32-bit registers by address. `watchdog_is_on`: a reset is under way."""

    def __init__(self, chip: chips.Chip, flash: NorFlash, efuse: Efuse) -> None:
        self.watchdog_is_on = False
        self._chip = chip
        self._flash = flash
        self._efuse = efuse
        self._spi = dict.fromkeys(chip.spi_offsets, 0)
        self._watchdog_key = 0

    def read(self, address: int) -> int:
        """The word at this address."""
        chip = self._chip
        if chip.efuse_registers <= address <= chip.efuse_registers + REGISTER_BYTES - 4:
            return self._efuse.read(address - chip.efuse_registers)
        if address == MAGIC_AT:
            return chip.magic
        return self._spi.get(address - chip.spi_registers, 0)

    def write(self, address: int, value: int, mask: int = WORD) -> None:
        """Bits outside `mask` stay."""
        chip = self._chip
        if mask != WORD:
            value = self.read(address) & ~mask | value & mask
        if chip.efuse_registers <= address <= chip.efuse_registers + REGISTER_BYTES - 4:
            self._efuse.write(address - chip.efuse_registers, value)
        elif address - chip.spi_registers in self._spi:
            self._write_spi(address - chip.spi_registers, value)
        elif address == chip.watchdog_unlock:
            self._watchdog_key = value
        elif address == chip.watchdog_config and self._watchdog_key == WATCHDOG_KEY:
            self.watchdog_is_on = bool(value & WATCHDOG_ON)

    def _write_spi(self, offset: int, value: int) -> None:
        command, address, _user, _user1, user2, *_lengths, word0 = self._chip.spi_offsets
        self._spi[offset] = value
        if offset == command and value & SPI_RUN:
            code = self._spi[user2] & SPI_COMMAND_MASK
            self._spi[word0] = self._flash.command(code, self._spi[address] & 0xFFFFFF)
            self._spi[command] = 0  # done at once

"""The eFuse controller of an ESP32-S3 (TRM, chapter "eFuse Controller"): registers and a file.

The file is that of `espefuse --virt --path-efuse-file`: the controller's 512 bytes of registers,
last byte first. So content can be prepared without a board, and looked at afterwards.

Burning: the words at 0x00 are ORed into the block that the command names (2 + block * 4), if the
operation code 5A5A stands in the configuration and WR_DIS allows it. Fuses never go back. Not
simulated: Reed-Solomon coding (its errors read as none), and protection of single fields.
"""

from pathlib import Path

REGISTER_BYTES = 512
PROGRAM_WORDS = 8

BLOCK0_AT, BLOCK1_AT = 0x2C, 0x44
KEY0_AT, BLOCK_BYTES = 0x9C, 32
RD_DIS_AT = 0x30
BLOCK_COUNT = 11
PROTECTABLE = range(1, BLOCK_COUNT)  # by WR_DIS bit 19 + block
READ_PROTECTABLE = range(4, BLOCK_COUNT)  # keys and system data 2, by RD_DIS bit block - 4
FIRST_WRITE_PROTECTION_BIT = 19

CONFIGURATION_AT, COMMAND_AT = 0x1CC, 0x1D4
WRITE_OPERATION = 0x5A5A
PROGRAM = 0x2
# What stands there after reset and what tools set; nothing else of the controller can be written.
WRITABLE = {*range(0, 0x2C, 4), CONFIGURATION_AT, 0x1C8, 0x1E8, 0x1EC, 0x1F4, 0x1F8}

MAC_BYTES = 6


class Efuse:
    """Fuses of one chip, kept in `path`."""

    def __init__(self, path: Path) -> None:
        raw = path.read_bytes()
        if len(raw) != REGISTER_BYTES:
            raise ValueError(f"{path} is no eFuse file: {len(raw)} bytes, not {REGISTER_BYTES}")
        self.path = path
        self._registers = bytearray(reversed(raw))

    def read(self, offset: int) -> int:
        """The register at this byte offset."""
        if offset == COMMAND_AT or self._is_hidden(offset):
            return 0
        return self._word(offset)

    def write(self, offset: int, value: int) -> None:
        """Registers that are not for writing stay."""
        if offset == COMMAND_AT:
            if value & 0x3 == PROGRAM:
                self._burn(value >> 2 & 0xF)
        elif offset in WRITABLE:
            self._put(offset, value)

    def _is_hidden(self, offset: int) -> bool:
        block = (offset - KEY0_AT) // BLOCK_BYTES + 4
        if block not in READ_PROTECTABLE:
            return False
        return bool(self._word(RD_DIS_AT) >> (block - 4) & 1)

    def _burn(self, block: int) -> None:
        if self._word(CONFIGURATION_AT) & 0xFFFF != WRITE_OPERATION or block >= BLOCK_COUNT:
            return
        write_protection = self._word(BLOCK0_AT)
        if block in PROTECTABLE and write_protection >> (FIRST_WRITE_PROTECTION_BIT + block) & 1:
            return
        at, words = _place(block)
        for index in range(words):
            self._put(at + index * 4, self._word(at + index * 4) | self._word(index * 4))
        for index in range(PROGRAM_WORDS):
            self._put(index * 4, 0)
        self.path.write_bytes(bytes(reversed(self._registers)))

    def _word(self, offset: int) -> int:
        return int.from_bytes(self._registers[offset : offset + 4], "little")

    def _put(self, offset: int, value: int) -> None:
        self._registers[offset : offset + 4] = value.to_bytes(4, "little")


def _place(block: int) -> tuple[int, int]:
    """(offset of its first read register, its words)"""
    if block < 2:
        return (BLOCK0_AT, BLOCK1_AT)[block], 6
    return KEY0_AT + (block - 4) * BLOCK_BYTES, 8


def virgin(path: Path, mac: bytes, mac_offset: int, words: dict[int, int]) -> None:
    """Write the file of a chip as the factory leaves it: its base address, and `words` by offset.

    The address is a big-endian number of 48 bits over two words, low word first.
    """
    if len(mac) != MAC_BYTES:
        raise ValueError(f"a base address has {MAC_BYTES} bytes, not {len(mac)}")
    registers = bytearray(REGISTER_BYTES)
    low, high = int.from_bytes(mac[2:], "big"), int.from_bytes(mac[:2], "big")
    for offset, word in {mac_offset: low, mac_offset + 4: high, **words}.items():
        registers[offset : offset + 4] = word.to_bytes(4, "little")
    path.write_bytes(bytes(reversed(registers)))

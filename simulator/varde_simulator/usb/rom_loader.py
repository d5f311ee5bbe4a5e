"""The ROM's serial loader and, after an upload, the flasher stub: a pure codec, bytes to bytes.

Requests and answers after Espressif's "Serial Protocol" (esptool documentation): a SLIP frame with
00, operation, u16 length, u32 checksum, data; back 01, operation, u16 length, u32 value, data and
status. The ROM's status has 4 bytes, the stub's 2; the first is 0 if all is well.

Of the stub nothing is run. What a host uploads is counted and forgotten; MEM_END with an entry
point makes this the stub: it says OHAI, and answers in its manner (`is_stub`).
"""

import functools
import hashlib
import struct
from collections import deque
from collections.abc import Callable

from varde_simulator.flash_image import SECTOR_BYTES
from varde_simulator.usb import app_image, chips, slip
from varde_simulator.usb.flash_reading import MAX_BLOCK_BYTES, MAX_UNACKNOWLEDGED, FlashReading
from varde_simulator.usb.flash_writing import (
    FlashWriting,
    InflateError,
    NotInTurnError,
    TooMuchDataError,
    WritingError,
)
from varde_simulator.usb.nor_flash import NorFlash
from varde_simulator.usb.registers import Registers

REQUEST = struct.Struct("<BBHI")
DATA_HEADER = struct.Struct("<II8x")  # length, number; two words of zero
SYNC_DATA = b"\x07\x07\x12\x20" + b"\x55" * 32
SYNC_ANSWERS = 8
ROM_SYNC_VALUE = 0x20120707  # any but 0, which is the stub's
MAX_UPLOAD_BYTES = 512 * 1024  # the chip's RAM
SLOW_READ_BYTES = 64
API_VERSION = 0
# A host sends one request and waits, or acknowledges; one that pours loses its oldest, as a UART
# that overruns. 64 acknowledgements may come at once.
MAX_WAITING_FRAMES = 128
WATCHDOG_US = 300_000  # from arming it to the reset: less than the half second that hosts wait

# (what the ROM says, what the stub says); "Serial Protocol", "Error codes" of each.
UNKNOWN = 0x05, 0xFF
INVALID_LENGTH = 0x05, 0xC0
INVALID_CHECKSUM = 0x07, 0xC1
NOT_IN_FLASH_MODE = 0x06, 0xC6
FAILED = 0x06, 0xC4
TOO_MUCH_DATA = 0x06, 0xC9
INFLATE_FAILED = 0x0B, 0xC7


class _RefusedError(Exception):
    """The answer is an error: one of the pairs above."""

    def __init__(self, codes: tuple[int, int]) -> None:
        super().__init__(codes)
        self.codes = codes


class RomLoader:
    """One download boot: `receive` bytes, then take each `next_answer` while there is room to send
    it. `reset_in_us`: not None if the chip is about to reset itself and boot.

    `next_answer` may raise `nor_flash.PowerLostError`: no answer comes of that, nor ever again.
    """

    def __init__(self, chip: chips.Chip, flash: NorFlash, registers: Registers) -> None:
        self.is_stub = False
        self.reset_in_us: int | None = None
        self.uploaded_sha256 = ""  # of the stub, for the curious: it changes with each release
        self._chip = chip
        self._flash = flash
        self._registers = registers
        self._decoder = slip.Decoder()
        self._waiting: deque[bytes] = deque(maxlen=MAX_WAITING_FRAMES)
        self._upload = hashlib.sha256()
        self._upload_left = 0
        self._writing: FlashWriting | None = None
        self._reading: FlashReading | None = None
        self._operations: dict[int, Callable[[bytes], bytes]] = {
            0x02: self._flash_begin,
            0x03: self._flash_data,
            0x04: functools.partial(self._flash_end, 0x04),
            0x05: self._mem_begin,
            0x06: self._mem_end,
            0x07: self._mem_data,
            0x08: self._sync,
            0x09: self._write_registers,
            0x0A: self._read_register,
            0x0B: self._accept,  # SPI_SET_PARAMS
            0x0D: self._accept,  # SPI_ATTACH
            0x0E: self._read_flash_slow,
            0x0F: self._accept,  # CHANGE_BAUDRATE
            0x10: self._deflate_begin,
            0x11: self._flash_data,
            0x12: functools.partial(self._flash_end, 0x12),
            0x13: self._md5,
            0x14: self._security_info,
            0xD0: self._erase_flash,
            0xD1: self._erase_region,
            0xD2: self._read_flash,
        }

    def receive(self, data: bytes) -> None:
        """Bytes from the host, in any pieces."""
        self._waiting.extend(self._decoder.receive(data))

    def next_answer(self) -> bytes | None:
        """What one more request makes it say, perhaps nothing; None: it has had them all."""
        return self._handle(self._waiting.popleft()) if self._waiting else None

    def _handle(self, frame: bytes) -> bytes:
        if self._reading is not None and len(frame) == 4:
            self._reading.acknowledge(frame)
            return self._read_on()
        if len(frame) < REQUEST.size:
            return b""
        direction, operation, size, checksum = REQUEST.unpack_from(frame)
        data = frame[REQUEST.size :]
        if direction != 0 or size != len(data):
            return b""  # noise: a host that hears nothing tries again
        self._reading = None
        handler = self._operations.get(operation, _refuse)
        try:
            if operation in (0x03, 0x07, 0x11):
                _check(data, checksum)
            return handler(data) or self._answer(operation)
        except _RefusedError as refused:
            return self._answer(operation, status=refused.codes[self.is_stub])

    def _answer(self, operation: int, value: int = 0, data: bytes = b"", status: int = 0) -> bytes:
        ending = bytes([bool(status), status]) + (b"" if self.is_stub else bytes(2))
        body = data + ending
        return slip.encode(REQUEST.pack(1, operation, len(body), value) + body)

    # Each returns what goes to the host; nothing stands for "all is well".

    def _accept(self, _data: bytes) -> bytes:
        return b""

    def _sync(self, data: bytes) -> bytes:
        if data != SYNC_DATA:
            raise _RefusedError(INVALID_LENGTH)
        return self._answer(0x08, 0 if self.is_stub else ROM_SYNC_VALUE) * SYNC_ANSWERS

    def _security_info(self, _data: bytes) -> bytes:
        if self._chip.chip_id is None:
            raise _RefusedError(UNKNOWN)
        info = struct.pack("<I8xII", 0, self._chip.chip_id, API_VERSION)
        return self._answer(0x14, data=info)

    def _read_register(self, data: bytes) -> bytes:
        (address,) = _words(data, 1)
        return self._answer(0x0A, self._registers.read(address))

    def _write_registers(self, data: bytes) -> bytes:
        if not data or len(data) % 16:
            raise _RefusedError(INVALID_LENGTH)
        for address, value, mask, _delay_us in struct.iter_unpack("<4I", data):
            self._registers.write(address, value, mask)
        if self._registers.watchdog_is_on:
            self.reset_in_us = WATCHDOG_US
        return b""

    # The stub's upload

    def _mem_begin(self, data: bytes) -> bytes:
        size, _blocks, _block_bytes, _address = _words(data, 4)
        if size > MAX_UPLOAD_BYTES:
            raise _RefusedError(FAILED)
        self._upload_left = size
        return b""

    def _mem_data(self, data: bytes) -> bytes:
        block = data[DATA_HEADER.size :]
        if len(block) > self._upload_left:
            raise _RefusedError(TOO_MUCH_DATA)
        self._upload_left -= len(block)
        self._upload.update(block)
        return b""

    def _mem_end(self, data: bytes) -> bytes:
        _stays, entry = _words(data, 2)
        answer = self._answer(0x06)
        if not entry:
            return answer
        self.is_stub = True
        self.uploaded_sha256 = self._upload.hexdigest()
        return answer + slip.encode(b"OHAI")

    # Writing

    def _flash_begin(self, data: bytes) -> bytes:
        return self._begin(data, is_compressed=False)

    def _deflate_begin(self, data: bytes) -> bytes:
        return self._begin(data, is_compressed=True)

    def _begin(self, data: bytes, *, is_compressed: bool) -> bytes:
        """The fifth word says whether to encrypt; older kinds have none."""
        if len(data) not in (16, 20):
            raise _RefusedError(INVALID_LENGTH)
        size, blocks, _block_bytes, offset = _words(data[:16], 4)
        self._writing = None
        self._check_range(offset, size)
        self._writing = FlashWriting(
            self._flash,
            offset,
            size,
            blocks,
            is_compressed=is_compressed,
            erases_first=not self.is_stub,
        )
        return b""

    def _flash_data(self, data: bytes) -> bytes:
        if self._writing is None:
            raise _RefusedError(NOT_IN_FLASH_MODE)
        _length, number = DATA_HEADER.unpack_from(data)
        try:
            self._writing.block(number, data[DATA_HEADER.size :])
        except WritingError as error:
            self._writing = None
            raise _RefusedError(_WRITING_ERRORS[type(error)]) from None
        return b""

    def _flash_end(self, operation: int, data: bytes) -> bytes:
        """Not to stay: the ROM goes on to boot, the stub goes back to the ROM's loader."""
        (stays,) = _words(data, 1)
        self._writing = None
        answer = self._answer(operation)
        if not stays and not self.is_stub:
            self.reset_in_us = 0
        elif not stays:
            self.is_stub = False
        return answer

    # Reading and erasing

    def _md5(self, data: bytes) -> bytes:
        offset, size, _, _ = _words(data, 4)
        self._check_range(offset, size)
        digest = hashlib.md5(self._flash.read(offset, size), usedforsecurity=False)
        raw = digest.digest() if self.is_stub else digest.hexdigest().encode()
        return self._answer(0x13, data=raw)

    def _read_flash_slow(self, data: bytes) -> bytes:
        offset, size = _words(data, 2)
        if self.is_stub or size > SLOW_READ_BYTES:
            raise _RefusedError(UNKNOWN)
        self._check_range(offset, size)
        return self._answer(0x0E, data=self._flash.read(offset, size).ljust(64, b"\0"))

    def _read_flash(self, data: bytes) -> bytes:
        self._need_stub()
        offset, size, block_bytes, window = _words(data, 4)
        self._check_range(offset, size)
        if not (0 < block_bytes <= MAX_BLOCK_BYTES and 0 < window <= MAX_UNACKNOWLEDGED):
            raise _RefusedError(INVALID_LENGTH)
        self._reading = FlashReading(self._flash, offset, size, block_bytes, window)
        return self._answer(0xD2) + self._read_on()

    def _read_on(self) -> bytes:
        assert self._reading is not None
        frames = self._reading.frames()
        if self._reading.is_done:
            self._reading = None
        return b"".join(slip.encode(frame) for frame in frames)

    def _erase_flash(self, _data: bytes) -> bytes:
        self._need_stub()
        self._flash.erase(0, self._flash.real_bytes)
        return b""

    def _erase_region(self, data: bytes) -> bytes:
        self._need_stub()
        offset, size = _words(data, 2)
        self._check_range(offset, size)
        if offset % SECTOR_BYTES or size % SECTOR_BYTES:
            raise _RefusedError(INVALID_LENGTH)
        self._flash.erase(offset, offset + size)
        return b""

    def _need_stub(self) -> None:
        if not self.is_stub:
            raise _RefusedError(UNKNOWN)

    def _check_range(self, offset: int, size: int) -> None:
        if offset + size > self._flash.claimed_bytes:
            raise _RefusedError(FAILED)


_WRITING_ERRORS = {
    TooMuchDataError: TOO_MUCH_DATA,
    NotInTurnError: NOT_IN_FLASH_MODE,
    InflateError: INFLATE_FAILED,
}


def _refuse(_data: bytes) -> bytes:
    """An operation that there is not."""
    raise _RefusedError(UNKNOWN)


def _words(data: bytes, count: int) -> tuple[int, ...]:
    """SPI_ATTACH and others bring more than is needed; these bring exactly this."""
    if len(data) != 4 * count:
        raise _RefusedError(INVALID_LENGTH)
    return struct.unpack(f"<{count}I", data)


def _check(data: bytes, checksum: int) -> None:
    """The payload behind its header of 16 bytes, its length, and its xor."""
    if len(data) < DATA_HEADER.size:
        raise _RefusedError(INVALID_LENGTH)
    payload = data[DATA_HEADER.size :]
    if DATA_HEADER.unpack_from(data)[0] != len(payload):
        raise _RefusedError(INVALID_LENGTH)
    if app_image.checksum(payload) != checksum:
        raise _RefusedError(INVALID_CHECKSUM)

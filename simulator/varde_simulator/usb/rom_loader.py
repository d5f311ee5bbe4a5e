"""The ROM's serial loader and, after an upload, the flasher stub: a pure codec, bytes to bytes.

Of the stub nothing is run. What a host uploads is counted and forgotten; MEM_END with an entry
point makes this the stub: it says OHAI, and answers in its manner (`is_stub`).
"""

import hashlib
import struct
from collections import deque
from collections.abc import Callable

from varde_simulator.flash_image import SECTOR_BYTES
from varde_simulator.usb import chips, slip
from varde_simulator.usb import loader_frames as wire
from varde_simulator.usb.flash_reading import MAX_BLOCK_BYTES, MAX_UNACKNOWLEDGED, FlashReading
from varde_simulator.usb.flash_writing import FlashWriting, WritingError
from varde_simulator.usb.loader_frames import Request
from varde_simulator.usb.nor_flash import NorFlash
from varde_simulator.usb.registers import Registers

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
        self._operations: dict[int, Callable[[Request], bytes]] = {
            0x02: self._flash_begin,
            0x03: self._flash_data,
            0x04: self._flash_end,
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
            0x12: self._flash_end,
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
        request = wire.decode(frame)
        if request is None:
            return b""
        self._reading = None
        handler = self._operations.get(request.operation, _refuse)
        try:
            return handler(request) or self._answer(request)
        except wire.RefusedError as refused:
            return self._answer(request, code=refused.codes[self.is_stub])

    def _answer(self, request: Request, value: int = 0, data: bytes = b"", code: int = 0) -> bytes:
        return wire.encode_answer(request.operation, value, data, code, is_stub=self.is_stub)

    # Each returns what goes to the host; nothing stands for "all is well".

    def _accept(self, _request: Request) -> bytes:
        return b""

    def _sync(self, request: Request) -> bytes:
        if request.data != SYNC_DATA:
            raise wire.RefusedError(wire.INVALID_LENGTH)
        return self._answer(request, 0 if self.is_stub else ROM_SYNC_VALUE) * SYNC_ANSWERS

    def _security_info(self, request: Request) -> bytes:
        if self._chip.chip_id is None:
            raise wire.RefusedError(wire.UNKNOWN)
        info = struct.pack("<I8xII", 0, self._chip.chip_id, API_VERSION)
        return self._answer(request, data=info)

    def _read_register(self, request: Request) -> bytes:
        (address,) = wire.words(request.data, 1)
        return self._answer(request, self._registers.read(address))

    def _write_registers(self, request: Request) -> bytes:
        if not request.data or len(request.data) % 16:
            raise wire.RefusedError(wire.INVALID_LENGTH)
        for address, value, mask, _delay_us in struct.iter_unpack("<4I", request.data):
            self._registers.write(address, value, mask)
        if self._registers.watchdog_is_on:
            self.reset_in_us = WATCHDOG_US
        return b""

    # The stub's upload

    def _mem_begin(self, request: Request) -> bytes:
        size, _blocks, _block_bytes, _address = wire.words(request.data, 4)
        if size > MAX_UPLOAD_BYTES:
            raise wire.RefusedError(wire.FAILED)
        self._upload_left = size
        return b""

    def _mem_data(self, request: Request) -> bytes:
        _number, block = wire.block(request)
        if len(block) > self._upload_left:
            raise wire.RefusedError(wire.TOO_MUCH_DATA)
        self._upload_left -= len(block)
        self._upload.update(block)
        return b""

    def _mem_end(self, request: Request) -> bytes:
        _stays, entry = wire.words(request.data, 2)
        answer = self._answer(request)
        if not entry:
            return answer
        self.is_stub = True
        self.uploaded_sha256 = self._upload.hexdigest()
        return answer + slip.encode(b"OHAI")

    # Writing

    def _flash_begin(self, request: Request) -> bytes:
        return self._begin(request, is_compressed=False)

    def _deflate_begin(self, request: Request) -> bytes:
        return self._begin(request, is_compressed=True)

    def _begin(self, request: Request, *, is_compressed: bool) -> bytes:
        """The fifth word says whether to encrypt; older kinds have none."""
        if len(request.data) not in (16, 20):
            raise wire.RefusedError(wire.INVALID_LENGTH)
        size, blocks, _block_bytes, offset = wire.words(request.data[:16], 4)
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

    def _flash_data(self, request: Request) -> bytes:
        number, block = wire.block(request)
        if self._writing is None:
            raise wire.RefusedError(wire.NOT_IN_FLASH_MODE)
        try:
            self._writing.block(number, block)
        except WritingError as error:
            self._writing = None
            raise wire.refusal(error) from None
        return b""

    def _flash_end(self, request: Request) -> bytes:
        """Not to stay: the ROM goes on to boot, the stub goes back to the ROM's loader."""
        (stays,) = wire.words(request.data, 1)
        self._writing = None
        answer = self._answer(request)
        if not stays and not self.is_stub:
            self.reset_in_us = 0
        elif not stays:
            self.is_stub = False
        return answer

    # Reading and erasing

    def _md5(self, request: Request) -> bytes:
        offset, size, _, _ = wire.words(request.data, 4)
        self._check_range(offset, size)
        digest = hashlib.md5(self._flash.read(offset, size), usedforsecurity=False)
        raw = digest.digest() if self.is_stub else digest.hexdigest().encode()
        return self._answer(request, data=raw)

    def _read_flash_slow(self, request: Request) -> bytes:
        offset, size = wire.words(request.data, 2)
        if self.is_stub or size > SLOW_READ_BYTES:
            raise wire.RefusedError(wire.UNKNOWN)
        self._check_range(offset, size)
        return self._answer(request, data=self._flash.read(offset, size).ljust(64, b"\0"))

    def _read_flash(self, request: Request) -> bytes:
        self._need_stub()
        offset, size, block_bytes, window = wire.words(request.data, 4)
        self._check_range(offset, size)
        if not (0 < block_bytes <= MAX_BLOCK_BYTES and 0 < window <= MAX_UNACKNOWLEDGED):
            raise wire.RefusedError(wire.INVALID_LENGTH)
        self._reading = FlashReading(self._flash, offset, size, block_bytes, window)
        return self._answer(request) + self._read_on()

    def _read_on(self) -> bytes:
        assert self._reading is not None
        frames = self._reading.frames()
        if self._reading.is_done:
            self._reading = None
        return b"".join(slip.encode(frame) for frame in frames)

    def _erase_flash(self, _request: Request) -> bytes:
        self._need_stub()
        self._flash.erase(0, self._flash.real_bytes)
        return b""

    def _erase_region(self, request: Request) -> bytes:
        self._need_stub()
        offset, size = wire.words(request.data, 2)
        self._check_range(offset, size)
        if offset % SECTOR_BYTES or size % SECTOR_BYTES:
            raise wire.RefusedError(wire.INVALID_LENGTH)
        self._flash.erase(offset, offset + size)
        return b""

    def _need_stub(self) -> None:
        if not self.is_stub:
            raise wire.RefusedError(wire.UNKNOWN)

    def _check_range(self, offset: int, size: int) -> None:
        if offset + size > self._flash.claimed_bytes:
            raise wire.RefusedError(wire.FAILED)


def _refuse(_request: Request) -> bytes:
    """An operation that there is not."""
    raise wire.RefusedError(wire.UNKNOWN)

"""One sector of the journal: how its bytes are written and read back. No flash, no state.

Offsets in a sector of 4096 bytes (all integers little-endian; docs/journal.md has the picture):

     0  "VJ"             magic
     2  u16              format version
     4  u32 generation   one more than the sector opened before it; the highest is the newest
     8  u32 first_seq    sequence number of the first record that may stand here
    12  u32 CRC-32       of the 12 bytes before; also the seed of every frame's CRC
    16  u16 acknowledged programmed to 0 when nothing here is pending any more
    18  u16 succeeded    programmed to 0 when a newer sector stands, before that one takes records
    20  u16 moving       programmed to 0 before records from here are written again elsewhere
    22  frames, back to back, then erased flash (FF)

A frame is `u16 head, u32 CRC-32, data, u8 settled`; head = code * 1024 + len(data) - 1. Codes 0 to
60 are the record first_seq + code. 61 is a record that was moved here (its data begins with u8
place, the bit that stands for it in the index, and u32 seq), 62 a copy of the session record (its
data begins with u32 seq). 63 is never written, so that erased flash is no frame. Places go down
from 61 and stay above the codes of the sector. `settled` stays erased while a sensor
may not know that its value is kept. The CRC runs over head and data and starts from
the header's CRC mixed with the frame's offset: bytes that an unfinished erase left behind, or that
slipped, cannot pass for a frame. What is neither a frame nor erased is *damaged*: a torn write or
flipped bits. Reading goes on byte by byte until a frame checks again.
"""

import binascii
import struct

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Iterator, Optional, Union

    from .journal_mount import Flash

    Buffer = Union[bytes, bytearray, memoryview]

SECTOR_BYTES = const(4096)  # the erase unit of every ESP32 flash
HEADER_BYTES = const(22)
WRITTEN_HEADER_BYTES = const(16)  # the three marks stay erased until they are set
ACKNOWLEDGED_AT = const(16)
SUCCEEDED_AT = const(18)
MOVING_AT = const(20)
MARK_BYTES = const(2)
FRAME_BYTES = const(7)  # of them FRAME_HEAD_BYTES before the data, and the mark behind it
FRAME_HEAD_BYTES = const(6)
SETTLED_BYTES = const(1)
MAX_RECORD_BYTES = const(1024)  # what 10 bits hold; the wire format's own limit is the same
MAX_RECORDS = const(61)  # codes for records; 4096 bytes hold fewer signed ones
MOVED = const(61)
HIGHEST_PLACE = const(61)
MOVED_BYTES = const(5)  # place and number, before the record
MAX_MOVED_BYTES = const(1019)  # a longer record cannot be moved
SESSION_COPY = const(62)
COPY_SEQ_BYTES = const(4)
ERASED = const(63)
VERSION = const(2)

_MAGIC = b"VJ"
_CRC_AT = const(12)
_BLANK = b"\xff" * 256


class UnknownFormatError(OSError):
    """The partition holds a journal of a version this firmware cannot read."""


class Header:
    """What a readable sector header says; `seed` starts the CRC of its frames."""

    def __init__(self, raw: "Buffer", marks: "Buffer") -> None:
        self.generation, self.first_seq, self.seed = struct.unpack_from("<III", raw, 4)
        self.acknowledged = _is_set(marks, ACKNOWLEDGED_AT)
        self.succeeded = _is_set(marks, SUCCEEDED_AT)
        self.moving = _is_set(marks, MOVING_AT)


def _is_set(raw: "Buffer", at: int) -> bool:
    # by majority: neither one flipped bit nor a torn mark may release what was not acknowledged
    mark = raw[at] | raw[at + 1] << 8
    return mark != 0xFFFF and (mark == 0 or bin(mark).count("1") <= 8)


def is_settled(mark: int) -> bool:
    """Tell whether the byte behind a frame's data is set, by majority as the other marks."""
    return bin(mark).count("1") <= 4


def _checks(raw: "Buffer") -> bool:
    stored: int = struct.unpack_from("<I", raw, _CRC_AT)[0]
    return binascii.crc32(raw[:_CRC_AT]) == stored


def _repaired(raw: "Buffer") -> "Optional[bytearray]":
    """The header with one bit turned so that it checks, or None: a flip must not cost a sector."""
    turned = bytearray(raw[:WRITTEN_HEADER_BYTES])
    if bin((turned[0] ^ _MAGIC[0]) | (turned[1] ^ _MAGIC[1]) << 8).count("1") > 1:
        return None  # not a damaged header of ours
    for bit in range(WRITTEN_HEADER_BYTES * 8):
        turned[bit >> 3] ^= 1 << (bit & 7)
        if _checks(turned):
            return turned
        turned[bit >> 3] ^= 1 << (bit & 7)
    return None


def parse_header(raw: "Buffer") -> "Optional[Header]":
    """Return the header in the first HEADER_BYTES of `raw`, None when there is none to be read.

    Raises UnknownFormatError for a sound header of another version: it must not be reclaimed.
    """
    plain: "Optional[Buffer]" = raw
    if raw[0] != _MAGIC[0] or raw[1] != _MAGIC[1] or not _checks(raw):
        plain = _repaired(raw)
    if plain is None:
        return None
    version = plain[2] | plain[3] << 8
    if version != VERSION:
        raise UnknownFormatError(
            "journal: format %d, this firmware reads %d; start the firmware that wrote it"
            % (version, VERSION)
        )
    return Header(plain, raw)


def write_header(buffer: memoryview, generation: int, first_seq: int) -> int:
    """Put a header into the first WRITTEN_HEADER_BYTES of `buffer`; return the frames' seed."""
    struct.pack_into("<2sHII", buffer, 0, _MAGIC, VERSION, generation, first_seq)
    seed = binascii.crc32(buffer[:_CRC_AT])
    struct.pack_into("<I", buffer, _CRC_AT, seed)
    return seed


def write_frame(buffer: memoryview, at: int, code: int, data: "Buffer", seed: int) -> int:
    """Put the frame that will stand at sector offset `at` into `buffer`; return its length.

    It is settled; who leaves out the last of its SETTLED_BYTES writes one that is not.
    """
    end: int = FRAME_HEAD_BYTES + len(data)
    head = code << 10 | len(data) - 1
    buffer[0] = head & 0xFF
    buffer[1] = head >> 8
    buffer[FRAME_HEAD_BYTES:end] = data
    struct.pack_into("<I", buffer, 2, _frame_crc(buffer[:end], at, seed))
    buffer[end] = 0
    return end + SETTLED_BYTES


def _frame_crc(frame: memoryview, at: int, seed: int) -> int:
    return binascii.crc32(frame[FRAME_HEAD_BYTES:], binascii.crc32(frame[:2], seed ^ at))


def session_copy(seq: int, data: bytes) -> bytes:
    """Return the data of a session copy frame for the session record `seq`."""
    return struct.pack("<I", seq) + data


def is_blank(image: memoryview, at: int) -> bool:
    """Tell whether all from `at` to the end of `image` is erased."""
    size = len(image)
    while at < size:
        if image[at] != 0xFF or image[at : at + 256] != _BLANK[: min(256, size - at)]:
            return False
        at += 256
    return True


class Scan:
    """All that can be read in a sector's image.

    frames: list of (code, start, end), offsets of the data in the image, in the order written
    end: where erased flash begins
    damaged: stretches that are no frame and stand before a frame
    torn_bytes: length of such a stretch at the end of what was written: a torn write, or damage
    unsure_bytes: length of all such stretches behind the last record with a number of its own
    """

    def __init__(self, image: memoryview, seed: int) -> None:
        self.frames: "list[tuple[int, int, int]]" = []
        self.damaged = self.unsure_bytes = 0
        at = HEADER_BYTES
        bad_from = 0
        while at < SECTOR_BYTES:
            end = _frame_end(image, at, seed)
            if end:
                if bad_from:
                    self.damaged += 1
                    self.unsure_bytes += at - bad_from
                    bad_from = 0
                code = image[at + 1] >> 2
                if code < MOVED:
                    self.unsure_bytes = 0
                self.frames.append((code, at + FRAME_HEAD_BYTES, end))
                at = end + SETTLED_BYTES
            elif is_blank(image, at):
                break
            else:
                bad_from = bad_from or at
                at += 1
        self.end = at
        self.torn_bytes = at - bad_from if bad_from else 0
        self.unsure_bytes += self.torn_bytes


def read(flash: "Flash", sector: int, buffer: "bytearray | memoryview") -> None:
    """Read the beginning of a sector. If that fails, twice, the buffer holds no header."""
    for _ in range(2):  # an error of the driver may pass
        try:
            flash.read_into(sector * SECTOR_BYTES, buffer)
            return
        except OSError:  # noqa: PERF203  (two attempts)
            buffer[0] = buffer[1] = 0


def records(image: memoryview) -> "Iterator[tuple[int, int, int, int]]":
    """(bit, number, start, end) of each record that can be read in a sector's image.

    One that was moved there has a number below the sector's own.
    """
    header = parse_header(image)
    frames = Scan(image, header.seed).frames if header else []
    first_seq = header.first_seq if header else 0
    for code, start, end in frames:
        bit, seq = code, first_seq + code
        if code >= MOVED:
            bit = image[start] if code == MOVED else code
            start += MOVED_BYTES if code == MOVED else COPY_SEQ_BYTES
            seq = struct.unpack_from("<I", image, start - COPY_SEQ_BYTES)[0]
        yield bit, seq, start, end


def _frame_end(image: memoryview, at: int, seed: int) -> int:
    """Where the data of the frame at `at` ends; 0 when no frame stands there."""
    if at + FRAME_BYTES >= SECTOR_BYTES:
        return 0
    head = image[at] | image[at + 1] << 8
    end = at + FRAME_HEAD_BYTES + (head & 0x3FF) + 1
    if end + SETTLED_BYTES > SECTOR_BYTES or head >> 10 == ERASED:
        return 0
    if head >> 10 == MOVED and not _is_place(image, at + FRAME_HEAD_BYTES, end):
        return 0
    stored = struct.unpack_from("<I", image, at + 2)[0]
    return end if _frame_crc(image[at:end], at, seed) == stored else 0


def _is_place(image: memoryview, start: int, end: int) -> bool:
    return end - start > MOVED_BYTES and image[start] <= HIGHEST_PLACE

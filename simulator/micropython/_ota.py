"""Which interpreter slot starts: ESP-IDF's OTA data, as `esp32.Partition` writes and reads it.

Two sectors, an entry of 32 bytes in each: u32 sequence, 20 bytes of label, u32 state, u32 CRC-32
of the sequence. The valid one with the higher sequence is in force; the bootloader's own part is
in `varde_simulator/usb/boot_rom.py`. After ESP-IDF's `esp_ota_ops.c` and
`bootloader_common_loader.c`, built with rollback (MicroPython's `boards/sdkconfig.base`). A slot
that begins with zeros holds no image but the interpreter of this machine (`flash_image.py`).
"""

import binascii
import hashlib
import struct

import _flash

NEW, _PENDING_VERIFY, VALID, _INVALID, _ABORTED = range(5)
NO_IMAGE = (-0x1503, "ESP_ERR_OTA_VALIDATE_FAILED")
FAILED = (-1, "ESP_FAIL")
_ENTRY = "<I20sII"
_ENTRY_BYTES = 32
_NONE = 0xFFFFFFFF
_MAX_SEGMENTS = 16
_HEADER_BYTES = 24  # of an image: esp_app_format.h


def slot_in_force(start, slots):
    """Index of the slot that the OTA data at `start` names, 0 if they name none."""
    entries = _entries(start)
    active = _active(entries)
    return 0 if active is None else (entries[active][0] - 1) % slots


def choose(start, slot, slots):
    """esp_ota_set_boot_partition: the other sector gets the next sequence that means `slot`."""
    entries = _entries(start)
    active = _active(entries)
    if active is None:
        _write(start, 0, slot + 1, NEW)
        return
    sequence = slot + 1
    while sequence < entries[active][0]:
        sequence += slots
    _write(start, 1 - active, sequence, NEW)


def keep(start):
    """esp_ota_mark_app_valid_cancel_rollback"""
    entries = _entries(start)
    active = _active(entries)
    if active is None:
        raise OSError(*FAILED)
    if entries[active][1] != VALID:
        _write(start, active, entries[active][0], VALID)


def is_whole(start, size):
    """esp_image_verify: segments and SHA-256 of the image at `start`; one without is none here."""
    header = bytes(_flash.bytes_of[start : start + _HEADER_BYTES])
    if header[:4] == bytes(4):
        return True
    if header[0] != 0xE9 or not 0 < header[1] <= _MAX_SEGMENTS or header[23] != 1:
        return False
    end = _HEADER_BYTES
    for _ in range(header[1]):
        if end + 8 > size:
            return False
        end += 8 + struct.unpack_from("<I", _flash.bytes_of, start + end + 4)[0]
    end += 16 - end % 16
    if end + 32 > size:
        return False
    image = memoryview(_flash.bytes_of)[start : start + end]
    digest = bytes(_flash.bytes_of[start + end : start + end + 32])
    return hashlib.sha256(image).digest() == digest


def _entries(start):
    """(sequence, state, whether it is valid) of both."""
    found = []
    for at in (start, start + _flash.SECTOR_BYTES):
        sequence, _, state, crc = struct.unpack_from(_ENTRY, _flash.bytes_of, at)
        is_one = sequence != _NONE and state not in (_INVALID, _ABORTED)
        found.append((sequence, state, is_one and crc == _crc(sequence)))
    return found


def _active(entries):
    first, second = entries
    if first[2] and second[2]:
        return 0 if first[0] >= second[0] else 1
    return 0 if first[2] else 1 if second[2] else None


def _crc(sequence):
    return binascii.crc32(struct.pack("<I", sequence), _NONE)


def _write(start, index, sequence, state):
    at = start + index * _flash.SECTOR_BYTES
    _flash.erase(at)
    _flash.program(at, struct.pack(_ENTRY, sequence, b"\xff" * 20, state, _crc(sequence)))

"""`esp32.NVS`: small values that survive power cuts, in the flash's `nvs` partition.

A log in each half of the partition, newest value wins; when a half is full the living values move
to the other. A half counts once its header stands, which is written last, so a cut leaves the old
one in force. (ESP-IDF's own format differs in layout, not in what it promises.)

    half:   u32 sequence, u32 its complement, then entries
    entry:  u16 length of the body, u32 CRC-32 of the body, body
    body:   u8 length of the name, name ("namespace/key"), one letter of type, value
"""

import binascii
import struct

import _flash

NOT_FOUND = (-0x1102, "ESP_ERR_NVS_NOT_FOUND")
NO_ROOM = (-0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
_HALVES = 2
_HEADER_BYTES = 8
_ENTRY_BYTES = 6
_BLANK = 0xFFFF


class Store:
    """The log in the flash from `start`, `size` bytes."""

    def __init__(self, start, size):
        self._start = start
        self._half_bytes = size // _flash.SECTOR_BYTES // _HALVES * _flash.SECTOR_BYTES
        self._half = 0
        self._sequence = 0
        self._end = 0
        self.values = {}
        self._mount()

    def set(self, name, kind, value):
        """Durable on return. `value` None erases."""
        entry = _entry(name, kind if value is not None else b"-", value or b"")
        if value is None:
            self.values.pop(name, None)
        else:
            self.values[name] = (kind, value)
        if self._sequence == 0 or self._end + len(entry) > self._half_bytes:
            self._move()
        else:
            _flash.program(self._at(self._half) + self._end, entry)
            self._end += len(entry)

    def _at(self, half):
        return self._start + half * self._half_bytes

    def _mount(self):
        for half in range(_HALVES):
            header = bytes(_flash.bytes_of[self._at(half) : self._at(half) + _HEADER_BYTES])
            sequence, complement = struct.unpack("<II", header)
            if sequence ^ complement == 0xFFFFFFFF and sequence > self._sequence:
                self._sequence = sequence
                self._half = half
        if self._sequence:
            self._load()

    def _load(self):
        at = _HEADER_BYTES
        base = self._at(self._half)
        while at + _ENTRY_BYTES <= self._half_bytes:
            length, crc = struct.unpack_from("<HI", _flash.bytes_of, base + at)
            if length == _BLANK:
                break
            start = base + at + _ENTRY_BYTES
            body = bytes(_flash.bytes_of[start : start + length])
            if at + _ENTRY_BYTES + length > self._half_bytes or binascii.crc32(body) != crc:
                # Torn: nothing after it was written. Filling up makes the next value move on.
                at = self._half_bytes
                break
            self._take(body)
            at += _ENTRY_BYTES + length
        self._end = at

    def _take(self, body):
        cut = 1 + body[0]
        name, kind, value = str(body[1:cut], "utf-8"), body[cut : cut + 1], body[cut + 1 :]
        if kind == b"-":
            self.values.pop(name, None)
        else:
            self.values[name] = (kind, value)

    def _move(self):
        """All living values into the other half; its header last."""
        half = (self._half + 1) % _HALVES
        base = self._at(half)
        for offset in range(0, self._half_bytes, _flash.SECTOR_BYTES):
            _flash.erase(base + offset)
        at = _HEADER_BYTES
        for name, (kind, value) in self.values.items():
            entry = _entry(name, kind, value)
            if at + len(entry) > self._half_bytes:
                raise OSError(*NO_ROOM)
            _flash.program(base + at, entry)
            at += len(entry)
        sequence = self._sequence + 1
        _flash.program(base, struct.pack("<II", sequence, sequence ^ 0xFFFFFFFF))
        self._half, self._sequence, self._end = half, sequence, at


def _entry(name, kind, value):
    body = bytes([len(name)]) + name.encode() + kind + value
    return struct.pack("<HI", len(body), binascii.crc32(body)) + body

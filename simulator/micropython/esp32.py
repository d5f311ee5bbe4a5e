"""`esp32`: Partition and NVS on the board's virtual flash.

What the bootloader has started is in VARDE_SLOT, a label; without, it is the first application.
"""

import struct

import _flash
import _nvs
import _ota
import uos as os

_TABLE_OFFSET = 0x8000
_ROW_BYTES = 32
_ROW_MAGIC = b"\xaa\x50"
_ENOENT = 2
_EINVAL = 22
_IOCTL_BLOCK_COUNT = 4
_IOCTL_BLOCK_SIZE = 5
_IOCTL_BLOCK_ERASE = 6
_ANY = 0xFF
_OTA_DATA = 0x00  # subtypes
_OTA_0 = 0x10


def _rows():
    """(type, subtype, offset, size, label, encrypted) of each partition, from the table."""
    rows = []
    at = _TABLE_OFFSET
    while bytes(_flash.bytes_of[at : at + 2]) == _ROW_MAGIC:  # nothing is there without a board
        _, kind, subtype, offset, size, label, flags = struct.unpack_from(
            "<2sBBII16sI", _flash.bytes_of, at
        )
        name = str(label, "ascii").rstrip("\0")
        rows.append((kind, subtype, offset, size, name, bool(flags & 1)))
        at += _ROW_BYTES
    return rows


class Partition:
    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, id, block_size=4096):
        if block_size != _flash.SECTOR_BYTES:
            raise ValueError("the virtual flash has blocks of 4096 bytes")
        self._info = _find_by_id(id)
        self._start = self._info[2]
        self._size = self._info[3]

    @classmethod
    def find(cls, type=TYPE_APP, subtype=_ANY, label=None, block_size=4096):
        return [
            cls(row, block_size)
            for row in _rows()
            if row[0] == type and subtype in (_ANY, row[1]) and label in (None, row[4])
        ]

    def info(self):
        return self._info

    # What littlefs calls. Nothing from here on allocates; see _flash.

    def readblocks(self, block, into, offset=0):
        at = block * 4096 + offset
        self._check(at, len(into))
        _flash.read_into(self._start + at, into)

    def writeblocks(self, block, data, offset=None):
        """Without an offset whole blocks are erased first, as on the chip."""
        at = block * 4096
        if offset is None:
            self._check(at, len(data))
            for erased in range(0, len(data), 4096):
                _flash.erase(self._start + at + erased)
        else:
            at += offset
            self._check(at, len(data))
        _flash.program(self._start + at, data)

    def ioctl(self, command, argument=0):
        if command == _IOCTL_BLOCK_COUNT:
            return self._size // 4096
        if command == _IOCTL_BLOCK_SIZE:
            return 4096
        if command == _IOCTL_BLOCK_ERASE:
            self._check(argument * 4096, 4096)
            _flash.erase(self._start + argument * 4096)
        return 0

    # Which one starts.

    def set_boot(self):
        slots = _ota_slots()
        if self._info not in slots or not _ota.is_whole(self._start, self._size):
            raise OSError(*_ota.NO_IMAGE)
        _ota.choose(_ota_data(), slots.index(self._info), len(slots))

    def get_next_update(self):
        slots = _ota_slots()
        if not slots:
            raise OSError(_ENOENT)
        at = slots.index(self._info) + 1 if self._info in slots else 0
        return Partition(slots[at % len(slots)])

    @staticmethod
    def mark_app_valid_cancel_rollback():
        _ota.keep(_ota_data())

    def _check(self, at, count):
        if at < 0 or at + count > self._size:
            raise OSError(_EINVAL)


def _find_by_id(id):
    if isinstance(id, tuple):
        return id
    if id == Partition.RUNNING:
        label = os.getenv("VARDE_SLOT")
        found = [row for row in _rows() if row[0] == Partition.TYPE_APP]
        return next((row for row in found if row[4] == label), found[0])
    if id == Partition.BOOT:
        slots = _ota_slots()
        return slots[_ota.slot_in_force(_ota_data(), len(slots))] if slots else _find_by_id(1)
    # By a label alone the chip looks among data, then application partitions, at no other type.
    for kind in (Partition.TYPE_DATA, Partition.TYPE_APP):
        for row in _rows():
            if row[0] == kind and row[4] == id:
                return row
    raise OSError(_ENOENT)


def _ota_slots():
    """Rows of the slots that OTA data can name, from ota_0 on."""
    found = [row for row in _rows() if row[0] == Partition.TYPE_APP and row[1] >= _OTA_0]
    return sorted(found, key=lambda row: row[1])


def _ota_data():
    """Where the OTA data stand."""
    for row in _rows():
        if row[0] == Partition.TYPE_DATA and row[1] == _OTA_DATA:
            return row[2]
    raise OSError(*_ota.FAILED)


_store = None


class NVS:
    def __init__(self, namespace):
        global _store
        if _store is None:
            info = Partition("nvs").info()
            _store = _nvs.Store(info[2], info[3])
        self._prefix = namespace + "/"

    def set_i32(self, key, value):
        _store.set(self._prefix + key, b"i", struct.pack("<i", value))

    def get_i32(self, key):
        return struct.unpack("<i", self._get(key, b"i"))[0]

    def set_blob(self, key, value):
        _store.set(self._prefix + key, b"b", bytes(value))

    def get_blob(self, key, into):
        value = self._get(key, b"b")
        if len(value) > len(into):
            raise OSError(-0x110C, "ESP_ERR_NVS_INVALID_LENGTH")
        into[: len(value)] = value
        return len(value)

    def erase_key(self, key):
        if self._prefix + key not in _store.values:
            raise OSError(*_nvs.NOT_FOUND)
        _store.set(self._prefix + key, b"-", None)

    def commit(self):
        pass  # each set is durable on return

    def _get(self, key, kind):
        found = _store.values.get(self._prefix + key)
        if found is None or found[0] != kind:
            raise OSError(*_nvs.NOT_FOUND)
        return found[1]

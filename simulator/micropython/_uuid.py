"""`bluetooth.UUID`, as NimBLE's build of MicroPython has it."""

import struct


class UUID(bytes):
    """16, 32 or 128 bits; the bytes are little-endian, as on the air."""

    def __init__(self, value):
        super().__init__(_uuid_bytes(value))

    def __len__(self):
        raise TypeError("object of type 'UUID' has no len()")

    def __eq__(self, other):
        return isinstance(other, UUID) and bytes(self) == bytes(other)

    def __hash__(self):
        return hash(bytes(self))

    def __lt__(self, other):
        return _uuid_order(self) < _uuid_order(other)

    def __le__(self, other):
        return _uuid_order(self) <= _uuid_order(other)

    def __gt__(self, other):
        return _uuid_order(self) > _uuid_order(other)

    def __ge__(self, other):
        return _uuid_order(self) >= _uuid_order(other)

    def __repr__(self):
        text = "".join("%02x" % byte for byte in reversed(bytes(self)))
        if len(text) <= 8:
            return "UUID(0x%s)" % text
        parts = (text[:8], text[8:12], text[12:16], text[16:20], text[20:])
        return "UUID('%s')" % "-".join(parts)

    def __str__(self):
        return self.__repr__()


def _uuid_bytes(value):
    if isinstance(value, int):
        if not 0 <= value <= 0xFFFF:
            raise ValueError("invalid UUID")
        return struct.pack("<H", value)
    if not isinstance(value, str):
        data = bytes(value)
        if len(data) in (2, 4, 16):
            return data
        value = str(data, "utf-8")
    digits = value.replace("-", "")
    if len(digits) != 32:
        raise ValueError("UUID too long" if len(digits) > 32 else "UUID too short")
    try:
        return bytes(int(digits[at : at + 2], 16) for at in range(30, -1, -2))
    except ValueError:
        raise ValueError("invalid char in UUID")


def _uuid_order(uuid):
    if not isinstance(uuid, UUID):
        raise TypeError("unsupported types for comparison")
    data = bytes(uuid)
    return (len(data), data)

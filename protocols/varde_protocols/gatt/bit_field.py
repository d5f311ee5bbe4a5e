"""A feature word: an integer whose bits are yes or no, and small codes between them."""

from varde_protocols._compat import TYPE_CHECKING

from . import frame

if TYPE_CHECKING:
    from typing import Tuple

    from .layout import Fields, GivenFields


class BitField:
    """Bits by (bit number, key) and codes by (first bit, bits, key) in a word of `size_bytes`.

    Bits that are in neither table are reserved and ignored.
    """

    def __init__(
        self,
        name: str,
        size_bytes: int,
        bits: "Tuple[Tuple[int, str], ...]",
        codes: "Tuple[Tuple[int, int, str], ...]" = (),
    ) -> None:
        self._name = name
        self._size_bytes = size_bytes
        self._bits = bits
        self._codes = codes
        self._keys = [row[1] for row in bits] + [row[2] for row in codes]

    def decode(self, value: bytes) -> "Fields":
        """Return a boolean for each bit and a number for each code.

        Raises GattError: "truncated", "over-long".
        """
        frame.check_size(value, self._name, self._size_bytes)
        word = int.from_bytes(value, "little")
        fields: "Fields" = {key: word >> bit & 1 != 0 for bit, key in self._bits}
        for first, count, key in self._codes:
            fields[key] = word >> first & (1 << count) - 1
        return fields

    def encode(self, fields: "GivenFields") -> bytes:
        """Return the word's bytes; every key must be given."""
        frame.check_keys(self._name, fields, self._keys)
        word = 0
        for bit, key in self._bits:
            word |= bool(fields[key]) << bit
        for first, count, key in self._codes:
            word |= frame.checked_int(key, fields[key], 0, (1 << count) - 1) << first
        return word.to_bytes(self._size_bytes, "little")

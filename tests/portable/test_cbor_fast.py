"""The fast codec of the hub against the plain one: same bytes, same values, same refusals.

On CPython both names are the plain codec, and this shows only that the test itself holds.
"""

import unittest

from varde_protocols import cbor, cbor_scalars
from varde_protocols._compat import ON_MICROPYTHON
from varde_protocols.cbor import UNDEFINED, Simple, Tag
from varde_protocols.errors import CborError

ROUNDS = 1500


class Chance:
    """A 31-bit linear congruence: the same numbers on both interpreters."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.state >> 8) % limit

    def pick(self, members):
        return members[self.below(len(members))]


NUMBERS = (
    0, 1, 22, 23, 24, 25, 255, 256, 65535, 65536, (1 << 30) - 1, 1 << 30, (1 << 31) - 1, 1 << 31,
    (1 << 32) - 1, 1 << 32, (1 << 32) + 5, (1 << 62) + 1, (1 << 64) - 1,
)  # fmt: skip
FLOATS = (0.0, -0.0, 1.5, 0.1, -36.6, 100000.0, 2.0**-140, 2.0**-1060, 1e300, 1e300 * 1e300)
TEXTS = ("", "a", "oximeter", "x" * 30, "\u00e6\u00f8\u00e5", "ab\u6c34", "y" * 300)
OTHERS = (None, True, False, UNDEFINED, Simple(3), Simple(255), Tag(1, 2), Tag(24, [b""]))
ODD_KEYS = ("a", b"a", -1, 24, 1000, 1 << 32, (1 << 32) + 5, 1 << 40, "", True, None, 1.0)


def scalar(chance):
    kind = chance.below(8)
    if kind < 3:
        number = chance.pick(NUMBERS)
        return number if chance.below(3) else -1 - number
    if kind == 3:
        return bytes(chance.pick((0, 1, 8, 23, 24, 60, 255, 256)))
    if kind == 4:
        return chance.pick(TEXTS)
    if kind == 5:
        return chance.pick(FLOATS)
    return chance.pick(OTHERS)


def tree(chance, depth):
    kind = chance.below(3 if depth else 1)
    if kind == 0:
        return scalar(chance)
    count = chance.pick((0, 1, 2, 3, 5, 10, 23, 24, 30) if depth == 2 else (0, 1, 2, 3))
    members = [tree(chance, depth - 1) for _ in range(count)]
    if kind == 1:
        return members if chance.below(5) else tuple(members)
    odd = chance.below(4) == 0
    result = {}
    for member in members:
        strange = odd and chance.below(3) == 0
        result[chance.pick(ODD_KEYS) if strange else chance.below(24)] = member
    return result


def outcome(action, *args):
    """How the value looks, or the fault; as text, for nan, and because True equals 1.0."""
    try:
        return repr(action(*args))
    except CborError as error:
        return error.code + " " + error.where
    except (ValueError, TypeError) as error:
        return type(error).__name__


def mutated(chance, data):
    changed = bytearray(data)
    for _ in range(1 + chance.below(3)):
        if changed:
            changed[chance.below(len(changed))] = chance.pick(
                (0, 1, 2, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x20, 0x40, 0x61, 0x80, 0x82, 0x98, 0xA1,
                 0xC1, 0xF4, 0xF9, 0xFA, 0xFB, 0xFF, chance.below(256))
            )  # fmt: skip
    return bytes(changed[: chance.below(len(changed) + 1)] if chance.below(4) == 0 else changed)


def decode_plain(data):
    value, end = cbor.decode_plain(data)
    if end != len(data):
        raise CborError("cbor-trailing", "CBOR at byte %d" % end, "")
    return value


class HotPath(unittest.TestCase):
    def test_records_are_not_left_to_the_plain_code(self):
        if not ON_MICROPYTHON:
            return
        record = {
            1: 1,
            2: 1 << 33,
            3: 7,
            4: 86400123,
            5: {1: 2, 2: b"x" * 200, 3: [-1, 0.1, None]},
        }
        data = cbor.encode_plain(record)
        failed = cbor._fast.FAILED
        self.assertTrue(cbor._fast.encode(record, 8, 65536) is not failed)
        self.assertTrue(cbor._fast.decode(data, 0, 8, 1024, 1) is not failed)


class Differential(unittest.TestCase):
    def test_random_values(self):
        chance = Chance(1)
        for _ in range(ROUNDS):
            value = tree(chance, 2)
            expected = outcome(cbor.encode_plain, value)
            self.assertEqual(outcome(cbor.encode, value), expected, value)

    def test_their_encodings_and_mutations_of_them(self):
        chance = Chance(2)
        for _ in range(ROUNDS):
            try:
                data = cbor.encode_plain(tree(chance, 2))
            except (TypeError, ValueError):
                continue
            for each in (data, mutated(chance, data), mutated(chance, data)):
                self.assertEqual(outcome(cbor.decode, each), outcome(decode_plain, each), each)

    def test_random_bytes(self):
        chance = Chance(3)
        for _ in range(ROUNDS):
            data = bytes([chance.below(256) for _ in range(1 + chance.below(8))])
            self.assertEqual(outcome(cbor.decode, data), outcome(decode_plain, data), data)

    def test_items_in_a_sequence(self):
        chance = Chance(4)
        for _ in range(ROUNDS // 5):
            data = bytes([chance.below(256) for _ in range(12)])
            near = chance.below(13)
            for start in (near, -near, near << 30, -near << 30):
                expected = outcome(cbor.decode_plain, data, start)
                self.assertEqual(outcome(cbor.decode_first, data, start), expected)

    def test_limits(self):
        chance = Chance(5)
        for _ in range(ROUNDS // 5):
            value = tree(chance, 2)
            depth, items, size = chance.below(5) - 1, chance.below(13) - 1, chance.below(60) - 1
            self.assertEqual(
                outcome(cbor.encode, value, depth, size),
                outcome(cbor.encode_plain, value, depth, size),
            )
            try:
                data = cbor.encode_plain(value)
            except (TypeError, ValueError):
                continue
            self.assertEqual(
                outcome(cbor.decode_first, data, 0, depth, items),
                outcome(cbor.decode_plain, data, 0, depth, items),
            )

    def test_around_the_size_of_the_buffer(self):
        for size in range(440, 540):
            for value in (bytes(size), [bytes(size // 2), "x" * (size // 2)], {1: [0] * size},
                          [b"x"] * (size // 2), {5: "\u00e6" * (size // 2)}):  # fmt: skip
                self.assertEqual(cbor.encode(value), cbor.encode_plain(value))

    def test_an_encoder_within_an_encoder(self):
        # As an interrupt would do it: the outer one holds the buffer.
        before = cbor.encode({1: 2})
        self.assertEqual([cbor.encode({1: cbor.encode(3)}) for _ in range(3)],
                         [b"\xa1\x01\x41\x03"] * 3)  # fmt: skip
        self.assertEqual(cbor.encode({1: 2}), before)

    def test_floats_of_32_bits(self):
        found = cbor_scalars.FLOAT_IS_DOUBLE
        cbor_scalars.FLOAT_IS_DOUBLE = False
        try:
            for data in (b"\x81\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a", b"\xf9\x3e\x00"):
                self.assertEqual(outcome(cbor.decode, data), outcome(decode_plain, data))
        finally:
            cbor_scalars.FLOAT_IS_DOUBLE = found


if __name__ == "__main__":
    unittest.main()

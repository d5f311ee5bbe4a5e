"""Limits, sequences, and what the encoder will not write."""

import unittest

from varde_protocols import cbor, cbor_scalars
from varde_protocols._compat import ON_MICROPYTHON
from varde_protocols.cbor import UNDEFINED, Simple, Tag
from varde_protocols.errors import CborError


def refusal(data, **limits):
    try:
        cbor.decode(data, **limits)
    except CborError as error:
        return error.code
    return None


def nested(depth):
    value = 0
    for _ in range(depth):
        value = [value]
    return value


class Depth(unittest.TestCase):
    def test_eight_levels_both_ways(self):
        data = cbor.encode(nested(cbor.MAX_DEPTH))
        self.assertEqual(cbor.decode(data), nested(cbor.MAX_DEPTH))
        self.assertEqual(refusal(b"\x81" + data), "cbor-too-deep")
        with self.assertRaises(ValueError):
            cbor.encode(nested(cbor.MAX_DEPTH + 1))

    def test_a_value_that_contains_itself(self):
        value = []
        value.append(value)
        with self.assertRaises(ValueError):
            cbor.encode(value)

    def test_maps_and_tags_count_too(self):
        self.assertEqual(refusal(b"\xc1\xa1\x00\x81\x00", max_depth=2), "cbor-too-deep")
        self.assertEqual(refusal(b"\xc1\xa1\x00\x81\x00", max_depth=3), None)
        self.assertEqual(refusal(b"\x80", max_depth=0), "cbor-too-deep")

    def test_a_hundred_thousand_brackets(self):
        for first in (b"\x81", b"\xc1", b"\xa1"):
            self.assertEqual(refusal(first * 10000), "cbor-too-deep")


class Size(unittest.TestCase):
    def test_bytes(self):
        data = cbor.encode(bytes(100))
        self.assertEqual(refusal(data, max_bytes=102), None)
        self.assertEqual(refusal(data, max_bytes=101), "cbor-too-large")
        with self.assertRaises(ValueError):
            cbor.encode(bytes(100), max_bytes=101)
        self.assertEqual(cbor.encode(bytes(100), max_bytes=102), data)

    def test_items(self):
        data = cbor.encode([0] * 1023)
        self.assertEqual(len(cbor.decode(data)), 1023)
        self.assertEqual(refusal(b"\x99\x04\x00" + b"\x00" * 1024), "cbor-too-many")
        self.assertEqual(refusal(b"\x99\x04\x00" + b"\x80" * 1023 + b"\x00"), "cbor-too-many")
        self.assertEqual(refusal(b"\x00", max_items=0), "cbor-too-many")
        self.assertEqual(refusal(b"\x00", max_items=1), None)
        self.assertEqual(refusal(cbor.encode({1: 2, 3: [4, 5]}), max_items=7), None)
        self.assertEqual(refusal(cbor.encode({1: 2, 3: [4, 5]}), max_items=6), "cbor-too-many")

    def test_items_of_nested_arrays_add_up(self):
        data = b"\x8b" + cbor.encode([0] * 100) * 11
        self.assertEqual(refusal(data), "cbor-too-many")

    def test_what_is_encoded_can_be_decoded(self):
        most = (
            [0] * 1023,
            [[0] * 100] * 10 + [0] * 13,
            dict.fromkeys(range(511), 0),
            [Tag(1, 0)] * 511,
            {1: [{2: 3}] * 340},
        )
        for value in most:
            self.assertEqual(cbor.decode(cbor.encode(value)), value)
        for value in most:
            with self.assertRaises(ValueError):
                cbor.encode([value, 0])

    def test_a_claim_of_four_billion_costs_nothing(self):
        # With a list made for the claim this would end in a MemoryError.
        self.assertEqual(refusal(b"\x9a\xff\xff\xff\xff"), "cbor-too-many")
        self.assertEqual(refusal(b"\xba\xff\xff\xff\xff"), "cbor-too-many")
        self.assertEqual(refusal(b"\x5a\xff\xff\xff\xff"), "cbor-truncated")
        self.assertEqual(refusal(b"\x7b\x7f\xff\xff\xff\xff\xff\xff\xff"), "cbor-truncated")
        self.assertEqual(refusal(b"\x99\x03\xe8\x00"), "cbor-truncated")


class Integers(unittest.TestCase):
    def test_heads_around_every_border(self):
        for bits in (0, 5, 8, 16, 30, 31, 32, 63, 64):
            for number in ((1 << bits) - 1, 1 << bits, (1 << bits) + 1, 23, 24, 255, 256):
                if number < 1 << 64:
                    for signed in (number, -1 - number):
                        self.assertEqual(cbor.decode(cbor.encode(signed)), signed)

    def test_sizes(self):
        for number, size in ((23, 1), (24, 2), (255, 2), (256, 3), (65535, 3), (65536, 5),
                             (0xFFFFFFFF, 5), (0x100000000, 9), ((1 << 64) - 1, 9)):  # fmt: skip
            self.assertEqual(len(cbor.encode(number)), size)
            self.assertEqual(len(cbor.encode(-1 - number)), size)

    def test_beyond_64_bits(self):
        for number in (1 << 64, -(1 << 64) - 1, 1 << 200):
            with self.assertRaises(ValueError):
                cbor.encode(number)


class Maps(unittest.TestCase):
    def test_keys_ascend_by_encoded_bytes(self):
        value = {"a": 1, b"a": 2, -1: 3, 24: 4, 0: 5, "": 6, "aa": 7, 1000: 8, -25: 9}
        data = cbor.encode(value)
        keys = b"\x00\x05\x18\x18\x04\x19\x03\xe8\x08\x20\x03\x38\x18\x09\x41a\x02"
        self.assertEqual(data, b"\xa9" + keys + b"\x60\x06\x61a\x01\x62aa\x07")
        self.assertEqual(cbor.decode(data), value)

    def test_text_and_bytes_of_one_spelling_are_two_keys(self):
        value = {b"a": 1, "a": 2}
        self.assertEqual(cbor.decode(cbor.encode(value)), value)
        self.assertEqual(len(cbor.encode(value)), 7)

    def test_other_keys_are_ours_to_avoid(self):
        for key in (1.0, True, None, (1,)):
            with self.assertRaises(TypeError):
                cbor.encode({key: 0})


class OtherValues(unittest.TestCase):
    def test_all_byte_strings_are_one(self):
        for data in (b"abc", bytearray(b"abc"), memoryview(b"abc")):
            self.assertEqual(cbor.encode(data), b"\x43abc")

    def test_tuples_are_arrays(self):
        self.assertEqual(cbor.encode((1, (2,))), b"\x82\x01\x81\x02")

    def test_decode_takes_any_bytes_like(self):
        for kind in (bytes, bytearray, memoryview):
            self.assertEqual(cbor.decode(kind(b"\x82\x41a\x61b")), [b"a", "b"])

    def test_tags_and_simple_values(self):
        for value in (Tag(0, 1), Tag(1 << 63, [Tag(5, None)]), Simple(0), Simple(19), Simple(32),
                      Simple(255), [UNDEFINED, True, False, None]):  # fmt: skip
            self.assertEqual(cbor.decode(cbor.encode(value)), value)
        for number in (20, 23, 24, 31, 256, -1):
            with self.assertRaises(ValueError):
                Simple(number)
        for number in (-1, 1 << 64, "1"):
            with self.assertRaises(ValueError):
                Tag(number, 0)

    def test_no_form_for_other_types(self):
        for value in (object(), {1}, lambda: 0, int):
            with self.assertRaises(TypeError):
                cbor.encode(value)

    def test_undefined_shows_its_name(self):
        self.assertEqual(repr(UNDEFINED), "UNDEFINED")

    def test_long_strings(self):
        for size in (23, 24, 255, 256, 2000, 60000):
            for value in (bytes(size), "x" * size, "\u00e6" * (size // 2)):
                self.assertEqual(cbor.decode(cbor.encode(value)), value)

    def test_a_surrogate_has_no_utf8(self):
        with self.assertRaises(ValueError):
            cbor.encode("\ud800")


class Sequences(unittest.TestCase):
    def test_items_one_by_one(self):
        values = [1, "two", [3], {4: None}, b""]
        data = b"".join([cbor.encode(value) for value in values])
        position = 0
        for value in values:
            got, position = cbor.decode_first(data, position)
            self.assertEqual(got, value)
        self.assertEqual(position, len(data))
        with self.assertRaises(CborError):
            cbor.decode_first(data, position)

    def test_a_start_outside_the_data(self):
        for start in (3, 4, 1 << 32, 1 << 40):
            with self.assertRaises(CborError):
                cbor.decode_first(b"\x01\x02\x03", start)
        for start in (-1, -3, -(1 << 31), -(1 << 32), -(1 << 40)):
            with self.assertRaises(ValueError):
                cbor.decode_first(b"\x01\x02\x03", start)


class FloatsOf32Bits(unittest.TestCase):
    """What the chip does, by switching the module's finding about the interpreter."""

    def setUp(self):
        self.found = cbor_scalars.FLOAT_IS_DOUBLE
        cbor_scalars.FLOAT_IS_DOUBLE = False

    def tearDown(self):
        cbor_scalars.FLOAT_IS_DOUBLE = self.found

    def test_a_double_is_refused_not_rounded(self):
        self.assertEqual(refusal(b"\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a"), "cbor-float-width")

    def test_halves_and_singles_are_taken(self):
        self.assertEqual(cbor.decode(b"\xf9\x3e\x00"), 1.5)
        self.assertEqual(cbor.decode(b"\xfa\x47\xc3\x50\x00"), 100000.0)


class Interpreter(unittest.TestCase):
    def test_the_unix_vm_and_cpython_have_doubles(self):
        self.assertTrue(cbor_scalars.FLOAT_IS_DOUBLE or ON_MICROPYTHON)


if __name__ == "__main__":
    unittest.main()

"""RFC 8949 appendix A both ways, and everything that deterministic CBOR refuses, by name."""

import json
import unittest

from varde_protocols import cbor
from varde_protocols.cbor import UNDEFINED, Simple, Tag
from varde_protocols.errors import CborError

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
_VECTORS_FILE = _HERE + "/../../protocols/vectors/cbor.json"

with open(_VECTORS_FILE) as _file:
    VECTORS = json.load(_file)

INFINITY = 1e300 * 1e300

# What the RFC writes in diagnostic notation. Floats are made by arithmetic that is exact, as
# MicroPython's literals are off by one in the last place here and there.
DIAGNOSED = {
    "2(h'010000000000000000')": Tag(2, b"\x01\0\0\0\0\0\0\0\0"),
    "3(h'010000000000000000')": Tag(3, b"\x01\0\0\0\0\0\0\0\0"),
    "0.0": 0.0,
    "-0.0": -0.0,
    "1.0": 1.0,
    "1.1": 1.1,
    "1.5": 1.5,
    "65504.0": 65504.0,
    "100000.0": 100000.0,
    "3.4028234663852886e+38": (2.0 - 2.0**-23) * 2.0**127,
    "1.0e+300": 1.0e300,
    "5.960464477539063e-8": 2.0**-24,
    "0.00006103515625": 2.0**-14,
    "-4.0": -4.0,
    "-4.1": -4.1,
    "Infinity": INFINITY,
    "-Infinity": -INFINITY,
    "undefined": UNDEFINED,
    "simple(16)": Simple(16),
    "simple(255)": Simple(255),
    '0("2013-03-21T20:04:00Z")': Tag(0, "2013-03-21T20:04:00Z"),
    "1(1363896240)": Tag(1, 1363896240),
    "1(1363896240.5)": Tag(1, 1363896240.5),
    "23(h'01020304')": Tag(23, b"\x01\x02\x03\x04"),
    "24(h'6449455446')": Tag(24, b"dIETF"),
    '32("http://www.example.com")': Tag(32, "http://www.example.com"),
    "h''": b"",
    "h'01020304'": b"\x01\x02\x03\x04",
    "{1: 2, 3: 4}": {1: 2, 3: 4},
}


def meaning(vector):
    return vector["decoded"] if "decoded" in vector else DIAGNOSED[vector["diagnostic"]]


def refusal(data):
    """The code of the error, or None if the bytes were taken."""
    try:
        cbor.decode(data)
    except CborError as error:
        return error.code
    return None


class AppendixA(unittest.TestCase):
    def test_preferred_forms_are_decoded_and_encoded(self):
        for vector in VECTORS["appendix_a"]:
            if "error" in vector or vector.get("diagnostic") == "NaN":
                continue
            data = bytes.fromhex(vector["hex"])
            value = cbor.decode(data)
            self.assertEqual(value, meaning(vector), vector["hex"])
            self.assertEqual(type(value), type(meaning(vector)), vector["hex"])
            self.assertEqual(cbor.encode(meaning(vector)), data, vector["hex"])

    def test_nan(self):
        value = cbor.decode(b"\xf9\x7e\x00")
        self.assertTrue(value != value)
        self.assertEqual(cbor.encode(INFINITY - INFINITY), b"\xf9\x7e\x00")

    def test_signed_zero_keeps_its_sign(self):
        self.assertEqual(cbor.encode(cbor.decode(b"\xf9\x80\x00")), b"\xf9\x80\x00")
        self.assertEqual(cbor.encode(0.0), b"\xf9\x00\x00")

    def test_other_forms_are_refused_by_name(self):
        for vector in VECTORS["appendix_a"]:
            if "error" in vector:
                self.assertEqual(refusal(bytes.fromhex(vector["hex"])), vector["error"])


class Refused(unittest.TestCase):
    def test_every_fault_has_its_name(self):
        for vector in VECTORS["refused"]:
            self.assertEqual(refusal(bytes.fromhex(vector["hex"])), vector["error"], vector["hex"])

    def test_every_cut_is_truncated(self):
        for vector in VECTORS["appendix_a"]:
            data = bytes.fromhex(vector["hex"])
            for size in range(0 if "error" in vector else len(data)):
                self.assertEqual(refusal(data[:size]), "cbor-truncated", vector["hex"])

    def test_every_tail_is_trailing(self):
        for vector in VECTORS["appendix_a"]:
            if "error" not in vector:
                data = bytes.fromhex(vector["hex"])
                self.assertEqual(refusal(data + b"\x00"), "cbor-trailing", vector["hex"])

    def test_error_says_where_and_what_to_do(self):
        try:
            cbor.decode(b"\x82\x01\x18\x01")
        except CborError as error:
            text = str(error)
        self.assertTrue("byte 4" in text and "not shortest" in text and "shortest head" in text)


class Halves(unittest.TestCase):
    def test_all_of_them(self):
        for bits in range(0x10000):
            data = bytes((0xF9, bits >> 8, bits & 0xFF))
            if bits & 0x7FFF > 0x7C00 and bits != 0x7E00:
                self.assertEqual(refusal(data), "cbor-nan")
            else:
                self.assertEqual(cbor.encode(cbor.decode(data)), data)

    def test_widths_around_the_borders(self):
        half, single, double = 3, 5, 9
        for number, size in (
            (65504.0, half), (65505.0, single), (65519.9, double), (65520.0, single),
            (2.0**-24, half), (2.0**-25, single), (1023 * 2.0**-24, half), (3 * 2.0**-25, single),
            (2.0**-149, single), (2.0**-150, double), (2.0**127, single), (2.0**128, double),
            (1 + 2.0**-10, half), (1 + 2.0**-11, single), (1 + 2.0**-24, double), (0.1, double),
        ):  # fmt: skip
            for signed in (number, -number):
                data = cbor.encode(signed)
                self.assertEqual(len(data), size)
                self.assertEqual(cbor.decode(data), signed)


if __name__ == "__main__":
    unittest.main()

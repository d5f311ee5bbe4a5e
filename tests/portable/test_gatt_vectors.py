"""Every vector of the known characteristics: whole, cut at every byte, and with a tail."""

import json
import unittest

from varde_protocols import gatt
from varde_protocols.errors import GattError
from varde_protocols.gatt import sfloat

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
_VECTORS_FILE = _HERE + "/../../protocols/vectors/ble.json"


def _read_vectors():
    with open(_VECTORS_FILE) as file:
        return json.load(file)


def _known(vectors):
    known = ["%04X" % number for number in gatt.CHARACTERISTICS]
    return [vector for vector in vectors if vector["char"] in known]


def _is_refused(vector):
    """Generic decoders refuse what the vector says, and frames that need a model's own rule."""
    return "error" in vector["expected"] or "quirk:" in vector.get("note", "")


ALL = _read_vectors()
VECTORS = _known(ALL)
GOOD = [vector for vector in VECTORS if not _is_refused(vector)]


def _plain(value):
    """The value as JSON would have it; good enough to compare, and only that."""
    return float(value.text()) if isinstance(value, gatt.Number) else value


def _decode(vector, cut=None, tail=b""):
    value = bytes.fromhex(vector["hex"])
    value = value if cut is None else value[:cut]
    return gatt.decode(int(vector["char"], 16), value + tail)


def _code(vector, cut=None, tail=b""):
    """The code of the error that decoding ends in, or None."""
    try:
        _decode(vector, cut, tail)
    except GattError as error:
        return error.code
    return None


class TestVectors(unittest.TestCase):
    def test_all_nine_characteristics_are_there(self):
        self.assertEqual(len(VECTORS), 42)
        self.assertEqual(len({vector["char"] for vector in VECTORS}), 9)

    def test_good_frames_mean_what_the_vector_says(self):
        for vector in GOOD:
            fields = _decode(vector)
            for key, expected in vector["expected"].items():
                found = _plain(fields[key])
                self.assertEqual(found, expected, "%s %s" % (vector["id"], key))

    def test_bad_frames_are_refused(self):
        for vector in VECTORS:
            if _is_refused(vector):
                self.assertTrue(_code(vector) is not None, vector["id"])

    def test_frames_of_the_cuff_with_its_own_layout_never_pass(self):
        for vector in VECTORS:
            if "quirk:" in vector.get("note", ""):
                self.assertEqual(_code(vector), "over-long", vector["id"])

    def test_frames_cut_at_any_byte_are_truncated(self):
        for vector in GOOD:
            for cut in range(len(vector["hex"]) // 2):
                self.assertEqual(_code(vector, cut=cut), "truncated", vector["id"])

    def test_frames_with_a_tail_are_over_long(self):
        for vector in GOOD:
            for tail in (b"\x00", b"\xff\xff", b"\x00" * 600):
                self.assertEqual(_code(vector, tail=tail), "over-long", vector["id"])

    def test_good_frames_come_back_from_their_fields(self):
        for vector in GOOD:
            number = int(vector["char"], 16)
            fields = _decode(vector)
            self.assertEqual(
                gatt.decode(number, gatt.encode(number, fields)), fields, vector["id"]
            )

    def test_bare_sfloats(self):
        for vector in ALL:
            if vector["char"] == "SFLOAT":
                raw = bytes.fromhex(vector["hex"])
                found = _plain(sfloat.decode(int.from_bytes(raw, "little")))
                self.assertEqual(found, vector["expected"]["value"], vector["id"])


if __name__ == "__main__":
    unittest.main()

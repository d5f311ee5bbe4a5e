"""Every public vector: whole, cut at every byte, and with a tail."""

import json
import unittest

from varde_protocols import assigned, gatt
from varde_protocols.errors import GattError
from varde_protocols.gatt import float_type, number, sfloat

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
_VECTORS_FILE = _HERE + "/../../protocols/vectors/ble.json"
_NUMBER_TYPES = {"SFLOAT": sfloat.decode, "FLOAT": float_type.decode}
_ADVERT = "adv-service-data:xiaomi"
_ADVERTS = {"181D": assigned.XIAOMI_ADVERT_WEIGHT, "181B": assigned.XIAOMI_ADVERT_BODY}
_QUIRK = "quirk:"

# What has no end of its own: a part of such a value may be a value too.
_OPEN_ENDED = ("2A37", "2A52", "2A9F", "2B36")


def _read_vectors():
    with open(_VECTORS_FILE) as file:
        return json.load(file)


def _model(vector):
    """The model whose rule the frame needs, or none."""
    note = vector.get("note", "")
    if vector["char"] == _ADVERT:
        return "xiaomi-scale"
    return note[len(_QUIRK) :].split(" ")[0] if note.startswith(_QUIRK) else ""


def _number(vector):
    if vector["char"] == _ADVERT:
        return _ADVERTS[vector["service"]]
    return int(vector["char"], 16)


ALL = _read_vectors()
BARE = [vector for vector in ALL if vector["char"] in _NUMBER_TYPES]
VECTORS = [vector for vector in ALL if vector["char"] not in _NUMBER_TYPES]
GOOD = [vector for vector in VECTORS if "error" not in vector["expected"]]
CLOSED = [vector for vector in GOOD if vector["char"] not in _OPEN_ENDED]


def _plain(value):
    """The value as JSON would have it; good enough to compare, and only that."""
    return float(value.text()) if isinstance(value, number.Number) else value


def _decode(vector, cut=None, tail=b"", model=None):
    value = bytes.fromhex(vector["hex"])
    value = value if cut is None else value[:cut]
    return gatt.decode(_number(vector), value + tail, _model(vector) if model is None else model)


def _code(vector, cut=None, tail=b"", model=None):
    """The code of the error that decoding ends in, or None."""
    try:
        _decode(vector, cut, tail, model)
    except GattError as error:
        return error.code
    return None


class TestVectors(unittest.TestCase):
    def test_all_are_there(self):
        self.assertEqual((len(ALL), len(BARE), len(VECTORS), len(GOOD)), (108, 17, 91, 80))
        self.assertEqual(len({vector["char"] for vector in VECTORS}), 26)

    def test_good_frames_mean_what_the_vector_says(self):
        for vector in GOOD:
            fields = _decode(vector)
            for key, expected in vector["expected"].items():
                found = _plain(fields[key])
                self.assertEqual(found, expected, "%s %s" % (vector["id"], key))

    def test_bad_frames_are_refused(self):
        for vector in VECTORS:
            if "error" in vector["expected"]:
                self.assertTrue(_code(vector) is not None, vector["id"])

    def test_frames_with_a_layout_of_their_own_never_pass_without_their_model(self):
        own = [vector for vector in VECTORS if _model(vector)]
        self.assertEqual(len(own), 7)
        for vector in own:
            expected = "over-long" if vector["char"] == "2A35" else "unknown-characteristic"
            for model in ("", "and-ua651", "no-such-model"):
                self.assertEqual(_code(vector, model=model), expected, vector["id"])

    def test_frames_cut_at_any_byte_are_truncated(self):
        for vector in CLOSED:
            for cut in range(len(vector["hex"]) // 2):
                self.assertEqual(_code(vector, cut=cut), "truncated", vector["id"])

    def test_frames_with_a_tail_are_over_long(self):
        for vector in CLOSED:
            for tail in (b"\x00", b"\xff\xff", b"\x00" * 600):
                self.assertEqual(_code(vector, tail=tail), "over-long", vector["id"])

    def test_good_frames_come_back_from_their_fields(self):
        for vector in GOOD:
            fields = _decode(vector)
            value = gatt.encode(_number(vector), fields, _model(vector))
            again = gatt.decode(_number(vector), value, _model(vector))
            self.assertEqual(again, fields, vector["id"])

    def test_bare_numbers(self):
        for vector in BARE:
            word = int.from_bytes(bytes.fromhex(vector["hex"]), "little")
            found = _plain(_NUMBER_TYPES[vector["char"]](word))
            self.assertEqual(found, vector["expected"]["value"], vector["id"])


if __name__ == "__main__":
    unittest.main()

"""What a source of code might try, and who has signed a bundle: a line of sabotage each.

Each test is named after its attack. What two holders have signed is DATA, or a bundle.
"""

import hashlib
import unittest

import hub_modules  # noqa: F401
from update_bench import (
    AT,
    BLOCK,
    DATA,
    FAILED,
    LIST_AT,
    REFUSED,
    Attack,
    Flash,
    Source,
    altered,
    component,
    fetching_from,
    listing,
    ran,
    sha256,
)  # fmt: skip

from varde_firmware.core import block_map, update_plan
from varde_firmware.shell import unpack
from varde_protocols import cbor, documents
from varde_protocols import update_words as words
from varde_protocols.errors import HttpError


class FromTheSource(Attack):
    """DATA is what two holders have signed; the source is somebody's."""

    def setUp(self):
        self.flash = Flash()
        self.source = Source(DATA, listing(DATA))
        self.given = component(DATA)

    def fetch(self):
        """One sitting."""
        fetching = fetching_from(self.source, self.flash)
        go_on = lambda *_: None  # noqa: E731
        ran(fetching.hold(self.given, AT, LIST_AT, go_on))

    def staged(self):
        return self.flash.stands(AT, len(DATA))

    def spoiled(self, spoil):
        self.source.spoil = spoil

    def test_honest(self):
        self.fetch()
        self.assertEqual(self.staged(), DATA)
        self.assertEqual(self.source.body_bytes, len(DATA) + len(listing(DATA)))

    def test_honest_again_costs_nothing(self):
        self.fetch()
        before = self.source.body_bytes
        self.fetch()
        self.assertEqual(self.source.body_bytes, before)

    def test_wrong_hash_in_block_n(self):
        for number in range(4):
            self.setUp()
            self.source.offer(altered(DATA, number * BLOCK + 5), self.given.sha256)
            self.stops(words.WRONG_HASH, FAILED, self.fetch)
            self.assertNotIn(AT + number, self.flash.written)

    def test_good_blocks_stand_after_a_wrong_one(self):
        self.source.offer(altered(DATA, 2 * BLOCK), self.given.sha256)
        self.stops(words.WRONG_HASH, FAILED, self.fetch)
        self.source.offer(DATA)
        self.source.asked = []
        self.fetch()
        self.assertEqual([first for _, first in self.source.asked], [2 * BLOCK, 3 * BLOCK])
        self.assertEqual(self.staged(), DATA)

    def test_blocks_in_another_order(self):
        turned = DATA[BLOCK : 2 * BLOCK] + DATA[:BLOCK] + DATA[2 * BLOCK :]
        self.source.offer(turned, self.given.sha256)
        self.stops(words.WRONG_HASH, FAILED, self.fetch)

    def test_mix_and_match_blocks_of_another_release(self):
        self.source.offer(bytes(len(DATA)), self.given.sha256)
        self.stops(words.WRONG_HASH, FAILED, self.fetch)

    def test_list_of_blocks_of_another_release(self):
        self.source.offer(listing(bytes(len(DATA))), self.given.blocks_sha256)
        self.stops(words.WRONG_HASH, FAILED, self.fetch)
        self.assertNotIn(AT, self.flash.written)

    def test_list_of_blocks_too_long(self):
        self.spoiled(lambda _name, _first, answer: [206, answer[1] * 2, answer[2], None])
        self.stops(words.WRONG_HASH, FAILED, self.fetch)

    def test_list_that_two_holders_signed_and_the_whole_they_did_not(self):
        self.given = component(DATA, sha256=sha256(b"another"))
        self.source.offer(DATA, self.given.sha256)
        self.stops(words.WRONG_HASH, REFUSED, self.fetch)

    def test_staged_bytes_changed_behind_our_back_are_fetched_again(self):
        self.fetch()
        self.flash.flip(AT, 9)
        self.fetch()
        self.assertEqual(self.staged(), DATA)

    def test_staged_list_changed_behind_our_back_is_fetched_again(self):
        self.fetch()
        self.flash.flip(LIST_AT, 0)
        self.fetch()
        self.assertEqual(self.staged(), DATA)

    def test_wrong_length_shorter(self):
        self.spoiled(lambda _name, _first, answer: [206, answer[1][:-1], answer[2], None])
        self.stops(words.WRONG_HASH, FAILED, self.fetch)

    def test_wrong_length_longer(self):
        self.spoiled(lambda _name, first, answer: [206, answer[1] + b"!", answer[2], None])
        self.assertRaises((HttpError, update_plan.Stop), self.fetch)

    def test_content_range_lies(self):
        said = "bytes 4096-8191/%d" % len(DATA)
        self.spoiled(lambda _name, _first, answer: [206, answer[1], said, None])
        self.stops(words.WRONG_HASH, FAILED, self.fetch)

    def test_content_range_of_a_larger_whole(self):
        said = "bytes 0-127/99999999999"
        self.spoiled(lambda _name, _first, answer: [206, answer[1], said, None])
        self.stops(words.WRONG_HASH, FAILED, self.fetch)

    def test_content_range_missing(self):
        self.spoiled(lambda _name, _first, answer: [206, answer[1], None, None])
        self.stops(words.WRONG_HASH, FAILED, self.fetch)

    def test_whole_for_a_range(self):
        self.spoiled(lambda name, _first, _answer: [200, self.source.objects[name], None, None])
        self.assertRaises((HttpError, update_plan.Stop), self.fetch)
        self.assertEqual(self.flash.written.count(AT), 0)

    def test_endless_data(self):
        self.spoiled(lambda _name, _first, answer: [206, bytes(1 << 16), answer[2], 1 << 31])
        self.assertRaises(HttpError, self.fetch)

    def test_status_that_is_none(self):
        for status in (201, 204, 301, 302, 307, 308, 400, 403, 404, 416, 429, 500, 503):
            self.setUp()
            self.spoiled(lambda _name, _first, answer, code=status: [code, b"", answer[2], None])
            self.stops(words.UNREACHABLE, FAILED, self.fetch)
            self.assertEqual(len(self.source.asked), 1)

    def test_a_hub_that_has_something_else_to_do_asks_for_nothing_more(self):
        def no(*_):
            raise update_plan.Stop(words.READINGS_FIRST, update_plan.HINDERED)

        fetching = fetching_from(self.source, self.flash)
        self.stops(
            words.READINGS_FIRST, update_plan.HINDERED,
            ran, fetching.hold(self.given, AT, LIST_AT, no),
        )  # fmt: skip
        self.assertEqual(self.source.asked, [])

    def test_document_endless(self):
        digest = sha256(b"document")
        self.source.offer(bytes(documents.MAX_DOCUMENT_BYTES + 1), digest)
        fetching = fetching_from(self.source, self.flash)
        self.assertRaises(HttpError, ran, fetching.document(digest))


class Places(unittest.TestCase):
    def test_too_large_for_the_slot(self):
        self.assertIsNone(block_map.places(True, 65, 624))
        self.assertIsNone(block_map.places(False, 624, 624))

    def test_what_fits_overlaps_nothing(self):
        image_at, image_list = block_map.places(False, 551, 624)
        bundle_at, bundle_list = block_map.places(True, 64, 624)
        self.assertEqual(image_at, 0)
        self.assertTrue(551 <= image_list < image_list + 8 <= bundle_list < bundle_at)
        self.assertEqual(bundle_at + 64, 624)


class Slots:
    """A slot's folder."""

    def __init__(self):
        self.files = {"left.mpy": b"over"}

    def clear(self, _slot):
        self.files = {}

    def create(self, _slot, path):
        return File(self.files, path)

    def read_back(self, _slot, path):
        return len(self.files[path]), sha256(self.files[path])


class File:
    def __init__(self, files, path):
        self._files = files
        self._path = path

    def __enter__(self):
        self._files[self._path] = b""
        return self

    def __exit__(self, *_):
        pass

    def write(self, data):
        self._files[self._path] += bytes(data)


class Stream:
    """What deflate gives of a bundle."""

    def __init__(self, data):
        self._data = data
        self._at = 0

    def read(self, count):
        data = self._data[self._at : self._at + count]
        self._at += len(data)
        return data

    def readinto(self, buffer):
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def bundle(*pairs, head=None):
    sizes = sum([len(content) for _, content in pairs])
    items = [head or [1, len(pairs), sizes]]
    for path, content in pairs:
        items += [path, content]
    return b"".join([cbor.encode(item) for item in items])


CODE = b"M\x06\x00\x1fcode"
GOOD_BUNDLE = bundle(("a.mpy", CODE), ("varde_firmware/core/link.mpy", CODE * 300))


class InTheBundle(Attack):
    """Two holders have signed it."""

    def unpacked(self, data):
        slots = Slots()
        ran(unpack.unpack(Stream(data), slots, 1, hashlib.sha256))
        return slots.files

    def refused(self, data):
        self.stops(words.MALFORMED, REFUSED, self.unpacked, data)

    def test_good(self):
        found = self.unpacked(GOOD_BUNDLE)
        self.assertEqual(sorted(found), ["a.mpy", "varde_firmware/core/link.mpy"])
        self.assertEqual(found["varde_firmware/core/link.mpy"], CODE * 300)

    def test_path_out_of_the_slot(self):
        for path in ("../main.mpy", "/main.mpy", "a/../../boot.mpy", "a//b.mpy", "./a.mpy"):
            self.refused(bundle((path, CODE)))

    def test_path_of_the_supervisor(self):
        for path in ("main.py", "boot.py", "trust.cbor", "a", "", ".mpy/a"):
            self.refused(bundle((path, CODE)))

    def test_path_twice_or_out_of_order(self):
        self.refused(bundle(("a.mpy", CODE), ("a.mpy", CODE)))
        self.refused(bundle(("b.mpy", CODE), ("a.mpy", CODE)))

    def test_path_that_is_too_long(self):
        self.refused(bundle(("a" * 200 + ".mpy", CODE)))

    def test_path_that_is_a_number(self):
        self.refused(cbor.encode([1, 1, 8]) + cbor.encode(1) + cbor.encode(CODE))

    def test_more_files_than_a_slot_has(self):
        self.refused(bundle(("a.mpy", CODE), head=[1, 100_000, 8]))

    def test_file_that_is_too_large(self):
        self.refused(bundle(("a.mpy", bytes(40_000))))

    def test_another_format(self):
        self.refused(bundle(("a.mpy", CODE), head=[2, 1, 8]))

    def test_cut_short_anywhere(self):
        for at in range(0, len(GOOD_BUNDLE), 37):
            self.refused(GOOD_BUNDLE[:at])

    def test_more_behind_the_end(self):
        self.refused(GOOD_BUNDLE + b"!")

    def test_indefinite_lengths(self):
        self.refused(b"\x9f\x01\x01\x08\xff" + cbor.encode("a.mpy") + cbor.encode(CODE))


if __name__ == "__main__":
    unittest.main()

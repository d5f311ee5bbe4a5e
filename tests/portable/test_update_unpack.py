"""Unpacking a bundle: what lands where, and that nothing else can be written by one."""

import asyncio
import hashlib
import io
import unittest

import hub_modules  # noqa: F401  (bottom up: the stack is small)

from varde_firmware.core.update_plan import Stop
from varde_firmware.shell import unpack
from varde_protocols import cbor
from varde_protocols import update_words as words

if not hasattr(asyncio, "sleep_ms"):
    asyncio.sleep_ms = lambda delay_ms: asyncio.sleep(delay_ms / 1000)


class Slots:
    """As ports.slots, in memory; `spoils` is a path that does not read back."""

    def __init__(self, spoils=""):
        self.files = {"old.mpy": b"old"}
        self.spoils = spoils

    def clear(self, slot):
        assert slot == 1
        self.files = {}

    def create(self, slot, path):
        assert slot == 1
        return File(self.files, path)

    def read_back(self, slot, path):
        data = self.files[path] + (b"!" if path == self.spoils else b"")
        return len(data), hashlib.sha256(data).digest()


class File:
    def __init__(self, files, path):
        self.files, self.path = files, path

    def __enter__(self):
        self.files[self.path] = b""
        return self

    def __exit__(self, *_):
        pass

    def write(self, data):
        self.files[self.path] += bytes(data)


def sequence(files, head=None, tail=b""):
    total = sum([len(content) for _, content in files])
    parts = [cbor.encode(head or [1, len(files), total])]
    for path, content in files:
        parts += [cbor.encode(path), cbor.encode(content)]
    return b"".join(parts) + tail


def unpacked(data, slots=None):
    """The files, or the reason why not."""
    slots = slots or Slots()
    try:
        asyncio.run(unpack.unpack(io.BytesIO(data), slots, 1, hashlib.sha256))
    except Stop as stop:
        return stop.reason
    return slots.files


FILES = [("a.mpy", b"x"), ("b/c.mpy", b"y" * 600), ("b/c/d_1.mpy", b""), ("e.mpy", b"z" * 40_00)]


class Unpacking(unittest.TestCase):
    def test_a_good_bundle(self):
        self.assertEqual(unpacked(sequence(FILES)), dict(FILES))
        self.assertEqual(unpacked(sequence([])), {})

    def test_no_path_leaves_the_slot(self):
        for path in ("../a.mpy", "/a.mpy", "a/../b.mpy", "a//b.mpy", "a.py", "a", ".mpy.", "A.mpy",
                     "a b.mpy", "a\\b.mpy", "a.mpy/", "..mpy", "boot.py", "", "x" * 93 + ".mpy",
                     "\u00e6.mpy", "a\x00.mpy", "a.mpy.mpy"):  # fmt: skip
            self.assertEqual(unpacked(sequence([(path, b"")])), words.MALFORMED, path)

    def test_paths_ascend(self):
        twice = [("a.mpy", b"1"), ("a.mpy", b"2")]
        for files in (twice, list(reversed(FILES))):
            self.assertEqual(unpacked(sequence(files)), words.MALFORMED)

    def test_another_format(self):
        good = sequence(FILES)
        for data in (
            sequence(FILES, [2, 4, 1]), sequence(FILES, [1, 513, 1]), sequence(FILES, [1, 4]),
            sequence(FILES, [1, 5, 1]), sequence(FILES, tail=b"\x00"), b"", b"\x83", good[1:],
            sequence([("a.mpy", bytes(32_769))]), b"\x83\x01\x1b" + bytes(8), b"\x83\x01\xff\x00",
            sequence([("a.mpy", "text")]), sequence([(b"a.mpy", b"bytes")]),
        ):  # fmt: skip
            self.assertEqual(unpacked(data), words.MALFORMED, data[:12])

    def test_cut_anywhere(self):
        good = sequence(FILES[:2])
        for end in range(len(good)):
            self.assertEqual(unpacked(good[:end]), words.MALFORMED, end)

    def test_every_file_is_read_back(self):
        self.assertEqual(unpacked(sequence(FILES), Slots("e.mpy")), words.WRONG_HASH)


if __name__ == "__main__":
    unittest.main()

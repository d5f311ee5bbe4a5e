"""The bundle: one spelling, whatever is in it; and the hub's own interpreter unpacks it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host import release_bench
from varde_host import errors
from varde_host.release import blocks, bundle
from varde_protocols import release

ROOT = Path(__file__).resolve().parents[2]
VM = ROOT / ".cache" / "micropython" / "micropython"
ON_VM = Path(__file__).with_name("unpack_on_vm.py")

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: "/".join(names) + ".mpy")
CODE = st.builds(release_bench.mpy, st.binary(max_size=600), st.sampled_from([0, 0, 10]))
FILES = st.dictionaries(PATHS, CODE, min_size=1, max_size=12)
# The bytes that stand for all hubs out there: a change of them is a new format.
GOLDEN = {"boards/one.mpy": release_bench.mpy(b"abc"), "two.mpy": release_bench.mpy(b"", 10)}
GOLDEN_SEQUENCE = (
    "8301020b"
    "6e626f617264732f6f6e652e6d707947" "4d06001f616263"
    "6774776f2e6d7079" "444d06281f"
)  # fmt: skip


def test_golden():
    assert bundle.sequence(GOLDEN).hex() == GOLDEN_SEQUENCE
    assert bundle.encode(GOLDEN)[:1].hex() == "58"  # CM 8, CINFO 5: a window of 2^13


@given(FILES)
def test_what_goes_in_comes_out(files: dict[str, bytes]):
    data = bundle.encode(files)
    assert bundle.decode(data) == files
    assert zlib.decompress(data) == bundle.sequence(files)
    assert bundle.window_bits(data) == bundle.WINDOW_BITS


@given(FILES, st.randoms())
def test_the_order_of_making_does_not_show(files: dict[str, bytes], random):
    paths = list(files)
    random.shuffle(paths)
    assert bundle.encode({path: files[path] for path in paths}) == bundle.encode(files)


@given(FILES, st.data())
def test_another_spelling_is_refused_or_says_the_same(files: dict[str, bytes], data):
    """Whatever is done to the sequence: what is believed has no second sequence."""
    plain = bytearray(bundle.sequence(files))
    for _ in range(data.draw(st.integers(1, 3))):
        plain[data.draw(st.integers(0, len(plain) - 1))] = data.draw(st.integers(0, 255))
    packer = zlib.compressobj(1, zlib.DEFLATED, bundle.WINDOW_BITS)
    try:
        believed = bundle.decode(packer.compress(plain) + packer.flush())
    except errors.InputRefused:
        return
    assert bundle.sequence(believed) == plain


@given(st.binary(max_size=400))
def test_anything_is_refused_by_name(data: bytes):
    for each in (data, b"\x58\x85" + data):
        with pytest.raises(errors.InputRefused, match="bundle-malformed"):
            bundle.decode(each)


@given(st.binary(max_size=400))
def test_any_content_of_a_stream_is_refused_by_name(plain: bytes):
    packer = zlib.compressobj(1, zlib.DEFLATED, bundle.WINDOW_BITS)
    with pytest.raises(errors.InputRefused, match="bundle-malformed"):
        bundle.decode(packer.compress(plain) + packer.flush())


@pytest.mark.parametrize("files", [
    {}, {"a.mpy": b"M\x06"}, {"a.mpy": release_bench.mpy(bytes(bundle.MAX_FILE_BYTES))},
    {f"m{number}.mpy": release_bench.mpy(b"") for number in range(bundle.MAX_FILES + 1)},
    {f"m{number}.mpy": release_bench.mpy(bytes(30_000)) for number in range(9)},
    {"a" * bundle.MAX_PATH_CHARACTERS + ".mpy": release_bench.mpy(b"")},
])  # fmt: skip
def test_limits(files: dict[str, bytes]):
    with pytest.raises(errors.InputRefused, match="bundle-malformed"):
        bundle.encode(files)


def test_what_reaches_every_limit_passes():
    size = bundle.MAX_CONTENT_BYTES // bundle.MAX_FILES
    width = bundle.MAX_PATH_CHARACTERS - len("m.mpy")
    files = {}
    for number in range(bundle.MAX_FILES):
        half = hashlib.shake_128(bytes([number % 256])).digest(size // 2)
        files[f"m{number:0{width}d}.mpy"] = release_bench.mpy(half.ljust(size - 4, b"."))
    packer = zlib.compressobj(9, zlib.DEFLATED, bundle.WINDOW_BITS)
    assert bundle.decode(packer.compress(bundle.sequence(files)) + packer.flush()) == files


@given(st.binary(min_size=1, max_size=20_000))
def test_blocks(data: bytes):
    named = blocks.component(release.APPLICATION, data, 0)
    listed = blocks.listing(data)
    assert len(listed) == 32 * named.block_count()
    assert hashlib.sha256(listed).digest() == named.blocks_sha256
    assert blocks.first_bad(named, data, listed) is None


@given(st.binary(min_size=1, max_size=20_000), st.data())
def test_a_bad_block_is_found_where_it_is(data: bytes, draw):
    at = draw.draw(st.integers(0, len(data) - 1))
    spoiled = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
    named = blocks.component(release.APPLICATION, data, 0)
    assert blocks.first_bad(named, spoiled, blocks.listing(data)) == at // blocks.BLOCK_BYTES
    assert blocks.first_bad(named, data[:at], blocks.listing(data)) == at // blocks.BLOCK_BYTES


@settings(max_examples=10, deadline=None)
@given(FILES)
def test_the_hub_unpacks_it(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]):
    if not VM.exists():
        pytest.skip("no hub interpreter: make setup finds or fetches it")
    place = tmp_path_factory.mktemp("vm") / "bundle"
    place.write_bytes(bundle.encode(files))
    done = subprocess.run([VM, ON_VM, place], capture_output=True, text=True, check=True,
                          timeout=60)  # fmt: skip
    found = json.loads(done.stdout)
    if "skip" in found:
        pytest.skip(found["skip"])
    assert found == {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}

"""The loader as a codec: what it answers, and that nothing a host says breaks or fills it."""

import contextlib
import hashlib
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from varde_simulator.usb import app_image, chips, efuse, rom_loader, slip
from varde_simulator.usb.nor_flash import NorFlash, PowerLostError
from varde_simulator.usb.registers import Registers
from varde_simulator.usb.rom_loader import RomLoader

FLASH_BYTES = 256 * 1024
MAC = bytes.fromhex("a829e27f94d5")
ROM_STATUS, STUB_STATUS = bytes(4), bytes(2)
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def loader(folder: Path, chip: chips.Chip = chips.ESP32_S3, claimed: int = 0) -> RomLoader:
    path = folder / "flash"
    path.write_bytes(b"\xff" * FLASH_BYTES)
    fuses = folder / "efuse"
    efuse.virgin(fuses, MAC, chip.mac_offset, chips.efuse_words(chip))
    flash = NorFlash(path, claimed or None, None)
    return RomLoader(chip, flash, Registers(chip, flash, efuse.Efuse(fuses)))


def stub(folder: Path) -> RomLoader:
    codec = loader(folder)
    answers = ask(codec, 0x06, struct.pack("<II", 0, 0x40378000))
    assert answers[-1] == b"OHAI"
    return codec


def request(operation: int, data: bytes = b"", checksum: int = 0) -> bytes:
    return slip.encode(struct.pack("<BBHI", 0, operation, len(data), checksum) + data)


def frames(raw: bytes) -> list[bytes]:
    return slip.Decoder().receive(raw)


def drain(codec: RomLoader) -> bytes:
    said = b""
    while (answer := codec.next_answer()) is not None:
        said += answer
    return said


def ask(codec: RomLoader, operation: int, data: bytes = b"", checksum: int = 0) -> list[bytes]:
    codec.receive(request(operation, data, checksum))
    return frames(drain(codec))


def parts(answer: bytes) -> tuple[int, int, bytes]:
    """(operation, value, data and status)"""
    direction, operation, size, value = struct.unpack_from("<BBHI", answer)
    assert direction == 1
    assert size == len(answer) - 8
    return operation, value, answer[8:]


def block(number: int, data: bytes) -> tuple[bytes, int]:
    return struct.pack("<IIII", len(data), number, 0, 0) + data, app_image.checksum(data)


# What it says


@pytest.mark.parametrize(("make", "value"), [(loader, rom_loader.ROM_SYNC_VALUE), (stub, 0)])
def test_sync_is_answered_eight_times(tmp_path, make, value) -> None:
    answers = ask(make(tmp_path), 0x08, rom_loader.SYNC_DATA)
    status = STUB_STATUS if value == 0 else ROM_STATUS
    assert [parts(answer) for answer in answers] == [(0x08, value, status)] * 8


def test_chip_id_and_address(tmp_path) -> None:
    codec = loader(tmp_path)
    (answer,) = ask(codec, 0x14)
    assert parts(answer)[2] == struct.pack("<I8xII", 0, 9, 0) + ROM_STATUS
    (low,) = ask(codec, 0x0A, struct.pack("<I", 0x60007044))
    (high,) = ask(codec, 0x0A, struct.pack("<I", 0x60007048))
    assert struct.pack(">HI", parts(high)[1], parts(low)[1]) == MAC


def test_older_kinds_are_known_by_a_word_of_their_rom(tmp_path) -> None:
    codec = loader(tmp_path, chips.ESP32)
    assert parts(ask(codec, 0x14)[0])[2] == b"\x01\x05\0\0"
    assert parts(ask(codec, 0x0A, struct.pack("<I", 0x40001000))[0])[1] == 0x00F01D83


@pytest.mark.parametrize("piece", [1, 2, 7, 100_000])
def test_pieces_make_no_difference(tmp_path, piece) -> None:
    said = request(0x08, rom_loader.SYNC_DATA) + request(0x14) + b"tail" + request(0x33)
    codec = loader(tmp_path)
    heard = b""
    for at in range(0, len(said), piece):
        codec.receive(said[at : at + piece])
        heard += drain(codec)
    answers = [parts(answer)[0] for answer in frames(heard)]
    assert answers == [0x08] * 8 + [0x14, 0x33]


def test_unknown_operations_and_lengths_are_refused(tmp_path) -> None:
    codec = loader(tmp_path)
    for operation in range(256):
        (answer, *_) = ask(codec, operation, b"x")
        assert parts(answer)[0] == operation
        accepts_all = operation in (0x0B, 0x0D, 0x0F, 0x14)
        assert (parts(answer)[2][-4] == 0) == accepts_all, hex(operation)


# Writing


@given(
    offset=st.integers(0, 40).map(lambda sector: sector * 4096),
    data=st.binary(min_size=1, max_size=20_000),
    is_stub=st.booleans(),
    is_compressed=st.booleans(),
)
@SHARED
def test_what_is_written_is_read(tmp_path, offset, data, is_stub, is_compressed) -> None:
    codec = stub(tmp_path) if is_stub else loader(tmp_path)
    path = tmp_path / "flash"
    path.write_bytes(bytes(FLASH_BYTES))
    sent = zlib.compress(data) if is_compressed else data
    size = 0x4000 if is_stub else 0x400
    blocks = [sent[at : at + size] for at in range(0, len(sent), size)]
    if not is_compressed:
        blocks[-1] = blocks[-1].ljust(size, b"\xff")
    begin = struct.pack("<IIIII", len(data), len(blocks), size, offset, 0)
    answers = ask(codec, 0x10 if is_compressed else 0x02, begin)
    for number, piece in enumerate(blocks):
        answers += ask(codec, 0x11 if is_compressed else 0x03, *block(number, piece))
    status = STUB_STATUS if is_stub else ROM_STATUS
    assert [parts(answer)[2] for answer in answers] == [status] * len(answers)
    content = path.read_bytes()
    end = offset + len(data)
    assert content[offset:end] == data
    assert content[end : -(-end // 4096) * 4096].strip(b"\xff") == b""
    assert content[:offset].strip(b"\0") == b""
    assert content[-(-end // 4096) * 4096 :].strip(b"\0") == b""
    (digest,) = ask(codec, 0x13, struct.pack("<IIII", offset, len(data), 0, 0))
    expected = hashlib.md5(data)
    said = parts(digest)[2].removesuffix(status)
    assert said == (expected.digest() if is_stub else expected.hexdigest().encode())


@pytest.mark.parametrize("count", [65535, 65536, 65537, 131_072, 196_700])
def test_a_small_block_may_be_much(tmp_path, count) -> None:
    """Inflated in steps: nothing stays behind in the stream."""
    codec = stub(tmp_path)
    ask(codec, 0x10, struct.pack("<IIIII", count, 1, 0x4000, 0, 0))
    (answer,) = ask(codec, 0x11, *block(0, zlib.compress(bytes(count))))
    assert parts(answer)[2] == STUB_STATUS
    assert (tmp_path / "flash").read_bytes()[: count + 1] == bytes(count) + b"\xff"


@pytest.mark.parametrize("operation", [0x04, 0x12])
def test_the_end_answers_in_the_manner_of_who_was_asked(tmp_path, operation) -> None:
    codec = stub(tmp_path)
    assert parts(ask(codec, operation, struct.pack("<I", 1))[0])[::2] == (operation, STUB_STATUS)
    assert parts(ask(codec, operation, struct.pack("<I", 0))[0])[::2] == (operation, STUB_STATUS)
    assert codec.reset_in_us is None
    assert parts(ask(codec, operation, struct.pack("<I", 0))[0])[::2] == (operation, ROM_STATUS)
    assert codec.reset_in_us == 0


def test_a_block_sent_again_is_one_block(tmp_path) -> None:
    codec = stub(tmp_path)
    ask(codec, 0x02, struct.pack("<IIIII", 8192, 2, 4096, 0, 0))
    for number in (0, 0, 1, 1):
        (answer,) = ask(codec, 0x03, *block(number, bytes([number]) * 4096))
        assert parts(answer)[2] == STUB_STATUS
    assert (tmp_path / "flash").read_bytes()[:8193] == b"\0" * 4096 + b"\1" * 4096 + b"\xff"


@pytest.mark.parametrize(
    ("operation", "data", "code"),
    [
        (0x03, struct.pack("<IIII", 4, 0, 0, 0) + b"abc", 0xC0),
        (0x03, block(0, b"abcd")[0], 0xC1),
        (0x03, block(1, b"abcd")[0], 0xC1),
    ],
    ids=["length", "checksum", "checksum, out of turn"],
)
def test_bad_blocks_have_codes(tmp_path, operation, data, code) -> None:
    codec = stub(tmp_path)
    ask(codec, 0x02, struct.pack("<IIIII", 4096, 1, 4096, 0, 0))
    (answer,) = ask(codec, operation, data, checksum=0xFFFF)
    assert parts(answer)[2] == bytes([1, code])


def test_blocks_out_of_turn_too_many_or_too_long(tmp_path) -> None:
    codec = stub(tmp_path)
    (answer,) = ask(codec, 0x03, *block(0, b"abcd"))
    assert parts(answer)[2] == b"\x01\xc6", "nothing was begun"
    for number, data, code in ((1, b"abcd", 0xC6), (0, b"a" * 5000, 0xC9)):
        ask(codec, 0x02, struct.pack("<IIIII", 4096, 1, 4096, 0, 0))
        (answer,) = ask(codec, 0x03, *block(number, data))
        assert parts(answer)[2] == bytes([1, code])
    for offset, size in ((FLASH_BYTES, 1), (0, FLASH_BYTES + 1), (0xFFFFFFFF, 0xFFFFFFFF)):
        begin = struct.pack("<IIIII", size, 1, 4096, offset, 0)
        (answer,) = ask(codec, 0x02, begin)
        assert parts(answer)[2][0] == 1


def test_a_deflate_bomb_goes_no_further_than_what_was_begun(tmp_path) -> None:
    """16 KiB that would be 16 MB: refused after the last sector, with little memory."""
    codec = stub(tmp_path)
    bomb = zlib.compress(bytes(16 * chips.MIB), 9)[:0x4000]
    ask(codec, 0x10, struct.pack("<IIIII", 8192, 1, 0x4000, 0, 0))
    tracemalloc.start()
    (answer,) = ask(codec, 0x11, *block(0, bomb))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert parts(answer)[2] == b"\x01\xc9"
    assert peak_bytes < chips.MIB
    assert (tmp_path / "flash").read_bytes()[8192:] == b"\xff" * (FLASH_BYTES - 8192)


@pytest.mark.parametrize(
    "data", [b"no stream at all", zlib.compress(b"a" * 100) + b"more"], ids=["none", "tail"]
)
def test_streams_that_are_none(tmp_path, data) -> None:
    codec = stub(tmp_path)
    ask(codec, 0x10, struct.pack("<IIIII", 4096, 1, 0x4000, 0, 0))
    (answer,) = ask(codec, 0x11, *block(0, data))
    assert parts(answer)[2] == b"\x01\xc7"


# Reading


@given(st.integers(0, 20_000), st.integers(1, 4096), st.integers(1, 64))
@SHARED
def test_read_flash_keeps_to_its_window(tmp_path, length, size, window) -> None:
    codec = stub(tmp_path)
    content = bytes(range(256)) * (FLASH_BYTES // 256)
    (tmp_path / "flash").write_bytes(content)
    got = b""
    heard = ask(codec, 0xD2, struct.pack("<IIII", 5, length, size, window))
    assert parts(heard.pop(0))[2] == STUB_STATUS
    digest = b""
    while not digest:
        assert len(heard) <= window + 1
        for frame in heard:
            if len(got) < length:
                got += frame
            else:
                digest = frame
        codec.receive(slip.encode(struct.pack("<I", len(got))))
        heard = frames(drain(codec))
    assert got == content[5 : 5 + length]
    assert digest == hashlib.md5(got).digest()


def test_a_new_request_ends_a_reading(tmp_path) -> None:
    codec = stub(tmp_path)
    ask(codec, 0xD2, struct.pack("<IIII", 0, FLASH_BYTES, 4096, 2))
    assert len(ask(codec, 0x08, rom_loader.SYNC_DATA)) == 8
    codec.receive(slip.encode(struct.pack("<I", 4096)))
    assert drain(codec) == b""


def test_an_acknowledgement_of_what_was_not_sent_counts_for_nothing(tmp_path) -> None:
    codec = stub(tmp_path)
    ask(codec, 0xD2, struct.pack("<IIII", 0, FLASH_BYTES, 4096, 2))
    for count in (8193, FLASH_BYTES, 0, 0xFFFFFFFF):
        codec.receive(slip.encode(struct.pack("<I", count)))
        assert drain(codec) == b""
    codec.receive(slip.encode(struct.pack("<I", 4096)))
    assert len(frames(drain(codec))) == 1


# Power and reset


@given(st.integers(1, 40), st.floats(0, 1))
@SHARED
def test_power_goes_in_an_operation(tmp_path, count, fraction) -> None:
    """The operations before it stand; of its own, that fraction; nothing after it, no answer."""
    codec = stub(tmp_path)
    codec._flash.cut_after(count, fraction)
    data = bytes(8192)
    ask(codec, 0x02, struct.pack("<IIIII", 8192, 1, 8192, 0, 0))
    was_cut = False
    try:
        ask(codec, 0x03, *block(0, data))
    except PowerLostError:
        was_cut = True
    done = (tmp_path / "flash").read_bytes()
    pages = 8192 // 256
    assert was_cut == (count <= pages + 2)
    if not was_cut:
        assert done[:8192] == data
    elif count <= 2:
        assert done == b"\xff" * FLASH_BYTES
    else:
        programmed = (count - 3) * 256 + int(256 * fraction)
        assert done == bytes(programmed) + b"\xff" * (FLASH_BYTES - programmed)


def test_the_watchdog_resets_what_it_is_told(tmp_path) -> None:
    codec = loader(tmp_path)
    arm = struct.pack("<IIII", 0x60008098, 0xD0000102, 0xFFFFFFFF, 0)
    ask(codec, 0x09, arm)
    assert codec.reset_in_us is None, "its key comes first"
    ask(codec, 0x09, struct.pack("<IIII", 0x600080B0, 0x50D83AA1, 0xFFFFFFFF, 0) + arm)
    assert codec.reset_in_us == rom_loader.WATCHDOG_US


# Hostile hosts

FRAMES = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda operation, data, checksum: (
            struct.pack("<BBHI", 0, operation, len(data), checksum) + data
        ),
        st.sampled_from([*range(0x15), 0xD0, 0xD1, 0xD2]),
        st.one_of(
            st.binary(max_size=40),
            st.lists(
                st.one_of(st.integers(0, 8192), st.integers(0, 0xFFFFFFFF)),
                min_size=1, max_size=6,
            ).map(lambda words: struct.pack(f"<{len(words)}I", *words)),
        ),
        st.integers(0, 0xFFFFFFFF),
    ),
)  # fmt: skip


@given(st.lists(FRAMES, max_size=25), st.booleans())
@SHARED
def test_no_host_breaks_it(tmp_path, said, is_stub) -> None:
    codec = stub(tmp_path) if is_stub else loader(tmp_path)
    with contextlib.suppress(PowerLostError):
        for frame in said:
            codec.receive(slip.encode(frame))
            drain(codec)
    codec.receive(b"\xc0")
    assert len(ask(codec, 0x08, rom_loader.SYNC_DATA)) == 8


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_frames_come_through_in_any_pieces(pieces) -> None:
    whole = [piece for piece in pieces if piece]
    raw = b"".join(slip.encode(piece) for piece in pieces)
    decoder = slip.Decoder()
    got = [frame for at in range(len(raw)) for frame in decoder.receive(raw[at : at + 1])]
    assert got == whole
    assert slip.Decoder().receive(raw) == whole


@given(st.lists(st.binary(max_size=400), max_size=10))
def test_any_bytes_are_frames_or_none(pieces) -> None:
    decoder = slip.Decoder()
    for piece in pieces:
        assert all(decoder.receive(piece)) is True
    decoder.receive(b"\xc0")
    assert decoder.receive(b"\xc0ok\xc0")[-1:] == [b"ok"]


def test_endless_frames_fill_nothing() -> None:
    decoder = slip.Decoder()
    decoder.receive(b"\xc0")
    for _ in range(100):
        assert decoder.receive(b"a" * 10_000) == []
        assert len(decoder._begun or b"") <= slip.MAX_RAW_BYTES
    assert decoder.dropped == 1
    assert decoder.receive(b"\xc0ok\xc0") == [b"ok"]


def test_more_requests_than_answers_fit_are_dropped(tmp_path) -> None:
    codec = stub(tmp_path)
    codec.receive(request(0xD2, struct.pack("<IIII", 0, FLASH_BYTES, 4096, 64)) * 10_000)
    answers = 0
    while codec.next_answer() is not None:
        answers += 1
    assert answers == rom_loader.MAX_WAITING_FRAMES

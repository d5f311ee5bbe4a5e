"""Partition table, file system and interpreter image, each against somebody else's reader."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mp_image_tool_esp32 import partition_table as oracle

from varde_host import errors
from varde_host.flash import file_system, interpreter_image, partition_table
from varde_simulator import flash_image, interpreter
from varde_simulator.usb import stand_in_image

MIB = partition_table.MIB
IMAGE = stand_in_image.build("1.25.0")
FILES = {"main.py": b"print(1)\n", "a/b/c.mpy": bytes(range(256)) * 40, "empty": b""}


def unless_refused(act: Callable[..., Any], *given: object) -> Any:
    """What it returns, None if it refuses what it was given."""
    try:
        return act(*given)
    except errors.InputRefused:
        return None


@pytest.mark.parametrize("flash_mib", [8, 16, 32])
def test_table_is_what_the_image_tool_writes(flash_mib: int):
    rows = partition_table.for_flash(flash_mib * MIB)
    made = oracle.PartitionTable(flash_mib * MIB)
    for row in rows:
        entry = (oracle.PART_MAGIC, row.type, row.subtype, row.offset, row.size)
        made.append(oracle.PartitionEntry(*entry, row.label.encode().ljust(16, b"\0"), row.flags))
    made.check()
    assert partition_table.encode(rows) == made.to_bytes()[: partition_table.TABLE_BYTES]
    assert oracle.PartitionTable.from_bytes(partition_table.encode(rows)) == made
    assert rows[-1].end <= flash_mib * MIB


def test_table_is_that_of_the_simulator_and_comes_back():
    rows = partition_table.for_flash(16 * MIB)
    table = partition_table.encode(rows)
    assert table == flash_image.encode_table(flash_image.layout())
    assert partition_table.decode(table) == rows
    assert partition_table.find(rows, "vfs").size == partition_table.VFS_BYTES


def test_too_little_flash_is_refused():
    with pytest.raises(errors.InputRefused, match="flash-too-small"):
        partition_table.for_flash(4 * MIB)


@given(st.binary(max_size=400), st.integers(0, 3071), st.integers(0, 255))
def test_a_table_that_was_altered_is_refused(noise: bytes, at: int, value: int):
    table = bytearray(partition_table.encode(partition_table.for_flash(16 * MIB)))
    table[at] = value
    for data in (noise, bytes(table)):
        rows = unless_refused(partition_table.decode, data)
        if rows is not None:
            assert partition_table.encode(rows)[: 32 * len(rows)] == data[: 32 * len(rows)]


def test_one_content_is_one_image_and_comes_back():
    image = file_system.encode(FILES)
    assert image == file_system.encode(dict(reversed(FILES.items())))
    assert len(image) == partition_table.VFS_BYTES
    assert file_system.decode(image) == FILES
    assert flash_image.read_littlefs(image) == FILES


def test_the_hub_interpreter_reads_the_image(tmp_path: Path):
    """VfsLfs2 of the VM itself, over a block device in memory."""
    image = tmp_path / "vfs.bin"
    image.write_bytes(file_system.encode(FILES, 256 * 1024))
    script = tmp_path / "read.py"
    script.write_text(READ_ON_HUB.replace("IMAGE", repr(str(image))))
    done = subprocess.run(
        [interpreter.find().path, "-X", "heapsize=8m", script],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = {f"/{name}": hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    assert dict(re.findall(r"^(\S+) ([0-9a-f]{64})$", done.stdout, re.MULTILINE)) == wanted


READ_ON_HUB = """
import binascii, hashlib, vfs
data = bytearray(open(IMAGE, "rb").read())
class Flash:
    def readblocks(self, block, buffer, offset=0):
        start = block * 4096 + offset
        buffer[:] = data[start:start + len(buffer)]
    def writeblocks(self, block, buffer, offset=0):
        raise OSError(30)
    def ioctl(self, op, arg):
        return {4: len(data) // 4096, 5: 4096}.get(op, 0)
vfs.mount(vfs.VfsLfs2(Flash(), readsize=32, progsize=32, lookahead=32), "/hub")
import os
def walk(folder):
    for entry in os.ilistdir("/hub" + folder):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            walk(path)
        else:
            digest = hashlib.sha256(open("/hub" + path, "rb").read()).digest()
            print(path, binascii.hexlify(digest).decode())
walk("")
"""


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"big": bytes(300 * 1024)}, "file-system-full"),
        ({"a//b": b""}, "file-system-name"),
        ({"../b": b""}, "file-system-name"),
        ({"x" * 256: b""}, "file-system-name"),
    ],
)
def test_files_that_do_not_fit_are_refused(files: dict[str, bytes], code: str):
    with pytest.raises(errors.InputRefused, match=code):
        file_system.encode(files, 256 * 1024)


def test_what_is_no_file_system_is_refused():
    with pytest.raises(errors.InputRefused, match="file-system-malformed"):
        file_system.decode(bytes(64 * 1024))


def test_an_image_is_taken_apart():
    image = interpreter_image.parse(IMAGE, 0x270000)
    assert image.version == "1.25.0"
    assert "stand-in" in image.project
    assert IMAGE[0x10000:].startswith(image.application)
    assert IMAGE.startswith(image.bootloader)


@pytest.mark.parametrize(("mib", "code"), [(8, 0x30), (16, 0x40), (32, 0x50)])
def test_the_bootloader_is_told_the_size_of_the_flash(mib: int, code: int, tmp_path: Path):
    """esptool says that header and hash fit, and that the size is this one."""
    told = interpreter_image.with_flash_size(
        interpreter_image.parse(IMAGE, 0x270000).bootloader, mib * MIB
    )
    assert told[3] & 0xF0 == code
    path = tmp_path / "bootloader.bin"
    path.write_bytes(told)
    done = subprocess.run(
        [sys.executable, "-m", "esptool", "image-info", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("(valid)") == 2
    assert f"Flash size: {mib}MB" in done.stdout


@given(st.integers(0, len(IMAGE) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_found_unless_it_means_nothing(at: int, flip: int):
    data = bytearray(IMAGE)
    data[at] ^= flip
    whole = interpreter_image.parse(IMAGE, 0x270000)
    found = unless_refused(interpreter_image.parse, bytes(data), 0x270000)
    if found is not None:
        assert (found.bootloader, found.application) == (whole.bootloader, whole.application)


@given(st.binary(max_size=200))
def test_noise_is_no_image(noise: bytes):
    for data in (noise, b"\xe9\x10" + noise, IMAGE[:24] + noise):
        with pytest.raises(errors.InputRefused):
            interpreter_image.parse(data, 0x270000)


def test_an_image_that_is_too_large_is_refused():
    with pytest.raises(errors.InputRefused, match="interpreter-large"):
        interpreter_image.parse(IMAGE, 1000)

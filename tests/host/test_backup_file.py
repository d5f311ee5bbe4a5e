"""The file of a backup: whole, or refused, whatever has become of it."""

from __future__ import annotations

import io
import random
from pathlib import Path

import cbor2
import pytest

from host.conftest import NOW_MS, Bench
from host.virtual_hub import VirtualHub
from varde_host import errors
from varde_host.collector import backup, backup_file, migrations


@pytest.fixture
def small(bench: Bench, hub: VirtualHub, tmp_path: Path) -> bytes:
    assert bench.post(hub.body([hub.event(), hub.event()])).status_code == 200
    backup.back_up(bench.database, tmp_path / "small", NOW_MS, lambda *_: None)
    return (tmp_path / "small").read_bytes()


def _refusal(data: bytes) -> str:
    try:
        for _ in backup_file.Reader(io.BytesIO(data), "file").items():
            pass
    except errors.InputRefused as error:
        return error.code
    return "taken"


def test_every_bit_that_turns_is_found(small: bytes):
    assert _refusal(small) == "taken"
    for position in range(len(small)):
        for bit in range(8) if position % 5 == 0 else (random.Random(position).randrange(8),):
            broken = bytearray(small)
            broken[position] ^= 1 << bit
            assert _refusal(bytes(broken)) in {"backup-damaged", "backup-format"}, position


def test_every_truncation_and_every_tail_is_found(small: bytes):
    for length in range(len(small)):
        assert _refusal(small[:length]) in {"backup-damaged", "backup-format"}
    assert _refusal(small + b"\x00") == "backup-damaged"
    assert _refusal(small + small) == "backup-damaged"


def test_any_cbor_reader_reads_it(small: bytes):
    stream, arrays = io.BytesIO(small), []
    while stream.tell() < len(small):
        arrays.append(cbor2.loads(cbor2.CBORDecoder(stream, read_size=1).decode()))
    assert arrays[0] == ["varde-backup", 1, migrations.newest(), NOW_MS]
    assert [array[0] for array in arrays[1:]].count(1) == len(backup.TABLES)
    assert arrays[-1][0] == 4


@pytest.mark.parametrize(
    ("arrays", "code"),
    [
        ([["varde-backup", 2, "0002", 0]], "backup-format"),
        ([["varde-backup", 1, 2, 0]], "backup-format"),
        ([["varde-backup", 1, "0002"]], "backup-format"),
        ([{}], "backup-format"),
        ([["varde-backup", 1, "0002", 0], [1, "hubs", 3]], "backup-damaged"),
        ([["varde-backup", 1, "0002", 0], [1, 2, []]], "backup-damaged"),
        ([["varde-backup", 1, "0002", 0], [1, "hubs", []], [2, 7]], "backup-damaged"),
        ([["varde-backup", 1, "0002", 0], [1, "hubs", []], [2, [7]]], "backup-damaged"),
        ([["varde-backup", 1, "0002", 0], [1, "hubs", []], [5]], "backup-damaged"),
        ([["varde-backup", 1, "0002", 0], [7]], "backup-damaged"),
        ([["varde-backup", 1, "0002", 0], []], "backup-damaged"),
    ],
)
def test_what_is_no_backup_of_ours_is_refused(arrays: list, code: str):
    assert _refusal(b"".join(map(_item, arrays))) == code


def _item(array: object) -> bytes:
    content = cbor2.dumps(array)
    return b"\x5a" + len(content).to_bytes(4) + content


def test_a_length_beyond_all_reason_takes_no_memory():
    class NoRead(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert size <= backup_file.MAX_ITEM_BYTES
            return super().read(size)

    head = _item(["varde-backup", 1, "0002", 0])
    reader = backup_file.Reader(NoRead(head + b"\x5a\xff\xff\xff\xff"), "file")
    with pytest.raises(errors.InputRefused, match="backup-damaged"):
        list(reader.items())

"""A file a version, whole or not there, once: over kills, a full disk, two writers."""

from __future__ import annotations

import resource
import signal
import threading
from pathlib import Path

import pytest

from host import cut_process
from varde_host import errors
from varde_host.handover import file_drop, sending


def item(identifier: str = "s|1", version: int = 1, text: str = "80.50") -> sending.Outgoing:
    return sending.Outgoing(identifier, version, "create", [{"text": text}], "loan", 5)


def rendered(one: sending.Outgoing) -> bytes:
    return str(one.resources[0]["text"]).encode()


def drop(folder: Path) -> file_drop.FileDrop:
    return file_drop.FileDrop(folder, "json", rendered)


def seen(folder: Path) -> dict[str, bytes]:
    """What whoever reads the folder sees."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}


def name(version: int = 1) -> str:
    return f"{file_drop.stem('s|1')}-{version}.json"


def test_what_comes_again_is_there_once(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    for _ in range(3):
        assert drop(folder).send([item()]) == [sending.Delivered(name())]
    assert seen(folder) == {name(): b"80.50"}
    assert (folder / name()).stat().st_mode & 0o077 == 0


def test_another_content_gets_the_next_version(tmp_path: Path) -> None:
    """An older copy of the store was put back, which does not know of the second version."""
    one = drop(tmp_path)
    one.send([item(), item(version=2, text="81")])
    assert one.send([item(text="82")]) == [sending.Delivered(name(3))]
    assert seen(tmp_path) == {name(): b"80.50", name(2): b"81", name(3): b"82"}
    assert one.send([item(version=2, text="82")]) == [sending.Delivered(name(3))]


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("is_taken_away", [False, True])
def test_killed_at_any_step(tmp_path: Path, torn: bool, is_taken_away: bool) -> None:
    """Whoever reads sees a whole file once, also if it takes each away as soon as it is there."""
    taken: list[bytes] = []
    at = 0
    while True:
        folder = tmp_path / str(at)
        folder.mkdir()
        killed = cut_process.cut(lambda folder=folder: drop(folder).send([item()]), at, torn=torn)
        taken.clear()
        if is_taken_away:
            taken += _take(folder)
        assert drop(folder).send([item()]) == [sending.Delivered(name())]
        assert taken + _take(folder) == [b"80.50"], at
        drop(folder).settle([item()])
        assert [path.name for path in folder.iterdir()] == [".varde.lock"]
        if not killed:
            break
        at += 1
    assert at >= 6


def _take(folder: Path) -> list[bytes]:
    found = seen(folder)
    for each in found:
        (folder / each).unlink()
    return list(found.values())


def test_after_a_cut_another_content_is_written_anew(tmp_path: Path) -> None:
    at = 0
    while cut_process.cut(lambda: drop(tmp_path / "x").send([item()]), at):
        folder = tmp_path / "x"
        result = drop(folder).send([item(text="other")])[0]
        assert isinstance(result, sending.Delivered)
        assert b"other" in seen(folder).values()
        for path in folder.iterdir():
            path.unlink()
        at += 1


def test_a_full_disk_is_asked_again_later_and_leaves_nothing(tmp_path: Path) -> None:
    """Stands in for a full disk: no file of this process may have more than four bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, before[1]))
    try:
        results = drop(tmp_path).send([item(), item("s|2")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert all(isinstance(each, sending.Later) for each in results)
    assert seen(tmp_path) == {}
    assert drop(tmp_path).send([item()]) == [sending.Delivered(name())]


def test_a_folder_that_cannot_be_is_asked_again_later(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert isinstance(drop(tmp_path / "file" / "x").send([item()])[0], sending.Later)


def test_what_cannot_be_written_down_is_refused(tmp_path: Path) -> None:
    def refusing(_one: sending.Outgoing) -> bytes:
        raise errors.InputRefused("table-cell", "x")

    one = file_drop.FileDrop(tmp_path, "csv", refusing)
    assert one.send([item()]) == [sending.Refused("table-cell")]


def test_two_writers_at_once_never_replace(tmp_path: Path) -> None:
    def work(text: str) -> None:
        for number in range(20):
            drop(tmp_path).send([item(f"s|{number}", text=text)])

    threads = [threading.Thread(target=work, args=(text,)) for text in ("a", "b", "a")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(20):
        files = sorted(tmp_path.glob(f"{file_drop.stem(f's|{number}')}-*.json"))
        assert sorted(path.read_bytes() for path in files) == [b"a", b"b"]


def test_tidy_leaves_what_others_made(tmp_path: Path) -> None:
    cut_process.cut(lambda: drop(tmp_path).send([item()]), 6)
    (tmp_path / ".theirs.part").write_bytes(b"")
    drop(tmp_path).tidy()
    assert {path.name for path in tmp_path.iterdir()} <= {".theirs.part", ".varde.lock", name()}

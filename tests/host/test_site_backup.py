"""A site's backup: what is in it, who opens it, and what a damaged or foreign one does."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import tarfile
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import age_file
from host.terminal import Terminal
from varde_host import errors
from varde_host.site import (
    backup,
    certificates,
    creation,
    files,
    passphrases,
    proof,
    sealed_key,
    trust_documents,
)

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
PHRASE = "correct horse battery staple"
KEY_PHRASE = "another five words altogether"
SITE_FILES = {
    "assignment.key", "collector.key", "receiver.key", "root-1.key", "root-1.pem", "root-2.key",
    "root-2.pem", "server.key", "server.pem", "service.key", "site.json", "trust-1.key",
    "trust-2.key",
}  # fmt: skip
PUT_IN = SITE_FILES | {"trust-epoch-1.cbor", "access.toml"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> files.Site:
    """A site with keys under a passphrase, a trust document, and databases."""
    directory = tmp_path_factory.mktemp("site") / "site"
    plan = creation.Plan(KEY_PHRASE.encode())
    made = creation.create(directory, "Fjord", ["c.test"], certificates.Validity(), plan)
    trust_documents.issue(made, int(NOW.timestamp() * 1000))
    (directory / "access.toml").write_text("[local]\nallowed = true\n")
    (directory / "collector.sqlite").write_bytes(b"SQLite format 3")
    (directory / "collector.sqlite-wal").write_bytes(b"log")
    return made


@pytest.fixture(scope="module")
def copy(site: files.Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup by the library that the product uses, at its full price, once."""
    file = tmp_path_factory.mktemp("copy") / "site.backup"
    done = backup.back_up(site, file, PHRASE.encode(), NOW)
    assert set(done.hashes) == PUT_IN
    assert done.left_out == ["collector.sqlite", "collector.sqlite-wal"]
    return file


@pytest.fixture(scope="module")
def archive(copy: Path) -> bytes:
    return pyrage.passphrase.decrypt(copy.read_bytes(), PHRASE)


@pytest.fixture(scope="module")
def cheap(archive: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, at a price for tests."""
    file = tmp_path_factory.mktemp("cheap") / "site.backup"
    file.write_bytes(age_file.encrypt(archive, PHRASE))
    return file


def told(*phrases: str) -> passphrases.Secrets:
    secrets = passphrases.Secrets()
    for phrase in phrases:
        secrets.tell(phrase.encode())
    return secrets


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_all_that_signs_comes_back_and_signs(site: files.Site, copy: Path, tmp_path: Path):
    read = backup.read(copy, PHRASE.encode())
    restored, checked = backup.restore(read, tmp_path / "new", told(KEY_PHRASE), NOW)
    assert {key.state for key in checked.keys} == {proof.PROVEN}
    assert len(checked.keys) == 9  # collector, receiver, 2 trust, assignment, service, 3 of TLS
    before = content(site.directory)
    assert content(tmp_path / "new") == {name: before[name] for name in read.files}
    assert restored.described == site.described
    for role in ("trust", "assignment", "service"):
        assert restored.signer(role).sign(b"x") == site.signer(role).sign(
            b"x"
        )  # RFC 8032: the same
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()} == {0o600}


def test_it_costs_a_guesser_some_hundred_mebibytes(copy: Path):
    factor = re.match(rb"age-encryption.org/v1\n-> scrypt \S+ (\d+)\n", copy.read_bytes())
    assert int(factor[1]) >= backup.LEAST_WORK_FACTOR
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_busy_machine_makes_no_weak_backup(
    site: files.Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pyrage.passphrase, "encrypt", age_file.encrypt)
    with pytest.raises(errors.WorldFailed, match="age-weak"):
        backup.back_up(site, tmp_path / "copy", PHRASE.encode(), NOW)
    assert not list(tmp_path.iterdir())


def test_another_implementation_of_age_and_tar_open_it(site: files.Site, archive: bytes):
    again = age_file.encrypt(archive, PHRASE, 4)
    assert age_file.decrypt(again, PHRASE) == archive
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        assert set(opened.getnames()) == PUT_IN | {"manifest.json"}
        key = opened.extractfile("service.key").read()
    sealed_key.read(key, KEY_PHRASE.encode(), "service.key")


def test_the_other_implementation_opens_what_the_product_wrote(copy: Path, archive: bytes):
    assert age_file.decrypt(copy.read_bytes(), PHRASE) == archive


def test_nothing_of_the_site_shows(site: files.Site, copy: Path):
    data = copy.read_bytes()
    for name, inner in content(site.directory).items():
        assert name.encode() not in data
        for line in inner.split(b"\n"):
            assert len(line) < 16 or line not in data


def test_a_wrong_passphrase_is_a_clear_error(cheap: Path, tmp_path: Path):
    with pytest.raises(errors.InputRefused, match="site-backup-shut"):
        backup.read(cheap, b"correct horse battery stapler")


def test_a_file_that_asks_for_all_memory_is_refused_at_once(cheap: Path, tmp_path: Path):
    greedy = re.sub(rb"(-> scrypt \S+) \d+\n", rb"\1 40\n", cheap.read_bytes(), count=1)
    (tmp_path / "greedy").write_bytes(greedy)
    with pytest.raises(errors.InputRefused, match="site-backup-format"):
        backup.read(tmp_path / "greedy", PHRASE.encode())


def damaged(data: bytes) -> st.SearchStrategy[bytes]:
    flips = st.tuples(st.integers(0, len(data) - 1), st.integers(1, 255)).map(
        lambda flip: data[: flip[0]] + bytes([data[flip[0]] ^ flip[1]]) + data[flip[0] + 1 :]
    )
    cuts = st.integers(0, len(data) - 1).map(lambda end: data[:end])
    tails = st.binary(min_size=1, max_size=40).map(lambda tail: data + tail)
    return flips | cuts | tails


@given(data=st.data())
def test_any_byte_altered_lost_or_added_is_found(cheap: Path, data: st.DataObject):
    whole = cheap.read_bytes()
    file = cheap.with_name("damaged")
    file.write_bytes(data.draw(damaged(whole)))
    with pytest.raises(errors.InputRefused, match=r"site-backup-(shut|format)"):
        backup.read(file, PHRASE.encode())


def sealed(folder: Path, members: dict[str, bytes], **manifest) -> Path:
    """A backup of any content, under the right passphrase."""
    read = backup.Backup(0, members)
    described = {
        "format": backup.FORMAT, "created_ms": 0, "files": backup.hashes(read), **manifest,
    }  # fmt: skip
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as opened:
        for name, data in {"manifest.json": json.dumps(described).encode(), **members}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            opened.addfile(member, io.BytesIO(data))
    file = folder / "crafted"
    file.write_bytes(age_file.encrypt(stream.getvalue(), PHRASE))
    return file


@pytest.mark.parametrize(
    ("members", "manifest"),
    [
        ({"../site.json": b"{}"}, {}),
        ({"/etc/x.key": b""}, {}),
        ({"site.json": b"{}", "a/b.key": b""}, {}),
        ({"site.json": b"{}", "authorized_keys": b""}, {}),
        ({"server.key": b""}, {}),  # no description
        ({"site.json": b"{}"}, {"files": {}}),
        ({"site.json": b"{}"}, {"files": {"site.json": "00"}}),
        ({"site.json": b"{}"}, {"files": None}),
        ({"site.json": b"{}"}, {"format": "varde-site-backup-2"}),
        ({"site.json": b"{}"}, {"created_ms": "now"}),
        ({"site.json": b"x" * (backup.MAX_FILE_BYTES + 1)}, {}),
    ],
)
def test_what_no_backup_of_ours_holds_is_refused(members, manifest, tmp_path: Path):
    with pytest.raises(errors.InputRefused, match="site-backup-format"):
        backup.read(sealed(tmp_path, members, **manifest), PHRASE.encode())


def test_links_and_devices_are_refused(tmp_path: Path):
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as opened:
            member = tarfile.TarInfo("site.json")
            member.type, member.linkname = kind, "/etc/passwd"
            opened.addfile(member)
        file = tmp_path / "crafted"
        file.write_bytes(age_file.encrypt(stream.getvalue(), PHRASE))
        with pytest.raises(errors.InputRefused, match="site-backup-format"):
            backup.read(file, PHRASE.encode())


@given(archive=st.binary(max_size=2000))
def test_any_bytes_under_the_right_passphrase_are_refused(cheap: Path, archive: bytes):
    file = cheap.with_name("noise")
    file.write_bytes(age_file.encrypt(archive, PHRASE))
    with pytest.raises(errors.InputRefused, match="site-backup-format"):
        backup.read(file, PHRASE.encode())


def test_swapped_keys_in_a_backup_do_not_become_a_site(cheap: Path, tmp_path: Path):
    read = backup.read(cheap, PHRASE.encode())
    swapped = {
        **read.files,
        "assignment.key": read.files["service.key"],
        "service.key": read.files["assignment.key"],
    }
    with pytest.raises(errors.InputRefused, match="site-unproven"):
        backup.restore(read._replace(files=swapped), tmp_path / "new", told(KEY_PHRASE), NOW)
    assert not list((tmp_path / "new").iterdir())


def test_keys_that_nobody_here_opens_must_be_named(cheap: Path, tmp_path: Path):
    read = backup.read(cheap, PHRASE.encode())
    with pytest.raises(errors.InputRefused, match="site-unopened"):
        backup.restore(read, tmp_path / "new", told(PHRASE), NOW)
    assert not list((tmp_path / "new").iterdir())
    shut = frozenset(name for name, data in read.files.items() if b"ENCRYPTED" in data)
    assert len(shut) == 7
    _, checked = backup.restore(read, tmp_path / "new", told(PHRASE), NOW, shut)
    states = {key.place: key.state for key in checked.keys}
    assert {place for place, state in states.items() if state == proof.NOT_OPENED} == shut
    assert states["collector.key"] == proof.PROVEN


def test_nothing_is_written_over(cheap: Path, site: files.Site, tmp_path: Path):
    read = backup.read(cheap, PHRASE.encode())
    before = content(site.directory)
    with pytest.raises(errors.InputRefused, match="site-exists"):
        backup.restore(read, site.directory, told(KEY_PHRASE), NOW)
    assert content(site.directory) == before


def test_a_damaged_site_is_not_backed_up(cheap: Path, tmp_path: Path):
    read = backup.read(cheap, PHRASE.encode())
    restored, _ = backup.restore(read, tmp_path / "new", told(KEY_PHRASE), NOW)
    (restored.directory / "server.key").write_bytes(read.files["collector.key"])
    with pytest.raises(errors.InputRefused, match="site-unproven"):
        backup.back_up(restored, tmp_path / "copy", PHRASE.encode(), NOW)
    assert not (tmp_path / "copy").exists()


def test_a_full_disk_leaves_nothing(cheap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    read = backup.read(cheap, PHRASE.encode())
    real, synced = backup.new_file.os.fsync, []

    def full(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 7:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(backup.new_file.os, "fsync", full)
    with pytest.raises(errors.WorldFailed, match="site-write"):
        backup.restore(read, tmp_path / "new", told(KEY_PHRASE), NOW)
    assert not list((tmp_path / "new").iterdir())


def test_the_commands(
    cheap: Path, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
):
    for name, phrase in (("backup.txt", PHRASE), ("keys.txt", KEY_PHRASE)):
        (tmp_path / name).write_text(phrase + "\n")
        (tmp_path / name).chmod(0o600)
    phrases = ("--passphrase-file", tmp_path / "backup.txt", "--passphrase-file",
               tmp_path / "keys.txt")  # fmt: skip
    new = tmp_path / "new"
    status, restored = terminal.json("site", "restore", cheap, new, *phrases)
    assert (status, restored["whole"], len(restored["files"])) == (0, True, len(PUT_IN))
    monkeypatch.setattr(pyrage.passphrase, "encrypt", age_file.encrypt)
    monkeypatch.setattr(backup, "LEAST_WORK_FACTOR", age_file.QUICK)
    copy = tmp_path / "copy"
    status, written = terminal.json("site", "backup", copy, "--site", new, *phrases)
    assert (status, written["files"]) == (0, restored["files"])
    assert all(key["state"] == "proven" for key in written["keys"])
    assert terminal.json("site", "backup", copy, "--site", new, *phrases)[1]["error"] == (
        "file-exists"
    )
    status, error = terminal.json("site", "restore", copy, tmp_path / "b", *phrases[2:])
    assert (status, error["error"]) == (1, "site-backup-shut")
    assert not (tmp_path / "b").exists()
    status, out, _ = terminal.run("site", "restore", copy, tmp_path / "b", *phrases)
    assert status == 0
    assert "prøvd" in out

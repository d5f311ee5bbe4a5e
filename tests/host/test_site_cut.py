"""Killed at any write, no command leaves half a site that loads, nor half a backup that opens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest

from host import age_file
from host.cut_process import cut
from varde_host import errors
from varde_host.site import (
    backup,
    certificates,
    creation,
    description,
    files,
    keys,
    passphrases,
    proof,
    release_keys,
)

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
PHRASE = b"correct horse battery staple"
MOST_OPERATIONS = 200


@pytest.fixture(autouse=True)
def _cheap_age(monkeypatch: pytest.MonkeyPatch):
    """A second and a gigabyte a file is for attackers; what is written is age's format."""
    monkeypatch.setattr(pyrage.passphrase, "encrypt", age_file.encrypt)
    monkeypatch.setattr(backup, "LEAST_WORK_FACTOR", age_file.QUICK)


@pytest.fixture
def site(tmp_path: Path) -> files.Site:
    return creation.create(tmp_path / "site", "Fjord", ["c.test"], certificates.Validity())


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def is_absent_or_whole(directory: Path) -> bool:
    """Tell if it is a site; half of one must not be."""
    if not (directory / files.DESCRIPTION).exists():
        with pytest.raises(errors.InputRefused, match="site-missing"):
            files.load(directory, passphrases.Secrets())
        return False
    site = files.load(directory, passphrases.Secrets())
    checked = proof.check(site, NOW)
    assert {key.state for key in checked.keys} == {proof.PROVEN}
    assert checked.is_whole
    return True


def every_cut(
    folder: Path, work: Callable[[Path], object], look: Callable[[Path], bool], *, torn: bool
) -> int:
    """Cut `work` at its first operation, its second and so on; return how many there were."""
    appeared = []
    for at in range(MOST_OPERATIONS):
        place = folder / f"{at}-{torn}"
        place.mkdir()
        was_cut = cut(lambda place=place: work(place), at, torn=torn)
        appeared.append(look(place))
        if not was_cut:
            assert appeared[-1]
            assert appeared == sorted(appeared)  # once there, it is there whatever comes after
            return at
    pytest.fail("it does not end")


@pytest.mark.parametrize("torn", [False, True])
def test_init(tmp_path: Path, torn: bool):
    def work(place: Path):
        creation.create(place / "site", "Fjord", ["c.test"], certificates.Validity())

    count = every_cut(tmp_path, work, lambda place: is_absent_or_whole(place / "site"), torn=torn)
    assert count > 25  # 13 files, each opened and synced


@pytest.mark.parametrize("torn", [False, True])
def test_backup(tmp_path: Path, site: files.Site, torn: bool):
    before = content(site.directory)

    def work(place: Path):
        backup.back_up(site, place / "copy", PHRASE, NOW)

    def look(place: Path) -> bool:
        assert content(site.directory) == before
        if not (place / "copy").exists():
            work(place)  # what the cut left is not in the way
            assert backup.read(place / "copy", PHRASE).files == before
            return False
        assert backup.read(place / "copy", PHRASE).files == before
        return True

    assert every_cut(tmp_path, work, look, torn=torn) >= 4


@pytest.mark.parametrize("torn", [False, True])
def test_restore(tmp_path: Path, site: files.Site, torn: bool):
    before = content(site.directory)
    backup.back_up(site, tmp_path / "copy", PHRASE, NOW)
    read = backup.read(tmp_path / "copy", PHRASE)

    def work(place: Path):
        backup.restore(read, place / "site", passphrases.Secrets(), NOW)

    def look(place: Path) -> bool:
        is_whole = is_absent_or_whole(place / "site")
        if is_whole:
            part = files.DESCRIPTION + ".part"
            assert {
                name: data for name, data in content(place / "site").items() if name != part
            } == before
        return is_whole

    assert every_cut(tmp_path, work, look, torn=torn) > 25


def test_release_keys_join_the_site_in_one_step(tmp_path: Path, site: files.Site):
    old = content(site.directory)[files.DESCRIPTION]
    role = release_keys.role_of([bytes([number]) * 32 for number in range(3)])

    def work(place: Path):
        (place / files.DESCRIPTION).write_bytes(old)
        there = files.Site(place, description.decode(old, ""), passphrases.Secrets())
        release_keys.take_up(there, role)

    def look(place: Path) -> bool:
        loaded = files.load(place, passphrases.Secrets())
        assert loaded.roles[keys.RELEASE].publics in {(), role.publics}
        return bool(loaded.roles[keys.RELEASE].keys)

    for at in range(MOST_OPERATIONS):
        place = tmp_path / str(at)
        place.mkdir()
        (place / files.DESCRIPTION).write_bytes(old)
        if not cut(lambda place=place: work(place), at):
            assert look(place)
            return
        look(place)

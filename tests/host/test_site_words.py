"""What the commands of a site's keys say to people, in each language."""

from __future__ import annotations

import os
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric import x448

from host import age_file
from host.terminal import Terminal
from varde_host import errors, messages
from varde_host.site import (
    backup,
    certificates,
    creation,
    files,
    hand_over,
    new_file,
    passphrases,
    proof,
    sealed_key,
)

PHRASES = [f"words of holder number {number}" for number in range(3)]


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pyrage.passphrase, "encrypt", age_file.encrypt)
    monkeypatch.setattr(backup, "LEAST_WORK_FACTOR", age_file.QUICK)
    monkeypatch.setattr(sealed_key, "SCRYPT_COST", 2)


@pytest.fixture
def told(tmp_path: Path) -> list[list[str | Path]]:
    made = []
    for number, phrase in enumerate(PHRASES):
        file = tmp_path / f"phrase-{number}"
        file.write_text(phrase)
        file.chmod(0o600)
        made.append(["--passphrase-file", file])
    return made


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_whole_life(language: str, tmp_path: Path, terminal: Terminal, told):
    site, copy = tmp_path / "site", tmp_path / "copy"
    sticks = [tmp_path / name / "varde" for name in "abc"]
    key, given = site / "service.key", tmp_path / "given" / "service.key"
    at = ("--site", site)
    every = [part for one in told for part in one]

    def said(*arguments: str | Path) -> str:
        status, out, err = terminal.run("--language", language, "site", *arguments)
        assert status == 0, err
        assert not set("{[") & set(out)
        return out

    said("init", site, *told[0])
    assert "release-1.key" in said("release-keys", *at, "--out", *sticks, *every)
    apart = [tmp_path / name / "varde" for name in "def"]
    assert "release.json" in said("release-keys", "--no-site", "--out", *apart, *every)
    said("release-keys", *at, "--public", apart[0] / "release.json", "--again")
    assert "service-2.key" in said("replace", "service.key", *at, *told[1])
    assert str(given) in said(
        "hand-over", site / "service-2.key", given, *told[1], "--new-passphrase-file", told[2][1]
    )
    (site / "collector.sqlite").write_bytes(b"")
    assert "collector.sqlite" in said("backup", copy, *at, *told[0], *told[1])
    assert "service-2.key" in said("restore", copy, tmp_path / "new", *told[0], *told[1])
    key.chmod(0o644)
    assert "0644" in said("check", *at, *told[0])
    shown = said("show", *at).splitlines()
    publics = files.load(site).roles["release"].publics
    assert ["release", "2/3", publics[0].hex()] in [line.split() for line in shown]
    assert [public.hex() in map(str.strip, shown) for public in publics] == [False, True, True]
    assert messages.text("error.passphrase-needed.what") in said("check", *at)


def test_a_damaged_key_is_not_handed_over(tmp_path: Path, told):
    site = creation.create(tmp_path / "s", "s", ["x"], certificates.Validity())
    other = creation.create(tmp_path / "o", "o", ["x"], certificates.Validity())
    key = site.directory / "service.key"
    key.write_bytes((other.directory / "service.key").read_bytes())
    new = passphrases.Secrets([told[0][1]])
    with pytest.raises(errors.InputRefused, match="key-mismatch"):
        hand_over.copy(key, tmp_path / "copy", passphrases.Secrets(), new)
    for name in ("root-1.key", "receiver.key"):
        again = passphrases.Secrets([told[0][1]])
        hand_over.copy(site.directory / name, tmp_path / name, passphrases.Secrets(), again)
    strange = x448.X448PrivateKey.generate()
    new_file.write(tmp_path / "x448.key", sealed_key.write(strange, None))
    with pytest.raises(errors.InputRefused, match="key-kind"):
        hand_over.copy(tmp_path / "x448.key", tmp_path / "x", passphrases.Secrets(), new)


def test_the_receivers_key_is_the_sites_or_named(tmp_path: Path):
    site = creation.create(tmp_path / "s", "s", ["x"], certificates.Validity())
    other = creation.create(tmp_path / "o", "o", ["x"], certificates.Validity())
    foreign = other.directory / files.RECEIVER_KEY
    assert site.receiver_private(foreign) == other.receiver_private()
    (site.directory / files.RECEIVER_KEY).write_bytes(foreign.read_bytes())
    with pytest.raises(errors.InputRefused, match="key-mismatch"):
        site.receiver_private()


def test_a_stick_without_links_gets_whole_files_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def no_links(*_arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    new_file.publish(tmp_path / "file", b"first")
    with pytest.raises(FileExistsError):
        new_file.publish(tmp_path / "file", b"second")
    assert (tmp_path / "file").read_bytes() == b"first"


def test_a_disk_that_is_full_is_the_worlds_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: Terminal, told
):
    site = creation.create(tmp_path / "s", "s", ["x"], certificates.Validity())
    before = {path.name: path.read_bytes() for path in site.directory.iterdir()}

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(new_file.os, "fsync", full)
    at = ("--site", site.directory)
    sticks = [tmp_path / name / "varde" for name in "abc"]
    every = [part for one in told for part in one]
    for command, code in (
        (("init", tmp_path / "n", "--no-passphrase"), "site-write"),
        (("replace", "service.key", *at, "--no-passphrase"), "site-write"),
        (("backup", tmp_path / "copy", *at, *told[0]), "file-write"),
        (("hand-over", site.directory / "service.key", tmp_path / "k", "--new-passphrase-file",
          told[0][1]), "file-write"),
        (("release-keys", *at, "--out", *sticks, *every), "site-write"),
    ):  # fmt: skip
        status, error = terminal.json("site", *command)
        assert (status, error["error"]) == (3, code)
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in site.directory.iterdir()} == before
    assert proof.check(site, creation._within(certificates.Validity())).is_whole
    assert not (tmp_path / "copy").exists()

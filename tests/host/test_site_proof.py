"""`varde site check`: what it proves, and that it sees what is wrong."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from host.terminal import Terminal
from varde_host.commands import site_backup
from varde_host.site import (
    certificates,
    creation,
    files,
    passphrases,
    proof,
    replacement,
    trust_documents,
)

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
PHRASE = "correct horse battery staple"
DAYS = certificates.Validity(NOW - dt.timedelta(days=400), NOW + dt.timedelta(days=400))
KEYS = {
    "collector.key", "receiver.key", "trust-1.key", "trust-2.key", "assignment.key",
    "service.key", "root-1.key", "root-2.key", "server.key",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two sites, plain and short-lived."""
    folder = tmp_path_factory.mktemp("sites")
    names = ["c.test", "192.0.2.1", "2001:db8::1"]
    for name in ("one", "other"):
        creation.create(folder / name, name, names, DAYS)
    return folder / "one", folder / "other"


@pytest.fixture
def directory(made: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the first to harm."""
    shutil.copytree(made[0], tmp_path / "site")
    return tmp_path / "site"


def checked(directory: Path, now: dt.datetime = NOW) -> proof.Checked:
    return proof.check(files.load(directory, passphrases.Secrets()), now)


def test_a_new_site_is_proven_whole(directory: Path):
    found = checked(directory)
    assert {key.place for key in found.keys if key.state == proof.PROVEN} == KEYS
    assert found.findings == []


@pytest.mark.parametrize("name", sorted(KEYS))
def test_another_sites_key_is_seen(made: tuple[Path, Path], directory: Path, name: str):
    shutil.copy(made[1] / name, directory / name)
    found = checked(directory)
    assert [key.place for key in found.keys if key.state == proof.REFUSED] == [name]
    assert [problem.where for problem in found.problems] == [name]


@pytest.mark.parametrize("name", sorted(KEYS))
@pytest.mark.parametrize("other", ["collector.key", "receiver.key", "root-2.key"])
def test_swapped_keys_are_seen(directory: Path, name: str, other: str):
    (directory / name).write_bytes((directory / other).read_bytes())
    states = {key.place: key.state for key in checked(directory).keys}
    assert states[name] == (proof.PROVEN if name == other else proof.REFUSED)


@pytest.mark.parametrize("name", sorted(KEYS))
@pytest.mark.parametrize("content", [b"", b"half", None])
def test_a_damaged_key_is_seen(directory: Path, name: str, content: bytes | None):
    path = directory / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    states = {key.place: key.state for key in checked(directory).keys}
    assert states.pop(name) == proof.REFUSED
    assert set(states.values()) == {proof.PROVEN}


@pytest.mark.parametrize("kind", ["directory", "pipe", "endless", "nowhere"])
@pytest.mark.parametrize("name", ["service.key", "unknown.key", "root-2.pem"])
def test_what_is_no_file_is_seen_and_not_waited_for(directory: Path, name: str, kind: str):
    path = directory / name
    path.unlink(missing_ok=True)
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "endless" else directory / "gone")
    found = checked(directory)
    states = {key.place: key.state for key in found.keys}
    is_gone = kind == "nowhere"
    if name == "service.key":
        assert states[name] == (proof.NOT_HERE if is_gone else proof.REFUSED)
    assert found.is_whole == (name == "unknown.key" or (name == "service.key" and is_gone))


@pytest.mark.parametrize(
    ("mode", "uid", "is_good"),
    [(0o600, 1, True), (0o640, 0, True), (0o640, 1, False), (0o644, 0, False), (0o400, 1, True)],
)
def test_modes_are_judged_as_by_who_reads_the_key(mode: int, uid: int, is_good: bool):
    status = os.stat_result((stat.S_IFREG | mode, 0, 0, 1, uid, 0, 0, 0, 0, 0))
    assert (passphrases.open_mode(status) is None) == is_good


def test_a_service_may_have_its_key_by_its_group(directory: Path):
    (directory / "collector.key").chmod(0o640)
    is_roots = (directory / "collector.key").stat().st_uid == 0
    assert checked(directory).is_whole == is_roots


def test_a_replaced_receivers_key_is_not_to_be_deleted(directory: Path):
    for name in ("receiver.key", "service.key"):
        replacement.replace(files.load(directory), name, None)
    assert {found[:2] for found in checked(directory).findings} == {
        ("key-of-old-readings", "receiver.key"), ("key-unnamed", "service.key"),
    }  # fmt: skip


def test_keys_that_have_left_are_told_and_no_fault(directory: Path):
    for name in ("receiver.key", "trust-2.key", "root-1.key"):
        (directory / name).unlink()
    found = checked(directory)
    assert {key.place for key in found.keys if key.state == proof.NOT_HERE} == {
        "receiver.key", "trust-2.key", "root-1.key",
    }  # fmt: skip
    assert found.is_whole


@pytest.mark.parametrize("name", ["root-1", "root-2", "server"])
def test_certificates_that_are_not_ours_are_seen(
    made: tuple[Path, Path], directory: Path, name: str
):
    for suffix in ("pem", "key"):
        shutil.copy(made[1] / f"{name}.{suffix}", directory / f"{name}.{suffix}")
    found = {problem.what for problem in checked(directory).problems}
    # A foreign second root is whole in itself: it is the first that signed the server.
    assert found == (set() if name == "root-2" else {"certificate-chain"})


def test_a_damaged_certificate_is_seen(directory: Path):
    (directory / "root-2.pem").write_bytes(b"no certificate")
    problems = checked(directory).problems
    assert ("certificate-unread", "root-2.pem") in {found[:2] for found in problems}


@pytest.mark.parametrize(
    ("days", "what", "is_problem"),
    [
        (-401, "certificate-early", True),
        (399 - 90, None, False),
        (401 - 90, "certificate-expires-soon", False),
        (399, "certificate-expires-soon", False),
        (401, "certificate-expired", True),
    ],
)
def test_dates(directory: Path, days: int, what: str | None, is_problem: bool):
    found = checked(directory, NOW + dt.timedelta(days=days))
    assert {finding.what for finding in found.findings} == ({what} if what else set())
    assert all(finding.is_problem == is_problem for finding in found.findings)
    assert len(found.findings) == (3 if what else 0)


@pytest.mark.parametrize("at", [0, 20, 100, -1])
def test_a_damaged_trust_is_seen(directory: Path, at: int):
    site = files.load(directory, passphrases.Secrets())
    for epoch in (1, 2):
        _, data = trust_documents.issue(site, int(NOW.timestamp() * 1000) + epoch)
        replacement.replace(site, site.roles["service"].keys[0].place, None)
        site = files.load(directory, passphrases.Secrets())
    assert [finding.what for finding in checked(directory).findings][-1] == "trust-behind"
    altered = bytearray(data)
    altered[at] ^= 1
    (directory / "trust-epoch-2.cbor").write_bytes(altered)
    assert [problem.what for problem in checked(directory).problems] == ["trust-broken"]


def test_keys_that_others_may_read_are_seen(directory: Path):
    (directory / "service.key").chmod(0o644)
    problems = {finding[:4] for finding in checked(directory).problems}
    assert ("mode", "service.key", True, "0644") in problems


def test_under_a_passphrase_it_is_a_warning(tmp_path: Path):
    plan = creation.Plan(PHRASE.encode())
    secrets = passphrases.Secrets()
    made = creation.create(tmp_path / "s", "s", ["x"], DAYS, plan, secrets)
    (tmp_path / "s" / "service.key").chmod(0o755)
    found = proof.check(made, NOW)
    assert found.is_whole
    assert [(finding.what, finding.is_problem) for finding in found.findings] == [("mode", False)]
    shut = proof.check(files.load(tmp_path / "s", passphrases.Secrets()), NOW)
    assert {key.place for key in shut.keys if key.state == proof.NOT_OPENED} == KEYS - {
        "collector.key", "server.key",
    }  # fmt: skip


def test_the_command_says_it_in_json_and_by_its_exit(
    directory: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(site_backup, "_now", lambda: NOW)
    status, said = terminal.json("site", "check", "--site", directory)
    assert (status, said["whole"], len(said["keys"])) == (0, True, 9)
    shutil.copy(directory / "service.key", directory / "assignment.key")
    status, said = terminal.json("site", "check", "--site", directory)
    assert (status, said["whole"]) == (1, False)
    assert said["findings"] == [
        {
            "what": "key-refused", "where": "assignment.key", "is_problem": True,
            "detail": "key-mismatch",
        }
    ]  # fmt: skip
    assert said["keys"][4] == {
        "role": "assignment", "place": "assignment.key", "state": "refused",
        "reason": "key-mismatch",
    }  # fmt: skip
    for language, word in (("nb", "GAL"), ("nn", "GALEN"), ("en", "WRONG")):
        status, out, _ = terminal.run("--language", language, "site", "check", "--site", directory)
        assert status == 1
        assert word in out


def test_it_shows_no_private_byte(directory: Path, terminal: Terminal):
    lines = {
        line
        for path in directory.glob("*.key")
        for line in path.read_text().splitlines()
        if not line.startswith("-----")
    }
    seeds = {files.load(directory).collector_seed().hex()}
    for command in (("check",), ("show",)):
        out = "".join(map(str, terminal.run("site", *command, "--site", directory)[1:]))
        out += json.dumps(terminal.json("site", *command, "--site", directory)[1])
        assert not [line for line in lines | seeds if line in out]

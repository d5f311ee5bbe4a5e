"""A key that was lost or has leaked is replaced, and hubs can follow from the old trust."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.cut_process import cut
from host.terminal import Terminal
from varde_host import errors
from varde_host.site import (
    certificates,
    creation,
    files,
    keys,
    passphrases,
    proof,
    replacement,
    trust_documents,
)
from varde_protocols import trust_chain

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
NOW_MS = int(NOW.timestamp() * 1000)
PLANS = {"1 of 2": creation.Plan(), "2 of 3": creation.Plan(None, 3, 2)}
REPLACEABLE = [
    "collector.key", "receiver.key", "trust-1.key", "trust-2.key", "assignment.key", "service.key",
]  # fmt: skip


def create(directory: Path, plan: str = "1 of 2") -> files.Site:
    return creation.create(directory, "s", ["x"], certificates.Validity(), PLANS[plan])


def replaced(site: files.Site, name: str) -> tuple[files.Site, replacement.Replaced]:
    done = replacement.replace(site, name, None)
    return files.load(site.directory, passphrases.Secrets()), done


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("name", REPLACEABLE)
def test_hubs_follow_to_the_new_key(tmp_path: Path, name: str, plan: str):
    site = create(tmp_path / "site", plan)
    old_bytes = (site.directory / name).read_bytes()
    first, data = trust_documents.issue(site, NOW_MS)
    site, done = replaced(site, name)
    found = [(finding.what, finding.where) for finding in proof.check(site, NOW).findings]
    what = "key-of-old-readings" if name == "receiver.key" else "key-unnamed"
    assert found == [(what, name), ("trust-behind", "trust-epoch-1.cbor")]
    assert (site.directory / name).read_bytes() == old_bytes
    assert done.old.place == name
    if done.role == keys.TRUST:  # the holder of the lost one signs nothing any more
        (site.directory / name).unlink()
    second, data = trust_documents.issue(site, NOW_MS + 1)
    assert trust_chain.following(first, data) == second
    everything = [second.collector_public, second.receiver_public]
    everything += [public for _, publics in second.roles.values() for public in publics]
    assert done.new.public in everything
    assert done.old.public not in everything
    checked = proof.check(site, NOW)
    assert checked.is_whole
    assert "trust-behind" not in [finding.what for finding in checked.findings]
    assert [key.state for key in checked.keys if key.place == done.new.place] == [proof.PROVEN]
    mode = (site.directory / done.new.place).stat().st_mode
    assert mode & 0o777 == 0o600


@given(names=st.lists(st.sampled_from(["trust", "assignment", "service"]), max_size=5))
@settings(max_examples=20)
def test_any_rotations_one_after_the_other(names, tmp_path_factory: pytest.TempPathFactory):
    site = create(tmp_path_factory.mktemp("s") / "site", "2 of 3")
    current, _ = trust_documents.issue(site, NOW_MS)
    seen = {key.public for role in site.roles.values() for key in role.keys}
    for number, role in enumerate(names, 1):
        site, done = replaced(site, site.roles[role].keys[0].place)
        assert done.new.public not in seen
        seen.add(done.new.public)
        new, data = trust_documents.issue(site, NOW_MS + number)
        current = trust_chain.following(current, data)
        assert current == new
    assert current.epoch == len(names) + 1


def test_two_of_three_lost_is_more_than_can_be_mended(tmp_path: Path):
    site = create(tmp_path / "site", "2 of 3")
    trust_documents.issue(site, NOW_MS)
    for name in ("trust-1.key", "trust-2.key"):
        site, _ = replaced(site, name)
        (site.directory / name).unlink()
    with pytest.raises(errors.InputRefused, match=r"trust-holders|key-elsewhere"):
        trust_documents.issue(site, NOW_MS + 1)


@pytest.mark.parametrize("name", ["service.key", "collector.key", "trust-1.key"])
def test_cut_anywhere_the_old_or_the_new_holds(tmp_path: Path, name: str):
    for at in range(100):
        place = tmp_path / str(at)
        site = create(place)
        was_cut = cut(lambda site=site: replacement.replace(site, name, None), at)
        after = files.load(place, passphrases.Secrets())
        checked = proof.check(after, NOW)
        assert checked.is_whole
        assert {key.state for key in checked.keys} == {proof.PROVEN}
        if not was_cut:
            assert replacement.find(after, after.described.collector.place)
            return
        again, _ = (
            replaced(after, replacement.find(after, name)[1].place)
            if (name in {key.place for key in checked.keys})
            else (after, None)
        )
        assert proof.check(again, NOW).is_whole


def test_the_command(tmp_path: Path, terminal: Terminal):
    site = create(tmp_path / "site")
    command = ("site", "replace", "--site", site.directory)
    assert terminal.json(*command, "service.key")[1]["error"] == "passphrase-needed"
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse battery staple")
    phrase.chmod(0o600)
    public = site.roles[keys.SERVICE].publics[0].hex()
    status, said = terminal.json(*command, public, "--passphrase-file", phrase)
    assert (status, said["role"], said["old"]) == (0, "service", public)
    assert said["key"] == "service-2.key"
    assert b"ENCRYPTED" in (site.directory / "service-2.key").read_bytes()
    status, said = terminal.json(*command, "collector.key")  # starts unattended: no passphrase
    assert (status, said["key"]) == (0, "collector-2.key")
    files.load(site.directory).collector_seed()
    for unknown in ("service.key", "", "release-1.key"):
        status, error = terminal.json(*command, "--no-passphrase", unknown)
        assert (status, error["error"]) == (1, "key-unknown")
    for certified in ("root-1.key", "root-2.key", "server.key"):
        status, error = terminal.json(*command, "--no-passphrase", certified)
        assert (status, error["error"]) == (1, "key-certified")
    wrong = ("receiver.key", "--token", "pkcs11:token=T;object=o")
    assert terminal.json(*command, *wrong)[1]["error"] == "token-role"

"""`varde site trust`: one document an epoch, each following the last, and what stops it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from host.terminal import Terminal
from varde_host import errors
from varde_host.site import files, keys, passphrases, release_keys, replacement, trust_documents
from varde_protocols import assignment, records, service_request, trust, trust_chain

NOW_MS = 1_800_000_000_000


@pytest.fixture
def site(made: Path) -> files.Site:
    return files.load(made)


def with_release_keys(site: files.Site, tmp_path: Path) -> files.Site:
    """As `varde site release-keys` leaves it."""
    folders = [tmp_path / f"stick-{number}" / "varde" for number in range(3)]
    phrases = []
    for number in range(3):
        file = tmp_path / f"phrase-{number}"
        file.write_text(f"the words of holder {number}, five at least")
        file.chmod(0o600)
        phrases.append(file)
    told = passphrases.Secrets(phrases)
    found = release_keys.make(folders, told, site.directory)
    release_keys.take_up(site, release_keys.role_of([key.public for key in found]))
    return files.load(site.directory)


def test_the_first_is_signed_by_its_own_keys(site: files.Site):
    made, data = trust_documents.issue(site, NOW_MS)
    assert trust_chain.first(data) == made
    assert (made.epoch, made.site_id, made.signed_ms) == (1, site.site_id, NOW_MS)
    assert made.roots == site.roots_der()
    assert made.keys(trust.ROLE_ASSIGNMENT) == [site.signer(keys.ASSIGNMENT).public]
    assert trust.ROLE_RELEASE not in made.roles
    assert trust_documents.path(site, 1).read_bytes() == data


def test_a_site_that_has_not_changed_gets_no_other(site: files.Site):
    first = trust_documents.issue(site, NOW_MS)
    assert trust_documents.issue(site, NOW_MS + 1) == first
    assert trust_documents.newest(site) == first


def test_release_keys_make_the_next_epoch(site: files.Site, tmp_path: Path):
    first, _ = trust_documents.issue(site, NOW_MS)
    later = with_release_keys(site, tmp_path)
    second, data = trust_documents.issue(later, NOW_MS + 1)
    assert trust_chain.replay(first, [data]) == second
    assert second.roles[trust.ROLE_RELEASE] == [2, sorted(later.roles[keys.RELEASE].publics)]
    assert trust_documents.newest(later) == (second, data)


def test_a_replaced_trust_key_is_followed(site: files.Site):
    first, _ = trust_documents.issue(site, NOW_MS)
    replacement.replace(site, "trust-1.key", None)
    second, data = trust_documents.issue(files.load(site.directory), NOW_MS + 1)
    assert trust_chain.following(first, data) == second
    assert second.keys(trust.ROLE_TRUST) != first.keys(trust.ROLE_TRUST)


def test_new_trust_keys_alone_are_not_followed(site: files.Site):
    trust_documents.issue(site, NOW_MS)
    for file in ("trust-1.key", "trust-2.key"):
        replacement.replace(files.load(site.directory), file, None)
    with pytest.raises(errors.InputRefused) as caught:
        trust_documents.issue(files.load(site.directory), NOW_MS + 1)
    assert caught.value.code == "trust-holders"
    assert not trust_documents.path(site, 2).exists()


def test_a_replaced_key_signs_once_more_for_the_old_trust(terminal: Terminal, tmp_path: Path):
    """Two of two: the old trust follows nothing that lacks the key which is going."""
    directory, at = tmp_path / "site", ("--site", tmp_path / "site")
    threshold = ("--trust-keys", 2, "--trust-threshold", 2, "--no-passphrase")
    for command in (("init", directory, *threshold), ("trust", *at)):
        assert terminal.run("site", *command)[0] == 0
    old, _ = trust_documents.newest(files.load(directory))
    assert terminal.run("site", "replace", "trust-1.key", *at, "--no-passphrase")[0] == 0
    status, error = terminal.json("site", "trust", *at)
    assert (status, error["error"]) == (1, "trust-holders")
    status, said = terminal.json("site", "trust", *at, "--key", directory / "trust-1.key")
    assert (status, said["epoch"]) == (0, 2)
    new, data = trust_documents.newest(files.load(directory))
    assert trust_chain.following(old, data) == new
    assert set(new.keys(trust.ROLE_TRUST)) == set(files.load(directory).roles[keys.TRUST].publics)


@pytest.mark.parametrize("stranger", ["service.key", "other"])
def test_a_key_that_never_signed_for_trust_signs_none(
    terminal: Terminal, site: files.Site, tmp_path: Path, stranger: str
):
    trust_documents.issue(site, NOW_MS)
    replacement.replace(site, "trust-1.key", None)
    file = site.directory / stranger
    if stranger == "other":
        assert terminal.run("site", "init", tmp_path / "other", "--no-passphrase")[0] == 0
        file = tmp_path / "other" / "trust-1.key"
    with pytest.raises(errors.InputRefused, match="key-mismatch"):
        trust_documents.issue(files.load(site.directory), NOW_MS + 1, [str(file)])


def test_what_was_changed_by_hand_is_refused(terminal: Terminal, site: files.Site):
    trust_documents.issue(site, NOW_MS)
    file = trust_documents.path(site, 1)
    data = bytearray(file.read_bytes())
    data[-84] ^= 1  # the last of the payload, before one signature
    file.write_bytes(data)
    status, error = terminal.json("site", "trust", "--site", site.directory)
    assert (status, error["error"]) == (1, "bad-signature")


def test_half_a_write_is_in_nobodys_way(site: files.Site):
    site.directory.joinpath("trust-epoch-1.cbor.part").write_bytes(b"half")
    made, _ = trust_documents.issue(site, NOW_MS)
    assert made.epoch == 1


def test_the_command_shows_and_writes(terminal: Terminal, made: Path, tmp_path: Path):
    out = tmp_path / "trust.cbor"
    status, said = terminal.json("site", "trust", "--site", made, "--out", out)
    assert (status, said["epoch"], said["bytes"]) == (0, 1, len(out.read_bytes()))
    assert set(said["roles"]) == {"trust", "assignment", "service"}
    assert trust_chain.first(out.read_bytes()).site_id.hex() == said["site_id"]
    assert terminal.run("site", "trust", "--site", made)[0] == 0
    status, error = terminal.json("site", "trust", "--site", made, "--out", out)
    assert (status, error["error"]) == (1, "file-exists")


def test_the_keys_of_the_site_do_what_their_roles_say(
    terminal: Terminal, site: files.Site, tmp_path: Path
):
    """An assignment for one hub, and a request to open it, under the trust that was signed."""
    (tmp_path / "wifi").write_text("home:long enough")
    out = tmp_path / "assignment.cbor"
    hub_id = bytes(range(8))
    status, said = terminal.json(
        "hub", "assignment", "--site", site.directory, "--host", "collector.test",
        "--wifi", tmp_path / "wifi", "--number", 7, "--hub", hub_id.hex(), "--out", out,
    )  # fmt: skip
    assert (status, said["number"], said["hub"]) == (0, 7, hub_id.hex())
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    believed, _ = trust_documents.issue(site, NOW_MS)
    given = assignment.verify(out.read_bytes(), believed, hub_id)
    assert (given.number, given.hub_id, given.release) == (7, hub_id, None)
    signer = site.signer(keys.SERVICE)
    request = service_request.sign(signer, bytes(16), hub_id)
    keys_of_trust = believed.keys(trust.ROLE_SERVICE)
    opened, _ = service_request.check(request, keys_of_trust, bytes(16), hub_id)
    assert opened == records.EVENT_SERVICE_OPENED


def test_an_assignment_names_what_is_wrong_with_its_hub(
    terminal: Terminal, made: Path, tmp_path: Path
):
    (tmp_path / "wifi").write_text("home:long enough")
    status, error = terminal.json(
        "hub", "assignment", "--site", made, "--host", "collector.test",
        "--wifi", tmp_path / "wifi", "--hub", "hub-7", "--out", tmp_path / "assignment.cbor",
    )  # fmt: skip
    assert (status, error["error"]) == (1, "hex")

"""Release keys: three, apart from each other and from the site, and any two of them sign."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.terminal import Terminal
from varde_host import errors
from varde_host.site import certificates, creation, files, keys, passphrases, release_keys
from varde_protocols.crypto import ed25519

PHRASES = ["first holder's five words", "second holder's five words", "third holder's words"]


@pytest.fixture
def site(tmp_path: Path) -> files.Site:
    return creation.create(tmp_path / "site", "Fjord", ["c.test"], certificates.Validity())


@pytest.fixture
def phrase_files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"phrase-{number}" for number in range(3)]
    for file, phrase in zip(made, PHRASES, strict=True):
        file.write_text(phrase)
        file.chmod(0o600)
    return made


def options(phrase_files: list[Path]) -> list[str | Path]:
    return [part for file in phrase_files for part in ("--passphrase-file", file)]


def folders(tmp_path: Path) -> list[Path]:
    """Three that share no parent, as three sticks do."""
    return [tmp_path / f"stick-{number}" / "varde" for number in range(3)]


def test_any_two_sign_and_one_does_not(
    tmp_path: Path, site: files.Site, phrase_files: list[Path], terminal: Terminal
):
    out = folders(tmp_path)
    status, said = terminal.json(
        "site", "release-keys", "--site", site.directory, "--out", *out, *options(phrase_files)
    )
    assert (status, said["threshold"]) == (0, 2)
    places = [Path(file) for file in said["files"]]
    assert [place.name for place in places] == [f"release-{number}.key" for number in (1, 2, 3)]
    assert not list(site.directory.glob("release*"))
    loaded = files.load(site.directory, passphrases.Secrets(phrase_files))
    assert [public.hex() for public in loaded.roles[keys.RELEASE].publics] == said["public"]
    for pair in itertools.combinations(places, 2):
        signers = loaded.signers(keys.RELEASE, places=pair)
        for signer in signers:
            assert ed25519.VerifyKey(signer.public).verify(b"code", signer.sign(b"code"))
    with pytest.raises(errors.InputRefused, match="key-elsewhere"):
        loaded.signers(keys.RELEASE, places=places[:1])
    with pytest.raises(errors.InputRefused, match="key-repeated"):
        loaded.signers(keys.RELEASE, places=[places[0], places[0]])
    with pytest.raises(errors.InputRefused, match="key-mismatch"):
        loaded.signers(keys.RELEASE, places=[places[0], site.directory / "service.key"])


def test_no_holder_opens_anothers(
    tmp_path: Path, site: files.Site, phrase_files: list[Path], terminal: Terminal
):
    out = folders(tmp_path)
    terminal.run("site", "release-keys", "--no-site", "--out", *out, *options(phrase_files))
    for number, folder in enumerate(out):
        for holder, phrase in enumerate(phrase_files):
            told = passphrases.Secrets([phrase])
            file = folder / f"release-{number + 1}.key"
            if holder == number:
                files.open_signer(file, None, told)
            else:
                with pytest.raises(errors.InputRefused, match="passphrase-wrong"):
                    files.open_signer(file, None, told)


def test_made_apart_and_taken_up_by_the_public_halves(
    tmp_path: Path, site: files.Site, phrase_files: list[Path], terminal: Terminal
):
    out = folders(tmp_path)
    command = ("site", "release-keys")
    status, made = terminal.json(*command, "--no-site", "--out", *out, *options(phrase_files))
    assert status == 0
    shared = out[1] / release_keys.PUBLIC_FILE
    assert {(folder / release_keys.PUBLIC_FILE).read_bytes() for folder in out} == {
        shared.read_bytes()
    }
    taking = (*command, "--site", site.directory, "--public", shared)
    assert terminal.json(*taking)[1]["public"] == made["public"]
    assert terminal.json("site", "show", "--site", site.directory)[1]["roles"]["release"] == {
        "threshold": 2, "keys": made["public"],
    }  # fmt: skip
    status, error = terminal.json(*taking)
    assert (status, error["error"]) == (1, "release-known")


def refused(folders: list[Path], site: Path | None) -> str:
    with pytest.raises(errors.InputRefused, match="release-") as caught:
        release_keys.refuse_near(folders, site)
    return caught.value.code.removeprefix("release-")


def test_where_they_may_not_be(tmp_path: Path, site: files.Site):
    one, two, three = folders(tmp_path)
    where = site.directory
    assert refused([one, two, where / "release"], where) == "in-site"
    assert refused([one, two, where], where) == "in-site"
    assert refused([one, two, tmp_path], where) == "in-site"
    assert refused([one, one, two], where) == "inside"
    assert refused([one, one / "deeper", two], where) == "inside"
    assert refused([one, one.parent / "beside", two], where) == "beside"
    link = tmp_path / "link"
    link.symlink_to(where)
    assert refused([one, two, link / "release"], where) == "in-site"
    three.mkdir(parents=True)
    (three / "release-1.key").write_text("an older one")
    assert refused([one, two, three], None) == "used"
    assert not one.exists()


def test_sticks_beside_each_other_are_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sticks = [tmp_path / name for name in ("A", "B", "C")]
    assert refused(sticks, None) == "beside"
    monkeypatch.setattr(release_keys, "device", sticks.index)
    release_keys.refuse_near(sticks, None)


def test_each_holder_has_their_own_passphrase(tmp_path: Path, phrase_files: list[Path]):
    phrase_files[2].write_text(PHRASES[0])
    with pytest.raises(errors.InputRefused, match="passphrase-repeated"):
        release_keys.make(folders(tmp_path), passphrases.Secrets(phrase_files), None)
    assert not any(folder.exists() for folder in folders(tmp_path))


def test_the_folder_of_a_stick_keeps_what_it_had(tmp_path: Path, phrase_files: list[Path]):
    out = folders(tmp_path)
    out[0].mkdir(parents=True)
    (out[0] / "photo.jpg").write_bytes(b"mine")
    release_keys.make(out, passphrases.Secrets(phrase_files), None)
    assert (out[0] / "photo.jpg").read_bytes() == b"mine"
    assert (out[0] / "release-1.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("change", [
    lambda fields: fields.pop("keys"), lambda fields: fields.update(more=1),
    lambda fields: fields.update(keys=fields["keys"][:2]),
    lambda fields: fields.update(keys=[fields["keys"][0]] * 3),
    lambda fields: fields.update(keys=["00"] * 3), lambda fields: fields.update(keys=[1, 2, 3]),
    lambda fields: fields.update(format="varde-release-keys-2"),
    lambda fields: fields.update(threshold=1),
])  # fmt: skip
def test_a_public_file_that_is_none_is_refused(change, tmp_path: Path, phrase_files: list[Path]):
    out = folders(tmp_path)
    release_keys.make(out, passphrases.Secrets(phrase_files), None)
    fields = json.loads((out[0] / release_keys.PUBLIC_FILE).read_text())
    change(fields)
    file = tmp_path / "release.json"
    file.write_text(json.dumps(fields))
    with pytest.raises(errors.InputRefused, match="release-malformed"):
        release_keys.read_public(file)


@given(
    data=st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=70),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.fixed_dictionaries({"format": inner, "threshold": inner, "keys": inner})
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_public_file_is_refused_by_name(data: bytes, tmp_path_factory):
    file = tmp_path_factory.getbasetemp() / "release.json"
    file.write_bytes(data)
    with pytest.raises(errors.InputRefused, match="release-malformed"):
        release_keys.read_public(file)


def test_the_command_wants_to_know_what(terminal: Terminal, site: files.Site, tmp_path: Path):
    command = ("site", "release-keys", "--site", site.directory)
    assert terminal.json(*command)[1]["error"] == "release-what"
    shutil.rmtree(site.directory)
    assert terminal.json(*command, "--public", tmp_path)[1]["error"] == "site-missing"

"""A release from what was built to what hubs are served, signed by any two of three."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from pathlib import Path

import pytest

from host import release_bench, soft_token
from host.release_bench import FILES, HOLDERS, NUMBER, STRANGERS, WHO, Release
from host.terminal import Terminal
from varde_host import errors
from varde_host.release import bundle, folder, holders, judging, making, sbom, signing
from varde_host.site import files as site_files
from varde_host.site import (
    keys,
    passphrases,
    release_keys,
    token_signer,
    token_uri,
    trust_documents,
)
from varde_protocols import documents, release
from varde_simulator.usb import stand_in_image

EPOCH = "1800000000"


@pytest.fixture
def made(tmp_path: Path) -> Release:
    return release_bench.make(tmp_path / "out")


def content(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes()
            for path in place.rglob("*") if path.is_file()}  # fmt: skip


def test_what_is_served_is_named_by_its_hash(made: Release):
    names = {path.name for path in made.served.iterdir()}
    assert names == {
        hashlib.sha256(made.served.joinpath(n).read_bytes()).hexdigest() for n in names
    }
    part = made.given.components[0]
    data, listed = made.component.read_bytes(), made.block_list.read_bytes()
    assert (part.kind, part.size_bytes) == (release.APPLICATION, len(data))
    blocks = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    assert listed == b"".join(hashlib.sha256(block).digest() for block in blocks)
    assert bundle.decode(data) == FILES
    assert made.given.target == "esp32s3"


@pytest.mark.parametrize("pair", list(itertools.permutations(range(3), 2)))
def test_any_two_sign_in_any_order(pair: tuple[int, int], made: Release):
    made.sign(HOLDERS[pair[0]])
    assert not made.document.exists()
    assert (made.bad(), made.hub()) == ({"signers"}, "signature")
    made.sign(HOLDERS[pair[1]])
    assert (made.bad(), made.hub()) == (set(), "none")
    believed = documents.verify(
        made.document.read_bytes(), documents.RELEASE, list(WHO.publics), 2
    )
    assert release.decode(believed) == made.given


def test_two_who_sign_their_own_copies_are_joined(made: Release, tmp_path: Path):
    other = made.copy(tmp_path / "copy").sign(HOLDERS[1])
    made.sign(HOLDERS[0])
    signing.sign(made.place, WHO, (), [other.place.document() or b""])
    assert made.hub() == "none"
    one_after_the_other = release_bench.make(tmp_path / "again").sign(HOLDERS[1]).sign(HOLDERS[0])
    assert one_after_the_other.document.read_bytes() == made.document.read_bytes()


def test_signing_twice_is_signing_once(made: Release):
    made.sign(HOLDERS[0])
    once = made.place.document()
    made.sign(HOLDERS[0])
    assert made.place.document() == once
    assert made.hub() == "signature"


def test_three_may_sign_as_well(made: Release):
    made.sign(*HOLDERS)
    assert made.hub() == "none"
    assert len(made.judge().signed_by) == 3


def test_the_same_content_makes_the_same_release(tmp_path: Path):
    one, other = (release_bench.make(tmp_path / name) for name in ("one", "deeper-other"))
    assert content(one.place.path) == content(other.place.path)


def test_a_hub_says_why_not(made: Release):
    made.sign(*HOLDERS[:2])
    assert made.hub(runs=NUMBER - 1) == "none"
    assert made.hub(runs=NUMBER) == "rollback"
    assert made.hub(floor=NUMBER + 1) == "floor"
    assert made.hub(target="x86") == "not-for-target"
    assert made.hub(room_bytes=100) == "no-room"


def test_a_hub_of_before_min_from_does_not_take_it(tmp_path: Path):
    made = release_bench.make(tmp_path / "out", min_from=5).sign(*HOLDERS[:2])
    assert made.hub(runs=4) == "not-for-target"
    assert made.hub(runs=5) == "none"


def test_the_interpreter_goes_along(tmp_path: Path):
    image = tmp_path / "image.bin"
    image.write_bytes(stand_in_image.build("1.25.0"))
    made = release_bench.make(tmp_path / "out", image=image).sign(*HOLDERS[:2])
    assert [part.kind for part in made.given.components] == [1, 2]
    assert (made.bad(), made.hub()) == (set(), "none")
    bill = json.loads((made.place.path / folder.SBOM).read_text())
    platform = next(part for part in bill["components"] if part["name"] == "micropython")
    assert platform["hashes"][0]["content"] == made.given.components[1].sha256.hex()


def test_the_bill_names_every_file(made: Release):
    said = sbom.facts((made.place.path / folder.SBOM).read_bytes())
    assert said == sbom.expected(made.given, FILES)
    assert said.files.keys() == FILES.keys()


def test_who_may_release_is_read_from_each_place(
    tmp_path: Path, made: Release, terminal: Terminal
):
    sticks = release_bench.write_keys(tmp_path)
    public = sticks[0].parent / release_keys.PUBLIC_FILE
    where = tmp_path / "site"
    named = ("--server-name", "c.test", "--no-passphrase")
    terminal.run("site", "init", where, *named)
    with pytest.raises(errors.InputRefused, match="release-no-keys"):
        holders.find(None, None, where)
    terminal.run("site", "release-keys", "--site", where, "--public", public)
    trust_documents.issue(site_files.load(where, passphrases.Secrets()), 1)
    trust = where / "trust-epoch-1.cbor"
    found = [holders.find(public, None, None), holders.find(None, trust, None),
             holders.find(None, None, where)]  # fmt: skip
    assert {frozenset(who.publics) for who in found} == {frozenset(WHO.publics)}
    assert {who.threshold for who in found} == {2}
    for several in ((None, None, None), (public, trust, None)):
        with pytest.raises(errors.InputRefused, match="release-holders"):
            holders.find(*several)


def test_by_the_command(tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    sticks = release_bench.write_keys(tmp_path)
    built, out = release_bench.write_firmware(tmp_path / "built"), tmp_path / "out"
    make = (
        "release",
        "make",
        "--firmware",
        built,
        "--number",
        "7",
        "--name",
        "0.7.0",
        "--out",
        out,
    )
    status, said = terminal.json(*make)
    assert (status, said["number"], said["second_build"]) == (0, 7, None)
    assert terminal.json(*make)[1]["error"] == "file-exists"
    public = ("--public", sticks[0].parent / release_keys.PUBLIC_FILE)
    status, said = terminal.json("release", "check", out, *public)
    assert (status, said["hub"]) == (1, {"reason": 1, "name": "signature"})
    status, said = terminal.json("release", "sign", out, "--key", sticks[2])
    assert (status, said["ready"]) == (0, False)
    status, said = terminal.json("release", "sign", out, "--key", sticks[0], "--firmware", built)
    assert (status, said["ready"], len(said["signed"])) == (0, True, 2)
    status, said = terminal.json("release", "check", out, *public, "--firmware", built)
    assert (status, said["good"], said["hub"]["reason"]) == (0, True, 0)
    assert {row["state"] for row in said["findings"]} == {"good"}
    for place in (out, out / folder.DOCUMENT, out / folder.PAYLOAD):
        status, shown = terminal.json("release", "show", place)
        assert (status, shown["number"], shown["signed_ms"]) == (0, 7, int(EPOCH) * 1000)
    assert terminal.json("release", "check", out, *public, "--runs", "7")[0] == 1


def test_copies_are_joined_without_a_key(tmp_path: Path, made: Release, terminal: Terminal):
    sticks = release_bench.write_keys(tmp_path)
    copies = [made.copy(tmp_path / f"copy-{number}") for number in range(2)]
    for copy, stick in zip(copies, sticks, strict=False):
        assert terminal.json("release", "sign", copy.place.path, "--key", stick)[0] == 0
    adding = [part for copy in copies for part in ("--add", copy.place.path / folder.DOCUMENT)]
    join = ("release", "sign", made.place.path, *adding)
    assert terminal.json(*join)[1]["error"] == "release-holders"
    public = ("--public", sticks[0].parent / release_keys.PUBLIC_FILE)
    status, said = terminal.json(*join, *public)
    assert (status, said["ready"], made.hub()) == (0, True, "none")


def test_it_is_told_to_people(tmp_path: Path, terminal: Terminal):
    sticks = release_bench.write_keys(tmp_path)
    built, out = release_bench.write_firmware(tmp_path / "built"), tmp_path / "out"
    make = (
        "release",
        "make",
        "--firmware",
        built,
        "--number",
        "7",
        "--name",
        "0.7.0",
        "--out",
        out,
    )
    assert "klar til å signeres" in terminal.run(*make)[1]
    assert "1 av 2 har signert" in terminal.run("release", "sign", out, "--key", sticks[0])[1]
    assert "2 av 2 har signert" in terminal.run("release", "sign", out, "--key", sticks[1])[1]
    public = ("--public", sticks[0].parent / release_keys.PUBLIC_FILE)
    assert "En hub ville tatt den" in terminal.run("release", "check", out, *public)[1]
    assert "høyere" in terminal.run("release", "check", out, *public, "--runs", "9")[1]
    assert "Ingen har sagt" in terminal.run("release", "check", out)[1]
    assert "Ikke kontrollert" in terminal.run("release", "show", out)[1]
    assert "ikke sammenlignet" in terminal.run("release", "sign", out, "--key", sticks[0])[1]


def test_a_key_in_a_token_signs(tmp_path: Path, made: Release, soft_tokens):
    uri = soft_tokens.uri("release", token="Varde")
    pin_file = tmp_path / "pin"
    pin_file.write_text(soft_token.PIN)
    pin_file.chmod(0o600)
    told = passphrases.Secrets(pin_file=pin_file)
    public = token_signer.make_key(token_uri.parse(uri), told)
    who = holders.Holders((public, HOLDERS[0].public, HOLDERS[1].public), 2)
    signers: list[keys.Signer] = [site_files.open_signer(uri, None, told), HOLDERS[0]]
    signing.sign(made.place, who, signers)
    assert judging.hub_says(made.place, who, judging.HubState()) == "none"


@pytest.mark.parametrize(("change", "code"), [
    ({"files": {"readme.txt": b"not code"}}, "release-firmware"),
    ({"files": {"a.mpy": b"not code"}}, "bundle-malformed"),
    ({"files": {"a.mpy": release_bench.mpy(b"any")}}, "release-target"),
    ({"target": "x86"}, "release-target"),
    ({"source": Path("nowhere")}, "release-source"),
])  # fmt: skip
def test_what_is_no_release_is_not_made(change: dict, code: str, tmp_path: Path):
    with pytest.raises(errors.InputRefused, match=code):
        release_bench.make(tmp_path / "out", **change)
    assert not (tmp_path / "out").exists()


def test_code_for_any_machine_takes_a_target_by_word(tmp_path: Path):
    files = {"a.mpy": release_bench.mpy(b"any")}
    made = release_bench.make(tmp_path / "out", files=files, target="esp32s3")
    assert made.given.target == "esp32s3"


def test_two_builds_that_differ_make_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    other = {**FILES, "boards/generic.mpy": release_bench.mpy(b"Pins")}
    monkeypatch.setattr(making.firmware, "again", lambda source, architecture: other)
    with pytest.raises(errors.InputRefused, match="release-differs") as caught:
        release_bench.make(tmp_path / "out", source=tmp_path)
    assert caught.value.fields["files"] == "boards/generic.mpy"


def test_nobody_signs_what_is_not_whole(tmp_path: Path, made: Release, terminal: Terminal):
    sticks = release_bench.write_keys(tmp_path)
    made.component.write_bytes(made.component.read_bytes()[:-1] + b"!")
    status, said = terminal.json("release", "sign", made.place.path, "--key", sticks[0])
    assert (status, said["error"]) == (1, "release-bad")
    assert not (made.place.path / folder.DOCUMENT).exists()


def test_nobody_signs_what_they_did_not_build(tmp_path: Path, made: Release, terminal: Terminal):
    sticks = release_bench.write_keys(tmp_path)
    own = release_bench.write_firmware(
        tmp_path / "own", {**FILES, "boards/generic.mpy": release_bench.mpy(b"mine")}
    )
    signing_it = ("release", "sign", made.place.path, "--key", sticks[0], "--firmware", own)
    assert terminal.json(*signing_it)[1]["error"] == "release-bad"


def test_refusals_of_signing(made: Release, tmp_path: Path):
    with pytest.raises(errors.InputRefused, match="release-unsigned"):
        made.sign()
    with pytest.raises(errors.InputRefused, match="key-mismatch"):
        made.sign(STRANGERS[0])
    other = release_bench.make(tmp_path / "other", number=8).sign(HOLDERS[0])
    with pytest.raises(errors.InputRefused, match="release-other"):
        signing.sign(made.place, WHO, (), [other.place.document() or b""])
    with pytest.raises(errors.InputRefused, match="release-missing"):
        folder.Folder(tmp_path).payload()


def test_an_epoch_that_is_none(terminal: Terminal, tmp_path: Path, monkeypatch):
    built = release_bench.write_firmware(tmp_path / "built")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    make = ("release", "make", "--firmware", built, "--number", "7", "--name", "a")
    assert terminal.json(*make, "--out", tmp_path / "out")[1]["error"] == "release-epoch"


def test_a_name_that_cannot_be_shown(terminal: Terminal, tmp_path: Path):
    built = release_bench.write_firmware(tmp_path / "built")
    for name in ("0.7\x1b[2K", "0.7\udcff"):
        make = ("release", "make", "--firmware", built, "--number", "7", "--name", name)
        assert terminal.json(*make, "--out", tmp_path / "out")[1]["error"] == "release-name"


def test_what_others_left_is_not_cleared_away(tmp_path: Path, made: Release):
    part = tmp_path / "new.part"
    part.mkdir()
    (part / "photo.jpg").write_bytes(b"mine")
    with pytest.raises(errors.InputRefused, match="release-part"):
        release_bench.make(tmp_path / "new")
    assert (part / "photo.jpg").read_bytes() == b"mine"
    shutil.rmtree(part)
    part.symlink_to(made.place.path)
    with pytest.raises(errors.InputRefused, match="release-part"):
        release_bench.make(tmp_path / "new")
    assert made.component.exists()

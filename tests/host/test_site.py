"""`varde site init` and what reads a site."""

from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification

from varde_host import errors
from varde_host.site import certificates, creation, files
from varde_protocols import sealing
from varde_protocols.crypto import ed25519, x25519


@pytest.fixture
def site(tmp_path: Path) -> files.Site:
    names = ["collector.test", "192.0.2.1"]
    return creation.create(tmp_path / "site", "Fjord", names, certificates.Validity())


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_only_the_owner_may_read(site: files.Site):
    assert stat.S_IMODE(site.directory.stat().st_mode) == 0o700
    made = list(site.directory.iterdir())
    assert len(made) == 13
    assert {stat.S_IMODE(file.stat().st_mode) for file in made} == {0o600}


def test_public_halves_belong_to_the_private_ones(site: files.Site):
    assert ed25519.SigningKey(site.collector_seed()).public == site.collector_public
    assert x25519.public_key(site.receiver_private()) == site.receiver_public
    assert "BEGIN" not in (site.directory / files.DESCRIPTION).read_text()


@pytest.mark.parametrize(("role", "count"), [("trust", 2), ("assignment", 1), ("service", 1)])
def test_each_role_signs_with_keys_of_its_own(site: files.Site, role: str, count: int):
    signers = site.signers(role, count)
    assert [signer.public for signer in signers] == list(site.roles[role].publics)
    assert site.signer(role).kid == sealing.key_id(signers[0].public)
    for signer in signers:
        verified = ed25519.VerifyKey(signer.public).verify(b"message", signer.sign(b"message"))
        assert verified


def test_keys_that_are_not_kept_here_are_named(site: files.Site):
    with pytest.raises(errors.InputRefused, match="key-elsewhere"):
        site.signer("release")


def test_two_sites_share_nothing(tmp_path: Path, site: files.Site):
    other = creation.create(tmp_path / "b", "Fjord", ["x"], certificates.Validity())
    assert other.collector_public != site.collector_public
    assert other.receiver_public != site.receiver_public
    assert not set(other.roots_der()) & set(site.roots_der())


@pytest.mark.parametrize("name", ["collector.test", "192.0.2.1"])
def test_the_server_certificate_verifies_under_the_first_root_only(site: files.Site, name: str):
    subject = certificates.general_name(name)
    roots = [certificate(site.directory / file) for file in site.root_files]
    server = certificate(site.server_certificate)
    for root, passes in zip(roots, (True, False), strict=True):
        builder = verification.PolicyBuilder().store(verification.Store([root]))
        verifier = builder.build_server_verifier(subject)
        if passes:
            assert verifier.verify(server, []) == [server, root]
        else:
            with pytest.raises(verification.VerificationError):
                verifier.verify(server, [])


def test_keys_are_p256_and_valid_for_long(site: files.Site):
    for name in ("root-1.pem", "root-2.pem", "server.pem"):
        made = certificate(site.directory / name)
        key = made.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert key.curve.name == "secp256r1"
        assert made.not_valid_before_utc == dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
        assert made.not_valid_after_utc == dt.datetime(2099, 12, 31, 23, 59, 59, tzinfo=dt.UTC)


def test_nothing_is_written_over(site: files.Site):
    before = {file: file.read_bytes() for file in site.directory.iterdir()}
    with pytest.raises(errors.InputRefused, match="site-exists"):
        creation.create(site.directory, "again", ["x"], certificates.Validity())
    assert {file: file.read_bytes() for file in site.directory.iterdir()} == before


def test_a_directory_with_anything_in_it_is_refused(tmp_path: Path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(errors.InputRefused, match="site-exists"):
        creation.create(tmp_path, "x", ["x"], certificates.Validity())


@pytest.mark.parametrize(
    ("name", "servers"),
    [
        ("", ["x"]), ("a\nb", ["x"]), ("a" * 257, ["x"]), ("Fjord", [""]), ("Fjord", ["a\0b"]),
        ("Fjord", ["x"] * 65), ("Fjord", ["blåbær.no"]),
    ],
)  # fmt: skip
def test_names_that_cannot_stand_are_refused_before_a_key_is_made(
    tmp_path: Path, name: str, servers: list[str]
):
    with pytest.raises(errors.InputRefused, match="site-name"):
        creation.create(tmp_path / "site", name, servers, certificates.Validity())
    assert not (tmp_path / "site").exists()


def test_a_directory_that_cannot_be_made_is_the_worlds_fault(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.WorldFailed, match="site-write"):
        creation.create(tmp_path / "file" / "site", "x", ["x"], certificates.Validity())


@pytest.mark.parametrize(
    ("file", "content", "code"),
    [
        (files.DESCRIPTION, None, "site-missing"),
        (files.DESCRIPTION, b"{", "site-malformed"),
        (files.DESCRIPTION, b"[]", "site-malformed"),
        (files.DESCRIPTION, b'{"format": "varde-site-1"}', "site-malformed"),
        (files.DESCRIPTION, b"\xff", "site-malformed"),
    ],
)
def test_a_bad_description_is_named(site: files.Site, file: str, content: bytes | None, code: str):
    path = site.directory / file
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(errors.InputRefused, match=code):
        files.load(site.directory)


def test_keys_that_are_missing_mixed_up_or_broken_are_named(site: files.Site):
    collector = site.directory / files.COLLECTOR_KEY
    whole = collector.read_bytes()
    for content, code in (
        ((site.directory / files.RECEIVER_KEY).read_bytes(), "key-kind"),
        (whole[:40], "key-malformed"),
        (b"", "key-malformed"),
    ):
        collector.write_bytes(content)
        with pytest.raises(errors.InputRefused, match=code):
            site.collector_seed()
    collector.unlink()
    with pytest.raises(errors.InputRefused, match="file-read"):
        site.collector_seed()
    with pytest.raises(errors.InputRefused, match="key-kind"):
        site.receiver_private(site.server_key)


def test_another_sites_collector_key_is_noticed(tmp_path: Path, site: files.Site):
    other = creation.create(tmp_path / "b", "b", ["x"], certificates.Validity())
    key = (other.directory / files.COLLECTOR_KEY).read_bytes()
    (site.directory / files.COLLECTOR_KEY).write_bytes(key)
    with pytest.raises(errors.InputRefused, match="key-mismatch"):
        site.collector_seed()

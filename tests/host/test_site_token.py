"""A site's keys in a token: SoftHSM 2, by the same PKCS #11 as any other token."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pkcs11
import pytest

from host import soft_token
from host.terminal import Terminal
from varde_host import errors
from varde_host.site import (
    certificates,
    creation,
    files,
    passphrases,
    proof,
    token_signer,
    token_uri,
)
from varde_protocols.crypto import ed25519

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def tokens(soft_tokens: soft_token.SoftTokens) -> soft_token.SoftTokens:
    return soft_tokens


@pytest.fixture(scope="module")
def pin_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pin") / "pin"
    file.write_text(soft_token.PIN + "\n")
    file.chmod(0o600)
    return file


@pytest.fixture(scope="module")
def told(pin_file: Path) -> passphrases.Secrets:
    return passphrases.Secrets(pin_file=pin_file)


@pytest.fixture(scope="module")
def service(tokens: soft_token.SoftTokens, told: passphrases.Secrets) -> tuple[str, bytes]:
    """A key that the token made: its URI and its public half."""
    uri = tokens.uri("service")
    return uri, token_signer.make_key(token_uri.parse(uri), told)


def test_what_the_token_signs_our_verifier_takes(service, told: passphrases.Secrets):
    uri, public = service
    signer = files.open_signer(uri, public, told)
    assert signer.public == public
    for message in (b"", b"open", bytes(5000)):
        signature = signer.sign(message)
        assert len(signature) == 64
        assert ed25519.VerifyKey(public).verify(message, signature)
        assert not ed25519.VerifyKey(public).verify(message + b"x", signature)
    assert files.open_signer(uri, None, told).kid == signer.kid


def test_the_key_does_not_leave_the_token(service, tokens, told: passphrases.Secrets):
    uri = token_uri.parse(service[0])
    session = token_signer._open(uri, told, rw=False)
    private = token_signer._only(session, uri, pkcs11.ObjectClass.PRIVATE_KEY)
    assert private[pkcs11.Attribute.SENSITIVE]
    assert not private[pkcs11.Attribute.EXTRACTABLE]
    with pytest.raises(pkcs11.AttributeSensitive):
        private[pkcs11.Attribute.VALUE]


def test_a_site_signs_by_a_token_and_by_files(
    service, tokens, tmp_path: Path, pin_file: Path, terminal: Terminal
):
    uri, public = service
    new = tmp_path / "site"
    options = ("--no-passphrase", "--token", f"service={uri}", "--pin-file", pin_file)
    status, said = terminal.json("site", "init", new, *options)
    assert (status, said["roles"]["service"]["keys"]) == (0, [public.hex()])
    assert not (new / "service.key").exists()
    site = files.load(new, passphrases.Secrets(pin_file=pin_file))
    for role in ("trust", "assignment", "service"):
        signer = site.signer(role)
        assert ed25519.VerifyKey(site.roles[role].publics[0]).verify(b"x", signer.sign(b"x"))
    states = {key.role: key.state for key in proof.check(site, NOW).keys}
    assert set(states.values()) == {proof.PROVEN}
    status, said = terminal.json("site", "check", "--site", new)  # and no PIN
    unopened = [key for key in said["keys"] if key["state"] == "not-opened"]
    assert [(key["role"], key["reason"]) for key in unopened] == [("service", "pin-needed")]
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse battery staple")
    phrase.chmod(0o600)
    secrets = ("--passphrase-file", phrase, "--pin-file", pin_file)
    status, said = terminal.json("site", "backup", tmp_path / "b", "--site", new, *secrets)
    assert (status, {key["state"] for key in said["keys"]}) == (0, {"proven"})


def test_two_keys_of_one_token(tokens, told: passphrases.Secrets, tmp_path: Path):
    uris = [token_uri.parse(tokens.uri(f"trust-{number}")) for number in (1, 2)]
    publics = [token_signer.make_key(uri, told) for uri in uris]
    plan = creation.Plan(None, 3, 2, {"trust": uris})
    validity = certificates.Validity()
    site = creation.create(tmp_path / "s", "s", ["x"], validity, plan, told)
    assert [signer.public for signer in site.signers("trust")] == publics
    assert [key.place for key in site.roles["trust"].keys][2] == "trust-3.key"


def test_a_wrong_pin_is_told_once_and_not_repeated(service, tokens, tmp_path: Path):
    wrong = tmp_path / "pin"
    wrong.write_text("10101010")
    wrong.chmod(0o600)
    secrets = passphrases.Secrets(pin_file=wrong)
    uri = token_uri.parse(tokens.uri("x", "Brittle"))
    with pytest.raises(errors.InputRefused, match="token-pin") as caught:
        token_signer.open_signer(uri, None, secrets)
    assert "10101010" not in repr(caught.value)
    assert caught.value.__cause__ is None
    wrong.write_text(soft_token.PIN)
    for _ in range(2):  # not even the right one is tried by the same command
        with pytest.raises(errors.InputRefused, match="token-pin"):
            token_signer.open_signer(uri, None, secrets)
    with pytest.raises(errors.InputRefused, match="token-key"):
        token_signer.open_signer(uri, None, passphrases.Secrets(pin_file=wrong))
    assert caught.value.__context__ is None or "10101010" not in repr(caught.value.__context__)


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ({"label": "service", "token": "Nobody"}, "token-missing"),
        ({"label": "service", "token": "Twin"}, "token-missing"),
        ({"label": "nothing"}, "token-key"),
    ],
)
def test_what_is_not_there_is_named(uri, code, service, tokens, told: passphrases.Secrets):
    with pytest.raises(errors.InputRefused, match=code):
        files.open_signer(tokens.uri(**uri), None, told)


def test_a_module_that_is_none(tmp_path: Path, told: passphrases.Secrets, monkeypatch):
    monkeypatch.delenv(token_signer.MODULE_VARIABLE, raising=False)
    with pytest.raises(errors.InputRefused, match="token-module"):
        files.open_signer("pkcs11:token=T;object=o", None, told)
    (tmp_path / "lib.so").write_bytes(b"no library")
    with pytest.raises(errors.WorldFailed, match="token-failed"):
        files.open_signer(f"pkcs11:token=T;object=o?module-path={tmp_path}/lib.so", None, told)


def test_the_module_may_stand_in_the_environment(service, tokens, told, monkeypatch):
    monkeypatch.setenv(token_signer.MODULE_VARIABLE, str(tokens.module))
    assert files.open_signer("pkcs11:token=Varde;object=service", None, told).public == service[1]


def test_the_pin_may_stand_in_the_file_that_the_uri_names(service, tokens, pin_file: Path):
    for source in (f"file:{pin_file}", str(pin_file)):
        uri = tokens.uri("service", **{"pin-source": source})
        assert files.open_signer(uri, None, passphrases.Secrets()).public == service[1]


def test_another_key_than_the_sites_is_noticed(service, tokens, told: passphrases.Secrets):
    other = ed25519.SigningKey(bytes(32)).public
    with pytest.raises(errors.InputRefused, match="key-mismatch"):
        files.open_signer(service[0], other, told)


def test_a_key_of_another_kind_is_none_of_ours(tokens, told: passphrases.Secrets):
    uri = token_uri.parse(tokens.uri("rsa"))
    token_signer._open(uri, told, rw=True).generate_keypair(
        pkcs11.KeyType.RSA, 2048, store=True, label="rsa"
    )
    with pytest.raises(errors.InputRefused, match="token-key"):
        files.open_signer(str(uri), None, told)


def test_nothing_in_the_token_is_written_over(service, tokens, pin_file: Path, terminal: Terminal):
    command = ("site", "token-key", service[0], "--pin-file", pin_file)
    status, error = terminal.json(*command)
    assert (status, error["error"]) == (1, "token-key-exists")
    status, made = terminal.json("site", "token-key", tokens.uri("new"), *command[3:])
    assert (status, len(made["public"])) == (0, 64)
    assert soft_token.PIN not in str(made)


def test_roles_that_have_no_key_in_a_token(tmp_path: Path, terminal: Terminal):
    for given in ("release=pkcs11:token=T;object=o", "collector=pkcs11:", "x", "=pkcs11:"):
        command = ("site", "init", tmp_path / "s", "--no-passphrase", "--token", given)
        assert terminal.json(*command)[1]["error"] == "token-role"

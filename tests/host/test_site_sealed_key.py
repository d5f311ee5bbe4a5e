"""Keys' files under a passphrase: who reads them, and what is known of them without it."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from varde_host import errors
from varde_host.site import files, passphrases, sealed_key

PHRASE = "correct horse battery staple"
OTHER = "quite another five words"
KINDS = [
    ed25519.Ed25519PrivateKey.generate(),
    x25519.X25519PrivateKey.generate(),
    ec.generate_private_key(ec.SECP256R1()),
]


def plain(key: object) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def file_of(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sealed_key, "SCRYPT_COST", 2)
    monkeypatch.setattr(sealed_key, "SCRYPT_PARALLELIZATION", 1)


@pytest.mark.parametrize("key", KINDS)
def test_a_key_comes_back_under_its_passphrase_only(key: sealed_key.PrivateKey):
    pem = sealed_key.write(key, PHRASE.encode())
    assert sealed_key.is_encrypted(pem)
    assert plain(sealed_key.read(pem, PHRASE.encode(), "x")) == plain(key)
    for wrong in (b"", b"x", OTHER.encode(), PHRASE.encode() + b" "):
        with pytest.raises(errors.InputRefused, match="passphrase-wrong"):
            sealed_key.read(pem, wrong, "x")
    with pytest.raises(errors.InputRefused, match="key-malformed"):
        sealed_key.read(pem, None, "x")


@pytest.mark.parametrize("key", KINDS)
def test_a_key_that_was_cut_off_is_known_without_its_passphrase(
    cheap: None, key: sealed_key.PrivateKey, tmp_path: Path
):
    """`check` would else call it a key that nobody opened."""
    pem = sealed_key.write(key, PHRASE.encode())
    assert sealed_key.is_whole(pem)
    assert sealed_key.is_whole(pem.replace(b"\n", b"\r\n") + b"\n")
    assert not any(sealed_key.is_whole(pem[:end]) for end in range(len(pem) - 1))
    file = file_of(tmp_path / "key", pem[: len(pem) // 2].decode())
    with pytest.raises(errors.InputRefused, match="key-malformed"):
        files.read_private(file, passphrases.Secrets())


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_only_a_sequence_of_its_own_length_is_whole(noise: bytes):
    head, end = b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"-----END ENCRYPTED PRIVATE KEY-----"
    for body in (noise, base64.b64encode(noise)):
        assert not sealed_key.is_whole(head + body)
        assert not sealed_key.is_whole(head + body + end) or noise[:1] == b"\x30"
    length = len(noise).to_bytes(2, "big")
    whole = b"\x30\x82" + length + noise
    assert sealed_key.is_whole(head + base64.b64encode(whole) + end)
    assert not sealed_key.is_whole(head + base64.b64encode(whole + b"x") + end)


@pytest.mark.parametrize("cipher", ["aes256", "des3"])
@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here to write it")
@pytest.mark.parametrize("key", KINDS)
def test_what_openssl_has_encrypted_is_whole(
    key: sealed_key.PrivateKey, cipher: str, tmp_path: Path
):
    plain_file, phrase = tmp_path / "plain.pem", file_of(tmp_path / "phrase", PHRASE)
    plain_file.write_bytes(sealed_key.write(key, None))
    command = ["openssl", "pkcs8", "-topk8", "-v2", cipher, "-in", plain_file]
    done = subprocess.run(
        [*command, "-passout", f"file:{phrase}"], capture_output=True, check=True
    )
    assert sealed_key.is_whole(done.stdout)
    assert plain(sealed_key.read(done.stdout, PHRASE.encode(), "x")) == plain(key)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here to read it")
@pytest.mark.parametrize("key", KINDS)
def test_openssl_reads_it(key: sealed_key.PrivateKey, tmp_path: Path):
    pem, phrase = tmp_path / "key.pem", file_of(tmp_path / "phrase", PHRASE)
    pem.write_bytes(sealed_key.write(key, PHRASE.encode()))
    command = ["openssl", "pkey", "-in", pem, "-passin", f"file:{phrase}", "-outform", "DER"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert serialization.load_der_private_key(done.stdout, None).public_key() == key.public_key()

"""Our own code on CPython, and the ends of what the interfaces take."""

from __future__ import annotations

import json
import pathlib

import hypothesis
import hypothesis.strategies as st
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from varde_protocols.crypto import aes_ccm, ed25519, hkdf, x25519

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "protocols" / "vectors"


def test_rfc_7748_a_thousand_iterations() -> None:
    iterated = json.loads((VECTORS / "rfc7748.json").read_text())["iterated"]
    scalar = u = bytes.fromhex(iterated["start"])
    for _ in range(1000):
        scalar, u = x25519.shared(scalar, u), scalar
    assert scalar.hex() == iterated["after_1000"]


@hypothesis.given(
    st.binary(max_size=150), st.binary(max_size=150), st.binary(), st.integers(1, 300)
)
def test_hkdf_as_openssl_does(secret: bytes, salt: bytes, info: bytes, length: int) -> None:
    expected = HKDF(hashes.SHA256(), length, salt, info).derive(secret)
    assert hkdf.sha256(secret, salt, info, length) == expected


@hypothesis.given(st.binary(max_size=100), st.binary(max_size=40))
def test_what_is_sealed_opens(plaintext: bytes, aad: bytes) -> None:
    sealed = aes_ccm.seal(bytes(16), bytes(13), plaintext, aad)
    assert aes_ccm.open_sealed(bytes(16), bytes(13), sealed, aad) == plaintext


def test_a_plaintext_of_65535_bytes_is_the_longest() -> None:
    longest = bytes(65535)
    sealed = aes_ccm.seal(bytes(16), bytes(13), longest, b"")
    assert aes_ccm.open_sealed(bytes(16), bytes(13), sealed, b"") == longest
    with pytest.raises(ValueError, match="too long"):
        aes_ccm.seal(bytes(16), bytes(13), bytes(65536), b"")
    with pytest.raises(ValueError, match="too long"):
        aes_ccm.seal(bytes(16), bytes(13), b"", bytes(0xFF00))


@hypothesis.given(st.binary(min_size=32, max_size=32), st.binary(max_size=64))
def test_any_32_bytes_make_a_key_pair(seed: bytes, message: bytes) -> None:
    key = ed25519.SigningKey(seed)
    assert ed25519.VerifyKey(key.public).verify(message, key.sign(message))


@hypothesis.given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_any_bytes_are_judged_without_an_exception(public: bytes, signature: bytes) -> None:
    ed25519.VerifyKey(public).verify(b"message", signature)

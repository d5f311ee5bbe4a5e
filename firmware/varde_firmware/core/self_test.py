"""Whether the arithmetic that everything rests on still gives the answers it must."""

from varde_protocols.crypto import ed25519

# RFC 8032, 7.1, test 1: the key, and how its signature of nothing begins.
_SEED = (
    b"\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4"
    b"\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60"
)
_BEGINS = b"\xe5\x56\x43\x00\xc3\x60\xac\x72"


def signs_right() -> bool:
    """Sign and verify a known answer; takes as long as receiving a document does."""
    key = ed25519.SigningKey(_SEED)
    signature = key.sign(b"")
    return signature[:8] == _BEGINS and ed25519.VerifyKey(key.public).verify(b"", signature)

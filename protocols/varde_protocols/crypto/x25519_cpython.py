"""X25519 back end for CPython: OpenSSL, by way of `cryptography`."""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey


def public_key(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def multiply(private: bytes, public: bytes) -> bytes:
    """RFC 7748 section 5; raises ValueError for a result of zeros."""
    peer = X25519PublicKey.from_public_bytes(public)
    return X25519PrivateKey.from_private_bytes(private).exchange(peer)

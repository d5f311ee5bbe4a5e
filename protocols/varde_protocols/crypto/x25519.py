"""X25519 key agreement (RFC 7748 sections 5 and 6.1)."""

from varde_protocols._compat import ON_MICROPYTHON, const

if ON_MICROPYTHON:
    from . import x25519_micropython as _back_end
else:
    from . import x25519_cpython as _back_end  # type: ignore[no-redef]

KEY_BYTES = const(32)


def public_key(private: bytes) -> bytes:
    """The 32-byte public key of 32 random private bytes."""
    if len(private) != KEY_BYTES:
        raise ValueError("an X25519 private key has 32 bytes")
    return _back_end.public_key(bytes(private))


def shared(private: bytes, public: bytes) -> bytes:
    """The 32-byte secret that both ends share.

    Raises ValueError if it would be all zeros, which only a public key of small order gives: then
    the peer has contributed nothing (section 6.1). Non-canonical public keys are taken modulo p,
    as section 5 wants it.
    """
    if len(private) != KEY_BYTES or len(public) != KEY_BYTES:
        raise ValueError("X25519 keys have 32 bytes")
    return _back_end.multiply(bytes(private), bytes(public))

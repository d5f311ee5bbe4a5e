"""X25519 key agreement (RFC 7748 sections 5 and 6.1)."""

from varde_protocols._compat import ON_MICROPYTHON, const

if ON_MICROPYTHON:
    from . import x25519_micropython as _back_end
else:
    from . import x25519_cpython as _back_end  # type: ignore[no-redef]

KEY_BYTES = const(32)

_P = (1 << 255) - 19
_ORDER_8_U = 325606250916557431795983626356110631294008115727848805560023387167927233504
_OTHER_ORDER_8_U = 39382357235489614581723060781553021112529911719440698176882885853963445705823
# The u of all points of small order, on the curve and on its twist.
_SMALL_ORDER_US = (0, 1, _P - 1, _ORDER_8_U, _OTHER_ORDER_8_U)


def public_key(private: bytes) -> bytes:
    """The 32-byte public key of 32 random private bytes."""
    if len(private) != KEY_BYTES:
        raise ValueError("an X25519 private key has 32 bytes")
    return _back_end.public_key(bytes(private))


def is_usable(public: bytes) -> bool:
    """Whether `shared` takes these bytes: 32, and no point of small order in any spelling."""
    u = int.from_bytes(public, "little") & ((1 << 255) - 1)
    return len(public) == KEY_BYTES and u % _P not in _SMALL_ORDER_US


def shared(private: bytes, public: bytes) -> bytes:
    """The 32-byte secret that both ends share.

    Raises ValueError if it would be all zeros, which only a public key of small order gives: then
    the peer has contributed nothing (section 6.1). Non-canonical public keys are taken modulo p,
    as section 5 wants it.
    """
    if len(private) != KEY_BYTES or len(public) != KEY_BYTES:
        raise ValueError("X25519 keys have 32 bytes")
    return _back_end.multiply(bytes(private), bytes(public))

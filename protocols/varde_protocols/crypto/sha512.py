"""SHA-512 (FIPS 180-4), which MicroPython's hashlib lacks."""

from varde_protocols._compat import ON_MICROPYTHON

if ON_MICROPYTHON:
    from .sha512_micropython import digest
else:
    from .sha512_cpython import digest

__all__ = ["digest"]

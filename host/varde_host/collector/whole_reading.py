"""Recognise a whole reading record at a glance.

Readings are nearly all of what comes, and deterministic CBOR leaves a record one spelling: a
COSE_Sign1 around a payload of one shape, each number in its shortest head. So the record can be
written down as a regular expression of bytes, with lengths checked beside it, which is ten times
as fast as decoding in Python. It is a short cut only: what it does not recognise is left to the
shared codecs in full (`judgement`, `envelope`), and what it recognises they accept with the same
meaning. Tests hold the two together at all limits and over mutated records.
"""

from __future__ import annotations

import re

from varde_protocols import cose, records
from varde_protocols.cbor_scalars import byte_string

# Unsigned integers in their shortest head (RFC 8949 section 4.2.1), by their largest value: what
# fits fewer bytes must not take more.
_TINY = rb"[\x00-\x17]"
_U8 = rb"\x18[\x18-\xff]"
_U16 = rb"\x19(?!\x00).{2}"
_U17 = rb"\x1a\x00\x01.{2}"
_U32 = rb"\x1a(?!\x00{2}).{4}"
_U31 = rb"\x1a(?!\x00{2})[\x00-\x7f].{3}"
_U48 = rb"\x1b\x00{2}(?!\x00{2}).{6}"
_U63 = rb"\x1b(?!\x00{4})[\x00-\x7f].{7}"


def _any_of(*spellings: bytes) -> bytes:
    return b"(?:" + b"|".join(spellings) + b")"


_SLOT = _any_of(_TINY, _U8)  # records.MAX_SLOT
_CHARACTERISTIC = _any_of(_TINY, _U8, _U16, _U17)  # assigned.MAX_NUMBER
_BOOT = _any_of(_TINY, _U8, _U16, _U31)  # records.MAX_BOOT
_MS = _any_of(_TINY, _U8, _U16, _U32, _U48)  # records.MAX_MS
_SEQ = _any_of(_TINY, _U8, _U16, _U32, _U63)  # records.MAX_SEQ

_BYTES = rb"[\x40-\x57]|\x58.|\x59.{2}"  # head of a byte string; _LENGTHS knows the shortest
_LENGTHS = {byte_string(bytes(n))[:-n]: n for n in range(1, records.MAX_RECORD_BYTES)}

_RECORD = re.compile(
    b"\x84\x4d\xa2\x01\x27\x04\x48.{8}\xa0(%s)" % _BYTES
    + b"\xa5\x01\x01\x02(%s)\x03(%s)\x04(%s)" % (_SEQ, _BOOT, _MS)
    + b"\x05\xa5\x01%s\x02%s\x03%s\x04(%s)" % (_SLOT, _CHARACTERISTIC, _SEQ, _BYTES),
    re.DOTALL,
)
_match = _RECORD.match
_from_bytes = int.from_bytes
# What is left of a head with its number, by their length, when the head's own byte is taken off.
_MASKS = {1: 0x1F, 2: 0xFF, 3: 0xFFFF, 5: 0xFFFF_FFFF, 9: 0xFFFF_FFFF_FFFF_FFFF}
_MAX_SEALED_BYTES, _MAX_RECORD_BYTES = records.MAX_SEALED_BYTES, records.MAX_RECORD_BYTES
# What follows the sealed value: key 5, no verification or one.
_VERIFICATIONS = {2: b"\x05\x40", 2 + records.VERIFICATION_BYTES: b"\x05\x48"}
_SIGNATURE_HEAD = b"\x58\x40"
_TAIL_BYTES = len(_SIGNATURE_HEAD) + cose.SIGNATURE_BYTES

Found = tuple[int, int, int, int]
"""Where the record ends, and its (still unverified) seq, boot and uptime_ms."""


def find(body: bytes, begin: int) -> Found | None:
    """Return what is found of a whole, legal reading record at `begin`; None if not sure."""
    match = _match(body, begin)
    if match is None:
        return None
    payload_head, seq, boot, uptime, sealed_head = match.groups()
    payload_end = match.end(1) + _LENGTHS.get(payload_head, 0)
    sealed_bytes = _LENGTHS.get(sealed_head, 0)
    sealed_end = match.end() + sealed_bytes
    end = payload_end + _TAIL_BYTES
    if (
        body[sealed_end : sealed_end + 2] != _VERIFICATIONS.get(payload_end - sealed_end)
        or not 0 < sealed_bytes <= _MAX_SEALED_BYTES
        or end > len(body)
        or end - begin > _MAX_RECORD_BYTES
        or body[payload_end : payload_end + 2] != _SIGNATURE_HEAD
    ):
        return None
    return (
        end,
        _from_bytes(seq) & _MASKS[len(seq)],
        _from_bytes(boot) & _MASKS[len(boot)],
        _from_bytes(uptime) & _MASKS[len(uptime)],
    )

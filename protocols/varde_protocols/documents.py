"""Documents that a site signs: COSE_Sign (RFC 9052 section 4.1) in the one profile of ours.

    98([ << {-65537: kind} >>, {}, payload, [[ << {1: -8, 4: kid} >>, {}, signature ], ...] ])

Tagged, since a document is a file and says itself what it is. The kind stands in the protected
header of the body, which every signature covers: no document can be taken for another. Its label
is one for private use (RFC 9052 section 11.1; a number as content type would have to be a
registered one). Signatures are Ed25519, ascending by key id and so of different keys: all of it
has one spelling but for the choice of signers, and is cut at fixed places.

Whose signatures count says a role of the site's trust (`trust`): a threshold and keys. Signatures
under key ids that the role does not know count for nothing and harm nothing, because the next
trust carries those of old and new keys; how many there may be is bounded. One that should be of a
known key and is not refuses the document.

Errors: DocumentError, codes `document-...`; CoseError `bad-signature`.
"""

from . import cose
from ._compat import TYPE_CHECKING, const
from .cbor_scalars import byte_string
from .crypto import ed25519
from .errors import CoseError, DocumentError

if TYPE_CHECKING:
    from typing import Iterable, Protocol

    class Signer(Protocol):
        """Who holds a private key: a file, a token, or a key of a test."""

        @property
        def public(self) -> bytes: ...

        def sign(self, message: bytes) -> bytes: ...


# Kinds of documents. Each is signed by the role of the same number (`trust.ROLE_...`), those of
# the bench by the role that signs its wipe records: no hub reads them, and no role answers for
# them there.
TRUST = const(1)
RELEASE = const(2)
ASSIGNMENT = const(3)
WIPE_RECORD = const(4)
VERIFICATION = const(5)
ACCEPTANCE = const(6)
HANDOUT = const(7)
TRACE = const(8)

MAX_SIGNATURES = const(8)  # two generations of a role of four; a hub spends 0.2 s on each
# The largest is a trust with four roots of 2048 bytes: 10.2 KB. A hub holds one at a time, twice.
MAX_DOCUMENT_BYTES = const(12288)
# A cuff's two runs of 22 points with their leak curves and budgets take some 40 KB of JSON.
MAX_BENCH_RECORD_BYTES = const(65536)
SITE_ID_BYTES = const(8)

_BODY_HEADERS = b"\xa1\x3a\x00\x01\x00\x00"  # {-65537: kind} up to the kind
_START = b"\xd8\x62\x84\x47" + _BODY_HEADERS
_KIND_AT = const(10)
_PAYLOAD_AT = const(12)
_SIGN_HEADERS = b"\xa2\x01\x27\x04\x48"  # {1: -8, 4: kid} up to the kid
_SIGNATURE_START = b"\x83\x4d" + _SIGN_HEADERS
_SIGNATURE_MIDDLE = b"\xa0\x58\x40"  # no unprotected headers, a byte string of 64
_KID_AT = const(7)  # within a signature
_MARK_AT = const(18)
_SIGNATURE_BYTES = const(82)
_MAX_KIND = const(23)  # what fits the byte that the kind has
_CONTEXT = b"\x85\x69Signature"  # RFC 9052 section 4.4


def sig_structure(kind: int, kid: bytes, payload: bytes) -> bytes:
    """Return what the key of `kid` signs (RFC 9052 section 4.4)."""
    return b"".join(
        (
            _CONTEXT,
            byte_string(_BODY_HEADERS + bytes((kind,))),
            byte_string(_SIGN_HEADERS + kid),
            b"\x40",
            byte_string(payload),
        )
    )


def sign(kind: int, payload: bytes, signers: "Iterable[Signer]") -> bytes:
    """Return the document.

    Raises ValueError (ours) for a signer twice, none or too many, or if it grows too large.
    """
    found = {}
    count = 0
    for signer in signers:
        kid = cose.key_id(signer.public)
        found[kid] = signer.sign(sig_structure(kind, kid, payload))
        count += 1
    if not 0 < kind <= _MAX_KIND or not 0 < count <= MAX_SIGNATURES or count != len(found):
        raise ValueError("a document has 1 to %d signatures, each key's once" % MAX_SIGNATURES)
    parts = [_START, bytes((kind, 0xA0)), byte_string(payload), bytes((0x80 | count,))]
    for kid in sorted(found):
        parts += [_SIGNATURE_START, kid, _SIGNATURE_MIDDLE, found[kid]]
    data = b"".join(parts)
    most = MAX_BENCH_RECORD_BYTES if kind > WIPE_RECORD else MAX_DOCUMENT_BYTES
    if len(data) > most:
        raise ValueError("a document has at most %d bytes" % most)
    return data


def _fault(code: str, where: str, hint: str) -> DocumentError:
    return DocumentError("document-" + code, where, hint)


def _cut(data: bytes, kind: int) -> "tuple[bytes, list[tuple[bytes, bytes]]]":
    """Return the payload of a document of this kind, and (key id, signature) of each signer."""
    data = bytes(data)
    start, end = cose.byte_string_at(data, _PAYLOAD_AT)
    count = (len(data) - end - 1) // _SIGNATURE_BYTES
    good = (
        len(data) <= (MAX_BENCH_RECORD_BYTES if kind > WIPE_RECORD else MAX_DOCUMENT_BYTES)
        and data[:_KIND_AT] == _START
        and data[_KIND_AT + 1 : _PAYLOAD_AT] == b"\xa0"
        and 0 <= end < len(data) == end + 1 + count * _SIGNATURE_BYTES
        and data[end] == 0x80 + count
        and 0 < count <= MAX_SIGNATURES
    )
    signatures = []
    before = b""
    for at in range(end + 1, len(data) if good else 0, _SIGNATURE_BYTES):
        mark = at + _MARK_AT
        kid = data[at + _KID_AT : mark - 3]
        good = good and before < kid
        good = good and data[at:mark] == _SIGNATURE_START + kid + _SIGNATURE_MIDDLE
        signatures.append((kid, data[mark : at + _SIGNATURE_BYTES]))
        before = kid
    if not good:
        raise _fault("malformed", "%d bytes" % len(data), "send a whole document, as it was made")
    if data[_KIND_AT] != kind:
        raise _fault("kind", "kind %d" % data[_KIND_AT], "send kind %d" % kind)
    return data[start:end], signatures


def unverified(data: bytes, kind: int) -> bytes:
    """Return the payload of a document of this kind, without asking who signed it."""
    return _cut(data, kind)[0]


def verify(data: bytes, kind: int, keys: "list[bytes]", threshold: int) -> bytes:
    """Return the payload of a document of this kind that `threshold` of these keys signed.

    Raises DocumentError `document-malformed`, `-kind`, `-threshold`, CoseError `bad-signature`.
    """
    if threshold < 1:
        raise ValueError("a threshold is at least 1")
    payload, signatures = _cut(data, kind)
    known = {cose.key_id(public): public for public in keys}
    good = 0
    for kid, signature in signatures:
        if kid in known:
            signed = sig_structure(kind, kid, payload)
            if not ed25519.VerifyKey(known[kid]).verify(signed, signature):
                raise CoseError("bad-signature", "document", "use the key that its kid names")
            good += 1
    if good < threshold:
        raise _fault("threshold", "%d of %d" % (good, threshold), "have others sign, too")
    return payload

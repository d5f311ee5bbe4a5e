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
from .value import Value

if TYPE_CHECKING:
    from typing import Iterable, Protocol

    class Signer(Protocol):
        """Who holds a private key: a file, a token, or a key of a test."""

        @property
        def public(self) -> bytes: ...

        def sign(self, message: bytes) -> bytes: ...


# Kinds of documents. Each is signed by the role of the same number (`trust.ROLE_...`).
TRUST = const(1)
RELEASE = const(2)
ASSIGNMENT = const(3)
WIPE_RECORD = const(4)

MAX_SIGNATURES = const(8)  # two generations of a role of four; a hub spends 0.2 s on each
# The largest is a trust with four roots of 2048 bytes: 10.2 KB. A hub holds one at a time, twice.
MAX_DOCUMENT_BYTES = const(12288)
SITE_ID_BYTES = const(8)

_BODY_HEADERS = b"\xa1\x3a\x00\x01\x00\x00"  # {-65537: kind} up to the kind
_START = b"\xd8\x62\x84\x47" + _BODY_HEADERS
_KIND_AT = const(10)
_PAYLOAD_AT = const(12)
_SIGN_HEADERS = b"\xa2\x01\x27\x04\x48"  # {1: -8, 4: kid} up to the kid
_SIGNATURE_START = b"\x83\x4d" + _SIGN_HEADERS
_SIGNATURE_MIDDLE = b"\xa0\x58\x40"
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
    """Return the document. Raises ValueError (ours) for a signer twice, none or too many."""
    if not 0 < kind <= _MAX_KIND:
        raise ValueError("a kind is 1 to %d" % _MAX_KIND)
    signatures = []
    for signer in signers:
        kid = cose.key_id(signer.public)
        signatures.append((kid, signer.sign(sig_structure(kind, kid, payload))))
    try:
        made = Document(kind, payload, sorted(signatures))
    except DocumentError as error:
        raise ValueError(str(error))
    return made.encode()


class Document(Value):
    """A parsed document. Until `verify` returned, all of it is only claims.

    `signatures` are (kid, signature), ascending by kid.
    """

    FIELDS = ("unverified_kind", "unverified_payload", "signatures")
    unverified_kind: int
    unverified_payload: bytes
    signatures: "list[tuple[bytes, bytes]]"

    def _check(self) -> None:
        kids = [kid for kid, _signature in self.signatures]
        if not 0 < len(kids) <= MAX_SIGNATURES or kids != sorted(set(kids)):
            hint = "send 1 to %d, each key's once, ascending by key id" % MAX_SIGNATURES
            raise _fault("signatures", "signatures", hint)

    def encode(self) -> bytes:
        """Return the bytes of the document; ValueError (ours) if there are too many."""
        parts = [_START, bytes((self.unverified_kind, 0xA0)), byte_string(self.unverified_payload),
                 bytes((0x80 | len(self.signatures),))]  # fmt: skip
        for kid, signature in self.signatures:
            parts += [_SIGNATURE_START, kid, _SIGNATURE_MIDDLE, signature]
        data = b"".join(parts)
        if len(data) > MAX_DOCUMENT_BYTES:
            raise ValueError("a document has at most %d bytes" % MAX_DOCUMENT_BYTES)
        return data

    @staticmethod
    def parse(data: bytes) -> "Document":
        """Cut `data`, all of it, into its parts."""
        data = bytes(data)
        start, end = cose.byte_string_at(data, _PAYLOAD_AT)
        count = (len(data) - end - 1) // _SIGNATURE_BYTES
        good = (
            len(data) <= MAX_DOCUMENT_BYTES
            and data[:_KIND_AT] == _START
            and data[_KIND_AT + 1 : _PAYLOAD_AT] == b"\xa0"
            and 0 <= end < len(data) == end + 1 + count * _SIGNATURE_BYTES
            and data[end] == 0x80 + count
        )
        signatures = []
        for at in range(end + 1, len(data) if good else 0, _SIGNATURE_BYTES):
            kid_at, mark = at + _KID_AT, at + _MARK_AT
            kid = data[kid_at : kid_at + cose.KID_BYTES]
            signature = data[mark : at + _SIGNATURE_BYTES]
            if data[at:mark] != _SIGNATURE_START + kid + _SIGNATURE_MIDDLE:
                good = False
            signatures.append((kid, signature))
        if not good:
            raise _fault("malformed", "%d bytes" % len(data), "send a whole document")
        return Document(data[_KIND_AT], data[start:end], signatures)

    def unverified(self, kind: int) -> bytes:
        """Return the payload of a document of this kind, without asking who signed it."""
        if self.unverified_kind != kind:
            raise _fault("kind", "kind %d" % self.unverified_kind, "send kind %d" % kind)
        return self.unverified_payload


def _fault(code: str, where: str, hint: str) -> DocumentError:
    return DocumentError("document-" + code, where, hint)


def verify(document: Document, kind: int, keys: "list[bytes]", threshold: int) -> bytes:
    """Return the payload if it is of this kind and `threshold` of these public keys signed it.

    Raises DocumentError `document-kind` or `document-threshold`, CoseError `bad-signature`.
    """
    if threshold < 1:
        raise ValueError("a threshold is at least 1")
    payload = document.unverified(kind)
    known = {cose.key_id(public): public for public in keys}
    good = 0
    for kid, signature in document.signatures:
        if kid in known:
            signed = sig_structure(kind, kid, payload)
            if not ed25519.VerifyKey(known[kid]).verify(signed, signature):
                raise CoseError("bad-signature", "document", "use the key that its kid names")
            good += 1
    if good < threshold:
        raise _fault("threshold", "%d of %d" % (good, threshold), "have others sign, too")
    return payload

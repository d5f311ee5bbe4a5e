"""How a hub asks the collector for what its site has published for it.

    POST /v1/document, application/cbor: COSE_Sign1 by the hub, its id as key id, with external
        data of its own, over {1: nonce, 2: kind, 3: after}
    200, application/cose: a document (`documents`) of that kind
    204: there is none after that number; anything else as in the exchange

`kind` is documents.TRUST or documents.ASSIGNMENT, `after` the epoch or the number that the hub
holds. Of trusts the collector gives the next one, as a hub follows them one by one; of assignments
the newest for this hub. The answer needs no nonce: a document proves itself, and an old one is
refused by its number. The request is signed because an assignment holds a home's WiFi password.

Errors: ExchangeError, CoseError, CborError. Shape: protocols/cddl/document_request.cddl.
"""

from . import cbor, cose, documents, exchange
from ._compat import TYPE_CHECKING, const
from .errors import ExchangeError
from .field_checks import FieldChecks
from .value import Value

PATH = "/v1/document"
REQUEST_TYPE = "application/cbor"
ANSWER_TYPE = "application/cose"

MAX_AFTER = (1 << 32) - 1  # epochs and numbers of assignments
MAX_REQUEST_BYTES = const(192)  # the longest has 123

_AAD = b"varde document request 1"
_checks = FieldChecks(ExchangeError, "document-request")

if TYPE_CHECKING:
    from typing import Any


class DocumentRequest(Value):
    """See above."""

    FIELDS = ("nonce", "kind", "after")
    nonce: bytes
    kind: int
    after: int

    def _check(self) -> None:
        size = exchange.NONCE_BYTES
        _checks.byte_string(self.nonce, size, size, "nonce")
        _checks.uint(self.kind, documents.TRUST, documents.ASSIGNMENT, "kind")
        if self.kind == documents.RELEASE:
            raise ExchangeError("document-request-kind", "kind 2", "fetch releases by their hash")
        _checks.uint(self.after, 0, MAX_AFTER, "after")


def sign(signing_key: "cose.Signer", hub_id: bytes, request: DocumentRequest) -> bytes:
    """Return the body of a request."""
    fields: "dict[int, Any]" = dict(enumerate(request._items(), 1))
    return cose.sign1(signing_key, hub_id, cbor.encode(fields), _AAD)


def parse(body: bytes) -> "cose.Sign1":
    """Return the message of a body, whose key id is only a claim. Raises as `check`."""
    if len(body) > MAX_REQUEST_BYTES:
        hint = "send at most %d bytes" % MAX_REQUEST_BYTES
        raise ExchangeError("document-request-too-large", "body", hint)
    return cose.Sign1.parse(body)


def check(message: "cose.Sign1", verify_key: "cose.Verifier") -> DocumentRequest:
    """Return the request, signed by the key that the collector keeps for the message's kid.

    Raises CoseError `bad-signature`, CborError or ExchangeError.
    """
    fields = cbor.decode(message.verify(verify_key, _AAD))
    return DocumentRequest(*_checks.values(fields, len(DocumentRequest.FIELDS), "request"))

"""Golden requests for documents, and what is refused."""

from __future__ import annotations

from typing import Any

from golden.values import HUB, HUB_ID, KEYS, NONCE
from varde_protocols import cbor, cose, document_request, documents

AAD = b"varde document request 1"
REFUSED = {
    "no map": b"\x80",
    "no kind": cbor.encode({1: NONCE, 3: 1}),
    "unknown key": cbor.encode({1: NONCE, 2: 1, 3: 1, 4: 0}),
    "short nonce": cbor.encode({1: NONCE[:15], 2: 1, 3: 1}),
    "release": cbor.encode({1: NONCE, 2: 2, 3: 1}),
    "kind is text": cbor.encode({1: NONCE, 2: "1", 3: 1}),
    "after is negative": cbor.encode({1: NONCE, 2: 1, 3: -1}),
    "after is large": cbor.encode({1: NONCE, 2: 1, 3: 1 << 32}),
    "trailing": cbor.encode({1: NONCE, 2: 1, 3: 1}) + b"\x00",
}


def document_request_vectors() -> dict[str, Any]:
    good = [(documents.TRUST, 0), (documents.TRUST, 1), (documents.ASSIGNMENT, 41),
            (documents.ASSIGNMENT, document_request.MAX_AFTER)]  # fmt: skip
    return {
        "keys": KEYS,
        "requests": [
            {"kind": kind, "after": after, "nonce": NONCE,
             "message": document_request.sign(
                 HUB, HUB_ID, document_request.DocumentRequest(NONCE, kind, after))}
            for kind, after in good
        ],
        "refused": [
            {"name": name, "message": cose.sign1(HUB, HUB_ID, payload, AAD)}
            for name, payload in REFUSED.items()
        ],
    }  # fmt: skip

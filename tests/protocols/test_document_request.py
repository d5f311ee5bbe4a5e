"""The request for a document: its CDDL, other people's libraries, and any bytes at all."""

from __future__ import annotations

from typing import Any

import cbor2
import pycddl
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from golden import formats
from golden.vectors import VECTORS
from varde_protocols import document_request
from varde_protocols.crypto import ed25519
from varde_protocols.errors import WireError

GOLDEN = formats.load("document_request.json")
TEXT = (VECTORS.parent / "cddl" / "document_request.cddl").read_text()
SCHEMA = pycddl.Schema("start = document-request\n" + TEXT)
PUBLIC = bytes.fromhex(GOLDEN["keys"]["hub_public"])
MESSAGES = [bytes.fromhex(row["message"]) for row in GOLDEN["requests"]]
REFUSED = {row["name"]: bytes.fromhex(row["message"]) for row in GOLDEN["refused"]}


@pytest.mark.parametrize("row", GOLDEN["requests"])
def test_golden_request_read_without_our_code(row: dict[str, Any]) -> None:
    protected, unprotected, payload, signature = cbor2.loads(bytes.fromhex(row["message"]))
    assert unprotected == {}
    assert cbor2.loads(protected) == {1: -8, 4: bytes.fromhex(GOLDEN["keys"]["hub_id"])}
    SCHEMA.validate_cbor(payload)
    nonce = bytes.fromhex(row["nonce"])
    assert cbor2.loads(payload) == {1: nonce, 2: row["kind"], 3: row["after"]}
    signed = cbor2.dumps(["Signature1", protected, b"varde document request 1", payload])
    Ed25519PublicKey.from_public_bytes(PUBLIC).verify(signature, signed)


@pytest.mark.parametrize("name", [name for name in REFUSED if name != "trailing"])
def test_cddl_refuses(name: str) -> None:
    with pytest.raises(pycddl.ValidationError):
        SCHEMA.validate_cbor(cbor2.loads(REFUSED[name])[2])


@given(formats.mutated(MESSAGES) | st.binary(max_size=300))
def test_other_bytes_are_refused_by_name(body: bytes) -> None:
    if body in MESSAGES:
        return
    with pytest.raises(WireError):
        document_request.check(document_request.parse(body), ed25519.VerifyKey(PUBLIC))

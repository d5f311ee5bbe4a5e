"""What a bench signs against its CDDL, and read without any code of ours."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import cbor2
import pycddl
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from golden import formats
from golden.vectors import VECTORS
from varde_protocols import documents
from varde_protocols.errors import WireError

CDDL = VECTORS.parent / "cddl"
GOLDEN = formats.load("bench_records.json")
KEYS = formats.load("documents.json")["keys"]
RECORD = pycddl.Schema("start = bench-record\n" + (CDDL / "bench_record.cddl").read_text())
DOCUMENT = pycddl.Schema(
    "start = document\n"
    + (CDDL / "document.cddl").read_text().replace(".cbor body-headers", "")
    .replace(".cbor sign-headers", "")
)  # fmt: skip
KINDS = {"verification": 5, "acceptance": 6, "handout": 7}


def named(row: dict[str, Any]) -> str:
    return f"{row['type']}-{row.get('case', row.get('kind', ''))}"


def in_cbor(payload: bytes) -> bytes:
    """RFC 8610 describes JSON and CBOR by one data model (appendix E)."""
    return cbor2.dumps(json.loads(payload))


@pytest.mark.parametrize("row", GOLDEN["documents"], ids=named)
def test_golden_records_follow_the_cddl(row: dict[str, Any]) -> None:
    message = bytes.fromhex(row["message"])
    DOCUMENT.validate_cbor(message)
    RECORD.validate_cbor(in_cbor(row["payload"].encode()))


@pytest.mark.parametrize("row", GOLDEN["documents"], ids=named)
def test_golden_records_are_read_without_code_of_ours(row: dict[str, Any]) -> None:
    """RFC 9052 section 4.4 with cbor2 and cryptography; the payload is JSON in one spelling."""
    message = bytes.fromhex(row["message"])
    assert hashlib.sha256(message).hexdigest() == row["sha256"]
    tagged = cbor2.loads(message)
    body, unprotected, payload, signatures = tagged.value
    assert (tagged.tag, cbor2.loads(body), unprotected) == (98, {-65537: row["kind"]}, {})
    assert row["kind"] == KINDS[row["type"]]
    [(protected, _, signature)] = signatures
    public = bytes.fromhex(KEYS["service-1"]["public"])
    assert cbor2.loads(protected)[4] == hashlib.sha256(public).digest()[:8]
    signed = cbor2.dumps(["Signature", body, protected, b"", payload], canonical=True)
    Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed[:-1] + b"\x00")
    content = json.loads(payload)
    again = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert again.encode() == payload == row["payload"].encode()


def test_the_cddl_refuses_what_is_none() -> None:
    good = json.loads(GOLDEN["documents"][0]["payload"])
    for fields in ({"form": 2}, {"by": ["x"]}, {"site": "x"}, {"more": 1}, {"valid_until": "now"}):
        with pytest.raises(pycddl.ValidationError):
            RECORD.validate_cbor(cbor2.dumps(good | fields))


def test_a_record_of_the_bench_may_be_larger_than_what_a_hub_reads() -> None:
    class Signer:
        public = bytes(32)

        def sign(self, _message: bytes) -> bytes:
            return bytes(64)

    large = bytes(documents.MAX_DOCUMENT_BYTES)
    assert (
        documents.unverified(
            documents.sign(documents.VERIFICATION, large, [Signer()]), documents.VERIFICATION
        )
        == large
    )
    with pytest.raises(ValueError, match="12288"):
        documents.sign(documents.WIPE_RECORD, large, [Signer()])
    too_large = bytes(documents.MAX_BENCH_RECORD_BYTES)
    with pytest.raises(ValueError, match="65536"):
        documents.sign(documents.VERIFICATION, too_large, [Signer()])
    grown = cbor2.dumps(
        cbor2.CBORTag(98, [cbor2.dumps({-65537: 4}), {}, large,
                           [[cbor2.dumps({1: -8, 4: bytes(8)}), {}, bytes(64)]]])
    )  # fmt: skip
    with pytest.raises(WireError):
        documents.unverified(grown, documents.WIPE_RECORD)

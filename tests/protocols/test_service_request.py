"""The request for the service mode: its CDDL, other people's libraries, and any bytes at all."""

from __future__ import annotations

import base64

import cbor2
import pycddl
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from golden import formats, service
from golden.vectors import VECTORS
from varde_protocols import records, service_request, test_readings

GOLDEN = formats.load("service_request.json")
CDDL = (VECTORS.parent / "cddl" / "service_request.cddl").read_text()
SCHEMA = pycddl.Schema("start = service-request\n" + CDDL)
BENCH = service.Bench()
GRANTED = [
    ("request", records.EVENT_SERVICE_OPENED), ("test", records.EVENT_TEST),
    ("test_cut", records.EVENT_TEST),
]  # fmt: skip


def test_golden_request_read_without_our_code() -> None:
    message = base64.b64decode(GOLDEN["line"].removeprefix("varde! "), validate=True)
    protected, unprotected, payload, signature = cbor2.loads(message)
    assert unprotected == {}
    assert cbor2.loads(protected)[1] == -8
    SCHEMA.validate_cbor(payload)
    assert cbor2.loads(payload) == {
        1: bytes.fromhex(GOLDEN["nonce"]),
        2: bytes.fromhex(GOLDEN["hub_id"]),
        3: 1,
    }
    signed = cbor2.dumps(["Signature1", protected, b"varde service request 1", payload])
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(GOLDEN["public"])).verify(signature, signed)
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(GOLDEN["seed"]))
    assert key.sign(signed) == signature


@pytest.mark.parametrize(
    "payload", [{1: b"", 2: bytes(8), 3: 1}, {1: bytes(16), 2: bytes(8), 3: 4}, {1: bytes(16)}]
)
def test_cddl_refuses(payload: dict[int, object]) -> None:
    with pytest.raises(pycddl.ValidationError):
        SCHEMA.validate_cbor(cbor2.dumps(payload))


@pytest.mark.parametrize("command", [1, 2, 3])
def test_cddl_takes_each_command(command: int) -> None:
    SCHEMA.validate_cbor(service_request.payload(bytes(16), bytes(8), command))


@given(st.binary(max_size=200), st.binary(min_size=16, max_size=16))
def test_no_bytes_open_or_raise(data: bytes, nonce: bytes) -> None:
    code, reason = service_request.check(data, [BENCH.public], nonce, bytes(8))
    assert code == records.EVENT_SERVICE_REFUSED
    assert 1 <= reason <= 6


@given(st.binary(max_size=80) | st.binary(min_size=66, max_size=66))
def test_no_bytes_are_taken_for_a_test_reading_or_raise(data: bytes) -> None:
    assert test_readings.read(data) is None


@given(st.binary(min_size=16, max_size=16), st.integers(0, 255), st.integers(0, 255))
def test_what_a_hub_makes_of_a_run_is_read_back(run: bytes, number: int, count: int) -> None:
    known = test_readings.read(test_readings.value(run, number, count))
    wanted = test_readings.Known(run, number, count) if 1 <= number <= count else None
    assert known == wanted


@given(st.data())
def test_no_changed_request_opens_or_raises(data: st.DataObject) -> None:
    which, done = data.draw(st.sampled_from(GRANTED))
    good = bytes.fromhex(GOLDEN[which])
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))
    bad = good[:start] + data.draw(st.binary(max_size=40)) + good[end:]
    nonce, hub_id = bytes.fromhex(GOLDEN["nonce"]), bytes.fromhex(GOLDEN["hub_id"])
    code, _ = service_request.check(bad, [BENCH.public], nonce, hub_id)
    assert (code == done) == (bad == good)
    assert bad == good or code == records.EVENT_SERVICE_REFUSED

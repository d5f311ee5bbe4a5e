"""The collector's fast ways accept exactly what the shared codecs accept."""

from __future__ import annotations

import hypothesis
import pytest
from host.virtual_hub import VirtualHub
from hypothesis import strategies as st

from varde_host.collector import batch, envelope, judgement, registry, verification
from varde_protocols import cbor, cose, exchange, records
from varde_protocols.errors import WireError

HUB = VirtualHub(1, bytes(range(9, 41)))
ENROLLED = registry.Hub(1, HUB.hub_id, HUB.public)

# Numbers around every border between two widths of a CBOR head, and around our own limits.
EDGES = [n + d for n in (0, 24, 256, 2**16, 2**31, 2**32, 2**48, 2**63) for d in (-1, 0, 1)]
UINT = st.one_of(st.sampled_from([n for n in EDGES if n >= 0]), st.integers(0, 2**64 - 1))
SIZES = st.sampled_from([0, 1, 23, 24, 255, 256, 639, 640, 641, 700])


def by_codec(payload: bytes) -> envelope.Envelope | None:
    try:
        return envelope._any_kind(payload)
    except WireError:
        return None


def by_both(payload: bytes) -> envelope.Envelope | None:
    try:
        return envelope.read(payload)
    except WireError:
        return None


def reading(seq=7, boot=2, uptime=1000, slot=1, characteristic=0x2A5E, session=3, size=90):
    body = {1: slot, 2: characteristic, 3: session, 4: bytes(size)}
    return cbor.encode({1: 1, 2: seq, 3: boot, 4: uptime, 5: body})


@hypothesis.given(UINT, UINT, UINT, UINT, UINT, UINT, SIZES)
def test_readings_at_all_limits(seq, boot, uptime, slot, characteristic, session, size):
    payload = reading(seq, boot, uptime, slot, characteristic, session, size)
    assert by_both(payload) == by_codec(payload)
    fast = envelope._fast_reading(payload)
    assert fast == by_codec(payload)  # a legal reading never needs the slow way


@hypothesis.given(
    st.builds(reading, seq=UINT, uptime=UINT, size=SIZES),
    st.integers(0, 120),
    st.sampled_from(["set", "insert", "delete", "cut", "append"]),
    st.binary(min_size=1, max_size=4),
)
@hypothesis.settings(max_examples=500)
def test_mutated_readings(payload: bytes, at: int, how: str, noise: bytes):
    at %= len(payload)
    mutated = {
        "set": payload[:at] + noise + payload[at + len(noise) :],
        "insert": payload[:at] + noise + payload[at:],
        "delete": payload[:at] + payload[at + len(noise) :],
        "cut": payload[:at],
        "append": payload + noise,
    }[how]
    assert by_both(mutated) == by_codec(mutated)


@hypothesis.given(st.integers(0, 6), UINT, st.integers(1, 8))
def test_numbers_in_longer_heads_than_they_need(field: int, number: int, width: int):
    """Build the payload by hand, one number of it in a head of a width of our choice."""
    heads = [cbor.encode(n) for n in (7, 2, 1000, 1, 0x2A5E, 3)]
    width = {1: 1, 2: 2, 3: 4, 4: 8, 5: 1, 6: 2, 7: 4, 8: 8}[width]
    wide = bytes([{1: 24, 2: 25, 4: 26, 8: 27}[width]])
    wide += (number % 2 ** (8 * width)).to_bytes(width, "big")
    if field < 6:
        heads[field] = wide
    sealed = bytes([0x40 | wide[0]]) + wide[1:] if field == 6 else b"\x58\x20"
    payload = (
        b"\xa5\x01\x01\x02%b\x03%b\x04%b\x05\xa4\x01%b\x02%b\x03%b\x04" % tuple(heads)
        + sealed
        + bytes(min(int.from_bytes(sealed[1:], "big"), 1000))
    )
    assert by_both(payload) == by_codec(payload)


@pytest.mark.parametrize("kind", [records.ANCHOR, records.EVENT, records.SESSION, 200])
def test_other_kinds_are_left_to_the_codec(kind: int):
    made = {
        records.ANCHOR: records.Anchor(1, 2, 3, 4, 1, 5),
        records.EVENT: records.Event(1, 2, 3, 4, 5),
        records.SESSION: records.Session(1, 2, 3, bytes(32), bytes(8)),
        200: records.Unknown(200, 1, 2, 3, None),
    }[kind]
    assert envelope._fast_reading(made.payload()) is None
    assert envelope.read(made.payload()) == (kind, 1, 2, 3)


# --- cutting a body -------------------------------------------------------------------------------

ITEMS = st.one_of(
    st.builds(lambda n: HUB.event(seq=n), st.integers(0, 1000)),
    st.builds(cbor.encode, st.lists(st.integers(0, 300), max_size=5)),
)


@hypothesis.given(st.lists(ITEMS, max_size=8), st.binary(max_size=6))
def test_bodies_are_cut_as_the_shared_codec_cuts_them(items: list[bytes], tail: bytes):
    body = HUB.body([]) + b"".join(items) + tail
    message, raws = exchange.split_body(body)
    parts = judgement.split(body)
    assert parts.request == message
    assert parts.raws == raws
    whole = {index for index, raw in enumerate(raws) if cose.sign1_end(raw, 0) == len(raw)}
    assert parts.odd == set(range(len(raws))) - whole


@hypothesis.given(st.binary(max_size=200))
def test_any_bytes_are_cut_or_refused_by_name(body: bytes):
    try:
        judgement.split(body)
    except WireError as error:
        assert error.code


@hypothesis.given(st.data())
def test_a_body_altered_anywhere_never_yields_a_record_that_was_not_signed(data: st.DataObject):
    raws = [HUB.event(seq=number) for number in (1, 2)]
    body = bytearray(HUB.body(raws))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    try:
        parts = judgement.split(bytes(body))
        judgement.verify_request(parts, ENROLLED)
    except WireError:
        return
    judged = judgement.judge(parts, ENROLLED, 0)
    assert {row.record for row in judged.rows} < set(raws)
    assert len(judged.refused) <= 1


# --- signatures -----------------------------------------------------------------------------------


def test_the_record_verifier_signs_for_what_the_codec_signs_for():
    verifier = verification.RecordVerifier(HUB.hub_id, HUB.public)
    for size in (0, 1, 23, 24, 255, 256, 700):
        raw = cose.sign1(HUB.key, HUB.hub_id, bytes(size))
        assert raw.startswith(verifier.start)
        assert verifier.payload(raw) == bytes(size)
        for at in (-1, -64, 17, 20):
            if -len(raw) <= at < len(raw) and size > 4:
                broken = bytearray(raw)
                broken[at] ^= 1
                assert verifier.payload(bytes(broken)) is None


def test_a_signature_with_a_large_scalar_is_refused():
    """RFC 8032 section 5.1.7: S must be below the group order, or a signature has a twin."""
    order = 2**252 + 27742317777372353535851937790883648493
    raw = HUB.event(seq=1)
    twin = int.from_bytes(raw[-32:], "little") + order
    verifier = verification.RecordVerifier(HUB.hub_id, HUB.public)
    assert verifier.payload(raw) is not None
    assert verifier.payload(raw[:-32] + twin.to_bytes(32, "little")) is None


def test_reasons_are_numbered_as_the_protocol_numbers_them():
    assert batch.REASON_NAMES == {
        exchange.REFUSED_SIGNATURE: "bad-signature",
        exchange.REFUSED_WRONG_HUB: "wrong-hub",
        exchange.REFUSED_MALFORMED: "malformed",
        exchange.REFUSED_TOO_LARGE: "too-large",
        exchange.REFUSED_CONFLICT: "conflict",
    }

"""The collector's fast ways accept exactly what the shared codecs accept."""

from __future__ import annotations

import contextlib

import hypothesis
import pytest
from hypothesis import strategies as st

from host.virtual_hub import VirtualHub
from varde_host.collector import batch, envelope, judgement, registry, verification, whole_reading
from varde_protocols import cbor, cose, exchange, records
from varde_protocols.errors import WireError

HUB = VirtualHub(1, bytes(range(9, 41)))
ENROLLED = registry.Hub(1, HUB.hub_id, HUB.public)

# Numbers around every border between two widths of a CBOR head, and around our own limits.
EDGES = [n + d for n in (0, 24, 256, 2**16, 2**17, 2**31, 2**32, 2**48, 2**63) for d in (-1, 0, 1)]
UINT = st.one_of(st.sampled_from([n for n in EDGES if n >= 0]), st.integers(0, 2**64 - 1))
SIZES = st.sampled_from([0, 1, 23, 24, 255, 256, 639, 640, 641, 700])
VERIFICATION_SIZES = st.sampled_from([0, 8, 1, 7, 9, 24])


def by_codec(raw: bytes) -> tuple[int, int, int] | None:
    """Return seq, boot and uptime of a legal reading, by the shared codecs alone."""
    if len(raw) > records.MAX_RECORD_BYTES:
        return None
    try:
        record = records.decode(cose.Sign1.parse(raw).unverified_payload)
    except WireError:
        return None
    is_reading = isinstance(record, records.Reading)
    return (record.seq, record.boot, record.uptime_ms) if is_reading else None


def at_a_glance(raw: bytes, before: bytes = b"", after: bytes = b"") -> tuple[int, ...] | None:
    """Return the same by the short cut, from the middle of a body."""
    found = whole_reading.find(before + raw + after, len(before))
    return found[1:] if found and found[0] == len(before) + len(raw) else None


def signed(payload: bytes) -> bytes:
    """Return a record around the payload; nobody looks at its signature here."""
    protected = bytes.fromhex("a201270448") + bytes(8)
    return cbor.encode([protected, {}, payload, bytes(64)])


def reading(
    seq=7, boot=2, uptime=1000, slot=1, characteristic=0x2A5E, session=3, size=90, verification=8
):
    body = {1: slot, 2: characteristic, 3: session, 4: bytes(size), 5: bytes(verification)}
    return signed(cbor.encode({1: 1, 2: seq, 3: boot, 4: uptime, 5: body}))


@hypothesis.given(UINT, UINT, UINT, UINT, UINT, UINT, SIZES, VERIFICATION_SIZES)
def test_readings_at_all_limits(
    seq, boot, uptime, slot, characteristic, session, size, verification
):
    raw = reading(seq, boot, uptime, slot, characteristic, session, size, verification)
    assert at_a_glance(raw) == by_codec(raw)  # a legal one never needs the slow way


@hypothesis.given(
    st.builds(
        reading, seq=UINT, uptime=UINT, size=SIZES, verification=st.sampled_from([0, 8])
    ),
    st.integers(0, 77),
    st.sampled_from(["set", "insert", "delete", "cut", "append"]),
    st.binary(min_size=1, max_size=4),
)
@hypothesis.settings(max_examples=1000)
def test_mutated_readings(raw: bytes, at: int, how: str, noise: bytes):
    at = at if at < 60 else len(raw) - 66 - 10 + at - 60  # or around the verification
    mutated = {
        "set": raw[:at] + noise + raw[at + len(noise) :],
        "insert": raw[:at] + noise + raw[at:],
        "delete": raw[:at] + raw[at + len(noise) :],
        "cut": raw[: -at - 1],
        "append": raw + noise,
    }[how]
    glance = at_a_glance(mutated)
    assert glance is None or glance == by_codec(mutated)


@hypothesis.given(st.integers(0, 6), UINT, st.sampled_from([1, 2, 4, 8]))
@hypothesis.settings(max_examples=300)
def test_numbers_in_longer_heads_than_they_need(field: int, number: int, width: int):
    """Build the payload by hand, one number of it in a head of a width of our choice."""
    heads = [cbor.encode(n) for n in (7, 2, 1000, 1, 0x2A5E, 3)]
    wide = bytes([{1: 24, 2: 25, 4: 26, 8: 27}[width]])
    wide += (number % 2 ** (8 * width)).to_bytes(width, "big")
    if field < 6:
        heads[field] = wide
    sealed = bytes([0x40 | wide[0]]) + wide[1:] if field == 6 else b"\x58\x20"
    payload = (
        b"\xa5\x01\x01\x02%b\x03%b\x04%b\x05\xa5\x01%b\x02%b\x03%b\x04" % tuple(heads)
        + sealed
        + bytes(min(int.from_bytes(sealed[1:], "big"), 1000))
        + b"\x05\x40"
    )
    assert at_a_glance(signed(payload)) == by_codec(signed(payload))


@hypothesis.given(st.integers(24, 300), st.binary(max_size=3))
def test_a_payloads_own_head(size: int, head: bytes):
    raw = reading(size=size)
    mutated = raw[:16] + head + raw[18 if size < 200 else 19 :]
    glance = at_a_glance(mutated)
    assert glance is None or glance == by_codec(mutated)


@hypothesis.given(st.binary(max_size=30), st.binary(max_size=30))
def test_what_stands_around_a_reading_does_not_matter(before: bytes, after: bytes):
    assert at_a_glance(reading(), before, after) == (7, 2, 1000)


@pytest.mark.parametrize("kind", [records.ANCHOR, records.EVENT, records.SESSION, 200])
def test_other_kinds_are_left_to_the_codec(kind: int):
    made = {
        records.ANCHOR: records.Anchor(1, 2, 3, 4, 1, 5),
        records.EVENT: records.Event(1, 2, 3, 4, 5),
        records.SESSION: records.Session(1, 2, 3, bytes(32), bytes(8)),
        200: records.Unknown(200, 1, 2, 3, None),
    }[kind]
    assert whole_reading.find(signed(made.payload()), 0) is None
    assert envelope.read(made.payload()) == (kind, 1, 2, 3)


# --- cutting a body ------------------------------------------------------------------------------

ITEMS = st.one_of(
    st.builds(lambda n: HUB.event(seq=n), st.integers(0, 1000)),
    st.builds(reading, seq=UINT),
    st.builds(cbor.encode, st.lists(st.integers(0, 300), max_size=5)),
)


@hypothesis.given(st.lists(ITEMS, max_size=8), st.binary(max_size=6))
def test_bodies_are_cut_as_the_shared_codec_cuts_them(items: list[bytes], tail: bytes):
    body = HUB.body([]) + b"".join(items) + tail
    message, raws = exchange.split_body(body)
    parts = judgement.split(body)
    assert parts.request == message
    assert parts.raws == raws
    assert [found and found[1:] for found in parts.found] == [by_codec(raw) for raw in raws]


@hypothesis.given(st.binary(max_size=200))
def test_any_bytes_are_cut_or_refused_by_name(body: bytes):
    with contextlib.suppress(WireError):
        judgement.split(body)


@hypothesis.given(st.data())
def test_a_body_altered_anywhere_never_yields_a_record_that_was_not_signed(data: st.DataObject):
    raws = [HUB.event(seq=number) for number in (1, 2)]
    body = bytearray(HUB.body(raws))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    try:
        parts = judgement.split(bytes(body))
        _, parts = judgement.verify_request(bytes(body), parts, ENROLLED)
    except WireError:
        return
    judged = judgement.judge(parts, ENROLLED, 0)
    assert {row[-1] for row in judged.rows} < set(raws)
    assert len(judged.refused) <= 1


@pytest.mark.parametrize("broken", [0, 1, 2], ids=["first", "middle", "last"])
def test_a_bit_flipped_anywhere_in_a_record_costs_that_record_only(broken: int):
    """Also in a length, where the record may swallow the next one or fall into pieces."""
    raws = [HUB.event(seq=7), reading_of_hub(8), HUB.event(seq=9)]
    sent = HUB.body(raws)
    begin = len(sent) - sum(map(len, raws[broken:]))
    for bit in range(8 * len(raws[broken])):
        body = bytearray(sent)
        body[begin + bit // 8] ^= 1 << bit % 8
        parts = judgement.split(bytes(body))
        _, parts = judgement.verify_request(bytes(body), parts, ENROLLED)
        judged = judgement.judge(parts, ENROLLED, 0)
        assert [row[-1] for row in judged.rows] == raws[:broken] + raws[broken + 1 :], bit


def reading_of_hub(seq: int) -> bytes:
    return HUB.sign(records.Reading(seq, 2, 1000, 1, 0x2A5E, 3, bytes(90), b""))


# --- signatures ----------------------------------------------------------------------------------


def test_the_record_verifier_signs_for_what_the_codec_signs_for():
    verifier = verification.RecordVerifier(HUB.hub_id, HUB.public)
    for size in (0, 1, 23, 24, 255, 256, 700):
        raw = cose.sign1(HUB.key, HUB.hub_id, bytes(size))
        assert raw.startswith(verifier.start)
        assert verifier.is_signed(raw)
        for at in (-1, -64, 17, 20):
            if -len(raw) <= at < len(raw) and size > 4:
                broken = bytearray(raw)
                broken[at] ^= 1
                assert not verifier.is_signed(bytes(broken))


def test_a_signature_with_a_large_scalar_is_refused():
    """RFC 8032 section 5.1.7: S must be below the group order, or a signature has a twin."""
    order = 2**252 + 27742317777372353535851937790883648493
    raw = HUB.event(seq=1)
    twin = int.from_bytes(raw[-32:], "little") + order
    verifier = verification.RecordVerifier(HUB.hub_id, HUB.public)
    assert verifier.is_signed(raw)
    assert not verifier.is_signed(raw[:-32] + twin.to_bytes(32, "little"))


def test_reasons_are_numbered_as_the_protocol_numbers_them():
    assert batch.REASON_NAMES == {
        exchange.REFUSED_SIGNATURE: "bad-signature",
        exchange.REFUSED_WRONG_HUB: "wrong-hub",
        exchange.REFUSED_MALFORMED: "malformed",
        exchange.REFUSED_TOO_LARGE: "too-large",
        exchange.REFUSED_CONFLICT: "conflict",
    }

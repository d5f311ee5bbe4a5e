"""Whatever comes from outside: nothing but a WireError gets out of a parser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden import formats, values
from varde_protocols import cbor, cose, exchange, hub_config, records, sealing
from varde_protocols.crypto import ed25519
from varde_protocols.errors import WireError

RECORD_ROWS = formats.load("records.json")["records"]
EXCHANGE = formats.load("exchange.json")
COSE = formats.load("cose.json")
MESSAGES = [bytes.fromhex(row["message"]) for row in COSE["sign1"]]
SEALED = [bytes.fromhex(row["message"]) for row in COSE["encrypt0"]]
PAYLOADS = [bytes.fromhex(row["payload"]) for row in RECORD_ROWS]
BODIES = [bytes.fromhex(EXCHANGE[name]["body"]) for name in ("request", "empty_request")]
ANSWERS = [bytes.fromhex(row["message"]) for row in EXCHANGE["answers"]]
CONFIGS = [bytes.fromhex(formats.load("hub_config.json")[name]) for name in ("encoded", "least")]
HUB_KEY = ed25519.VerifyKey(values.HUB.public)
COLLECTOR_KEY = ed25519.VerifyKey(values.COLLECTOR.public)


class Anything:
    """A key that finds every signature good, so that the payload behind it is looked at."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        return True


def sign1(data: bytes) -> None:
    message = cose.Sign1.parse(data)
    message.verify(HUB_KEY)


def decrypt0(data: bytes) -> None:
    cose.decrypt0(values.CCM_KEY, data, b"context")


def request(data: bytes, key: Any = HUB_KEY) -> None:
    message, raw_records = exchange.split_body(data)
    for raw in raw_records:
        try:
            records.decode(cose.Sign1.parse(raw).unverified_payload)
        except WireError:
            continue
    exchange.verify_request(message, key, raw_records)


def answer(data: bytes, key: Any = COLLECTOR_KEY) -> None:
    exchange.check_answer(
        data, key, values.COLLECTOR_KID, values.request(), values.SENT, hub_id=values.HUB_ID
    )


def config(data: bytes) -> hub_config.HubConfig:
    return hub_config.from_fields(cbor.decode(data))


def believed_request(data: bytes) -> None:
    request(data, Anything())


def believed_answer(data: bytes) -> None:
    answer(data, Anything())


PARSERS: list[tuple[Callable[[bytes], Any], list[bytes]]] = [
    (sign1, MESSAGES),
    (decrypt0, SEALED),
    (records.decode, PAYLOADS),
    (sealing.Content.decode, [content.encode() for _, _, content in values.CONTENTS.values()]),
    (request, BODIES),
    (believed_request, BODIES),
    (answer, ANSWERS),
    (believed_answer, ANSWERS),
    (config, CONFIGS),
]
names = pytest.mark.parametrize(("parse", "originals"), PARSERS, ids=lambda p: getattr(
    p, "__qualname__", ""))  # fmt: skip
quick = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def try_it(parse: Callable[[bytes], Any], data: bytes) -> None:
    said = None
    try:
        parse(data)
    except WireError as error:
        said = error
    if said is not None:
        assert said.code
        assert len(str(said)) < 300


@names
@quick
@given(data=st.binary(max_size=100))
def test_random_bytes(parse: Callable[[bytes], Any], originals: list[bytes], data: bytes) -> None:
    try_it(parse, data)


@names
@quick
@given(data=st.data())
def test_mutated_vectors(
    parse: Callable[[bytes], Any], originals: list[bytes], data: st.DataObject
) -> None:
    try_it(parse, data.draw(formats.mutated(originals)))


@names
@quick
@given(tree=formats.TREES)
def test_other_cbor(parse: Callable[[bytes], Any], originals: list[bytes], tree: Any) -> None:
    """Well-formed, but of no shape of ours; also as the payload of a message that is believed."""
    try:
        data = cbor.encode(tree)
    except ValueError:
        return
    try_it(parse, data)
    for kid in (values.HUB_ID, values.COLLECTOR_KID):
        try_it(parse, cose.sign1(values.HUB, kid, data))


@quick
@given(formats.HEADERS, formats.HEADERS | formats.PLAIN)
def test_header_maps(protected: Any, unprotected: Any) -> None:
    """COSE messages that are whole but for their headers; also as the first item of a request."""
    raw = cbor.encode(protected)
    signed = cbor.encode([raw, unprotected, b"", bytes(64)])
    for parse in (sign1, request, believed_request, answer, believed_answer):
        try_it(parse, signed)
    try_it(decrypt0, cbor.encode([raw, unprotected, bytes(20)]))


MAPS = [(records.decode, PAYLOADS), (config, CONFIGS),
        (sealing.Content.decode, PARSERS[3][1])]  # fmt: skip


@pytest.mark.parametrize(("parse", "originals"), MAPS, ids=lambda p: getattr(
    p, "__qualname__", ""))  # fmt: skip
@quick
@given(data=st.data())
def test_maps_with_other_members(
    parse: Callable[[bytes], Any], originals: list[bytes], data: st.DataObject
) -> None:
    """Payloads of ours with members exchanged, left out and added; in a record also its body."""
    fields = cbor.decode(data.draw(st.sampled_from(originals)))
    if data.draw(st.booleans()) and type(fields.get(5)) is dict:
        fields[5].update(data.draw(formats.HEADERS))
    else:
        fields.update(data.draw(formats.HEADERS))
    for key in data.draw(st.sets(st.integers(1, 12), max_size=2)):
        fields.pop(key, None)
    try_it(parse, cbor.encode(fields))


@quick
@given(data=st.data())
def test_believed_messages_with_other_members(data: st.DataObject) -> None:
    """As above, in requests and answers whose signature is good."""
    for message, parse in ((ANSWERS[0], believed_answer), (BODIES[1], believed_request)):
        sign = cose.Sign1.parse(message)
        fields = cbor.decode(sign.unverified_payload)
        fields.update(data.draw(formats.HEADERS))
        payload = cbor.encode(fields)
        try_it(parse, cose.sign1(values.HUB, sign.unverified_kid, payload))


@quick
@given(formats.answers(), st.data())
def test_answers_hold_only_for_what_was_sent(
    answered: tuple[exchange.Answer, list[int]], data: st.DataObject
) -> None:
    """Acknowledged numbers are always among those sent, however sent and answer are drawn."""
    mine, sent = answered
    message = exchange.encode_answer(values.COLLECTOR, values.COLLECTOR_KID, mine)
    asked = exchange.Request(mine.nonce, 1, 1, 0, 0, 0, 0)

    def check(seqs: list[int]) -> exchange.Answer:
        return exchange.check_answer(
            message, COLLECTOR_KEY, values.COLLECTOR_KID, asked, seqs, hub_id=mine.hub_id
        )

    assert check(sent) == mine
    others = data.draw(st.lists(st.sampled_from(sent) | formats.SEQS, max_size=12, unique=True)
                       if sent else st.just([]))  # fmt: skip
    named = {seq for seq in sent if mine.acknowledges(seq)}
    if named <= set(others) and not mine.refused:
        assert check(others) == mine
    elif not named <= set(others):
        with pytest.raises(WireError) as caught:
            check(others)
        assert exchange.bad_ack_detail(caught.value) == exchange.BAD_ACK_RANGES


@quick
@given(formats.configs())
def test_configs_come_back(made: hub_config.HubConfig) -> None:
    assert config(cbor.encode(made.fields())) == made

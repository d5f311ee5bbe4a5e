"""Golden vectors and random values of our formats against their CDDL, read by pycddl.

pycddl 0.6 applies `.cbor` to every member of an array, so it gets the schemas with the content of
such byte strings left open, and the content by itself. It takes an array of fixed length inside a
repeated array for the outer one, so what a sensor's user is made of is left open too, as a range
below zero, which it refuses to know. It does not
hold all that the CDDL says (counts, a byte string where a range of integers stands); what it lets
through is listed.
"""

from __future__ import annotations

import re
from typing import Any

import cbor2
import pycddl
import pytest
from hypothesis import HealthCheck, given, settings

from golden import formats
from golden.vectors import VECTORS
from varde_protocols import cose, exchange, records

CDDL = VECTORS.parent / "cddl"
LET_THROUGH = {"no map", "body is no map", "detail is bytes", "sealed is text", "241 ranges",
               "240 ranges, one refusal", "a gap of 32", "a gap that runs back",
               "gaps that touch", "a gap of 32 sources", "a source twice", "65 facts", "fact 0",
               "fact 256", "a fact three deep", "facts are a list", "a fact by name"}  # fmt: skip
SLOW = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])


def schema(file_name: str, rule: str) -> pycddl.Schema:
    text = (CDDL / file_name).read_text()
    assert re.search(rf"^{rule} = ", text, re.MULTILINE)
    text = re.sub(r"^user = \[.*\]$", "user = any", text, flags=re.MULTILINE)
    text = text.replace("-720..840", "int")
    return pycddl.Schema(f"start = {rule}\n" + re.sub(r"bstr \.cbor [\w-]+", "bstr", text))


RECORD = schema("record.cddl", "record")
RECORD_MESSAGE = schema("record.cddl", "record-message")
SIGN_HEADERS = schema("record.cddl", "sign-headers")
REQUEST = schema("exchange.cddl", "request")
REQUEST_MESSAGE = schema("exchange.cddl", "request-message")
ANSWER = schema("exchange.cddl", "answer")
ANSWER_MESSAGE = schema("exchange.cddl", "answer-message")
SEALED = schema("sealing.cddl", "sealed")
ENCRYPT_HEADERS = schema("sealing.cddl", "encrypt-headers")
CONTENT = schema("sealing.cddl", "content")
KEY_INFO = schema("sealing.cddl", "key-info")
CONTEXT = schema("sealing.cddl", "context")
CONFIG = schema("hub_config.cddl", "hub-config")

GOLDEN_RECORDS = formats.load("records.json")
GOLDEN_EXCHANGE = formats.load("exchange.json")
GOLDEN_CONFIG = formats.load("hub_config.json")


def check_signed(message: bytes, outer: pycddl.Schema, inner: pycddl.Schema) -> None:
    outer.validate_cbor(message)
    protected, _, payload, _ = cbor2.loads(message)
    SIGN_HEADERS.validate_cbor(protected)
    inner.validate_cbor(payload)


@pytest.mark.parametrize("row", GOLDEN_RECORDS["records"])
def test_golden_records(row: dict[str, Any]) -> None:
    check_signed(bytes.fromhex(row["message"]), RECORD_MESSAGE, RECORD)
    if row["type"] != "Reading":
        return
    sealed = bytes.fromhex(row["fields"]["sealed"])
    SEALED.validate_cbor(sealed)
    ENCRYPT_HEADERS.validate_cbor(cbor2.loads(sealed)[0])


def test_sealing_inputs() -> None:
    keys = GOLDEN_RECORDS["keys"]
    kid, public = bytes.fromhex(keys["receiver_kid"]), bytes.fromhex(keys["session_public"])
    KEY_INFO.validate_cbor(cbor2.dumps(["varde reading", 41, kid, public]))
    CONTEXT.validate_cbor(cbor2.dumps([bytes.fromhex(keys["hub_id"]), 7, 42, 2520000, 1, 0x2A5E]))


def test_ciphertexts_are_as_long_as_the_shortest_and_the_longest_content_make_them() -> None:
    sealed = [cbor2.loads(bytes.fromhex(row["fields"]["sealed"]))
              for row in GOLDEN_RECORDS["records"] if row["type"] == "Reading"]  # fmt: skip
    sizes = [len(ciphertext) for _, _, ciphertext in sealed]
    bounds = re.search(
        r"ciphertext: bstr \.size \((\d+)\.\.(\d+)\)", (CDDL / "sealing.cddl").read_text()
    )
    assert bounds
    assert [int(text) for text in bounds.groups()] == [min(sizes), max(sizes)]


def test_limits_are_those_of_the_modules() -> None:
    said = (CDDL / "exchange.cddl").read_text()
    heartbeats = f"{exchange.MIN_HEARTBEAT_S}..{exchange.MAX_HEARTBEAT_S},"
    assert f"4 => {heartbeats}" in (CDDL / "hub_config.cddl").read_text()
    for line in (f"5 => {heartbeats}", f"6 => 0..{exchange.MAX_RECORDS},",
                 f"3 => [*{exchange.MAX_RECORDS} range],",
                 f"7 => [*{exchange.MAX_RECORDS} refusal],",
                 f"index: 0..{exchange.MAX_RECORDS - 1},"):  # fmt: skip
        assert line in said


def test_golden_requests_and_answers() -> None:
    for name in ("request", "empty_request"):
        message, raw_records = exchange.split_body(bytes.fromhex(GOLDEN_EXCHANGE[name]["body"]))
        REQUEST.validate_cbor(message.unverified_payload)
        for raw in raw_records:
            check_signed(raw, RECORD_MESSAGE, RECORD)
    whole = bytes.fromhex(GOLDEN_EXCHANGE["empty_request"]["body"])
    check_signed(whole, REQUEST_MESSAGE, REQUEST)
    for row in GOLDEN_EXCHANGE["answers"]:
        check_signed(bytes.fromhex(row["message"]), ANSWER_MESSAGE, ANSWER)


def test_golden_configs() -> None:
    for name in ("encoded", "least"):
        CONFIG.validate_cbor(bytes.fromhex(GOLDEN_CONFIG[name]))


def by_shape(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows refused for their shape or a range, as far as pycddl looks."""
    return [row for row in rows if row["error"].startswith(("record-", "exchange-shape"))
            and row["case"] not in LET_THROUGH]  # fmt: skip


@pytest.mark.parametrize("row", by_shape(GOLDEN_RECORDS["refused"]), ids=lambda r: r["case"])
def test_cddl_refuses_what_records_refuse(row: dict[str, Any]) -> None:
    with pytest.raises(pycddl.ValidationError):
        RECORD.validate_cbor(bytes.fromhex(row["payload"]))


@pytest.mark.parametrize(
    "row", by_shape(GOLDEN_EXCHANGE["refused_answers"]), ids=lambda r: r["case"]
)
def test_cddl_refuses_what_the_hub_refuses(row: dict[str, Any]) -> None:
    payload = cose.Sign1.parse(bytes.fromhex(row["message"])).unverified_payload
    with pytest.raises(pycddl.ValidationError):
        ANSWER.validate_cbor(payload)


@SLOW
@given(formats.RECORDS)
def test_random_records(record: Any) -> None:
    payload = record.payload()
    RECORD.validate_cbor(payload)
    assert records.decode(payload) == record


@SLOW
@given(formats.CONTENTS)
def test_random_contents(content: Any) -> None:
    CONTENT.validate_cbor(content.encode())
    assert content.decode(content.encode()) == content


@SLOW
@given(formats.requests(count=0), formats.answers())
def test_random_requests_and_answers(
    request_: exchange.Request, answered: tuple[exchange.Answer, list[int]]
) -> None:
    answer, _ = answered
    REQUEST.validate_cbor(cbor2.dumps(dict(enumerate(request_._items(), 1))))
    ANSWER.validate_cbor(cbor2.dumps(dict(enumerate(answer._items(), 1))))


@SLOW
@given(formats.configs())
def test_random_configs(config: Any) -> None:
    CONFIG.validate_cbor(cbor2.dumps(config.fields()))

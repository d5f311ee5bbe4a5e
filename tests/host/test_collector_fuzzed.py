"""The collector against whatever may be sent: by its OpenAPI document, and requests gone wrong.

None of it is a 500, none ends the process or makes it grow, and what is answered is what the
document says.
"""

from __future__ import annotations

import gc
import json
import logging
import random
import tracemalloc
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.core.transport import Response

from host.conftest import Bench, collector
from host.virtual_hub import VirtualHub, check
from varde_host import rate_limit
from varde_host.collector import database, openapi
from varde_protocols import document_request, exchange

EXAMPLES = 40  # of an operation
MUTATED = 200
ROUNDS_OF_GARBAGE = 150
MOST_GROWTH_BYTES = 200_000
UNHURRIED = rate_limit.Rate(0, 1)
ERROR_STATUSES = {400, 403, 404, 405, 408, 413, 429, 503}

schema = schemathesis.openapi.from_dict(openapi.DOCUMENT)
# Not the one that holds all that fits the schema for good: a body is signed or it is not.
CHECKS = [
    checks.not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_headers_conformance, checks.response_schema_conformance,
]  # fmt: skip
OPERATIONS = [found.ok() for found in schema.get_all_operations()]


@schemathesis.serializer(exchange.REQUEST_TYPE, document_request.REQUEST_TYPE)
def _as_bytes(_context: object, value: object) -> bytes:
    """Say what stands in a body of ours: what was generated, as it is."""
    return value.data if hasattr(value, "data") else str(value).encode()


@pytest.fixture
def open_bench(opened: database.Database):
    """Give a collector with one hub that may come as often as it likes."""
    with collector(opened, rate=UNHURRIED) as bench:
        yield bench


@pytest.fixture
def known_hub(open_bench: Bench) -> VirtualHub:
    return open_bench.enrol(VirtualHub(1))


def send(bench: Bench, case: schemathesis.Case) -> httpx.Response:
    made = requests.Request(**case.as_transport_kwargs(base_url="https://collector")).prepare()
    return bench.request(
        made.method, made.url, headers=list(made.headers.items()), content=made.body or b""
    )


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.label)
def test_each_operation_answers_as_the_document_says(open_bench, operation):
    """Any bytes fit the schema, and the others take none: there is no negative mode here."""

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy())
    def answers(case: schemathesis.Case) -> None:
        case.validate_response(Response.from_any(send(open_bench, case)), checks=CHECKS)

    answers()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "TRACE", "HEAD", "NONE"])
def test_no_other_method_and_no_other_place_does_anything(open_bench: Bench, method: str):
    own = exchange.PATH
    for path in (own, own + "/", "/v1", "//", own + "/../health", "/%00"):
        response = open_bench.request(method, path, content=b"x")
        assert response.status_code in {200, 307, 404, 405}, path  # 307: without the last slash
        assert response.status_code != 200 or path.endswith("health")


def mutated(requests_made: list[bytes]) -> st.SearchStrategy[bytes]:
    """Requests with bytes changed, left out, repeated, from another request, or cut off."""

    @st.composite
    def draw_one(draw: st.DrawFn) -> bytes:
        data = bytearray(draw(st.sampled_from(requests_made)))
        for _ in range(draw(st.integers(1, 4))):
            at = draw(st.integers(0, max(0, len(data) - 1)))
            length = draw(st.integers(0, 200))
            change = draw(st.integers(0, 4))
            if change == 0 and data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            elif change == 1:
                del data[at : at + length]
            elif change == 2:
                data[at:at] = draw(st.binary(max_size=40))
            elif change == 3:
                other = draw(st.sampled_from(requests_made))
                data[at : at + length] = other[at : at + 2 * length]
            else:
                data[at:at] = data[at : at + length] * draw(st.integers(1, 20))
        return bytes(data)

    return draw_one()


def test_requests_gone_wrong_store_nothing_that_was_not_signed(open_bench, known_hub):
    genuine, bodies, asked = set(), [], []
    for count in (0, 1, 3, 12):
        raws = [known_hub.event() for _ in range(count)]
        request, body = known_hub.request(raws, bytes([count]) * 16)
        genuine.update(raws)
        bodies.append(body)
        asked.append((request, [known_hub.next_seq - count + n for n in range(count)]))

    @settings(max_examples=MUTATED, suppress_health_check=list(HealthCheck))
    @given(mutated(bodies))
    def bears(body: bytes) -> None:
        response = open_bench.post(body)
        assert response.status_code in {200, 400, 403, 413}
        if response.status_code != 200:
            assert set(json.loads(response.content)) == {"error", "hint"}

    bears()
    assert {record for _, record in open_bench.stored()} <= genuine
    for body, (request, seqs) in zip(bodies, asked, strict=True):  # and it takes what is good
        answer = check(known_hub, request, seqs, open_bench.post(body).content)
        assert sum(last - first + 1 for first, last in answer.acknowledged) == len(seqs)


headers = st.dictionaries(
    st.sampled_from(
        ["content-length", "content-type", "transfer-encoding", "content-encoding", "host",
         "expect", "x-forwarded-for", "accept", "range"]
    ),
    st.one_of(
        st.integers(-5, 1 << 70).map(str),
        st.sampled_from([exchange.REQUEST_TYPE, "chunked", "gzip", "100-continue", ""]),
        st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=40),
    ),
)  # fmt: skip


def test_headers_of_all_sorts(open_bench, known_hub):
    body = known_hub.body([known_hub.event()])

    async def call(given_headers: dict[str, str]) -> int:
        """Speak ASGI itself: an HTTP client would put the headers right."""
        said: list[dict[str, Any]] = []
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
            "path": exchange.PATH, "raw_path": exchange.PATH.encode(), "query_string": b"",
            "scheme": "https", "root_path": "", "client": ("127.0.0.1", 1), "server": ("x", 1),
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in given_headers.items()],
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def tell(message: dict[str, Any]) -> None:
            said.append(message)

        await open_bench.client._transport.app(scope, receive, tell)
        return said[0]["status"]

    @settings(max_examples=MUTATED, suppress_health_check=list(HealthCheck))
    @given(headers)
    def bears(given_headers: dict[str, str]) -> None:
        status = open_bench.runner.run(call(given_headers))
        assert status in {200, 400, 413}

    bears()


@pytest.fixture
def _no_log():
    """pytest would keep all that is logged, and that is not what is asked here."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("_no_log")
def test_garbage_leaves_no_memory_behind(open_bench, known_hub):
    luck = random.Random(1)
    body = known_hub.body([known_hub.event() for _ in range(20)])

    def throw(count: int) -> None:
        for _ in range(count):
            data = bytearray(body)
            for _ in range(luck.randint(1, 10)):
                data[luck.randrange(len(data))] = luck.randrange(256)
            assert open_bench.post(bytes(data)).status_code in ERROR_STATUSES | {200}
            claimed = luck.randbytes(8)  # a hub that is none, each time another
            stranger = body.replace(known_hub.hub_id, claimed)
            assert open_bench.post(stranger).status_code in {403, 503}

    def grown() -> int:
        before, _ = tracemalloc.get_traced_memory()
        throw(ROUNDS_OF_GARBAGE // 3)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        return after - before

    throw(ROUNDS_OF_GARBAGE // 3)
    tracemalloc.start()
    try:
        grown_bytes = [grown() for _ in range(3)]
    finally:
        tracemalloc.stop()
    # What leaks does so every time; a thread that an earlier test left, or an import, but once.
    assert min(grown_bytes) < MOST_GROWTH_BYTES // 3

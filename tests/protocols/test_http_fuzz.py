"""The HTTP subset by chance, and against h11: what we take, h11 reads the same."""

from __future__ import annotations

import itertools

import h11
from hypothesis import example, given
from hypothesis import strategies as st

from golden import formats
from varde_protocols import http_response as http
from varde_protocols.errors import HttpError

Outcome = tuple[int, dict[str, bytes], bytes]

GOLDEN = [
    b"HTTP/1.1 200 OK\r\nContent-Type: application/cbor\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nServer: x\r\n\r\n{}",
    b"HTTP/1.1 204 No Content\r\nDate: Mon, 16 Feb 2026 10:00:00 GMT\r\n\r\n",
    b"HTTP/1.0 503 \r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
]


def read(pieces: list[bytes]) -> Outcome | str | None:
    """What the response says, the code of the error, or None if there is not enough."""
    reader = http.ResponseReader(300, 100)
    status, headers, body = 0, {}, b""
    try:
        for piece in pieces:
            reader.receive(piece)
            while (event := reader.next_event()) is not http.NEED_DATA:
                if event is http.END:
                    return status, headers, body
                if isinstance(event, http.Head):
                    status, headers = event.status, event.headers
                else:
                    body += event.data
    except HttpError as error:
        return error.code
    return None


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    borders = [0, *sorted({cut % len(data) for cut in cuts} - {0}), len(data)] if data else [0]
    return [data[a:b] for a, b in itertools.pairwise(borders)]


responses = formats.mutated(GOLDEN) | st.sampled_from(GOLDEN)


@given(responses, st.lists(st.integers(0, 200), max_size=8))
def test_how_it_is_cut_changes_nothing(data: bytes, cuts: list[int]) -> None:
    whole = read([data]) if data else None
    assert read(pieces_of(data, cuts)) == whole


@given(st.binary(min_size=1, max_size=400))
def test_random_bytes(data: bytes) -> None:
    read([data])


def read_by_h11(data: bytes) -> Outcome:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    head = connection.next_event()
    assert isinstance(head, h11.Response)
    headers: dict[str, bytes] = {}
    for raw_name, value in head.headers:
        name = raw_name.decode()
        headers[name] = headers[name] + b", " + value if name in headers else value
    body = b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data)
        body += event.data
    return head.status_code, headers, body


@given(responses)
@example(GOLDEN[0] + b"tail")
def test_h11_reads_the_same(data: bytes) -> None:
    outcome = read([data]) if data else None
    if not isinstance(outcome, tuple):
        return
    try:
        theirs = read_by_h11(data)
    except h11.RemoteProtocolError:
        return  # stricter than we are, somewhere
    assert outcome == theirs

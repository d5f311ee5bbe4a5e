"""The hub's port to the collector on CPython: what `ports/https_client.py` is on the chip.

Same contract (`ports.Client`), same reader of responses (`varde_protocols.http_response`); TLS and
the waiting are CPython's.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from varde_protocols import exchange, http_response

NAME = "localhost"
# The chip waits 30 s for an answer. Hubs here live faster than that, but the collector does not:
# a stall has to outlast this, a commit on a busy machine must not.
ANSWER_SECONDS = 4.0
_READ_BYTES = 1024


class ServerRefusedError(Exception):
    """The server could not prove to be the collector."""

    detail = 1
    is_early = False


class Response:
    """As in `https_client`."""

    def __init__(self, head: http_response.Head, body: bytes, sent_ms: int, received_ms: int):
        self.status = head.status
        self.retry_after_s = int(head.headers.get("retry-after", b"0"))
        self.body = body
        self.sent_ms = sent_ms
        self.received_ms = received_ms


class HubClient:
    """`port_of` is asked at each connection: the way to the collector is not always the same."""

    Refused = ServerRefusedError

    def __init__(self, port_of: Callable[[], int], context: ssl.SSLContext) -> None:
        self._port_of = port_of
        self._context = context
        self._stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.is_cut_off = False  # the hub has no link

    async def post(self, parts: list[bytes], now_ms: Callable[[], int]) -> Response:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._post(b"".join(parts), now_ms)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise ServerRefusedError(str(error)) from error
        except BaseException:
            self.close()
            raise

    async def _post(self, body: bytes, now_ms: Callable[[], int]) -> Response:
        if self.is_cut_off:
            raise ConnectionError("no link")
        if self._stream is None:
            options = {"ssl": self._context, "server_hostname": NAME}
            self._stream = await asyncio.open_connection("127.0.0.1", self._port_of(), **options)
        reader, writer = self._stream
        head = (
            f"POST {exchange.PATH} HTTP/1.1\r\nHost: {NAME}\r\n"
            f"Content-Type: {exchange.REQUEST_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        sent_ms = now_ms()
        found, answer, is_last = await receive(reader)
        if is_last:
            self.close()
        return Response(found, answer, sent_ms, now_ms())

    def close(self) -> None:
        if self._stream is not None:
            self._stream[1].transport.abort()
            self._stream = None


async def receive(reader: asyncio.StreamReader) -> tuple[http_response.Head, bytes, bool]:
    """Return head, body, and whether the connection ends with this response."""
    responses = http_response.ResponseReader()
    parts: list[bytes] = []
    head: http_response.Head | None = None
    while (event := responses.next_event()) is not http_response.END:
        if event is http_response.NEED_DATA:
            responses.receive(await reader.read(_READ_BYTES))
        elif isinstance(event, http_response.Head):
            head = event
        else:
            parts.append(event.data)
    assert head is not None
    closes = b"close" in head.headers.get("connection", b"").lower()
    return head, b"".join(parts), closes or bool(responses.unread)

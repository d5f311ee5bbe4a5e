"""HTTPS to one server: a TCP connection, TLS with pinned roots, requests one by one.

The server is the collector, or where an assignment says that code lies. Trust: its chain must end
in one of the roots of the site's trust, its name must be the host's that was asked for, its times
must hold at the chip's clock. Nothing else is believed. `tls` is used
directly, as the unix interpreter has no `ssl`.

Every stage has its own limit. Errors: ServerRefusedError where the server is not who it should be,
WireError for a response that is none, OSError for everything that the world does.
"""

import asyncio
import errno
import gc
import socket

import tls

from varde_protocols import exchange, http_response
from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Awaitable, Callable, Generator, List, Optional, Tuple

# A SYN is repeated after 1 s, 3 s, 7 s; who has not answered then is not there.
CONNECT_MS = const(15_000)
# Handshake and request: two round trips and 8 KiB on 3 kB/s, and a second of curve arithmetic.
SEND_MS = const(30_000)
# The collector answers after its commit; a proxy in between may queue. All of the answer is in it:
# who sends a byte at a time holds nobody for longer.
ANSWER_MS = const(30_000)
# What is read at a time: a TLS record of an answer fits.
_READ_BYTES = const(1024)
# What is written at a time, unless a part alone is longer: the body is never put together, because
# a heap that has been in use for weeks has no free piece of 8 KiB.
_WRITE_BYTES = const(1024)

# What goes over the link beside HTTP's own bytes, for the data budget (docs/link.md): name
# look-up, TCP's and TLS's handshakes with a chain of two certificates, and their ends.
CONNECTION_BYTES = const(3_600)
# Of a request or an answer: headers of TCP and IP, acknowledgements, TLS records. An eighth of
# what is sent at a time, and one more packet each way.
_PACKETS_BYTES = const(160)
_HEAD_BYTES = const(200)  # of an answer
_MAX_SECONDS_DIGITS = const(6)  # of Retry-After: eleven days

# Details of the event server-refused.
REFUSED_CERTIFICATE = const(1)
REFUSED_NAME = const(2)
REFUSED_TIME = const(3)


class ServerRefusedError(Exception):
    """The server could not prove to be the collector; `detail` as in the event's.

    `is_early`: its certificate is of the future, and that is all there is to say against it.
    """

    def __init__(self, detail: int, text: str) -> None:
        super().__init__(text)
        self.detail = detail
        self.is_early = "expired" not in text


class Response:
    """Status and body, and when the last byte of the request went and of the answer came.

    `retry_after_s` is 0 where the server does not say so. A body that was taken into a buffer is
    b"" here, and has `len_bytes`; `content_range` is the header of that name, b"" for none.
    """

    def __init__(
        self, head: "http_response.Head", body: bytes, len_bytes: int, sent_ms: int,
        received_ms: int,
    ) -> None:  # fmt: skip
        self.status = head.status
        self.body = body
        self.len_bytes = len_bytes
        self.content_range = head.headers.get("content-range", b"")
        self.retry_after_s = _seconds(head.headers.get("retry-after", b""))
        self.sent_ms = sent_ms
        self.received_ms = received_ms


class HttpsClient:
    """See `ports.Client`. Holds at most one connection; after an error it holds none."""

    Refused = ServerRefusedError

    def __init__(self, host: str, port: int, roots: "List[bytes]") -> None:
        self._host = host
        self._port = port
        self._context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        self._context.verify_mode = tls.CERT_REQUIRED
        for root in roots:
            self._context.load_verify_locations(root)
        self._stream: "Optional[Any]" = None
        self._raw: "Optional[Any]" = None  # the socket below TLS
        self.on_bytes: "Callable[[int], None]" = _nobody
        self.connect_ms: int = CONNECT_MS
        self.send_ms: int = SEND_MS
        self.answer_ms: int = ANSWER_MS

    async def post(self, parts: "List[bytes]", now_ms: "Any") -> Response:
        """Send one exchange request and return the answer; connects if need be.

        `parts` are its body; they leave the list as they go.
        """
        head = "POST %s HTTP/1.1\r\nContent-Type: %s" % (exchange.PATH, exchange.REQUEST_TYPE)
        return await self.ask(head, parts, now_ms)

    async def ask(
        self, head: str, parts: "List[bytes]", now_ms: "Any",
        most_bytes: int = http_response.MAX_BODY_BYTES, into: "Optional[bytearray]" = None,
    ) -> Response:  # fmt: skip
        """Send a request and return the answer; redirects are answers as any other.

        `head` is the request's without Host and Content-Length. The body of the answer has
        `most_bytes` at most, and goes `into` the buffer if there is one.
        """
        reader = http_response.ResponseReader(max_body=most_bytes)
        try:
            if self._stream is None:
                await self._connect()
            return await self._exchange(head, parts, now_ms, reader, into)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            stream.s.close()
            # After an error TLS has let go of its socket, and left it open.
            raw, self._raw = self._raw, None
            raw.close()  # type: ignore[union-attr]

    async def _connect(self) -> None:
        await asyncio.sleep_ms(0)  # type: ignore[attr-defined]  # the look-up blocks: feed the dog first
        gc.collect()  # TLS wants its buffers in one piece each, on the ESP32 from this heap
        info = socket.getaddrinfo(self._host, self._port, 0, socket.SOCK_STREAM)[0]
        raw = socket.socket(info[0], info[1], info[2])
        raw.setblocking(False)
        self.on_bytes(CONNECTION_BYTES)
        try:
            await _connect_tcp(raw, info[-1], self.connect_ms)
            secured = self._context.wrap_socket(
                raw, server_hostname=self._host, do_handshake_on_connect=False
            )
        except BaseException:
            raw.close()
            raise
        self._raw = raw
        self._stream = asyncio.StreamWriter(secured, {})  # type: ignore[call-arg, arg-type]

    async def _exchange(
        self, head: str, parts: "List[bytes]", now_ms: "Any",
        reader: "http_response.ResponseReader", into: "Optional[bytearray]",
    ) -> Response:  # fmt: skip
        stream = self._stream
        assert stream is not None
        if parts:
            head += "\r\nContent-Length: %d" % sum([len(part) for part in parts])
        parts.insert(0, ("%s\r\nHost: %s:%d\r\n\r\n" % (head, self._host, self._port)).encode())
        self.on_bytes(_on_air(sum([len(part) for part in parts])))
        await _secured(_send(stream.s, parts), self.send_ms)
        sent_ms = now_ms()
        said, body, len_bytes = await _secured(_receive(stream, reader, into), self.answer_ms)
        self.on_bytes(_on_air(len_bytes + _HEAD_BYTES))
        if b"close" in said.headers.get("connection", b"").lower() or reader.unread:
            self.close()
        return Response(said, body, len_bytes, sent_ms, now_ms())


def _on_air(len_bytes: int) -> int:
    """Return what so many bytes of HTTP cost on the link."""
    return len_bytes + len_bytes // 8 + _PACKETS_BYTES


def _nobody(_len_bytes: int) -> None:
    """Nobody counts."""


def _seconds(text: bytes) -> int:
    """RFC 9110 section 10.2.3; a date, which would need a right clock, is no number: 0."""
    is_number = len(text) <= _MAX_SECONDS_DIGITS and text.isdigit()
    return int(text) if is_number else 0


async def _receive(
    stream: "Any", reader: "http_response.ResponseReader", into: "Optional[bytearray]"
) -> "Tuple[http_response.Head, bytes, int]":
    """Return head and body of one response, and how long the body is."""
    head: "Any" = None
    parts: "List[bytes]" = []
    len_bytes = 0
    while True:
        event = reader.next_event()
        if event is http_response.END:
            return head, b"".join(parts), len_bytes
        if event is http_response.NEED_DATA:
            reader.receive(await stream.read(_READ_BYTES))
        elif isinstance(event, http_response.Head):
            head = event
        else:
            data = event.data
            if into is None:
                parts.append(data)
            else:
                into[len_bytes : len_bytes + len(data)] = data
            len_bytes += len(data)


async def _connect_tcp(raw: "Any", address: "Any", limit_ms: int) -> None:
    try:
        raw.connect(address)
    except OSError as error:
        if error.errno != errno.EINPROGRESS:
            raise
    await _limited(_writable(raw), limit_ms)


def _writable(raw: "Any") -> "Generator[Any, None, None]":
    """A coroutine in asyncio's own old style: the only way to wait for a socket by itself."""
    yield asyncio.core._io_queue.queue_write(raw)  # type: ignore[attr-defined]


def _send(secured: "Any", parts: "List[bytes]") -> "Generator[Any, None, None]":
    """Write all parts; the stream's own `drain` would copy what is left at each step."""
    left = memoryview(b"")
    while left or parts:
        left = left or memoryview(_next_piece(parts))
        yield asyncio.core._io_queue.queue_write(secured)  # type: ignore[attr-defined]
        written = secured.write(left)
        if written is not None:  # None: TLS has to read first, as in the handshake
            left = left[written:]


def _next_piece(parts: "List[bytes]") -> bytes:
    """Take parts from the list, as many as go into one write, at least one."""
    taken = [parts.pop(0)]
    len_bytes = len(taken[0])
    while parts and len_bytes + len(parts[0]) <= _WRITE_BYTES:
        len_bytes += len(parts[0])
        taken.append(parts.pop(0))
    return b"".join(taken)


async def _limited(work: "Awaitable[Any] | Generator[Any, None, None]", limit_ms: int) -> "Any":
    """Await `work`; too slow is the world's fault, so OSError."""
    try:
        return await asyncio.wait_for_ms(work, limit_ms)  # type: ignore[attr-defined]
    except asyncio.TimeoutError:
        raise OSError(errno.ETIMEDOUT)


async def _secured(work: "Awaitable[Any] | Generator[Any, None, None]", limit_ms: int) -> "Any":
    """As `_limited`; what TLS says about certificates becomes ServerRefusedError."""
    try:
        return await _limited(work, limit_ms)
    except ValueError as error:  # mbedTLS says in words which rule the certificate broke
        raise ServerRefusedError(_refusal(str(error)), str(error))


def _refusal(text: str) -> int:
    """One line for each rule that is broken; time counts only if it is the only one."""
    if "correctly signed" in text:
        return REFUSED_CERTIFICATE
    if "Common Name" in text or "CN" in text:
        return REFUSED_NAME
    if "expired" in text or "future" in text:
        return REFUSED_TIME
    return REFUSED_CERTIFICATE

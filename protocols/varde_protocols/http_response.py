"""The subset of HTTP/1.1 responses that the hub takes (RFC 9112), as a stream codec.

    reader = ResponseReader()
    reader.receive(data)            # b"" says that the peer has closed
    event = reader.next_event()     # NEED_DATA, Head, Body..., END

A body has a Content-Length or there is none (status 204 and 304); chunked transfer is refused by
name, as are folded headers and a bare LF: what two readers could understand differently is not
taken at all. After END `unread` holds what follows the response. After an error the reader stays
dead and raises the same error again; the shell closes the connection.
"""

from ._compat import TYPE_CHECKING, const
from .errors import HttpError
from .value import Value

if TYPE_CHECKING:
    from typing import Any

MAX_HEAD_BYTES = const(2048)  # our collector sends 200; a proxy may add as much again a few times
MAX_BODY_BYTES = const(8192)  # the largest answer of the exchange
_MAX_LENGTH_DIGITS = const(9)  # so that a length of a million digits is never turned into a number

_HEAD = const(0)  # states: reading the head, the body, past the end, failed
_BODY = const(1)
_DONE = const(2)
_DEAD = const(3)

_NO_BODY = (204, 304)  # RFC 9110 section 6.4.1
_TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"  # lower-cased, RFC 9110 5.6.2


class _Marker:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


NEED_DATA = _Marker("NEED_DATA")
END = _Marker("END")


class Head(Value):
    """The status (200..599) and the headers, names lower-cased, values as sent (bytes)."""

    FIELDS = ("status", "headers")
    status: int
    headers: "dict[str, bytes]"


class Body(Value):
    """A piece of the body; pieces come as the data does."""

    FIELDS = ("data",)
    data: bytes


class ResponseReader:
    """Reads one response."""

    def __init__(self, max_head: int = MAX_HEAD_BYTES, max_body: int = MAX_BODY_BYTES) -> None:
        self._max_head = max_head
        self._max_body = max_body
        self._buffer = b""
        self._searched_bytes = 0  # no end of head starts before this
        self._closed = False
        self._body_left = 0
        self._state = _HEAD
        self._error: "HttpError | None" = None

    @property
    def unread(self) -> bytes:
        """What was received behind the response; empty before END."""
        return self._buffer if self._state == _DONE else b""

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer, b"" for its close; raises HttpError when they are too many."""
        self._raise_if_dead()
        if not data:
            self._closed = True
            return
        if len(self._buffer) + len(data) > self._max_head + self._max_body:
            raise self._fail("http-too-large", "buffer", "send less than the limits together")
        self._buffer += bytes(data)

    def next_event(self) -> "Any":
        """Return the next event; raises HttpError for what is no response of this subset."""
        self._raise_if_dead()
        if self._state == _HEAD:
            return self._next_head()
        if self._state == _BODY and self._body_left:
            return self._next_body()
        self._state = _DONE
        return END

    def _raise_if_dead(self) -> None:
        if self._error is not None:
            raise self._error

    def _fail(self, code: str, where: str, hint: str) -> HttpError:
        self._state = _DEAD
        self._buffer = b""
        self._error = HttpError(code, "HTTP response " + where, hint)
        return self._error

    def _need_data(self) -> _Marker:
        if self._closed:
            raise self._fail("http-truncated", "cut short", "ask again on a new connection")
        return NEED_DATA

    def _next_head(self) -> "Any":
        end = self._buffer.find(b"\r\n\r\n", self._searched_bytes)
        size = end + 4 if end >= 0 else len(self._buffer)
        if size > self._max_head:
            raise self._fail(
                "http-head-too-large", "head", "send at most %d bytes" % self._max_head
            )
        if end < 0:
            self._searched_bytes = max(0, size - 3)
            return self._need_data()
        lines = self._buffer[:end].split(b"\r\n")
        self._buffer = self._buffer[end + 4 :]
        status = self._status(lines[0])
        headers = self._headers(lines[1:])
        self._body_left = self._content_length(status, headers)
        self._state = _BODY
        return Head(status, headers)

    def _next_body(self) -> "Any":
        if not self._buffer:
            return self._need_data()
        data = self._buffer[: self._body_left]
        self._buffer = self._buffer[len(data) :]
        self._body_left -= len(data)
        return Body(data)

    def _status(self, line: bytes) -> int:
        """RFC 9112 section 4: HTTP/1.1 SP 3DIGIT SP [reason]; the reason is text."""
        code = line[9:12]
        if line[:9] not in (b"HTTP/1.1 ", b"HTTP/1.0 ") or not _is_digits(code) or len(code) != 3:
            raise self._fail("http-status-line", "status line", "speak HTTP/1.1")
        if not _is_text(line):  # a bare CR or LF, which another reader may take for a line's end
            raise self._fail("http-status-line", "status line", "leave out control characters")
        if line[12:13] not in (b" ", b"") or not 200 <= int(code) <= 599:
            raise self._fail("http-status", "status", "send a final status, 200 to 599")
        return int(code)

    def _headers(self, lines: "list[bytes]") -> "dict[str, bytes]":
        headers: "dict[str, bytes]" = {}
        for line in lines:
            colon = line.find(b":")
            name = line[: max(colon, 0)].lower()
            value = line[colon + 1 :].strip(b" \t")
            if not name or not all(c in _TOKEN for c in name) or not _is_text(value):
                raise self._fail("http-header", "header", "send `name: value`, unfolded")
            text = name.decode()
            if text in headers and text == "content-length":
                raise self._fail("http-length", "content-length", "send it once")
            headers[text] = headers[text] + b", " + value if text in headers else value
        return headers

    def _content_length(self, status: int, headers: "dict[str, bytes]") -> int:
        """RFC 9112 section 6.3, without its cases 4 and 8 (chunked, until close)."""
        if "transfer-encoding" in headers:
            raise self._fail("http-chunked", "transfer-encoding", "send a Content-Length instead")
        length = headers.get("content-length", b"0" if status in _NO_BODY else b"")
        is_padded = length[:1] == b"0" and length != b"0"
        if not _is_digits(length) or len(length) > _MAX_LENGTH_DIGITS or is_padded:
            raise self._fail("http-length", "content-length", "send one decimal number, unpadded")
        if status in _NO_BODY:
            return 0
        if int(length) > self._max_body:
            raise self._fail("http-body-too-large", "body", "send at most %d bytes"
                             % self._max_body)  # fmt: skip
        return int(length)


def _is_digits(text: bytes) -> bool:
    return len(text) > 0 and all(0x30 <= c <= 0x39 for c in text)


def _is_text(value: bytes) -> bool:
    """No control characters but tab (RFC 9110 section 5.5)."""
    return all((c >= 0x20 and c != 0x7F) or c == 0x09 for c in value)

"""TLS servers that mean no good: what they say after a good handshake, and during it.

A `Lane` is a port whose n-th connection is treated by the n-th of its cases.
"""

from __future__ import annotations

import contextlib
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# A server that says something without end does so until the client has gone, or so long.
ENDLESS_SECONDS = 40.0
OK = b"HTTP/1.1 200 OK\r\n"
GOOD = OK + b"Content-Type: application/cbor\r\nContent-Length: 5\r\n\r\nhello"


class Talk:
    """A connection whose handshake is done and whose request has come."""

    def __init__(self, raw: socket.socket, context: ssl.SSLContext, spoil: Spoil) -> None:
        self._raw, self._spoil = raw, spoil
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._sent_bytes = 0
        self._do(self._tls.do_handshake)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._do(self._tls.read, 65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        while len(body) < length:
            body += self._do(self._tls.read, 65536)

    def say(self, data: bytes) -> None:
        """Send within TLS."""
        self._tls.write(data)
        self._flush()

    def send_raw(self, data: bytes) -> None:
        """Send past TLS."""
        self._raw.sendall(data)

    def _do(self, work: Callable[..., bytes], *arguments: object) -> bytes:
        while True:
            try:
                done = work(*arguments)
                self._flush()
                if done == b"":
                    raise ConnectionError
                return done
            except ssl.SSLWantReadError:
                self._flush()
                data = self._raw.recv(65536)
                if not data:
                    raise ConnectionError from None
                self._in.write(data)

    def _flush(self) -> None:
        data = self._out.read()
        if data:
            spoilt = self._spoil(self._sent_bytes, data)
            self._sent_bytes += len(data)
            if spoilt:
                self._raw.sendall(spoilt)
            if len(spoilt) < len(data):
                raise ConnectionError  # cut


Spoil = Callable[[int, bytes], bytes]
Answer = Callable[[Talk], None]


def unspoilt(_at: int, data: bytes) -> bytes:
    return data


def cut_at(place: int) -> Spoil:
    """Close after so many bytes of what the server sends, from the first of the handshake."""
    return lambda at, data: data[: max(0, place - at)]


def flip_at(place: int) -> Spoil:
    def flip(at: int, data: bytes) -> bytes:
        here = place - at
        if not 0 <= here < len(data):
            return data
        return data[:here] + bytes([data[here] ^ 1 << place % 8]) + data[here + 1 :]

    return flip


@dataclass(frozen=True)
class Case:
    """`raw` instead of TLS; else `spoil` what TLS sends, and `answer` once a request has come."""

    name: str
    answer: Answer = lambda talk: talk.say(GOOD)
    spoil: Spoil = unspoilt
    raw: Callable[[socket.socket], None] | None = None


def saying(*pieces: bytes, pause_s: float = 0.0, stays: bool = False) -> Answer:
    """Say the pieces; then close, or stay and be silent."""

    def answer(talk: Talk) -> None:
        for piece in pieces:
            talk.say(piece)
            time.sleep(pause_s)
        if stays:
            time.sleep(ENDLESS_SECONDS)

    return answer


def for_ever(piece: bytes, first: bytes = b"", pause_s: float = 0.0) -> Answer:
    def answer(talk: Talk) -> None:
        if first:
            talk.say(first)
        until = time.monotonic() + ENDLESS_SECONDS
        while time.monotonic() < until:
            talk.say(piece)
            time.sleep(pause_s)

    return answer


def past_tls(data: bytes, times: int = 1) -> Answer:
    def answer(talk: Talk) -> None:
        for _ in range(times):
            talk.send_raw(data)

    return answer


def raw_bytes(data: bytes, times: int = 1) -> Callable[[socket.socket], None]:
    """Answer the client's hello with bytes of our own; then stay for as long as it does."""

    def serve(raw: socket.socket) -> None:
        raw.recv(4096)
        for _ in range(times):
            raw.sendall(data)
        raw.settimeout(ENDLESS_SECONDS)
        while raw.recv(4096):
            pass

    return serve


def raw_for_ever(data: bytes) -> Callable[[socket.socket], None]:
    def serve(raw: socket.socket) -> None:
        raw.recv(4096)
        until = time.monotonic() + ENDLESS_SECONDS
        while time.monotonic() < until:
            raw.sendall(data)

    return serve


class Lane:
    """Use as a context."""

    def __init__(self, certificate: Path, cases: list[Case]) -> None:
        self.cases = cases
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Lane:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        for case in self.cases:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(raw, case), daemon=True).start()

    def _serve(self, raw: socket.socket, case: Case) -> None:
        with raw, contextlib.suppress(OSError):  # the client has gone: as it should
            if case.raw is not None:
                case.raw(raw)
            else:
                case.answer(Talk(raw, self._context, case.spoil))


# --- cases ---------------------------------------------------------------------------------------


def lengths() -> list[Case]:
    """Content-Length that lies, or is none."""
    values = ("-1", "+5", "05", "5 5", "0x5", "5, 5", "", " ", "1e3", "8193", "9" * 30, "5\t5",
              "\x005", "5;q=1")  # fmt: skip
    heads = [OK + b"Content-Length: %s\r\n\r\nhello" % value.encode() for value in values]
    heads += [
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        OK + b"\r\nhello",
        OK + b"Content-Length: 4000\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    ]
    return [Case(f"length {n}", saying(head)) for n, head in enumerate(heads)]


def heads() -> list[Case]:
    """Status lines and headers."""
    rest = b"Content-Length: 5\r\n\r\nhello"
    lines = [
        b"", b"\r\n", b"HTTP/2 200 OK\r\n", b"HTTP/1.1 20 OK\r\n", b"HTTP/1.1 2000 OK\r\n",
        b"HTTP/1.1 200OK\r\n", b"http/1.1 200 OK\r\n", b"HTTP/1.1 000 OK\r\n", b"ICY 200 OK\r\n",
        b"HTTP/1.1 199 OK\r\n", b"HTTP/1.1 600 OK\r\n", b"HTTP/1.1 200 O\x00K\r\n", b"\xff" * 40,
        b"HTTP/1.1 \xb2\xb2\xb2 OK\r\n", OK + b" folded: 1\r\n", OK + b": none\r\n",
        OK + b"a b: 1\r\n", OK + b"x: \x01\r\n", OK + b"\xc3\xa6: 1\r\n", OK[:-2] + b"\n",
    ]  # fmt: skip
    return [Case(f"head {n}", saying(line + rest)) for n, line in enumerate(lines)]


def floods() -> list[Case]:
    """What does not end."""
    return [
        Case("100 without end", for_ever(b"HTTP/1.1 100 Continue\r\n\r\n")),
        Case("102 without end, slowly", for_ever(b"HTTP/1.1 102 Wait\r\n\r\n", pause_s=0.05)),
        Case("headers without end", for_ever(b"x-more: and more\r\n" * 20, OK)),
        Case("headers without end, slowly", for_ever(b"x: y\r\n", OK, 0.1)),
        Case("one header without end", for_ever(b"y" * 1000, OK + b"x: ")),
        Case("one line without end", for_ever(b"H" * 1000)),
        Case("empty lines without end", for_ever(b"\r\n" * 500)),
        Case("zeros without end", for_ever(bytes(4096))),
        Case("body without end", for_ever(b"z" * 4096, OK + b"Content-Length: 8000\r\n\r\n")),
        Case("body without length or end", for_ever(b"z" * 4096, OK + b"\r\n")),
        Case("more after the end", for_ever(b"z" * 4096, GOOD)),
        Case("a byte now and then", saying(*(bytes([byte]) for byte in GOOD), pause_s=0.1)),
        Case("body a byte now and then", for_ever(b"z", OK + b"Content-Length: 900\r\n\r\n", 0.1)),
        Case("silence", saying(stays=True)),
        Case("silence in the head", saying(OK, stays=True)),
        Case("silence in the body", saying(GOOD[:-1], stays=True)),
        Case("nothing", saying()),
    ]


def answers() -> list[Case]:
    """Whole responses that acknowledge nothing."""
    more = b"Content-Length: 2\r\n\r\n{}"
    statuses = (201, 204, 206, 301, 302, 307, 400, 401, 403, 404, 408, 413, 429, 500, 502, 503)
    made = [
        Case(f"status {status}", saying(b"HTTP/1.1 %d Any\r\n" % status + more))
        for status in statuses
    ]
    made.append(Case("redirect", saying(b"HTTP/1.1 308 Go\r\nLocation: http://x/\r\n" + more)))
    date = b"Fri, 31 Dec 9999 23:59:59 GMT"
    for after in (b"0", b"-1", b"9" * 9, b"9" * 300, b"1.5", date, b"\xff"):
        head = b"HTTP/1.1 503 Busy\r\nRetry-After: " + after + b"\r\n"
        made.append(Case(f"retry after {after[:12]!r}", saying(head + more)))
    unsigned = b"\x84\x4d\xa2\x01\x27\x04\x48" + bytes(8) + b"\xa0\x41\x00\x58\x40" + bytes(64)
    deep, long = b"\x81" * 8192, b"\x5a\xff\xff\xff\xff"
    bodies = (b"", bytes(8192), b"\xff" * 8192, b"\x9f" * 8192, deep, long, unsigned)
    for n, body in enumerate(bodies):
        head = OK + b"Content-Length: %d\r\n\r\n" % len(body)
        made.append(Case(f"body {n}", saying(head + body)))
    return made


def fuzzed(seed: int, count: int) -> list[Case]:
    """Good responses with some bytes changed, left out or repeated."""
    luck, made = random.Random(seed), []
    for n in range(count):
        data = bytearray(GOOD)
        for _ in range(luck.randint(1, 6)):
            at = luck.randrange(len(data))
            change = luck.randrange(4)
            if change == 0:
                data[at] = luck.choice(b"\r\n\0 :09aZ\xff")
            elif change == 1:
                del data[at : at + luck.randint(1, 8)]
            elif change == 2:
                data[at:at] = data[at : at + luck.randint(1, 30)] * luck.randint(1, 3)
            else:
                data[at:at] = luck.randbytes(luck.randint(1, 8))
            data = data or bytearray(b"x")
        made.append(Case(f"fuzzed {n}", saying(bytes(data))))
    return made


def records() -> list[Case]:
    """TLS that is none."""
    alert = b"\x15\x03\x03\x00\x02\x01\x00"  # a warning: close_notify
    no_renegotiation = b"\x15\x03\x03\x00\x02\x01\x64"
    hello = b"\x16\x03\x03\x00\x04\x00\x00\x00\x00"  # HelloRequest
    luck = random.Random(7)
    made = [
        ("zeros", bytes(1000), 1),
        ("noise", luck.randbytes(4000), 1),
        ("plain HTTP", GOOD, 1),
        ("largest record", b"\x16\x03\x03\xff\xff" + bytes(65535), 1),
        ("longest message", b"\x16\x03\x03\x40\x00\x02\xff\xff\xff" + bytes(16380), 40),
        ("empty records", b"\x16\x03\x03\x00\x00", 20_000),
        ("closing", alert, 1),
        ("warnings", no_renegotiation, 20_000),
        ("requests for a hello", hello, 20_000),
        ("data first", b"\x17\x03\x03\x00\x05hello", 1),
        ("fatal", b"\x15\x03\x03\x00\x02\x02\x28", 1),
        ("SSL 3", b"\x16\x03\x00\x00\x04\x02\x00\x00\x00", 1),
        ("half a record", b"\x16\x03\x03\x01\x00\x02", 1),
        ("silence", b"", 1),
    ]
    cases = [Case(f"raw {name}", raw=raw_bytes(data, times)) for name, data, times in made]
    for name, data in (("warnings", no_renegotiation), ("empty records", b"\x16\x03\x03\0\0")):
        cases.append(Case(f"raw {name} without end", raw=raw_for_ever(data * 1000)))
    after = [(name, data, min(times, 2000)) for name, data, times in made]
    cases += [Case(f"then {name}", past_tls(data, times)) for name, data, times in after]
    return cases

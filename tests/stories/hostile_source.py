"""A static HTTPS server of blobs that may do what no server should, and counts what it sends.

It lives on the loop of a story's clock, so its pauses are virtual. What is offered lies under a
path of its own, with one fault (or none), so that many hubs can be treated differently at once:

    source.offer("/slow", released.served, drip(1, 5.0))

A fault is a function from a request to a reply. `honest` answers as nginx would: 206 with the
range that was asked for, 200 for a whole object, 404 for what is not there.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

LOOPBACK = "127.0.0.1"
MOST_REQUEST_BYTES = 8192
CHUNK_BYTES = 4096
# What never ends does, so that a test of a client without limits fails instead of filling a disk.
ENDLESS_BYTES = 1 << 20
# Between its pieces, as this machine's sockets take megabytes before anybody has read a byte.
ENDLESS_PAUSE_S = 0.05
_RANGE = re.compile(rb"\r\nrange: bytes=(\d+)-(\d*)\r\n", re.IGNORECASE)


@dataclass(frozen=True)
class Request:
    """`name` is what follows the path; `first`, `last` of the range asked for, or None; `number`
    counts the requests under this path from 1; `data` is what lies there, or None."""

    name: str
    first: int | None
    last: int | None
    number: int
    data: bytes | None
    host: str = ""

    @property
    def part(self) -> bytes:
        """What an honest server sends."""
        assert self.data is not None
        if self.first is None:
            return self.data
        return self.data[self.first : (self.last or 0) + 1]


@dataclass(frozen=True)
class Reply:
    """`headers` beside Content-Length, which says `length` or, if that is None, what the body has;
    -1: none is sent. The body goes in `pieces` if there are such, each after `pause_s`."""

    status: int
    body: bytes = b""
    headers: tuple[str, ...] = ()
    length: int | None = None
    pieces: Callable[[], Iterator[bytes]] | None = None
    pause_s: float = 0.0
    closes: bool = False
    is_silent: bool = False
    """Says nothing at all, for as long as the client waits."""
    has_head: bool = True
    """Without, the pieces are all there is."""


Fault = Callable[[Request], Reply]


@dataclass
class Counts:
    """What went out under one path. Bytes are those of bodies."""

    requests: int = 0
    body_bytes: int = 0
    connections: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    asked: list[tuple[str, int | None]] = field(default_factory=list)
    """(name, first byte) of each request."""


@dataclass
class _Offer:
    served: Mapping[str, bytes]
    fault: Fault
    counts: Counts = field(default_factory=Counts)


class Source:
    """`await start()`, then `port`. `offer` before hubs ask."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._context.num_tickets = 0
        self._offers: dict[str, _Offer] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> tuple[str, int]:
        """Listen; where."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, ssl=self._context)
        return LOOPBACK, self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def offer(self, path: str, served: Mapping[str, bytes], fault: Fault | None = None) -> Counts:
        """Serve these under a path, as from now; what was counted there goes on."""
        found = self._offers.get(path)
        self._offers[path] = _Offer(served, fault or honest, found.counts if found else Counts())
        return self._offers[path].counts

    def counts(self, path: str) -> Counts:
        """What was counted there; nothing, if nothing was ever offered."""
        return self._offers[path].counts if path in self._offers else Counts()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        is_first = True
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while await self._answer(reader, writer, is_first):
                is_first = False
        with contextlib.suppress(OSError):
            writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_first: bool
    ) -> bool:
        """One request; whether there may be another."""
        head = await reader.readuntil(b"\r\n\r\n")
        path, _, name = head.split()[1].decode("ascii", "replace").rpartition("/")
        found = self._offers.get(path)
        if found is None:
            writer.write(_head(Reply(404, closes=True)))
            return False
        counts = found.counts
        counts.requests += 1
        counts.connections += is_first
        request = _request(head, name, counts.requests, found.served.get(name))
        counts.asked.append((name, request.first))
        reply = found.fault(request)
        counts.statuses[reply.status] = counts.statuses.get(reply.status, 0) + 1
        if reply.is_silent:
            await reader.read(1)  # until the client has had enough
            return False
        if reply.has_head:
            writer.write(_head(reply))
        await self._send_body(reply, writer, counts)
        return not reply.closes and b"connection: close" not in head.lower()

    async def _send_body(self, reply: Reply, writer: asyncio.StreamWriter, counts: Counts) -> None:
        pieces = _chunks(reply.body) if reply.pieces is None else reply.pieces()
        for piece in pieces:
            if reply.pause_s:
                await asyncio.sleep(reply.pause_s)
            counts.body_bytes += len(piece)
            writer.write(piece)
            await writer.drain()


def _chunks(body: bytes) -> Iterator[bytes]:
    for at in range(0, len(body), CHUNK_BYTES):
        yield body[at : at + CHUNK_BYTES]


def _request(head: bytes, name: str, number: int, data: bytes | None) -> Request:
    found = _RANGE.search(head)
    if found is None:
        return Request(name, None, None, number, data)
    first = int(found[1])
    last = int(found[2]) if found[2] else len(data or b"") - 1
    return Request(name, first, min(last, max(len(data or b"") - 1, 0)), number, data)


def _head(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} Any", *reply.headers]
    length = len(reply.body) if reply.length is None else reply.length
    if length >= 0:
        lines.append(f"Content-Length: {length}")
    if reply.closes:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


# Replies


def honest(request: Request) -> Reply:
    if request.data is None:
        return Reply(404)
    if request.first is None:
        return Reply(200, request.data)
    if request.first >= len(request.data):
        return Reply(416, headers=(f"Content-Range: bytes */{len(request.data)}",))
    return Reply(206, request.part, (_range(request),))


def _range(request: Request, by: int = 0, total: int | None = None) -> str:
    assert request.first is not None
    assert request.last is not None
    size = len(request.data or b"") if total is None else total
    return f"Content-Range: bytes {request.first + by}-{request.last + by}/{size}"


def status(code: int, *headers: str) -> Fault:
    """Always this."""
    return lambda _request: Reply(code, headers=headers)


def silence(_request: Request) -> Reply:
    return Reply(200, is_silent=True)


def only_of(name: str, fault: Fault) -> Fault:
    """The fault for one object, honest otherwise."""
    return lambda request: fault(request) if request.name == name else honest(request)


def from_request(number: int, fault: Fault) -> Fault:
    """Honest before."""
    return lambda request: fault(request) if request.number >= number else honest(request)


def until_request(number: int, fault: Fault) -> Fault:
    """Honest from that request on."""
    return lambda request: honest(request) if request.number >= number else fault(request)


def swapped(data: bytes) -> Fault:
    """Other bytes under this name; of the same total size as far as ranges tell."""
    return lambda request: honest(replace(request, data=data))


def without_ranges(request: Request) -> Reply:
    """The whole of it, whatever part was asked for."""
    good = honest(replace(request, first=None, last=None))
    return replace(good, pieces=lambda: _chunks(good.body), pause_s=ENDLESS_PAUSE_S)


def shorter(request: Request) -> Reply:
    """A byte less than asked for, and says so."""
    if request.first is None or request.last is None:
        return Reply(200, request.part[:-1])
    return honest(replace(request, last=request.last - 1))


def longer(request: Request) -> Reply:
    """A byte more than asked for, and says so."""
    return replace(honest(request), body=honest(request).body + b"!")


def cut_short(request: Request) -> Reply:
    """Says how long it is, sends half and closes."""
    whole = honest(request).body
    return replace(honest(request), body=whole[: len(whole) // 2], length=len(whole), closes=True)


def other_range(request: Request) -> Reply:
    """Says that it is another range; the bytes would be right."""
    if request.first is None:
        return honest(request)
    return Reply(206, request.part, (_range(request, by=4096),))


def other_total(request: Request) -> Reply:
    """Says that the whole is larger than it is."""
    if request.first is None:
        return honest(request)
    return Reply(206, request.part, (_range(request, total=1 << 40),))


def no_range(request: Request) -> Reply:
    """206 that does not say of what."""
    return replace(honest(request), headers=())


def endless(request: Request) -> Reply:
    """Body without length or end."""
    good = honest(request)
    return replace(good, length=-1, pieces=_for_ever, pause_s=ENDLESS_PAUSE_S, closes=True)


def promised_endless(request: Request) -> Reply:
    """A length that no hub has room for, and bytes to fill it."""
    good = honest(request)
    return replace(good, length=1 << 31, pieces=_for_ever, pause_s=ENDLESS_PAUSE_S, closes=True)


def endless_head(_request: Request) -> Reply:
    """Headers without end."""

    def lines() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        for _ in range(ENDLESS_BYTES // CHUNK_BYTES):
            yield b"X-More: and more\r\n" * (CHUNK_BYTES // 18)

    return Reply(200, pieces=lines, pause_s=ENDLESS_PAUSE_S, closes=True, has_head=False)


def _for_ever() -> Iterator[bytes]:
    for _ in range(ENDLESS_BYTES // CHUNK_BYTES):
        yield b"z" * CHUNK_BYTES


def drip(piece_bytes: int, pause_s: float) -> Fault:
    """The right bytes, a few at a time."""

    def reply(request: Request) -> Reply:
        good = honest(request)

        def pieces() -> Iterator[bytes]:
            for at in range(0, len(good.body), piece_bytes):
                yield good.body[at : at + piece_bytes]

        return replace(good, pieces=pieces, pause_s=pause_s)

    return reply

"""The way from hubs to collectors, with everything on it that goes wrong.

Two kinds of it, each behind a port of its own:

- a *wire*: passes bytes of TLS on and knows nothing of them. It delays, stalls, resets, closes and
  turns a bit over after any number of bytes, in either direction.
- a *proxy*: ends TLS with the site's certificate, as a load balancer does, and speaks TLS to a
  collector. It sees whole requests: it drops the answer to one that was delivered, delivers one
  again later or twice at the same time, keeps one back until a newer one of the same hub has
  arrived, answers with an older answer or an altered one, or is busy.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import random
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from typing import Any

from chaos.hub_client import NAME, receive
from varde_protocols import exchange, http_response
from varde_protocols.errors import WireError

# Of all connections, and of all requests: so many are left alone.
CLEAN_WIRE, CLEAN_REQUEST = 0.55, 0.6
WIRE_FAULTS = ("delay", "stall", "reset", "close", "flip")
REQUEST_FAULTS = (
    "answer-dropped", "again-later", "twice-at-once", "kept-back", "old-answer",
    "altered-answer", "cut-answer", "busy",
)  # fmt: skip
MOST_BYTES = 12_000  # a handshake and a full batch
MOST_DELAY_SECONDS = 0.3
STALL_SECONDS = 6.0  # longer than a hub waits
LATER_SECONDS = 8.0
COLLECTOR_SECONDS = 30.0
_HUB_ID = slice(7, 15)  # of a body: the kid of its first COSE_Sign1

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Relay:
    """Use as an async context. `ports_of_collectors` are those that are meant to be up.

    `faults` counts what was done; `statuses` what collectors said to whole requests.
    """

    def __init__(self, seed: int, server: ssl.SSLContext, client: ssl.SSLContext) -> None:
        self._luck = random.Random(f"{seed} relay")
        self._server, self._client = server, client
        self.ports_of_collectors: list[int] = []
        self.faults: collections.Counter[str] = collections.Counter()
        self.statuses: collections.Counter[int] = collections.Counter()
        self.is_calm = self.is_down = False
        self.problems: list[str] = []
        self._kept: dict[bytes, list[bytes]] = {}  # by hub: bodies that wait for a newer one
        self._answers: dict[bytes, bytes] = {}  # by hub: the last good one
        self._open: set[asyncio.StreamWriter] = set()
        self._later: set[asyncio.Task[None]] = set()
        self._ports: list[int] = []

    async def __aenter__(self) -> Relay:
        wire = await asyncio.start_server(self._guarded(self._wire), "127.0.0.1", 0)
        proxy = await asyncio.start_server(
            self._guarded(self._proxy), "127.0.0.1", 0, ssl=self._server
        )
        self._servers = [wire, proxy]
        self._ports = [each.sockets[0].getsockname()[1] for each in self._servers]
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        self.hang_up()
        for task in self._later:
            task.cancel()

    def port(self) -> int:
        """Return where a hub's next connection goes."""
        return self._luck.choice(self._ports)

    def hang_up(self) -> None:
        """Reset all that is open."""
        for writer in list(self._open):
            _reset(writer)

    async def deliver_what_is_left(self) -> None:
        """Deliver what was kept back, and what was to be sent again."""
        for bodies in self._kept.values():
            for body in bodies:
                self._send_later(body, 0, "kept-back, arrived later")
        self._kept = {}
        while self._later:
            await asyncio.wait(list(self._later))

    def _guarded(self, serve: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self.is_down:
                _reset(writer)
                return
            self._open.add(writer)
            try:
                await serve(reader, writer)
            except (OSError, WireError, EOFError):
                pass  # the hub or the collector went: what this is all about
            except Exception as error:  # noqa: BLE001  (ours: told in the end)
                self.problems.append(f"relay: {error!r}")
            finally:
                self._open.discard(writer)
                _reset(writer)

        return connected

    # --- wire --------------------------------------------------------------------------------

    async def _wire(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        above = await self._connect()
        fault = "" if self._is_lucky(CLEAN_WIRE) else self._luck.choice(WIRE_FAULTS)
        is_upward, after = self._luck.random() < 0.5, self._luck.randrange(MOST_BYTES)
        up = self._pump(reader, above[1], fault if is_upward else "", after)
        down = self._pump(above[0], writer, "" if is_upward else fault, after)
        ends = [asyncio.create_task(each) for each in (up, down)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            _reset(above[1])

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: str, after: int
    ) -> None:
        while data := await reader.read(2048):
            after -= len(data)
            if fault == "delay":
                self.faults["delay"] += 1
                await asyncio.sleep(self._luck.uniform(0, MOST_DELAY_SECONDS))
            elif fault == "flip" and after < 0:
                self.faults[fault] += 1
                data, fault = data[:-1] + bytes([data[-1] ^ 1]), ""
            elif fault and after < 0:
                self.faults[fault] += 1
                writer.write(data[:after])
                if fault == "stall":
                    await asyncio.sleep(STALL_SECONDS)
                elif fault == "reset":
                    _reset(writer)
                return
            writer.write(data)
            await writer.drain()

    # --- proxy -------------------------------------------------------------------------------

    async def _proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            body = await reader.readexactly(length)
            fault = "" if self._is_lucky(CLEAN_REQUEST) else self._luck.choice(REQUEST_FAULTS)
            answer, is_last = await self._answer(body, fault)
            writer.write(answer)
            await writer.drain()
            if is_last:
                return

    async def _answer(self, body: bytes, fault: str) -> tuple[bytes, bool]:
        """Return what the hub gets, and whether its connection then ends."""
        hub_id = body[_HUB_ID]
        if fault == "old-answer" and hub_id not in self._answers:
            fault = ""  # there was none yet
        if fault:
            self.faults[fault] += 1
        if fault == "kept-back":
            self._kept.setdefault(hub_id, []).append(body)
            await asyncio.sleep(self._luck.choice((0, 0, STALL_SECONDS)))  # a reset, or silence
            return b"", True
        if fault == "busy":
            refusal = b'{"error":"busy","hint":"later"}'
            return _response(503, refusal, b"Retry-After: 30\r\n"), False
        if fault == "old-answer":
            return _response(200, self._answers[hub_id]), False
        if fault == "twice-at-once":
            self._send_later(body, 0, "twice-at-once, delivered")
        status, content = await self._forward(body)
        if fault == "again-later":
            seconds = self._luck.uniform(0, LATER_SECONDS)
            self._send_later(body, seconds, "again-later, delivered")
        if status == 200:
            for old in self._kept.pop(hub_id, []):
                self._send_later(old, 0, "kept-back, arrived after a newer one")
            self._answers[hub_id] = content
        return self._spoiled(status, content, fault)

    def _spoiled(self, status: int, content: bytes, fault: str) -> tuple[bytes, bool]:
        if fault == "answer-dropped":
            return b"", True
        if fault == "altered-answer" and content:
            at, bit = self._luck.randrange(len(content)), 1 << self._luck.randrange(8)
            content = content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]
        answer = _response(status, content)
        if fault == "cut-answer":
            return answer[: self._luck.randrange(len(answer))], True
        return answer, False

    def _send_later(self, body: bytes, seconds: float, name: str) -> None:
        async def send() -> None:
            await asyncio.sleep(seconds)
            with contextlib.suppress(OSError, WireError, EOFError):
                await self._forward(body)
                self.faults[name] += 1

        task = asyncio.create_task(send())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _forward(self, body: bytes) -> tuple[int, bytes]:
        async with asyncio.timeout(COLLECTOR_SECONDS):
            reader, writer = await self._connect(ssl=self._client, server_hostname=NAME)
            try:
                writer.write(
                    f"POST {exchange.PATH} HTTP/1.1\r\nHost: {NAME}\r\n"
                    f"Content-Type: {exchange.REQUEST_TYPE}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
                )
                head, content, _closes = await receive(reader)
            finally:
                writer.transport.abort()
        self._note(head)
        return head.status, content

    async def _connect(self, **options: Any) -> Stream:
        port = self._luck.choice(self.ports_of_collectors)
        try:
            return await asyncio.open_connection("127.0.0.1", port, **options)
        except OSError:
            self.faults["collector-not-there"] += 1
            raise

    def _note(self, head: http_response.Head) -> None:
        self.statuses[head.status] += 1
        if head.status not in (200, 429, 503):
            self.problems.append(f"a collector said {head.status}")

    def _is_lucky(self, chance: float) -> bool:
        return self.is_calm or self._luck.random() < chance


def _response(status: int, content: bytes, more: bytes = b"") -> bytes:
    head = b"HTTP/1.1 %d Any\r\nContent-Length: %d\r\n%s\r\n" % (status, len(content), more)
    return head + content


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection at once: RST, where there is no TLS to say goodbye."""
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        with contextlib.suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()

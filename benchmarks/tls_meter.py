"""A relay that counts what TLS sends: bytes by kind of record, and the segments they fill.

It stands between a hub's wire and the collector and reads nothing but the five bytes before each
record (RFC 8446, section 5.1), which are in clear.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from dataclasses import dataclass, field

APPLICATION_DATA = 23  # also what is encrypted of TLS 1.3's handshake
TICKETS = 0  # for a resumption: OpenSSL sends 2 unasked in TLS 1.3, `server.tls_context` none
# What fits one segment on Ethernet and WiFi, and with PPP's usual 1500 bytes as well.
SEGMENT_BYTES = 1460
HEADER_BYTES = 40  # IPv4 and TCP without options
SYN_OPTION_BYTES = 4  # the maximal segment size, on both first segments
OPENING_SEGMENTS, CLOSING_SEGMENTS = 3, 4
# Address, control, protocol, check sum and a flag around each packet (RFC 1662), uncompressed.
PPP_BYTES = 8


@dataclass
class Connection:
    """One connection: TLS's records (upwards, kind, size), and the pieces in which they came."""

    records: list[tuple[bool, int, int]] = field(default_factory=list)
    pieces: list[tuple[bool, int]] = field(default_factory=list)
    _left: dict[bool, bytes] = field(default_factory=lambda: {True: b"", False: b""})

    def take(self, data: bytes, *, is_up: bool) -> None:
        """Count a piece."""
        self.pieces.append((is_up, len(data)))
        rest = self._left[is_up] + data
        while len(rest) >= 5 and len(rest) >= 5 + int.from_bytes(rest[3:5], "big"):
            size = 5 + int.from_bytes(rest[3:5], "big")
            self.records.append((is_up, rest[0], size))
            rest = rest[size:]
        self._left[is_up] = rest

    def handshake(self) -> tuple[int, int]:
        """Return the bytes of the handshake, and of the session tickets behind it.

        TLS 1.3 shows nothing of it but the first hellos: it is over with the client's first
        encrypted record, and tickets are the server's next TICKETS. In TLS 1.2 nothing of the
        server's is application data before the client's first, and alerts count as handshake.
        """
        tickets: list[int] = []
        data = [(is_up, size) for is_up, kind, size in self.records if kind == APPLICATION_DATA]
        total = sum(size for _, kind, size in self.records if kind != APPLICATION_DATA)
        if data and not data[0][0]:
            finished = [is_up for is_up, _ in data].index(True) if any(up for up, _ in data) else 0
            total += sum(size for _, size in data[: finished + 1])
            tickets = [size for is_up, size in data[finished + 1 :] if not is_up][:TICKETS]
        return total, sum(tickets)

    def packets(self) -> int:
        """Return how many IP packets that takes: an estimate.

        Data in the segments in which it came; an acknowledgement of its own for every second one
        of a flight, as the last one's mostly travels with what is said next; opening and closing.
        """
        packets = OPENING_SEGMENTS + CLOSING_SEGMENTS
        in_flight, direction = 0, True
        for is_up, size in self.pieces:
            if is_up != direction:
                packets += in_flight // 2
                in_flight, direction = 0, is_up
            segments = math.ceil(size / SEGMENT_BYTES)
            packets += segments
            in_flight += segments
        return packets + in_flight // 2


class Meter:
    """`await start(...)` gives the address to be relayed from; `connections` are in order."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Relay to that address from now on; return our own."""

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = Connection()
            self.connections.append(connection)
            far_reader, far_writer = await asyncio.open_connection(host, port)
            await asyncio.gather(
                _pump(reader, far_writer, connection, is_up=True),
                _pump(far_reader, writer, connection, is_up=False),
            )
            writer.close()
            far_writer.close()

        self._server = await asyncio.start_server(relay, "127.0.0.1", 0)
        return "127.0.0.1", self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Take no more connections."""
        if self._server is not None:
            self._server.close()


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    connection: Connection,
    *,
    is_up: bool,
) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(16_384):
            connection.take(data, is_up=is_up)
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()

"""A serial port over TCP (RFC 2217), for one client at a time.

pyserial's own server half speaks Telnet and RFC 2217. It goes byte by byte, a fifth of a second a
megabyte, so whatever can hold no Telnet command passes by it.

A second client gets an end of file and no answer: tools then say that the port is in use.
"""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable

from serial import rfc2217  # type: ignore[import-untyped]  # pyserial has no types

IAC = 0xFF
LOOPBACK = "127.0.0.1"
# Handed to the transport at most this much at a time: what is still here can be purged.
PIECE_BYTES = 16 * 1024
# Beyond this a client does not read; what a UART's host does not fetch is lost. One burst of the
# stub's READ_FLASH is 256 KiB, doubled by escaping at worst.
MAX_QUEUED_BYTES = 1024 * 1024
# The longest subnegotiation of RFC 2217 is a signature text; tools send at most 6 bytes.
MAX_SUBNEGOTIATION_BYTES = 128
# pyserial gives up after 3 s of no answer, and its tools say "the port is busy". A reset before
# that meets it sending, and of a broken pipe esptool's command line says nothing at all.
REFUSAL_S = 5.0


class SerialSettings:
    """What PortManager takes for a serial port. Settings are kept and mean nothing here."""

    def __init__(self, on_lines: Callable[[bool, bool], None], purge: Callable[[], None]) -> None:
        self.baudrate = 115200
        self.bytesize = 8
        self.parity = "N"
        self.stopbits = 1
        self.xonxoff = False
        self.rtscts = False
        self.break_condition = False
        self.cts = self.dsr = self.ri = self.cd = False
        self._on_lines = on_lines
        self._purge = purge
        self._dtr = False
        self._rts = False

    @property
    def dtr(self) -> bool:
        """Asserted by the client."""
        return self._dtr

    @dtr.setter
    def dtr(self, is_set: bool) -> None:
        self._dtr = is_set
        self._on_lines(self._dtr, self._rts)

    @property
    def rts(self) -> bool:
        """Asserted by the client."""
        return self._rts

    @rts.setter
    def rts(self, is_set: bool) -> None:
        self._rts = is_set
        self._on_lines(self._dtr, self._rts)

    def reset_input_buffer(self) -> None:
        """PURGE-DATA of what the board has said and the client has not got."""
        self._purge()

    def reset_output_buffer(self) -> None:
        """PURGE-DATA of what the client has said: it is with the board already."""


class Rfc2217Link:
    """`start` and `stop`; `on_data(bytes)`, `on_lines(dtr, rts)`, `on_purge()`, `on_room()` are
    for the board. `port` stays the same from one start to the next, unless asked for another."""

    def __init__(self) -> None:
        self.port = 0
        self.on_data: Callable[[bytes], None] = lambda _data: None
        self.on_lines: Callable[[bool, bool], None] = lambda _dtr, _rts: None
        self.on_purge: Callable[[], None] = lambda: None
        self.on_room: Callable[[], None] = lambda: None
        self.lost_bytes = 0
        self._place: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._client: _Client | None = None

    @property
    def is_open(self) -> bool:
        """A client has it."""
        return self._client is not None

    @property
    def queued_bytes(self) -> int:
        """Said and not yet handed to the transport."""
        return self._client.queued_bytes if self._client is not None else 0

    async def start(self, elsewhere: bool = False) -> None:
        """Listen. A bound socket keeps the port's number while nobody listens."""
        old = self._place
        if self._place is None or elsewhere:
            self._place = _bind(0)
            self.port = self._place.getsockname()[1]
        if old is not None and old is not self._place:
            old.close()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), sock=_bind(self.port))

    def stop(self) -> None:
        """The port is gone, and its client finds out the hard way."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._client is not None:
            self._client.hang_up()

    def close(self) -> None:
        """Give up the number too."""
        self.stop()
        if self._place is not None:
            self._place.close()
            self._place = None

    def send(self, data: bytes) -> None:
        """To the client, if there is one; lost if it does not read."""
        if self._client is not None:
            self._client.send(data)

    def purge(self) -> None:
        """Forget what is queued."""
        if self._client is not None:
            self._client.purge()

    def take(self, client: "_Client") -> bool:
        """Whether this client gets the port."""
        if self._client is not None or self._server is None:
            return False
        self._client = client
        return True

    def leave(self, client: "_Client") -> None:
        """It hung up: the lines fall back, as a driver lets them at the last close."""
        if self._client is client:
            self._client = None
            self.on_lines(False, False)


def _bind(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((LOOPBACK, port))
    return bound


class _Client(asyncio.Protocol):
    """One connection: Telnet on one side, plain bytes on the other."""

    def __init__(self, link: Rfc2217Link) -> None:
        self.queued_bytes = 0
        self._link = link
        self._queue: deque[bytes] = deque()
        self._is_paused = False
        self._manager: rfc2217.PortManager | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if not self._link.take(self):
            transport.write_eof()
            asyncio.get_running_loop().call_later(REFUSAL_S, transport.abort)
            return
        self._transport = transport
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.set_write_buffer_limits(high=2 * PIECE_BYTES)
        settings = SerialSettings(self._lines, self._purge_asked)
        self._manager = rfc2217.PortManager(settings, transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        self.purge()
        self._link.leave(self)

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
            self._link.leave(self)

    def _lines(self, dtr: bool, rts: bool) -> None:
        self._link.on_lines(dtr, rts)

    def _purge_asked(self) -> None:
        self.purge()
        self._link.on_purge()

    # From the client

    def data_received(self, data: bytes) -> None:
        at = 0
        while at < len(data) and self._transport is not None:
            if self._is_plain():
                end = data.find(IAC, at)
                end = len(data) if end < 0 else end
                if end > at:
                    self._link.on_data(data[at:end])
                    at = end
                    continue
            self._through_telnet(data[at : at + 1])
            at += 1

    def _is_plain(self) -> bool:
        assert self._manager is not None
        return self._manager.mode == rfc2217.M_NORMAL and self._manager.suboption is None

    def _through_telnet(self, byte: bytes) -> None:
        assert self._manager is not None
        plain = b""
        with contextlib.suppress(struct.error, ValueError, TypeError, KeyError):
            plain = b"".join(self._manager.filter(byte))
            option = self._manager.suboption
            if option is None or len(option) <= MAX_SUBNEGOTIATION_BYTES:
                if plain:
                    self._link.on_data(plain)
                return
        self.hang_up()  # it does not speak RFC 2217

    # To the client

    def send(self, data: bytes) -> None:
        if self.queued_bytes + len(data) > MAX_QUEUED_BYTES:
            self._link.lost_bytes += len(data)
            return
        escaped = data.replace(b"\xff", b"\xff\xff")
        self.queued_bytes += len(escaped)
        for at in range(0, len(escaped), PIECE_BYTES):
            self._queue.append(escaped[at : at + PIECE_BYTES])
        self._pump()

    def purge(self) -> None:
        self._queue.clear()
        self.queued_bytes = 0

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        self._pump()
        if not self._queue:
            self._link.on_room()

    def _pump(self) -> None:
        while self._queue and not self._is_paused and self._transport is not None:
            piece = self._queue.popleft()
            self.queued_bytes -= len(piece)
            self._transport.write(piece)

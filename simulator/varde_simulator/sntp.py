"""An SNTP server on loopback that tells virtual UTC (RFC 5905, section 14 for the simple form)."""

import asyncio
import struct
from typing import TYPE_CHECKING, Any

from varde_simulator.clock import VirtualClock

if TYPE_CHECKING:
    from varde_simulator.network import HubNetwork

NTP_EPOCH_MS = 2_208_988_800_000  # 1900-01-01 before 1970-01-01
PACKET = struct.Struct(">BBBbII4sQQQQ")
PACKET_BYTES = 48
MODE_CLIENT = 3
MODE_SERVER = 4
STRATUM = 2
PRECISION = -10  # about a millisecond
ROOT_DELAY = 0x0000_0300  # 12 ms as 16.16
ROOT_DISPERSION = 0x0000_0200
REFERENCE = b"\x7f\x7f\x01\x01"


class SntpServer(asyncio.DatagramProtocol):
    """Answers while the hub's wire is up. `offset_ms` makes it lie; `lost` drops requests."""

    def __init__(self, clock: VirtualClock, wire: "HubNetwork") -> None:
        self._clock = clock
        self._wire = wire
        self._transport: asyncio.DatagramTransport | None = None
        self.offset_ms = 0
        self.lost = False
        self.answers = 0

    async def start(self) -> int:
        """Listens; the port."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, ("127.0.0.1", 0))
        port: int = transport.get_extra_info("sockname")[1]
        return port

    def close(self) -> None:
        """Stops listening."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: Any) -> None:
        """asyncio's."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """One request; anything that is none gets no answer."""
        is_request = len(data) >= PACKET_BYTES and data[0] & 7 == MODE_CLIENT
        if not is_request or self.lost or not self._wire.flows or self._wire.portal is not None:
            return
        assert self._transport is not None
        self._transport.sendto(self._answer(data), addr)
        self._wire.delivered()
        self.answers += 1

    def _answer(self, request: bytes) -> bytes:
        version = request[0] >> 3 & 7
        originate = struct.unpack_from(">Q", request, 40)[0]
        now = timestamp(self._clock.utc_ms() + self.offset_ms)
        return PACKET.pack(
            version << 3 | MODE_SERVER, STRATUM, request[2], PRECISION, ROOT_DELAY,
            ROOT_DISPERSION, REFERENCE, now, originate, now, now,
        )  # fmt: skip


def timestamp(unix_ms: int) -> int:
    """NTP's 64 bits: seconds since 1900 and a fraction."""
    seconds, ms = divmod(unix_ms + NTP_EPOCH_MS, 1000)
    return (seconds & 0xFFFFFFFF) << 32 | (ms << 32) // 1000

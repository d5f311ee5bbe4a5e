"""One UDP question to a time server."""

import asyncio
import errno
import socket

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Callable, Generator, Tuple

# A round trip over a poor 4G link is a second; what takes longer is too uncertain to be of use.
ANSWER_MS = const(3_000)
_MAX_PACKET_BYTES = const(512)  # an answer has 48; extension fields may follow, and are not read


async def ask(
    host: str, port: int, packet: bytes, now_ms: "Callable[[], int]"
) -> "Tuple[bytes, int, int]":
    """Send `packet`, return the first datagram that comes back, when it went and when it came.

    Raises OSError, ETIMEDOUT among them. Whether the datagram answers is for the caller to check.
    """
    await asyncio.sleep_ms(0)  # type: ignore[attr-defined]  # the look-up blocks: feed the dog first
    info = socket.getaddrinfo(host, port, 0, socket.SOCK_DGRAM)[0]
    raw = socket.socket(info[0], info[1], info[2])
    try:
        raw.setblocking(False)
        raw.connect(info[-1])  # so that only this server's datagrams come in
        sent_ms = now_ms()
        raw.send(packet)
        await asyncio.wait_for_ms(_readable(raw), ANSWER_MS)  # type: ignore[attr-defined]
        received_ms = now_ms()
        return raw.recv(_MAX_PACKET_BYTES), sent_ms, received_ms
    except asyncio.TimeoutError:
        raise OSError(errno.ETIMEDOUT)
    finally:
        raw.close()


def _readable(raw: "Any") -> "Generator[Any, None, None]":
    """A coroutine in asyncio's own old style: the only way to wait for a socket by itself."""
    yield asyncio.core._io_queue.queue_read(raw)  # type: ignore[attr-defined]

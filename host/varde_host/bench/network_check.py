"""What the bench's network lets through (F1): the collector as hubs reach it, and the time.

Each check is made as a hub would make it: the collector's name, its port, a TLS handshake that
believes the site's own roots and nothing else, its health; a question to the NTP server. What
fails names the rule of a firewall that IT has to see to. Nothing is sent but these questions.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from varde_host import messages
from varde_host.bench.cable import ports
from varde_host.site import files

GOOD, BAD, SKIPPED = "good", "bad", "none"

NAME, PORT, TLS, HEALTH, TIME, CABLE = CHECKS = (
    "name", "port", "tls", "health", "time", "cable",
)  # fmt: skip

DEFAULT_PORT: Final = 8443
DEFAULT_NTP: Final = ("pool.ntp.org", 123)

WAIT_S: Final = 5.0
"""A network that takes longer to answer is one that a technician calls down."""
MAX_CLOCK_S: Final = 10.0
"""What this computer's clock may be off: a hub's is compared with it (TID-01)."""
_MAX_ANSWER: Final = 4096
_NTP_EPOCH: Final = 2_208_988_800
"""Seconds from 1900 to 1970 (RFC 5905, section 6)."""


@dataclass(frozen=True, slots=True)
class Check:
    """`outcome` is GOOD, BAD or SKIPPED (what it rests on failed); `where` what was asked."""

    name: str
    outcome: str
    where: str
    said: str = ""

    @property
    def text(self) -> str:
        """What was found, in the language in use."""
        return messages.text(f"network-check.{self.name}.{self.outcome}", where=self.where)

    def as_json(self) -> dict[str, Any]:
        """For programs, with its text."""
        return {**asdict(self), "text": self.text}


async def run(
    site: files.Site, host: str, port: int, ntp: tuple[str, int], utc_ms: Callable[[], int]
) -> list[Check]:
    """Return all checks, in order. Raises InputRefused for a site without its roots."""
    context = _pinned(site)
    steps: Sequence[tuple[str, Callable[[], Awaitable[str]]]] = (
        (NAME, lambda: _resolved(host, port)),
        (PORT, lambda: _opened(host, port, None)),
        (TLS, lambda: _opened(host, port, context)),
        (HEALTH, lambda: _health(host, port, context)),
    )
    found: list[Check] = []
    where = f"{host}:{port}"
    for name, step in steps:
        is_tried = all(check.outcome == GOOD for check in found)
        at = host if name == NAME else where
        found.append(await _checked(name, at, step) if is_tried else Check(name, SKIPPED, at))
    found.append(await _checked(TIME, f"{ntp[0]}:{ntp[1]}", lambda: _time(*ntp, utc_ms)))
    boards = [each.name for each in ports.scan()]
    outcome = GOOD if boards else SKIPPED
    return [*found, Check(CABLE, outcome, ", ".join(boards) or "-")]


def _pinned(site: files.Site) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for root in site.roots_der():
        made.load_verify_locations(cadata=root)
    return made


async def _checked(name: str, where: str, step: Callable[[], Awaitable[str]]) -> Check:
    try:
        async with asyncio.timeout(WAIT_S):
            return Check(name, GOOD, where, await step())
    except (OSError, TimeoutError, ValueError, ssl.SSLError) as error:
        return Check(name, BAD, where, f"{type(error).__name__}: {error}"[:120])


async def _resolved(host: str, port: int) -> str:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return str(found[0][4][0])


async def _opened(host: str, port: int, context: ssl.SSLContext | None) -> str:
    _reader, writer = await asyncio.open_connection(host, port, ssl=context)
    await _closed(writer)
    return ""


async def _health(host: str, port: int, context: ssl.SSLContext) -> str:
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        asked = f"GET /health HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
        writer.write(asked.encode("ascii", "replace"))
        answer = (await reader.read(_MAX_ANSWER)).split(b"\r\n", 1)[0]
    finally:
        await _closed(writer)
    if b" 200" not in answer:
        raise ValueError(answer[:40].decode("ascii", "replace"))
    return answer.decode("ascii", "replace")


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, ssl.SSLError):
        await writer.wait_closed()


async def _time(host: str, port: int, utc_ms: Callable[[], int]) -> str:
    """Ask an NTP server (RFC 5905: mode 3, version 4); ValueError if our clock is off."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        address = (await loop.getaddrinfo(host, port, family=socket.AF_INET))[0][4]
        await loop.sock_connect(asking, address)
        await loop.sock_sendall(asking, b"\x23" + bytes(47))
        answer = await loop.sock_recv(asking, 512)
    if len(answer) < 48:
        raise ValueError("short")
    theirs_s: int = struct.unpack(">I", answer[40:44])[0] - _NTP_EPOCH
    off_s = utc_ms() / 1000 - theirs_s
    if abs(off_s) > MAX_CLOCK_S:
        raise ValueError(f"clock off {off_s:+.0f} s")
    return f"{off_s:+.0f} s"

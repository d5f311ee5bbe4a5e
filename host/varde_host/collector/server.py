"""Run the collector over TLS (uvicorn), with the limits that keep one client from starving others.

A hub that is told to stop mid-way has lost nothing: SIGTERM lets the requests in flight finish for
a while, and SIGKILL only makes their hubs send again. So a process whose database hangs, and holds
a thread, does not wait for it for ever: it ends by itself, as if killed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import uvicorn
import uvicorn.protocols.http.h11_impl as uvicorn_h11
from starlette.applications import Starlette

from varde_host import errors
from varde_host.collector import log
from varde_host.site import files

# Some 290 kB each (measured, docs/collector.md), most of it asyncio's buffers for TLS: 150 MB in
# all. A connection that is one too many gets 503; of those that are taken,
# `app.MAX_REQUESTS` may ask for something at the same instant.
MAX_CONNECTIONS = 512

# Connections that wait to be taken, after a restart when all hubs come at once.
BACKLOG = 512

# A request's line and headers: a hub sends some 200 bytes.
MAX_HEAD_BYTES = 8192

# From the end of the TLS handshake, or of an answer, until the whole head of the next request has
# come. Without it, connections that say nothing, or a byte now and then, would stay for ever:
# uvicorn's own timer runs only after an answer, and any byte stops it.
MAX_SILENCE_SECONDS = 20.0

# A hub closes when it has nothing more to ask. Between two blocks of a release it writes to its
# flash, between two trusts it checks signatures for seconds, and a new handshake is 4 KB on air.
KEEP_ALIVE_SECONDS = int(MAX_SILENCE_SECONDS)

# Longer than an exchange takes; what is not done by then is cut off, safely.
STOP_SECONDS = 10

# From the signal until a process ends whose threads do not: the transaction that one of them waits
# for was not answered. Under the 30 s after which what runs it (Kubernetes) kills it.
ABANDON_SECONDS = STOP_SECONDS + 10
ABANDONED_STATUS = 3  # the world failed, as for all commands


@dataclass(frozen=True)
class Address:
    """Where the collector listens; port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class PunctualProtocol(uvicorn_h11.H11Protocol):
    """HTTP/1.1 that closes a connection whose next request does not begin in time.

    A request that has begun has its own limit (`body`), and what goes on coming of one that has
    been answered already is no beginning.
    """

    max_silence_seconds = MAX_SILENCE_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer with the connection."""
        super().connection_made(transport)
        self.loop.call_later(self.max_silence_seconds, self._close_if_still, None)

    def on_response_complete(self) -> None:
        """Start the timer anew; the base class may begin the next request at once."""
        answered = self.cycle
        super().on_response_complete()
        self.loop.call_later(self.max_silence_seconds, self._close_if_still, answered)

    def _close_if_still(self, last: uvicorn_h11.RequestResponseCycle | None) -> None:
        """Close unless a request has begun since `last`."""
        if self.cycle is last and not self.transport.is_closing():
            self.transport.close()


class PunctualServer(uvicorn.Server):
    """Ends the process if what is asked to stop has not done so in time."""

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal."""
        self._timer = threading.Timer(ABANDON_SECONDS, _abandon)
        self._timer.daemon = True
        try:
            super().run(sockets)
        finally:  # also the threads are at their end
            self._timer.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in order, against the timer: nobody can interrupt a thread."""
        self._timer.start()
        await super().shutdown(sockets)


def run(
    app: Starlette, site: files.Site, address: Address, on_listening: Callable[[Address], None]
) -> None:
    """Serve an `app` until SIGTERM or SIGINT; WorldFailed `listen`, InputRefused `server-key`."""
    context = tls_context(site)
    config = uvicorn.Config(
        app,
        http=PunctualProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        ssl_context_factory=lambda _config, _default: context,
    )
    # uvicorn stops in order on these and then raises them again, to us: that is no failure
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopped)
    with listen(address) as listener:
        on_listening(Address(*listener.getsockname()[:2]))
        made = PunctualServer(config)
        app.state.metrics.watch_connections(lambda: len(made.server_state.connections))
        made.run(sockets=[listener])


def _abandon() -> None:
    log.event("abandoned", logging.ERROR, error="stop-slow")
    os._exit(ABANDONED_STATUS)


def _stopped(_number: int, _frame: FrameType | None) -> None:
    """Nothing is left to do."""


def listen(address: Address) -> socket.socket:
    """Return a listening socket; WorldFailed `listen`."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise errors.WorldFailed("listen", str(address), reason=error.strerror) from error


def tls_context(site: files.Site) -> ssl.SSLContext:
    """Return the server side's TLS: 1.2 (what hubs speak) or newer, the site's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # No hub resumes a session, and two tickets are 510 of a spot reading's 2800 bytes on air.
    context.num_tickets = 0
    try:
        context.load_cert_chain(site.server_certificate, site.server_key)
    except (OSError, ssl.SSLError) as error:
        where = str(site.server_certificate)
        raise errors.InputRefused("server-key", where, reason=error) from error
    return context

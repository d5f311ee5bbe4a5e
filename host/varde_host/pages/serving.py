"""Run a page server (uvicorn): one process, this machine alone unless told otherwise.

SIGTERM and Ctrl-C end it in order: what waits for a change is answered, what is under way is done.
Nothing depends on that: what matters is on the disk before a page says so.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

import uvicorn

from varde_host import errors
from varde_host.collector import log, server
from varde_host.pages import shell
from varde_host.pages.context import Context
from varde_host.pages.headers import ALWAYS
from varde_host.pages.page import Page

Address = server.Address

MAX_CONNECTIONS = 256
"""Browsers hold six each. One more is closed at once."""
MAX_HEAD_BYTES = 16_384
"""A request's line, headers and cookies."""
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
STOP_SECONDS = 3
"""What is still under way after that is cut off."""


class PageProtocol(server.PunctualProtocol):
    """HTTP/1.1 as of the collector, with a limit of connections, and headers also on the answer
    to what is no HTTP."""

    def connection_made(self, transport: object) -> None:
        """Take a connection, or close it if there are too many."""
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > MAX_CONNECTIONS:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 theirs to say
        """Refuse what is no HTTP; what came is not repeated."""
        lines = [f"{name}: {value}" for name, value in ALWAYS.items()]
        head = "\r\n".join(["HTTP/1.1 400 Bad Request", "Connection: close", *lines])
        self.transport.write(f"{head}\r\nContent-Length: 0\r\n\r\n".encode())
        self.transport.close()


class PageServer(server.PunctualServer):
    """Tells those who wait that it stops."""

    def __init__(self, config: uvicorn.Config, context: Context) -> None:
        super().__init__(config)
        self._context = context
        self.loop: asyncio.AbstractEventLoop | None = None
        """That of the pages, once it runs: jobs in threads say there that something changed."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin."""
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in order."""
        self._context.stopping.changed()
        await super().shutdown(sockets)
        for end in self._context.at_end:
            await end()


def run(
    pages: Sequence[Page],
    context: Context,
    wanted: Address,
    on_listening: Callable[[str], None],
    *,
    tls: tuple[Path, Path] | None = None,
    opens_browser: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT. `tls` is a certificate and its key, as PEM files.

    The log goes to standard error, as JSON lines. `on_listening` is given the address to open.
    Raises WorldFailed `listen`, InputRefused `server-key`.
    """
    made_tls = None if tls is None else _tls_context(*tls)
    context = replace(context, is_tls=tls is not None)
    with log.on_stderr(context.clock), server.listen(wanted) as listener:
        page_server = made(pages, context, made_tls)

        def stop(_number: int, _frame: FrameType | None) -> None:
            """Also before uvicorn listens to signals; what it has heard it raises again, to us."""
            page_server.should_exit = True

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        address = url(context, Address(*listener.getsockname()[:2]))
        on_listening(address)
        if opens_browser:
            webbrowser.open(address)
        page_server.run(sockets=[listener])


def made(pages: Sequence[Page], context: Context, tls: ssl.SSLContext | None = None) -> PageServer:
    """Return the server, not yet running."""
    config = uvicorn.Config(
        shell.app(pages, context),
        http=PageProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        timeout_keep_alive=server.KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )
    return PageServer(config, context)


def url(context: Context, address: Address) -> str:
    """Return what to type into a browser."""
    everywhere = address.host in ("0.0.0.0", "::")  # noqa: S104 compared, not bound
    shown = Address("127.0.0.1" if everywhere else address.host, address.port)
    return f"{'https' if context.is_tls else 'http'}://{shown}/"


def tls_files(
    address: str, certificate: Path | None, key: Path | None
) -> tuple[Path, Path] | None:
    """Return certificate and key. InputRefused `serve-plain` where passwords would be readable
    on their way, `serve-key` for one of the two without the other."""
    if certificate is not None and key is not None:
        return certificate, key
    if certificate is not None or key is not None:
        raise errors.InputRefused("serve-key", str(certificate or key))
    if address not in _THIS_MACHINE:
        raise errors.InputRefused("serve-plain", address)
    return None


def _tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        made.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise errors.InputRefused("server-key", str(certificate), reason=error) from error
    return made

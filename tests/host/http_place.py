"""An HTTP server in a thread whose answers a test decides, and one that relays with faults."""

from __future__ import annotations

import contextlib
import http.server
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

import httpx


@dataclass(frozen=True)
class Asked:
    """A request as it came; `url` is whole, `path` with its query."""

    method: str
    url: str
    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Reply:
    """An answer. `body` may be anything that is sent in parts."""

    status: int
    body: bytes | Iterator[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Answering = Callable[[Asked], Reply | None]
"""None closes the connection without an answer."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_args: Any) -> None:
        """A client that hung up is no news."""


@contextlib.contextmanager
def serving(answering: Answering, certificate: Path | None = None) -> Iterator[str]:
    """Give the address of a server; of TLS with a file of key and certificate."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _all(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            body = self.rfile.read(length)
            url = f"{origin}{self.path}"
            reply = answering(Asked(self.command, url, self.path, self.headers, body))
            self.close_connection = True
            if reply is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if isinstance(reply.body, bytes):
                self.send_header("Content-Length", str(len(reply.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            with contextlib.suppress(OSError):
                for part in [reply.body] if isinstance(reply.body, bytes) else reply.body:
                    self.wfile.write(part)

        do_GET = do_POST = do_PUT = _all

        def log_message(self, *_args: Any) -> None:
            """Nothing on standard error."""

    server = _Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    origin = f"{scheme}://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Relay:
    """Passes requests on to `upstream`; the faults in `plan` come first, one a request.

    A fault is given the request and a function that passes it on.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.plan: deque[Callable[[Asked, Answering], Reply | None]] = deque()
        self.seen: list[Asked] = []

    def __call__(self, asked: Asked) -> Reply | None:
        self.seen.append(asked)
        if self.plan:
            return self.plan.popleft()(asked, self.passed)
        return self.passed(asked)

    def passed(self, asked: Asked) -> Reply:
        """Pass a request on as it is."""
        names = ("content-type", "if-none-exist", "accept", "prefer")
        headers = {name: asked.headers[name] for name in names if name in asked.headers}
        found = httpx.request(
            asked.method, self.upstream + asked.path, content=asked.body, headers=headers,
            timeout=30, trust_env=False,
        )  # fmt: skip
        kept = {name: found.headers[name] for name in ("content-type", "location")
                if name in found.headers}  # fmt: skip
        return Reply(found.status_code, found.content, kept)


def lost(asked: Asked, passed: Answering) -> Reply | None:
    """The server does it all, and its answer is lost."""
    passed(asked)
    return None


def says(status: int, body: bytes = b"", **headers: str) -> Any:
    """Return a fault: this answer, and nothing is done."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _asked, _passed: Reply(status, body, named)

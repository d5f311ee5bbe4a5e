"""A captive portal, as guest networks have them: whoever is asked for, it answers.

A plain HTTP request gets a redirect to a page of terms; a TLS handshake gets a certificate that
nobody who is careful believes.
"""

import asyncio
import contextlib
import datetime as dt
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_LOOPBACK = "127.0.0.1"
_TLS_HANDSHAKE = 0x16  # the content type that a ClientHello begins with
_NAME = "portal.gjestenett.example"
_REDIRECT = (
    f"HTTP/1.1 302 Found\r\nLocation: http://{_NAME}/login\r\n"
    "Content-Length: 0\r\nConnection: close\r\n\r\n"
).encode()
_MAX_REQUEST_BYTES = 65536


class Portal:
    """Starts with the first that asks for its address."""

    def __init__(self) -> None:
        self.redirects = 0
        self._servers: list[asyncio.Server] = []

    async def address_for(self, first: bytes) -> tuple[str, int]:
        """Where those are answered who begin so."""
        if not self._servers:
            context = _certificate()
            for secured in (None, context):
                self._servers.append(
                    await asyncio.start_server(self._serve, _LOOPBACK, 0, ssl=secured)
                )
        server = self._servers[bool(first) and first[0] == _TLS_HANDSHAKE]
        port: int = server.sockets[0].getsockname()[1]
        return _LOOPBACK, port

    async def close(self) -> None:
        """Nobody answers any more."""
        for server in self._servers:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await reader.readuntil(b"\r\n\r\n")
            self.redirects += 1
            writer.write(_REDIRECT)
            await writer.drain()
        writer.close()


def _certificate() -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, _NAME)])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pem = serialization.Encoding.PEM
    with tempfile.TemporaryDirectory(prefix="varde-") as folder:
        chain = Path(folder) / "portal.pem"
        chain.write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + certificate.public_bytes(pem)
        )
        context.load_cert_chain(chain)
    return context

"""HTTPS servers of all sorts, with certificates made for the occasion."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A root and what it issues."""

    def __init__(self, name: str, last_day: int = 3650) -> None:
        """The root is valid until `last_day`, in days from today."""
        self.name = name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._sign(name, self.key, -30, last_day, is_authority=True)

    @property
    def der(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.DER)

    def issue(self, name: str, folder: Path, first_day: int, last_day: int) -> Path:
        """A file with key and certificate, valid between two days from today."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(name, key, first_day, last_day, is_authority=False)
        path = folder / f"{self.name}-{name}-{first_day}-{last_day}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return path

    def _sign(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        first_day: int,
        last_day: int,
        *,
        is_authority: bool,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + first_day * DAY)
            .not_valid_after(now + last_day * DAY)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(self.key, hashes.SHA256())
        )


class Server:
    """One port of localhost; `answer(connection, request)` is called for each request that ends
    with END. Counts its connections."""

    def __init__(self, certificate: Path | None, answer: Callable[[socket.socket], None]) -> None:
        self._answer = answer
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        try:
            if self._context is None:
                raw.recv(1)
                threading.Event().wait(20)
                return
            with self._context.wrap_socket(raw, server_side=True) as connection:
                data = b""
                while piece := connection.recv(65536):
                    data += piece
                    if data.endswith(b"END"):
                        self._answer(connection)
                        data = b""
        except OSError:
            pass
        finally:
            raw.close()


def at_once(connection: socket.socket) -> None:
    connection.sendall(ANSWER)


def in_pieces(connection: socket.socket) -> None:
    for i in range(len(ANSWER)):
        connection.sendall(ANSWER[i : i + 1])


def drip(connection: socket.socket) -> None:
    """Slowly enough that every piece is in time and the whole is not."""
    for i in range(8):
        connection.sendall(ANSWER[i : i + 1])
        time.sleep(0.25)


def chunked(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")


def cut_short(connection: socket.socket) -> None:
    connection.sendall(ANSWER[:-2])
    connection.close()


def closing(connection: socket.socket) -> None:
    connection.sendall(ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: Close\r\n\r\n"))
    connection.close()

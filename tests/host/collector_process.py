"""The real collector as a process: TLS, its own database file, killed and started at will."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from varde_host.site import files
from varde_protocols import exchange

NAME = "localhost"
START_SECONDS = 300  # against hanging for ever, no more: machines are busy
ANSWER_SECONDS = 60


def environment(**extra: str) -> dict[str, str]:
    """Return what a child needs to import what the tests import."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | extra


def varde(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    """Run the `varde` command; `status` other than 0 is returned, not raised."""
    command = [sys.executable, "-m", "varde_host", *arguments]
    extra = options.pop("env", {})
    return subprocess.run(
        command, env=environment(**extra), capture_output=True, text=True, check=False, **options
    )


@dataclass
class CollectorProcess:
    """Use as a context; `start` again after `kill`. It listens on the port of its first start."""

    site: files.Site
    script: tuple[str, ...] = ("-m", "varde_host", "collector")
    port: int = 0
    extra: tuple[str, ...] = ()
    database: str = ""
    """A server's URL; the site's own file if there is none."""
    process: subprocess.Popen[str] | None = None

    def __enter__(self) -> CollectorProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.kill()

    def start(self) -> CollectorProcess:
        arguments = ["--site", str(self.site.directory), "--host", "127.0.0.1"]
        command = [sys.executable, *self.script, *arguments, "--port", str(self.port), "--json"]
        log = self.site.directory / "collector.log"
        with log.open("a") as stderr:
            self.process = subprocess.Popen(
                [*command, *self.extra],
                env=environment(**self.variables),
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, log.read_text()
        self.port = json.loads(line)["listening"]["port"]
        return self

    @property
    def variables(self) -> dict[str, str]:
        """What any command has to be told in its environment to work on the same database."""
        return {"VARDE_DATABASE": self.database} if self.database else {}

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask to stop; return the exit status."""
        return self._end(signal.SIGTERM)

    def wait(self) -> int:
        """Wait for the end that is under way; return the exit status."""
        assert self.process is not None
        assert self.process.stdout is not None
        status = self.process.wait(START_SECONDS)
        self.process.stdout.close()
        self.process = None
        return status

    def _end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.wait()

    def connect(self, root: Path | None = None, name: str = NAME) -> ssl.SSLSocket:
        """Return a TLS connection that trusts `root` and wants `name` to be the server's."""
        trusted = root or self.site.directory / self.site.root_files[0]
        context = ssl.create_default_context(cafile=str(trusted))
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_SECONDS)
        try:
            return context.wrap_socket(raw, server_hostname=name)
        except BaseException:
            raw.close()
            raise

    def post(self, body: bytes) -> tuple[int, bytes]:
        """POST an exchange; return status and body. OSError or HTTPException if there is none."""
        with self.connect() as connection:
            connection.sendall(head(len(body)) + body)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return response.status, response.read()


def head(length: int) -> bytes:
    """Return the request line and headers that a hub sends."""
    return (
        f"POST {exchange.PATH} HTTP/1.1\r\nHost: {NAME}\r\n"
        f"Content-Type: {exchange.REQUEST_TYPE}\r\n"
        f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
    ).encode()

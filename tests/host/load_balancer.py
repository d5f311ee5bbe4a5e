"""haproxy in front of several collectors: TLS passes through, `/health` says who gets work."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import pathlib
import shutil
import socket
import subprocess
import time

from host.collector_process import NAME
from host.postgres_server import free_port

UNPACKED = pathlib.Path(__file__).resolve().parents[2] / ".cache" / "haproxy" / "haproxy"
START_SECONDS = 300  # against hanging for ever, no more: machines are busy

# As docs/collector-at-scale.md has it, but for the times, which are short here.
CONFIG = """\
global
    stats socket {folder}/stats mode 600 level user
defaults
    mode tcp
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    retries 3
    option redispatch 1
frontend hubs
    bind 127.0.0.1:{port}
    default_backend collectors
backend collectors
    balance roundrobin
    option httpchk
    http-check send meth GET uri /health ver HTTP/1.1 hdr Host {name}
    http-check expect status 200
    default-server check check-ssl check-sni {name} verify required verifyhost {name} \
ca-file {root} inter 500ms fall 2 rise 1
{servers}
"""


def program() -> pathlib.Path | None:
    """Return the program; None if there is none."""
    found = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found:
        return pathlib.Path(found)
    return UNPACKED if UNPACKED.exists() else None


class LoadBalancer:
    """Use as a context; hubs connect to `port`."""

    def __init__(self, folder: pathlib.Path, root: pathlib.Path, ports: list[int]) -> None:
        self.port = free_port()
        self._stats = folder / "stats"
        self._config = folder / "haproxy.cfg"
        self._log = folder / "haproxy.log"
        servers = [f"    server c{n} 127.0.0.1:{port}" for n, port in enumerate(ports)]
        self._config.write_text(
            CONFIG.format(
                folder=folder, port=self.port, name=NAME, root=root, servers="\n".join(servers)
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LoadBalancer:
        found = program()
        assert found, "ask `program` first"
        with self._log.open("wb") as log:
            command = [str(found), "-f", str(self._config), "-db"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._stats.exists():
            is_over = self._process.poll() is not None or time.monotonic() > deadline
            assert not is_over, self._log.read_text()
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def servers(self) -> dict[str, tuple[bool, int]]:
        """Return of each collector if it gets work, and how many connections it has had."""
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as asked:
            asked.connect(str(self._stats))
            asked.sendall(b"show stat\n")
            text = b"".join(iter(lambda: asked.recv(65536), b"")).decode()
        rows = csv.DictReader(io.StringIO(text.removeprefix("# ")))
        return {
            row["svname"]: (row["status"].startswith("UP"), int(row["stot"]))
            for row in rows
            if row["pxname"] == "collectors" and row["svname"] != "BACKEND"
        }

"""A real PostgreSQL of the tests' own: made, killed and started at will, gone afterwards.

The server refuses to run as root: as root, it runs as `nobody`. Its folder is not under the test's
own, as that is closed to others, and the path of a socket has a hundred characters at most.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator

import psycopg

START_SECONDS = 300  # against hanging for ever, no more: machines are busy
OTHER_USER = "nobody"
# Durability is not what most tests are about.
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
SETTINGS = {
    "max_connections": "60",
    "shared_buffers": "16MB",
    "autovacuum": "off",
    "log_min_messages": "warning",
}


def programs() -> pathlib.Path | None:
    """Return the folder of the newest `initdb` and `postgres`; None if there is none."""
    on_path = shutil.which("initdb")
    found = sorted(
        pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: float(path.parts[-3]),
    )
    initdb = pathlib.Path(on_path) if on_path else found[-1] if found else None
    return initdb.resolve().parent if initdb else None


class PostgresServer:
    """Use as a context. `port` other than 0: it also listens on loopback."""

    def __init__(
        self, *, port: int = 0, is_durable: bool = False, wal_segment_mb: int = 16
    ) -> None:
        found = programs()
        assert found, "ask `programs` first"
        self._programs = found
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="varde-pg-"))
        self.port = port
        self._settings = SETTINGS | ({} if is_durable else FAST)
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0
        self._wal_segment_mb = wal_segment_mb

    def __enter__(self) -> PostgresServer:
        if os.geteuid() == 0:
            shutil.chown(self.folder, OTHER_USER)
        segments = f"--wal-segsize={self._wal_segment_mb}"
        options = ["-A", "trust", "-U", "varde", "--no-sync", "-E", "UTF8", segments]
        self._run("initdb", "-D", "data", *options)
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder)

    def start(self) -> PostgresServer:
        settings = self._settings | {
            "unix_socket_directories": str(self.folder),
            "listen_addresses": "127.0.0.1" if self.port else "",
            "port": str(self.port or 5432),
        }
        options = [f"-c{name}={value}" for name, value in settings.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command("postgres", "-D", "data", *options),
                cwd=self.folder, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return self
            except psycopg.OperationalError:
                is_over = self._process.poll() is not None or time.monotonic() > deadline
                assert not is_over, (self.folder / "log").read_text()
                time.sleep(0.05)

    def stop(self) -> None:
        """Shut down in order; connections end with 57P01."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """kill -9 of the server and all its children at once."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop all its processes where they are; connections stay open and say nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def limit_files(self, size_bytes: int | None) -> None:
        """Let no file of the server grow beyond a size: a disk that is full."""
        size = "unlimited" if size_bytes is None else str(size_bytes)
        for pid in self._pids():  # of which one may have ended meanwhile
            command = self._command("prlimit", f"--pid={pid}", f"--fsize={size}:")
            subprocess.run(command, capture_output=True, check=False)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        if self.port:
            return f"postgresql://varde@127.0.0.1:{self.port}/{name}"
        return f"postgresql://varde@/{name}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """Make a database; return its URL."""
        self._made += 1
        name = f"test_{self._made}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _command(self, program: str, *arguments: str) -> list[str]:
        own = self._programs / program
        command = [str(own) if own.exists() else program, *arguments]
        if os.geteuid() == 0:
            other = ["setpriv", f"--reuid={OTHER_USER}", "--regid=nogroup", "--clear-groups"]
            command = [*other, *command]
        return command

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            self._command(program, *arguments),
            cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def _signal(self, number: int) -> list[int]:
        """Send a signal to the server and its children (which have groups of their own)."""
        pids = self._pids()
        for each in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, number)
        return pids

    def _pids(self) -> list[int]:
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [self.pid, *map(int, children.split())]

    def _end(self, number: int) -> None:
        assert self._process is not None
        if number == signal.SIGKILL:
            pids = self._signal(number)
        else:
            pids = []
            self._process.send_signal(number)
        self._process.wait(START_SECONDS)
        self._process = None
        while any(map(_is_alive, pids)):
            time.sleep(0.01)
        for left in (self.folder / "data" / "postmaster.pid", *self.folder.glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        status = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def free_port() -> int:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as found:
        return found.getsockname()[1]


@contextlib.contextmanager
def database_of(server: PostgresServer, template: str = "template1") -> Iterator[str]:
    """Give a database's URL; drop it afterwards."""
    url = server.create(template)
    try:
        yield url
    finally:
        server.drop(url)

"""What host tests need: a collector in this process with a database of its own, a terminal."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from host import soft_token
from host.inventory_bench import Stockroom
from host.postgres_server import PostgresServer, database_of, programs
from host.terminal import Terminal
from host.virtual_hub import COLLECTOR, RECEIVER, VirtualHub
from varde_host import cli, messages
from varde_host.collector import answer, app, database, registry, schema
from varde_host.inventory import store
from varde_protocols import exchange
from varde_protocols.crypto import x25519

NOW_MS = 1_800_000_000_000


@pytest.fixture(autouse=True)
def _pipe_of_no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are as wide as they like, wherever the tests run."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def _in_bokmaal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin in bokmål, whatever `cli.main` was told before: it sets it for the process."""
    monkeypatch.setattr(messages.speaker, "language", "nb")


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what the environment of whoever runs the tests asks for."""
    for name in ("LANGUAGE", "SITE", "DATABASE", "INVENTORY", "BY", "KEEPS_GS"):
        monkeypatch.delenv(f"VARDE_{name}", raising=False)


@pytest.fixture
def made(tmp_path: Path, capsys: pytest.CaptureFixture[str], plain: None) -> Path:
    """A site's directory."""
    directory = tmp_path / "site"
    named = ("--server-name", "collector.test", "--no-passphrase")
    assert cli.main(["site", "init", str(directory), *named]) == 0
    capsys.readouterr()
    return directory


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], plain: None) -> Terminal:
    return Terminal(capsys)


class FixedClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS

    def utc_ms(self) -> int:
        return self.now_ms


@dataclass
class Bench:
    """A collector, ready to take requests over ASGI, and its database."""

    runner: asyncio.Runner
    client: httpx.AsyncClient
    database: database.Database
    settings: app.Settings
    clock: FixedClock

    def request(self, method: str, path: str, **options) -> httpx.Response:
        return self.runner.run(self.client.request(method, path, **options))

    def post(self, body, content_type: str = exchange.REQUEST_TYPE) -> httpx.Response:
        return self.post_all([body], content_type)[0]

    def post_all(
        self, bodies: list, content_type: str = exchange.REQUEST_TYPE
    ) -> list[httpx.Response]:
        """Post all of them at once; return the responses in order."""
        headers = {"content-type": content_type}

        async def gathered():
            posts = [
                self.client.post(exchange.PATH, content=body, headers=headers) for body in bodies
            ]
            return await asyncio.gather(*posts)

        return self.runner.run(gathered())

    def enrol(self, hub: VirtualHub) -> VirtualHub:
        with self.database.writing() as connection:
            registry.enrol(connection, hub.public, NOW_MS)
        return hub

    def stored(self) -> list[tuple[int, bytes]]:
        table = schema.records
        query = sa.select(table.c.seq, table.c.record).order_by(table.c.hub, table.c.seq)
        return self._rows(query)

    def quarantined(self) -> list[tuple[int | None, int, bytes]]:
        table = schema.quarantine
        query = sa.select(table.c.seq, table.c.reason, table.c.raw).order_by(table.c.id)
        return self._rows(query)

    def _rows(self, query: sa.Select) -> list[tuple]:
        return self.database.read(lambda connection: [tuple(r) for r in connection.execute(query)])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module's tests on each of its `DATABASES`; without any named, on SQLite."""
    kinds = getattr(metafunc.module, "DATABASES", None)
    for fixture in ("address", "inventory_address"):
        if kinds and fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, kinds, indirect=True)


@pytest.fixture(scope="session")
def postgres():
    """Give a server for all tests of this process that want no harm to come to it."""
    if programs() is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    with PostgresServer() as server:
        database.open_database(server.create()).close()  # the template of all others: test_1
        yield server


@pytest.fixture(scope="session")
def soft_tokens(tmp_path_factory: pytest.TempPathFactory) -> soft_token.SoftTokens:
    """Give tokens for all tests of this process: their library reads its settings once."""
    return soft_token.make(tmp_path_factory.mktemp("tokens"))


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path):
    """Give the address of a database that nobody has used."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield tmp_path / "collector.sqlite"
        return
    with database_of(request.getfixturevalue("postgres"), "test_1") as url:
        yield url


@pytest.fixture
def opened(address: str | Path):
    opened = database.open_database(address)
    yield opened
    opened.close()


@pytest.fixture
def inventory_address(request: pytest.FixtureRequest, tmp_path: Path):
    """Give the address of an inventory that nobody has used."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield tmp_path / store.FILE
        return
    with database_of(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture
def room(inventory_address: str | Path, plain: None):
    room = Stockroom(inventory_address)
    yield room
    room.close()


@contextlib.contextmanager
def collector(opened: database.Database, **settings):
    """Run a collector in this process; `settings` are those of `app.Settings`."""
    clock = FixedClock()
    made = app.Settings(opened, answer.signer(COLLECTOR), clock, **settings)
    served = app.create(made)
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        lifespan = served.router.lifespan_context(served)
        runner.run(stack.enter_async_context(lifespan))
        transport = httpx.ASGITransport(served)
        client = httpx.AsyncClient(transport=transport, base_url="https://collector")
        runner.run(stack.enter_async_context(client))
        try:
            yield Bench(runner, client, opened, made, clock)
        finally:
            runner.run(stack.aclose())


@pytest.fixture
def bench(opened: database.Database):
    with collector(opened) as ready:
        yield ready


@pytest.fixture
def hub(bench: Bench) -> VirtualHub:
    return bench.enrol(VirtualHub(1, x25519.public_key(RECEIVER)))

"""F1: what the bench's network lets through, asked as a hub would, and the rule that is shut."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from typing import Any

import pytest

from host import signed_bench
from varde_host import cli, clock
from varde_host.bench import network_check
from varde_host.site import files

NOW_MS = 1_800_000_000_000
_1900 = 2_208_988_800


class Network:
    """A collector and a time server on this computer, each as good or bad as a test says."""

    def __init__(self, site: files.Site) -> None:
        self.site = site
        self.status = b"200 OK"
        self.off_s = 0
        self.has_tls = True
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(site.server_certificate, site.server_key)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 " + self.status + b"\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    def check(self, host: str = "localhost") -> dict[str, str]:
        found = asyncio.run(self._check(host))
        return {each.name: each.outcome for each in found}

    async def _check(self, host: str) -> list[network_check.Check]:
        loop = asyncio.get_running_loop()
        tls = self.context if self.has_tls else None
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        timing, _ = await loop.create_datagram_endpoint(lambda: TimeServer(self), ("127.0.0.1", 0))
        ntp = timing.get_extra_info("sockname")
        async with server:
            found = await network_check.run(
                self.site, host, port, ("127.0.0.1", ntp[1]), lambda: NOW_MS
            )
        timing.close()
        return found


class TimeServer(asyncio.DatagramProtocol):
    def __init__(self, network: Network) -> None:
        self.network = network

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        seconds = NOW_MS // 1000 + _1900 + self.network.off_s
        self.transport.sendto(data[:40] + struct.pack(">II", seconds, 0), address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> files.Site:
    folder = tmp_path_factory.mktemp("network") / "site"
    named = ("--server-name", "localhost", "--no-passphrase", "--name", "Nett")
    assert cli.main(["site", "init", str(folder), *named]) == 0
    return files.load(folder)


@pytest.fixture
def network(site: files.Site) -> Network:
    return Network(site)


GOOD = dict.fromkeys(("name", "port", "tls", "health", "time"), "good")


def but_cable(found: dict[str, str]) -> dict[str, str]:
    return {name: outcome for name, outcome in found.items() if name != "cable"}


def test_an_open_network_is_good_throughout(network: Network):
    assert but_cable(network.check()) == GOOD


def test_what_rests_on_something_shut_is_not_called_bad(network: Network):
    found = network.check("no-such-host.invalid")
    assert [found[each] for each in ("name", "port", "tls", "health")] == ["bad"] + ["none"] * 3
    assert found["time"] == "good"


def test_another_ones_certificate_is_not_the_collectors(network: Network):
    other = signed_bench.site()
    network.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    network.context.load_cert_chain(other.server_certificate, other.server_key)
    found = network.check()
    assert (found["port"], found["tls"], found["health"]) == ("good", "bad", "none")


def test_a_collector_that_takes_nothing_is_told_from_one_that_is_not_there(network: Network):
    network.status = b"503 Service Unavailable"
    assert network.check()["health"] == "bad"


@pytest.mark.parametrize(("off_s", "outcome"), [(9, "good"), (-9, "good"), (60, "bad")])
def test_a_clock_that_is_off_is_found(network: Network, off_s: int, outcome: str):
    network.off_s = off_s
    assert network.check()["time"] == outcome


def test_the_command_says_it_in_words_and_by_its_status(site, capsys, monkeypatch):
    monkeypatch.setattr(clock, "from_environment", clock.SystemClock)
    monkeypatch.setattr(network_check, "WAIT_S", 0.3)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = str(nobody.getsockname()[1])
        given = ["--collector-port", port, "--ntp-host", "127.0.0.1", "--ntp-port", port]
        status = cli.main(["bench", "check", "--site", str(site.directory), "--json", *given])
    assert status == 1
    found = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert found["port"]["outcome"] == "bad"
    assert "brannmur" in found["port"]["text"]


def test_half_done_entries_are_listed_and_dropped(site, capsys):
    place = ["--site", str(site.directory), "--json"]
    assert cli.main(["bench", "entries", *place]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert cli.main(["bench", "entries", *place, "--drop", "0123abcd"]) == 1
    assert json.loads(capsys.readouterr().out)["error"] == "entry-gone"

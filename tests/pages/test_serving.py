"""The server itself: what is no HTTP, who is too slow, who are too many, and its end."""

from __future__ import annotations

import asyncio
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from pages.demonstration import Demonstration
from pages.page_server import START_SECONDS, OpenGate, Served, running, wait_until
from varde_host import cli, errors
from varde_host.pages import headers, serving
from varde_host.pages.context import Context

TENANTS: Any = [SimpleNamespace(name="Fjordvik")]
TESTS = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = """
import pathlib, sys
from types import SimpleNamespace
from pages.demonstration import Demonstration
from pages.page_server import OpenGate
from varde_host import clock
from varde_host.pages import serving
from varde_host.pages.context import Context

site = pathlib.Path(sys.argv[1])
context = Context("bench", OpenGate([SimpleNamespace(name="F")]), clock.SystemClock())
tls = (site / "server.pem", site / "server.key")
told = lambda address: print(address, flush=True)
serving.run(Demonstration().pages(), context, serving.Address("127.0.0.1", 0), told, tls=tls)
print("ended", flush=True)
"""


def connected(place: Served) -> socket.socket:
    host, _, port = place.url.removeprefix("http://").rpartition(":")
    made = socket.create_connection((host, int(port)), timeout=START_SECONDS)
    made.settimeout(START_SECONDS)
    return made


def whole(connection: socket.socket) -> bytes:
    """Return all that comes until the other side closes."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01 hello\r\n\r\n", b"GET  \r\n\r\n", b"\0" * 20000,
     b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 20000],
)  # fmt: skip
def test_what_is_no_http_is_refused_with_the_headers_too(sent: bytes):
    with running(Demonstration().pages(), OpenGate(TENANTS)) as place:
        with connected(place) as connection:
            connection.sendall(sent)
            answer = whole(connection).decode()
        assert answer.startswith(("HTTP/1.1 400", "HTTP/1.1 421"))
        for name, value in headers.ALWAYS.items():
            assert f"{name}: {value}".lower() in answer.lower()
        assert "hello" not in answer


def test_who_says_nothing_or_does_not_end_is_hung_up_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serving.PageProtocol, "max_silence_seconds", 0.05)
    with running(Demonstration().pages(), OpenGate(TENANTS)) as place:
        for begins in (b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b"):
            with connected(place) as connection:
                connection.sendall(begins)
                assert whole(connection) == b""


def test_of_too_many_the_last_is_hung_up_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serving, "MAX_CONNECTIONS", 3)
    with running(Demonstration().pages(), OpenGate(TENANTS)) as place:
        held = []
        for _ in range(3):
            held.append(connected(place))
            held[-1].sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert held[-1].recv(100).startswith(b"HTTP/1.1 421")
        with connected(place) as one_more:
            assert whole(one_more) == b""
        held.pop().close()
        wait_until(lambda: httpx_answers(place))
        for each in held:
            each.close()


def httpx_answers(place: Served) -> bool:
    try:
        return httpx.get(f"{place.url}/health").status_code == 200
    except httpx.HTTPError:
        return False


def test_what_belongs_to_the_server_ends_with_it_in_its_own_loop():
    ended: list[asyncio.AbstractEventLoop] = []

    async def end() -> None:
        ended.append(asyncio.get_running_loop())

    with running(Demonstration().pages(), OpenGate(TENANTS), at_end=[end]) as place:
        loop = place.loop
    assert ended == [loop]


def test_who_waits_for_news_is_answered_when_the_server_stops():
    answers: list[int] = []
    demo = Demonstration()
    with running(demo.pages(), OpenGate(TENANTS)) as place:
        cookie = place.cookie()

        def poll() -> None:
            address = f"{place.url}/live?seen={demo.changing.version}"
            sent = {"hx-request": "true", "cookie": f"{cookie['name']}={cookie['value']}"}
            answers.append(httpx.get(address, headers=sent, timeout=60).status_code)

        waiting = threading.Thread(target=poll)
        waiting.start()
        wait_until(lambda: bool(demo.changing._waiting))
    waiting.join()
    assert answers == [204]


def test_a_name_from_elsewhere_that_points_here_gets_nothing():
    with running(Demonstration().pages(), OpenGate(TENANTS)) as place:
        port = place.url.rpartition(":")[2]
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", "127.0.0.1:1"):
            answer = httpx.get(f"{place.url}/open", headers={"host": host})
            assert (answer.status_code, "question" in answer.text) == (421, False)
        assert httpx.get(f"{place.url}/open").status_code == 200


def test_over_tls_until_it_is_told_to_stop(site_folder: pathlib.Path):
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(site_folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert address.startswith("https://127.0.0.1:")
        any_certificate = ssl.create_default_context()
        any_certificate.check_hostname, any_certificate.verify_mode = False, ssl.CERT_NONE
        answer = httpx.get(f"{address}open", verify=any_certificate)
        assert answer.status_code == 200
        assert answer.headers["set-cookie"].startswith("__Host-varde-bench-form=")
        assert answer.headers["strict-transport-security"]
        server.send_signal(signal.SIGTERM)
        assert server.stdout.read() == "ended\n"
    assert server.returncode == 0


def test_a_port_that_is_taken_and_a_key_that_is_none_are_said(tmp_path: pathlib.Path):
    context = Context("bench", OpenGate(TENANTS), SimpleNamespace(utc_ms=lambda: 0))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = serving.Address("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(errors.WorldFailed) as failed:
            serving.run([], context, where, print)
        assert failed.value.code == "listen"
        nothing = tmp_path / "none"
        with pytest.raises(errors.InputRefused) as refused:
            serving.run([], context, where, print, tls=(nothing, nothing))
        assert refused.value.code == "server-key"


def test_the_address_to_open_is_one_that_a_browser_knows():
    context = Context("bench", OpenGate(TENANTS), SimpleNamespace(utc_ms=lambda: 0))
    assert serving.url(context, serving.Address("0.0.0.0", 80)) == "http://127.0.0.1:80/"
    assert serving.url(context, serving.Address("::1", 80)) == "http://[::1]:80/"


@pytest.mark.parametrize("command", [["bench", "--no-open"], ["fleet", "serve"]])
def test_no_password_goes_over_a_network_in_clear(command, capsys):
    for given in (["--address", "0.0.0.0"], ["--certificate", "c.pem"], ["--key", "k.pem"]):
        assert cli.main([*command, "--site", "none", *given]) == 1
        assert "--certificate" in capsys.readouterr().err

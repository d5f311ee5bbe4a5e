"""The collector as it is deployed: a process, TLS, kill -9, restarts."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import io
import json
import logging
import resource
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
import uvicorn
import uvicorn.server

from host import crashing_collector
from host.collector_process import CollectorProcess, head, varde
from host.virtual_hub import VirtualHub
from varde_host import clock
from varde_host.collector import body, database, log, registry, server
from varde_host.site import certificates, creation, files
from varde_protocols import cose, exchange, sealing
from varde_protocols.crypto import ed25519


@pytest.fixture
def site(tmp_path: Path) -> files.Site:
    validity = certificates.Validity()
    return creation.create(tmp_path / "site", "test", ["localhost"], validity)


@pytest.fixture
def hub(site: files.Site) -> VirtualHub:
    hub = VirtualHub(1, site.receiver_public)
    opened = database.open_database(site.database)
    with opened.writing() as connection:
        registry.enrol(connection, hub.public, 0)
    opened.close()
    return hub


@pytest.fixture
def process(site: files.Site, hub: VirtualHub):
    with CollectorProcess(site) as process:
        yield process


def believed(
    site: files.Site, hub: VirtualHub, request: exchange.Request, seqs: list[int], content: bytes
) -> exchange.Answer:
    """Return the answer if the hub would believe it."""
    key, kid = ed25519.VerifyKey(site.collector_public), sealing.key_id(site.collector_public)
    return exchange.check_answer(content, key, kid, request, seqs, hub_id=hub.hub_id)


def stored(site: files.Site) -> list[tuple[int, bytes]]:
    opened = database.open_database(site.database)
    with opened.reading() as connection:
        rows = connection.exec_driver_sql("SELECT seq, record FROM records ORDER BY seq").all()
    opened.close()
    return [tuple(row) for row in rows]


def test_a_hub_delivers_and_the_receiver_reads(
    site: files.Site, hub: VirtualHub, process: CollectorProcess
):
    raws = [hub.start(), hub.anchor(int(time.time() * 1000)), hub.reading()]
    request, sent = hub.request(raws)
    status, content = process.post(sent)
    assert status == 200
    assert believed(site, hub, request, [1, 2, 3], content).acknowledged == [[1, 3]]
    run = varde("readings", "--site", str(site.directory), "--json")
    [row] = json.loads(run.stdout)
    assert (row["values"]["spo2"], row["signature"], row["error"]) == (97, "verified", None)
    table = varde("readings", "--site", str(site.directory)).stdout
    assert "97 % SpO₂" in table
    assert "kontrollert" in table


def test_stopping_is_orderly_and_logged_as_json(
    site: files.Site, hub: VirtualHub, process: CollectorProcess
):
    process.post(hub.body([hub.event()]))
    assert process.stop() == 0
    log = (site.directory / "collector.log").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["event"] for line in lines] == ["listening", "exchange", "stopped"]
    assert lines[1]["hub"] == hub.hub_id.hex()


def test_killed_between_commit_and_answer_then_sent_again(site: files.Site, hub: VirtualHub):
    raws = [hub.start(), hub.reading()]
    request, sent = hub.request(raws)
    program = crashing_collector.__file__
    with CollectorProcess(site, script=(program,)) as process:
        with pytest.raises((OSError, http.client.HTTPException)):
            process.post(sent)
        assert process.wait() == -9
        assert [raw for _, raw in stored(site)] == raws  # committed, and the hub does not know
        process.script = CollectorProcess(site).script
        process.start()
        status, content = process.post(sent)
    assert status == 200
    assert believed(site, hub, request, [1, 2], content).acknowledged == [[1, 2]]
    assert [raw for _, raw in stored(site)] == raws


def test_killed_at_any_moment_under_load_nothing_acknowledged_is_lost(
    site: files.Site, hub: VirtualHub, process: CollectorProcess
):
    """A hub that sends until acknowledged, a collector that is killed: exactly once."""
    pending = {seq: hub.event(seq=seq) for seq in range(1, 201)}
    sent, acknowledged = dict(pending), set()

    def killer() -> None:
        for _ in range(3):
            time.sleep(0.15)
            process.kill()
            process.start()

    thread = threading.Thread(target=killer)
    thread.start()
    while pending:
        batch = dict(sorted(pending.items())[:5])
        request, content = hub.request(list(batch.values()))
        try:
            status, received = process.post(content)
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
            continue
        assert status == 200
        answer = believed(site, hub, request, list(batch), received)
        for first, last in answer.acknowledged:
            for seq in range(first, last + 1):
                acknowledged.add(seq)
                del pending[seq]
        if len(acknowledged) < 150:
            time.sleep(0.01)
    thread.join()
    assert stored(site) == sorted(sent.items())


def test_two_connections_with_the_same_records_at_once(
    site: files.Site, hub: VirtualHub, process: CollectorProcess
):
    raws = [hub.event() for _ in range(20)]
    sent = hub.body(raws)
    answers: list[tuple[int, bytes]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(process.post(sent))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [status for status, _ in answers] == [200] * 6
    assert [raw for _, raw in stored(site)] == raws


def test_two_collectors_on_one_database_file(
    site: files.Site, hub: VirtualHub, process: CollectorProcess
):
    """The same records to both at once, in parts: each is acknowledged by whom it was sent to."""
    raws = [hub.event() for _ in range(60)]
    parts = [raws[begin : begin + 12] for begin in range(0, 60, 6)]
    statuses: list[int] = []
    with CollectorProcess(site) as other:

        def deliver(to: CollectorProcess, order: int) -> None:
            statuses.extend(to.post(hub.body(part))[0] for part in parts[::order])

        threads = [
            threading.Thread(target=deliver, args=(to, order))
            for to in (process, other)
            for order in (1, -1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [200] * 4 * len(parts)
    assert [raw for _, raw in stored(site)] == raws


def test_a_disk_that_fills_up_is_answered_503_and_nothing_is_lost(
    site: files.Site, hub: VirtualHub
):
    """A limit on the size of the process's files is a disk that is full, at the first commit."""
    sent = hub.body([hub.event() for _ in range(200)])
    with CollectorProcess(site) as process:
        room = (32768, resource.RLIM_INFINITY)
        resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, room)
        status, content = process.post(sent)
        assert (status, json.loads(content)["error"]) == (503, "database")
        assert stored(site) == []
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, unlimited)
        assert process.post(sent)[0] == 200  # no restart needed
    assert len(stored(site)) == 200


# --- certificates: the client's side refuses -----------------------------------------------------


def test_a_collector_of_another_site_is_refused(tmp_path: Path, process: CollectorProcess):
    other = creation.create(tmp_path / "other", "other", ["localhost"], certificates.Validity())
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self-signed|unable to get"):
        process.connect(root=other.directory / other.root_files[0])


def test_the_second_root_does_not_vouch_for_the_first_ones_certificate(
    process: CollectorProcess,
):
    with pytest.raises(ssl.SSLCertVerificationError):
        process.connect(root=process.site.directory / process.site.root_files[1])


def test_a_collector_with_another_name_is_refused(process: CollectorProcess):
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        process.connect(name="collector.elsewhere")


def test_an_expired_certificate_is_refused(tmp_path: Path):
    day = certificates.FIRST_DAY
    expired = creation.create(
        tmp_path / "old", "old", ["localhost"], certificates.Validity(day, day.replace(day=2))
    )
    expected = pytest.raises(ssl.SSLCertVerificationError, match="expired")
    with CollectorProcess(expired) as process, expected:
        process.connect()


def test_tls_before_1_2_is_not_spoken(site: files.Site):
    assert server.tls_context(site).minimum_version == ssl.TLSVersion.TLSv1_2


# --- hostile clients -----------------------------------------------------------------------------


def answer_to(process: CollectorProcess, data: bytes) -> tuple[int, dict]:
    with process.connect() as connection:
        connection.sendall(data)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status, json.loads(response.read())


def test_a_declared_oversize_is_refused_before_it_is_sent(process: CollectorProcess):
    status, error = answer_to(process, head(10**9))
    assert (status, error["error"]) == (413, "body-too-large")


def test_an_oversized_stream_is_cut_at_the_limit(process: CollectorProcess):
    # a byte more than it takes, and no more: what is still under way when it closes would break
    # the connection under the answer
    start = head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    whole, left = divmod(body.MAX_BODY_BYTES + 1, 0x4000)
    chunk = b"4000\r\n" + bytes(0x4000) + b"\r\n"
    last = b"%x\r\n" % left + bytes(left) + b"\r\n"
    status, error = answer_to(process, start + chunk * whole + last)
    assert (status, error["error"]) == (413, "body-too-large")


def test_headers_without_end_are_refused(process: CollectorProcess):
    # no more than it reads: what is under way when it closes would break the answer's connection
    with process.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nX: " + b"x" * server.MAX_HEAD_BYTES)
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_a_sender_of_endless_headers_is_cut_off(process: CollectorProcess):
    line = b"X: " + b"x" * 100_000
    with process.connect() as connection:
        try:
            for _ in range(1000):  # 100 MB, were it read
                connection.sendall(line)
        except OSError:
            return
    pytest.fail("all of it was taken")


def test_a_half_sent_body_stores_nothing_and_holds_up_nobody(
    site: files.Site, hub: VirtualHub, process: CollectorProcess
):
    sent = hub.body([hub.event()])
    with process.connect() as slow:
        slow.sendall(head(len(sent)) + sent[:-10])
        assert process.post(hub.body([]))[0] == 200
    assert stored(site) == []
    assert process.post(sent)[0] == 200
    assert len(stored(site)) == 1


def dripped(monkeypatch: pytest.MonkeyPatch, first: bytes) -> bytes:
    """Send `first`, then a byte now and then for ever; return what was said until the end."""
    monkeypatch.setattr(server.PunctualProtocol, "max_silence_seconds", 0.3)

    async def run() -> bytes:
        config = uvicorn.Config(answer_at_once, log_config=None, ws="none")
        state = uvicorn.server.ServerState()
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(
            lambda: server.PunctualProtocol(config, state, {}), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        writer.write(first)
        said = bytearray()

        async def listen() -> None:
            # the end may come as a reset, as something was still under way to the server
            with contextlib.suppress(ConnectionResetError):
                while part := await reader.read(1000):
                    said.extend(part)

        listener = asyncio.create_task(listen())
        async with asyncio.timeout(60):
            while not listener.done():
                await asyncio.sleep(0.02)
                if first:
                    writer.write(b"X")
        writer.close()
        listening.close()
        return bytes(said)

    return asyncio.run(run())


async def answer_at_once(_scope, _receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})


@pytest.mark.parametrize(
    ("first", "answers"),
    [
        (b"", 0),
        (b"GET / HTTP/1.1\r\nX: ", 0),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX: ", 1),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n", 1),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3 + b"GET / HTTP/1.1\r\nX: ", 3),
    ],
    ids=["silent", "first head", "second head", "body after its answer", "pipelined"],
)
def test_a_connection_that_begins_no_request_is_closed(monkeypatch, first: bytes, answers: int):
    assert dripped(monkeypatch, first).count(b"HTTP/1.1 200") == answers


def test_what_the_http_server_logs_of_an_exception_is_one_line_without_its_text():
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(log.JsonLines(clock.SystemClock()))
    logger = logging.getLogger("varde.test.uvicorn")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        int("a secret value")
    except ValueError:
        logger.exception("Exception in ASGI application\n")
    logger.removeHandler(handler)
    [line] = written.getvalue().splitlines()
    assert json.loads(line)["error"] == "ValueError"
    assert json.loads(line)["at"][0].startswith("test_server.py:")
    assert "secret" not in line


def test_an_ipv6_address_is_written_as_in_a_url():
    assert str(server.Address("::1", 8443)) == "[::1]:8443"
    assert str(server.Address("127.0.0.1", 8443)) == "127.0.0.1:8443"


def test_noise_instead_of_tls_harms_nobody(process: CollectorProcess, hub: VirtualHub):
    with socket.create_connection(("127.0.0.1", process.port)) as noise:
        noise.sendall(b"GET / HTTP/1.0\r\n\r\n" + bytes(1000))
    assert process.post(hub.body([]))[0] == 200


def test_the_port_in_use_is_a_clear_error(site: files.Site, process: CollectorProcess):
    run = varde(
        "--language", "en", "collector", "--site", str(site.directory),
        "--host", "127.0.0.1", "--port", str(process.port),
    )  # fmt: skip
    assert run.returncode == 3
    assert "cannot listen" in run.stderr
    assert "the port (--port)" in run.stderr


def test_a_forged_answer_is_not_believed(site: files.Site, hub: VirtualHub):
    """Who has the TLS certificate but not the collector's key cannot make a hub delete."""
    request, _ = hub.request([hub.event()])
    forged = exchange.Answer(request.nonce, hub.hub_id, [[1, 1]], 0, 900, 1, [])
    key = ed25519.SigningKey(bytes(32))
    kid = sealing.key_id(site.collector_public)
    with pytest.raises(cose.CoseError, match="bad signature"):
        believed(site, hub, request, [1], exchange.encode_answer(key, kid, forged))

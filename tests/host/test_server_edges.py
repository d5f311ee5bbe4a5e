"""How a collector's process begins a connection, and ends when its threads do not."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from host.collector_process import environment
from varde_host.collector import server
from varde_host.site import certificates, creation, files


@pytest.fixture
def site(tmp_path: Path) -> files.Site:
    return creation.create(tmp_path / "site", "test", ["localhost"], certificates.Validity())


def test_a_thread_that_hangs_holds_up_no_stop(site: files.Site):
    code = f"""
import contextlib, pathlib, time
from concurrent.futures import ThreadPoolExecutor
from starlette.applications import Starlette
from varde_host.collector import metrics, server
from varde_host.site import files

@contextlib.asynccontextmanager
async def hanging(app):
    with ThreadPoolExecutor(1) as thread:
        thread.submit(time.sleep, 60)
        yield

app = Starlette(lifespan=hanging)
app.state.metrics = metrics.Metrics()
server.ABANDON_SECONDS = 0.5
site = files.load(pathlib.Path({str(site.directory)!r}))
server.run(app, site, server.Address("127.0.0.1", 0), lambda _address: print("up", flush=True))
"""
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "up\n"
        time.sleep(0.5)
        child.terminate()
        try:
            assert child.wait(40) == server.ABANDONED_STATUS
        finally:
            child.kill()


def test_no_session_tickets_are_sent_as_no_hub_resumes(site: files.Site):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    served = server.tls_context(site).wrap_bio(incoming, outgoing, server_side=True)
    trusted = ssl.create_default_context(cafile=str(site.directory / site.root_files[0]))
    client = trusted.wrap_bio(outgoing, incoming, server_hostname="localhost")
    for end in (client, served):
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()
    client.do_handshake()
    served.do_handshake()
    assert served.version() == "TLSv1.3"
    assert not outgoing.pending

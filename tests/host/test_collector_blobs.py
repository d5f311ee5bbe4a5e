"""Parts of releases for anyone who knows their hash: ranges, and nothing but these files."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import ssl
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from host.collector_process import NAME, CollectorProcess
from host.conftest import Bench, collector
from varde_host.collector import blobs, database, metrics
from varde_host.site import certificates, creation

CONTENT = bytes(range(256)) * 1000
NAMED = hashlib.sha256(CONTENT).hexdigest()
EMPTY = hashlib.sha256(b"").hexdigest()
SECRET = b"not for anyone"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two blobs, and all that is none."""
    folder = tmp_path / "serve"
    folder.mkdir()
    (folder / NAMED).write_bytes(CONTENT)
    (folder / EMPTY).write_bytes(b"")
    (tmp_path / "secret").write_bytes(SECRET)
    (folder / "release.json").write_bytes(SECRET)
    (folder / ("A" * 64)).write_bytes(SECRET)
    (folder / ("b" * 63)).write_bytes(SECRET)
    (folder / ("c" * 64)).mkdir()
    (folder / ("d" * 64)).symlink_to(tmp_path / "secret")
    os.mkfifo(folder / ("e" * 64))
    return folder


@pytest.fixture
def served(opened: database.Database, folder: Path):
    with collector(opened, blobs=folder) as bench:
        yield bench


def get(bench: Bench, name: str, wanted: str | None = None, method: str = "GET", **headers: str):
    if wanted is not None:
        headers["Range"] = wanted
    return bench.request(method, f"{blobs.PATH}/{name}", headers=headers)


# --- what is given -------------------------------------------------------------------------------


def test_the_whole_and_its_head(served: Bench):
    response = get(served, NAMED)
    assert (response.status_code, response.content) == (200, CONTENT)
    assert response.headers["etag"] == f'"{NAMED}"'
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["accept-ranges"] == "bytes"
    head = get(served, NAMED, method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(CONTENT))
    assert get(served, EMPTY).content == b""


@pytest.mark.parametrize(
    ("wanted", "first", "end"),
    [
        ("bytes=0-4095", 0, 4096),
        ("bytes=4096-8191", 4096, 8192),
        ("bytes=255999-255999", 255_999, 256_000),
        ("bytes=253952-258047", 253_952, 256_000),
        ("bytes=200000-", 200_000, 256_000),
        ("bytes=-10", 255_990, 256_000),
    ],
)
def test_a_range_is_exactly_what_was_asked_for(served: Bench, wanted: str, first: int, end: int):
    response = get(served, NAMED, wanted)
    assert (response.status_code, response.content) == (206, CONTENT[first:end])
    assert response.headers["content-range"] == f"bytes {first}-{end - 1}/{len(CONTENT)}"
    assert response.headers["content-length"] == str(end - first)
    assert response.headers["etag"] == f'"{NAMED}"'
    head = get(served, NAMED, wanted, method="HEAD")
    assert (head.status_code, head.content) == (206, b"")


@pytest.mark.parametrize("wanted", ["bytes=256000-", "bytes=256000-256001", "bytes=-0"])
def test_behind_the_end_there_is_nothing(served: Bench, wanted: str):
    response = get(served, NAMED, wanted)
    assert (response.status_code, response.content) == (416, b"")
    assert response.headers["content-range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize("wanted", ["bytes", "lines=0-1", "bytes=x-y", "bytes=5-4", "bytes="])
def test_a_range_that_is_none_is_refused(served: Bench, wanted: str):
    assert get(served, NAMED, wanted).status_code == 400


def test_of_several_ranges_the_whole_is_sent(served: Bench):
    """A thousand small ones would be more work than the file."""
    wanted = "bytes=" + ",".join(f"{at}-{at}" for at in range(0, 2000, 2))
    response = get(served, NAMED, wanted)
    assert (response.status_code, response.content) == (200, CONTENT)


def test_what_was_kept_is_gone_on_with(served: Bench):
    response = get(served, NAMED, "bytes=4-7", **{"If-Range": f'"{NAMED}"'})
    assert response.status_code == 206
    assert get(served, NAMED, "bytes=4-7", **{"If-Range": '"another"'}).status_code == 200


@given(first=st.integers(0, 300_000), length=st.integers(0, 10_000))
@example(first=0, length=0)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_range(served: Bench, first: int, length: int):
    response = get(served, NAMED, f"bytes={first}-{first + length}")
    if first >= len(CONTENT):
        assert response.status_code == 416
        return
    assert (response.status_code, response.content) == (206, CONTENT[first : first + length + 1])


# --- what is not ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "release.json", "A" * 64, "b" * 63, "c" * 64, "d" * 64, "e" * 64, "f" * 64, "0" * 65,
        "../secret", "..%2Fsecret", "%2e%2e/secret", "%2e%2e%2fsecret", "..%5csecret", "",
        NAMED + "/", NAMED + "%00", NAMED + "%0a", NAMED.upper(), "/etc/passwd", "%2Fetc%2Fpasswd",
    ],
)  # fmt: skip
def test_nothing_else_is_there(served: Bench, name: str):
    for wanted in (None, "bytes=0-1"):
        response = get(served, name, wanted)
        assert response.status_code in {404, 307}, name
        assert SECRET not in response.content
    if response.status_code == 404:
        assert json.loads(response.content)["error"] == "not-found"


@given(name=st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P", "S"])))
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_name(served: Bench, name: str):
    try:
        response = get(served, name)
    except httpx.InvalidURL:
        return
    assert response.status_code in {307, 404}


def test_without_a_folder_there_is_nothing(bench: Bench):
    assert get(bench, NAMED).status_code == 404


def test_it_is_read_only(served: Bench, folder: Path):
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        assert get(served, NAMED, method=method).status_code == 405
    assert (folder / NAMED).read_bytes() == CONTENT


def test_more_at_once_than_can_be_done_come_again(served: Bench, monkeypatch):
    monkeypatch.setattr(blobs, "MAX_IN_FLIGHT", 0)
    response = get(served, NAMED)
    assert (response.status_code, json.loads(response.content)["error"]) == (503, "busy")
    assert 20 <= int(response.headers["retry-after"]) <= 60


def test_it_is_counted_by_what_it_came_to(served: Bench):
    get(served, NAMED)
    get(served, NAMED, "bytes=0-9")
    get(served, "f" * 64)
    counted = served.request("GET", "/metrics").text
    for outcome in ("200", "206", "404"):
        assert f'varde_blobs_total{{outcome="{outcome}"}} 1.0' in counted


# --- the process ---------------------------------------------------------------------------------


@pytest.fixture
def process(tmp_path: Path, folder: Path):
    site = creation.create(tmp_path / "site", "test", [NAME], certificates.Validity())
    with CollectorProcess(site, extra=("--blobs", str(folder))) as process:
        yield process


def test_over_tls_as_hubs_and_other_tools_ask(process: CollectorProcess, tmp_path: Path):
    address = f"https://{NAME}:{process.port}{blobs.PATH}/{NAMED}"
    roots = tmp_path / "site" / "root-1.pem"
    context = ssl.create_default_context(cafile=str(roots))
    with httpx.Client(verify=context) as client:
        response = client.get(address, headers={"Range": "bytes=4096-8191"})
        assert (response.status_code, response.content) == (206, CONTENT[4096:8192])
        assert client.get(address).content == CONTENT
        assert client.get(address + "0").status_code == 404


def test_a_folder_that_is_not_there_is_named(terminal, made: Path):
    """Better at the start than by every hub that asks."""
    status, said = terminal.json("collector", "--site", made, "--blobs", made / "nowhere")
    assert (status, said["error"], said["where"]) == (1, "blobs-folder", str(made / "nowhere"))


def test_who_reads_too_slowly_is_cut_off(folder: Path):
    """Anyone may ask: nobody may hold a connection that a hub with readings needs."""
    counts = metrics.Metrics()
    started: list[int] = []

    async def send(message) -> None:
        if message["type"] == "http.response.start":
            started.append(message["status"])
            return
        await asyncio.Event().wait()  # the connection's buffer is full, and stays so

    async def receive():
        await asyncio.Event().wait()

    scope = {"type": "http", "method": "GET", "headers": [], "path_params": {"sha256": NAMED}}
    asyncio.run(blobs.Blobs(folder, counts, 0.05)(scope, receive, send))
    assert started == [200]
    assert b'varde_blobs_total{outcome="slow"} 1.0' in counts.text()

"""The source that stories use says what it is told to say, and counts it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from stories import hostile_source as source
from varde_host.site import certificates, creation

NAME = "blobs.varde.example"
DATA = bytes(range(256)) * 40
OTHER = bytes(len(DATA))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("site")
    return creation.create(folder / "site", "s", [NAME], certificates.Validity())


Ask = Callable[..., Awaitable[tuple[int, dict[str, str], bytes]]]


def answered(site, fault: source.Fault | None, *asked: tuple[str, str]):
    """(status, headers, body) for each (name, range) asked on one connection, and the counts."""

    async def talk():
        server = source.Source(site.server_certificate, site.server_key)
        counts = server.offer("/v", {"blob": DATA}, fault)
        address = await server.start()
        context = ssl.create_default_context(cafile=str(roots(site)))
        reader, writer = await asyncio.open_connection(*address, ssl=context, server_hostname=NAME)
        found = []
        try:
            for name, span in asked:
                writer.write(request(name, span))
                found.append(await answer(reader))
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            await server.close()
        return found, counts

    return asyncio.run(asyncio.wait_for(talk(), 120))


def roots(site) -> Path:
    return site.directory / site.root_files[0]


def request(name: str, span: str) -> bytes:
    ranged = f"Range: bytes={span}\r\n" if span else ""
    return f"GET /v/{name} HTTP/1.1\r\nHost: {NAME}\r\n{ranged}\r\n".encode()


async def answer(reader: asyncio.StreamReader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    length = headers.get("content-length")
    try:
        if length is None:
            return int(head[0].split()[1]), headers, await reader.readexactly(100_000)
        return int(head[0].split()[1]), headers, await reader.readexactly(int(length))
    except asyncio.IncompleteReadError as error:
        return int(head[0].split()[1]), headers, error.partial


def test_honest(site):
    (whole, part, end, beyond, none), counts = answered(
        site, None, ("blob", ""), ("blob", "0-4095"), ("blob", "8192-12287"),
        ("blob", "99999-"), ("other", ""),
    )  # fmt: skip
    assert (whole[0], whole[2]) == (200, DATA)
    assert (part[0], part[2]) == (206, DATA[:4096])
    assert part[1]["content-range"] == f"bytes 0-4095/{len(DATA)}"
    assert end[2] == DATA[8192:]
    assert end[1]["content-range"] == f"bytes 8192-{len(DATA) - 1}/{len(DATA)}"
    assert (beyond[0], none[0]) == (416, 404)
    assert counts.requests == 5
    assert counts.connections == 1
    assert counts.body_bytes == len(DATA) + 4096 + len(DATA) - 8192


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (source.without_ranges, 200, DATA),
        (source.shorter, 206, DATA[:4095]),
        (source.longer, 206, DATA[:4096] + b"!"),
        (source.cut_short, 206, DATA[:2048]),
        (source.other_range, 206, DATA[:4096]),
        (source.other_total, 206, DATA[:4096]),
        (source.no_range, 206, DATA[:4096]),
        (source.swapped(OTHER), 206, OTHER[:4096]),
        (source.status(302, "Location: https://elsewhere.example/"), 302, b""),
        (source.drip(1000, 0.001), 206, DATA[:4096]),
        (source.endless, 206, b"z" * 100_000),
        (source.only_of("another", source.status(500)), 206, DATA[:4096]),
    ],
)
def test_a_fault_says(site, fault, status, body):
    (found,), _ = answered(site, fault, ("blob", "0-4095"))
    assert (found[0], found[2]) == (status, body)


def test_a_fault_from_a_request_on_and_until_one(site):
    late, early = (
        source.from_request(2, source.status(503)),
        source.until_request(2, source.status(503)),
    )
    assert [row[0] for row in answered(site, late, ("blob", ""), ("blob", ""))[0]] == [200, 503]
    assert [row[0] for row in answered(site, early, ("blob", ""), ("blob", ""))[0]] == [503, 200]


def test_nothing_is_offered_elsewhere(site):
    (found,), _ = answered(site, None, ("../v2/blob", ""))
    assert found[0] == 404

"""Any static server will do: a release is fetched block by block, by range, in any order."""

from __future__ import annotations

import asyncio
import hashlib
import random
from pathlib import Path

import httpx
from starlette.staticfiles import StaticFiles

from host import release_bench
from host.release_bench import FILES, HOLDERS, WHO, Release
from varde_host.release import bundle
from varde_protocols import documents, release


async def fetched(made: Release, digest: bytes) -> dict[str, bytes]:
    """What a hub gets that knows the digest of the assignment, and whose signatures count."""
    transport = httpx.ASGITransport(StaticFiles(directory=made.served))
    async with httpx.AsyncClient(transport=transport, base_url="https://files.test") as client:

        async def get(name: bytes, first: int, last: int) -> bytes:
            span = {"range": f"bytes={first}-{last}", "accept-encoding": "identity"}
            answer = await client.get(f"/{name.hex()}", headers=span)
            assert answer.status_code in (200, 206)
            return answer.content

        document = await get(digest, 0, documents.MAX_DOCUMENT_BYTES - 1)
        payload = documents.verify(document, documents.RELEASE, list(WHO.publics), 2)
        assert release.digest(payload) == digest
        part = release.decode(payload).components[0]
        listed = await get(part.blocks_sha256, 0, part.block_count() * 32 - 1)
        assert hashlib.sha256(listed).digest() == part.blocks_sha256
        held = bytearray(part.size_bytes)
        order = list(range(part.block_count()))
        random.Random(1).shuffle(order)
        for number in order:
            at = number * part.block_bytes
            block = await get(part.sha256, at, at + part.block_bytes - 1)
            wanted = listed[number * 32 : number * 32 + 32]
            assert hashlib.sha256(block).digest() == wanted
            held[at : at + len(block)] = block
        assert hashlib.sha256(held).digest() == part.sha256
        return bundle.decode(bytes(held))


def test_by_ranges_from_a_static_folder(tmp_path: Path):
    noise = {f"noise/m{number}.mpy": release_bench.mpy(random.Random(number).randbytes(9000))
             for number in range(9)}  # fmt: skip
    made = release_bench.make(tmp_path / "out", files={**FILES, **noise}).sign(*HOLDERS[1:])
    digest = release.digest(made.place.payload())
    assert made.given.components[0].block_count() >= 20
    assert asyncio.run(fetched(made, digest)) == {**FILES, **noise}


def test_two_releases_in_one_folder_do_not_meet(tmp_path: Path):
    made = release_bench.make(tmp_path / "out").sign(*HOLDERS[:2])
    files = {**FILES, "boards/generic.mpy": release_bench.mpy(b"next")}
    later = release_bench.make(tmp_path / "next", number=8, files=files).sign(*HOLDERS[:2])
    for path in later.served.iterdir():
        assert not (made.served / path.name).exists()
        (made.served / path.name).write_bytes(path.read_bytes())
    for each, wanted in ((made, FILES), (later, files)):
        assert asyncio.run(fetched(made, release.digest(each.place.payload()))) == wanted

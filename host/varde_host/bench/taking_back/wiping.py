"""The wipe itself: on the hub, then from outside, then the look whether anything is left.

1. `wipe`: the hub erases its seed, bonds, journal and files, and reads each sector back
   (`on_hub/wipe.py`). Without the seed nothing can speak for this hub any more.
2. `erase`: the loader erases the whole flash, interpreter and all, by the flash chip's command.
3. `prove`: the whole flash is read out and searched (`flash_search`), or where that takes too
   long, the chip's checksum of all of it is compared with that of erased flash. What was done
   stands in the evidence; a checksum is the chip's word, a dump is our own eyes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from varde_host.bench import faults
from varde_host.bench.taking_back import flash_search
from varde_host.bench.work import Evidence, Work

DUMP, DIGEST = "dump", "digest"
PROOFS = (DUMP, DIGEST)
WIPE_TIMEOUT_S = 240.0
"""Every sector of 16 MiB is erased at most once: 45 ms each by the data sheets, twice for luck."""
PIECE_BYTES = 4 << 20
"""Read at once: 45 s at 92 kB/s, three minutes over RFC 2217; a run may take five."""
MOST_TOLD = 8
_PARTITIONS = ("nvs", "journal", "vfs")


async def wipe(work: Work) -> Evidence:
    """Let the hub erase itself; it must be at its prompt. Raises Fault `sle-02`."""
    said = await work.on_hub("wipe", timeout_s=WIPE_TIMEOUT_S)
    for name in _PARTITIONS:
        counted = said.get(name)
        if not (isinstance(counted, list) and len(counted) == 2 and counted[0] > 0):
            raise faults.Fault("sle-02", found=0, regions=name)
    kept = {name: said[name] for name in _PARTITIONS}
    return {**kept, "seed_was_there": bool(said.get("seed_was_there")), "ms": said.get("ms")}


async def erase(work: Work) -> Evidence:
    """Erase the whole flash."""
    await work.esptool("erase-flash")
    facts = (await work.esptool("flash-id")).facts()
    return {"flash_bytes": facts.flash_bytes}


async def prove(work: Work, how: str, secrets: Sequence[flash_search.Secret]) -> Evidence:
    """Return the evidence that the flash is empty. Raises Fault `sle-02` if it is not."""
    size = int(work.finished["return-erase"]["flash_bytes"])
    if how == DIGEST:
        evidence = await _digest(work, size, len(secrets))
    else:
        evidence = _told(flash_search.search(await _dump(work, size), secrets))
    evidence |= {"how": how, "names": [secret.name for secret in secrets]}
    if evidence["found"] or not evidence["empty"]:
        regions = ", ".join(f"{row['offset']:#x}" for row in evidence["written"]) or "?"
        raise faults.Fault("sle-02", found=len(evidence["found"]), regions=regions)
    return evidence


async def _digest(work: Work, size: int, secrets: int) -> Evidence:
    empty = work.file("empty.bin")
    with empty.open("wb") as file:
        for start in range(0, size, PIECE_BYTES):
            file.write(b"\xff" * min(PIECE_BYTES, size - start))
    talk = await work.esptool("verify-flash", "0x0", str(empty), may_differ=True)
    empty.unlink()
    is_empty = talk.verified.get(0, False)
    sha256 = flash_search.empty_sha256(size)
    return {
        "empty": is_empty, "bytes": size, "sha256": sha256, "secrets": secrets, "found": [],
        "written": [],
    }  # fmt: skip


async def _dump(work: Work, size: int) -> bytes:
    """Read all of it; the pieces are taken away again, since they may hold what was on the hub."""
    path = work.file("dump.bin")
    pieces = []
    try:
        for start in range(0, size, PIECE_BYTES):
            length = min(PIECE_BYTES, size - start)
            await work.esptool("read-flash", hex(start), hex(length), str(path))
            pieces.append(path.read_bytes())
            if len(pieces[-1]) != length:
                raise faults.Fault("talk-garbled", said=f"{len(pieces[-1])} of {length} bytes")
            work.progress(100.0 * (start + length) / size)
    finally:
        path.unlink(missing_ok=True)
    return b"".join(pieces)


def _told(result: flash_search.Search) -> Evidence:
    found: list[dict[str, Any]] = [
        {"name": hit.name, "form": hit.form, "offset": hit.offset_bytes} for hit in result.found
    ]
    written = [
        {
            "offset": region.offset_bytes, "bytes": region.written_bytes,
            "centibits": region.entropy_centibits,
        }
        for region in result.written
    ]  # fmt: skip
    return {
        "empty": result.is_empty, "bytes": result.size_bytes, "sha256": result.sha256,
        "secrets": result.secrets, "found": found[:MOST_TOLD], "written": written[:MOST_TOLD],
    }  # fmt: skip

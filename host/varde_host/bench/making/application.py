"""Step 3: supervisor, application in slot a, and the site's trust, as a whole file system.

The image is made here, so that its bytes are known before they are on the board: the flash is
read back by its hash, and then the board's own interpreter mounts it and hashes each file. Which
architecture's files are taken, the interpreter has said in step 2.
"""

from __future__ import annotations

import hashlib

from varde_host.bench import faults
from varde_host.bench.making.firmware import Firmware
from varde_host.bench.making.interpreter import ARCHITECTURES
from varde_host.bench.work import RUN, Evidence, Work
from varde_host.flash import file_system, partition_table

# Said piece by piece: all of it in one string is more than a small hub has in one place.
HASHES = """
import os, json, hashlib, binascii
def walk(folder):
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            yield from walk(path)
        else:
            yield path
def digest(path):
    made = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(512):
            made.update(data)
    return binascii.hexlify(made.digest()).decode()
comma = "varde-bench: {"
for path in walk(""):
    print(comma + json.dumps(path[1:]) + ": " + json.dumps(digest(path)), end="")
    comma = ", "
print("}")
"""
TRUST = "trust.cbor"


async def run(work: Work) -> Evidence:
    """Make the image, flash it, verify, and let the board hash what it mounts."""
    architecture = ARCHITECTURES[work.finished["interpreter"]["says"]["architecture"]]
    firmware = Firmware.load(work.settings.firmware, architecture)
    files = {**firmware.files, TRUST: work.settings.trust}
    table = partition_table.for_flash(work.finished["detect"]["flash_bytes"])
    vfs = partition_table.find(table, "vfs")
    image = file_system.encode(files, vfs.size)
    path = work.put("vfs.bin", image)
    await work.esptool("write-flash", hex(vfs.offset), str(path))
    await work.esptool("verify-flash", hex(vfs.offset), str(path), after=RUN)
    wanted = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    _compare(wanted, await work.execute(HASHES, "hashes"))
    return {
        "architecture": architecture,
        "firmware": firmware.sha256,
        "image": hashlib.sha256(image).hexdigest(),
        "trust": wanted[TRUST],
        "files": len(wanted),
        "bytes": sum(map(len, files.values())),
    }


def _compare(wanted: dict[str, str], found: Evidence) -> None:
    for name, digest in wanted.items():
        if found.get(name) != digest:
            raise faults.Fault("read-back-differs", said=name)
    more = found.keys() - wanted.keys()
    if more:
        raise faults.Fault("read-back-differs", said=", ".join(sorted(more)[:3]))

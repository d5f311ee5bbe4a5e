"""Step 2: MicroPython and our partition table, into a flash that holds nothing else.

All of the flash is erased first (step 1 has seen to it that nobody's readings are on it), and what
a hub reads before it writes is proven blank by its hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from varde_host import errors
from varde_host.bench import faults
from varde_host.bench.work import RUN, Evidence, Work
from varde_host.flash import interpreter_image, partition_table
from varde_host.flash.partition_table import Partition

SAY = """
import sys, json
said = sys.implementation
print("varde-bench: " + json.dumps({
    "name": said.name, "version": list(said.version[:3]),
    "machine": getattr(said, "_machine", ""), "architecture": said._mpy >> 10 & 15,
}))
"""
BLANK = ("nvs", "otadata", "phy_init", "journal")

# What compiled files carry: MP_NATIVE_ARCH_ numbers of MicroPython's `py/persistentcode.h`.
ARCHITECTURES = {1: "x86", 2: "x64", 10: "xtensawin"}
OLDEST_VERSION = (1, 25)
"""docs/firmware.md: what the application needs."""


async def run(work: Work) -> Evidence:
    """Flash, verify, and let the interpreter say what it is."""
    flash_bytes = work.finished["detect"]["flash_bytes"]
    partitions = partition_table.for_flash(flash_bytes)
    image = _image(work.settings.image, partition_table.find(partitions, "ota_0"))
    written = {
        partition_table.BOOTLOADER_OFFSET: interpreter_image.with_flash_size(
            image.bootloader, flash_bytes
        ),
        partition_table.TABLE_OFFSET: partition_table.encode(partitions),
        partition_table.APPLICATION_OFFSET: image.application,
    }
    blank = {p.offset: b"\xff" * p.size for p in partitions if p.label in BLANK}
    files = _as_files(work, written)
    await work.esptool("write-flash", "--erase-all", *files)
    await work.esptool("verify-flash", *files, *_as_files(work, blank), after=RUN)
    return {
        "image": image.sha256,
        "version": image.version,
        "project": image.project,
        "application": image.application_sha256,
        "areas": {hex(at): hashlib.sha256(data).hexdigest() for at, data in written.items()},
        "blank": list(BLANK),
        "says": checked(await work.execute(SAY, "say")),
    }


def _image(path: Path, slot: Partition) -> interpreter_image.InterpreterImage:
    try:
        return interpreter_image.load(path, slot.size)
    except errors.InputRefused as error:
        raise faults.Fault("interpreter-other", said=str(error)) from error


def _as_files(work: Work, areas: Mapping[int, bytes]) -> list[str]:
    """Put each area into a file; return `offset file offset file ...`."""
    words = []
    for offset, data in areas.items():
        words += [hex(offset), str(work.put(f"{offset:x}.bin", data))]
    return words


def checked(says: Evidence) -> Evidence:
    """Return what the interpreter said, in the shape that the next step relies on."""
    architecture = says.get("architecture")
    version = says.get("version")
    if says.get("name") != "micropython" or architecture not in ARCHITECTURES:
        raise faults.Fault("interpreter-other", said=str(says))
    if not isinstance(version, list) or not all(isinstance(part, int) for part in version):
        raise faults.Fault("interpreter-other", said=str(says))
    if tuple(version) < OLDEST_VERSION:
        raise faults.Fault("interpreter-other", said=str(says))
    return {
        "version": version[:3],
        "machine": str(faults.cleaned(str(says.get("machine")))),
        "architecture": architecture,
    }

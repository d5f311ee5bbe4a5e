"""Runs on the hub: erases all that a home, a site or this hub has put on it. Needs no application.

Order: the seed first, since without it nothing can speak for this hub any more; then the rest of
NVS (bonds, counters, the lock); the journal; the file system, with WiFi secrets, documents and
application. Whole partitions are erased and read back, sector by sector: a deleted entry or file
stays in flash until its sector is erased, by the rules of NVS and littlefs.

The file /wiping is made before all that. While it stands boot.py runs nothing and leaves the hub
at its prompt, so a half-wiped hub neither speaks nor is shut: after a power cut, run this again.
It goes with the file system's root, the very last sector: then nothing is left that could run, and
the next start makes an empty file system.

Last line:  varde-bench: {"nvs": [sectors, erased now], "journal": ..., "vfs": ...,
                          "seed_was_there", "ms"}
            all three are blank then, as read back. Reset the board afterwards: memory forgets.
"""

import json
import os
import time

import bluetooth
import esp32
import machine
import network
import vfs

SECTOR_BYTES = 4096
SEED_BYTES = 32
BLOCK_COUNT, ERASE_BLOCK = 4, 6  # ioctl of a block device
MARK = "/wiping"
ENODEV = 19
watchdog = machine.WDT(timeout=60_000)  # the application may have started it; a wipe takes longer


def silence():
    """Switch the radios off: they write to NVS, and nobody may while it is erased."""
    network.WLAN(network.STA_IF).active(False)
    bluetooth.BLE().active(False)


def set_mark():
    """Make the file /wiping; on a full file system something else goes for it."""
    for path in (None, "/assignment.cbor", "/main.py"):
        try:
            if path is not None:
                os.remove(path)
            with open(MARK, "w"):
                return
        except OSError as error:  # noqa: PERF203  (the next one)
            if error.args[0] == ENODEV:
                return  # there is no file system any more, and nothing to run
    raise OSError("/wiping cannot be made")


def partition(label):
    found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label=label)
    if not found:
        raise OSError("no partition " + label)
    return found[0]


def seed_sectors(nvs):
    """Return the sectors of NVS in which the seed stands, also older copies; [] without one."""
    seed = bytearray(SEED_BYTES)
    try:
        if esp32.NVS("varde").get_blob("seed", seed) != SEED_BYTES:
            return []
    except OSError:
        return []
    image = bytearray(nvs.ioctl(BLOCK_COUNT, 0) * SECTOR_BYTES)
    nvs.readblocks(0, image)
    sectors = []
    at = image.find(seed)
    while at >= 0:
        for place in (at, at + SEED_BYTES - 1):
            if place // SECTOR_BYTES not in sectors:
                sectors.append(place // SECTOR_BYTES)
        at = image.find(seed, at + 1)
    for place in range(SEED_BYTES):
        seed[place] = 0
    return sectors


def root_sectors(flash):
    """Return the two sectors of the root directory, the one in force last (littlefs, SPEC.md).

    Each begins with a count of revisions; the older one knows nothing of /wiping.
    """
    revisions = []
    for sector in (0, 1):
        head = bytearray(4)
        flash.readblocks(sector, head, 0)
        revisions.append(int.from_bytes(head, "little"))
    is_second_newer = (revisions[1] - revisions[0]) & 0xFFFFFFFF < 1 << 31
    return [0, 1] if is_second_newer else [1, 0]


def is_blank(flash, sector, image):
    flash.readblocks(sector, image)
    return image == BLANK


def erase(label, first=(), last=()):
    """Erase every sector of a partition that is not blank, in this order; read all back."""
    flash = partition(label)
    count = flash.ioctl(BLOCK_COUNT, 0)
    image = bytearray(SECTOR_BYTES)
    erased = 0
    rest = [sector for sector in range(count) if sector not in first and sector not in last]
    for sector in list(first) + rest + list(last):
        watchdog.feed()
        if not is_blank(flash, sector, image):
            flash.ioctl(ERASE_BLOCK, sector)
            erased += 1
    for sector in range(count):
        watchdog.feed()
        if not is_blank(flash, sector, image):
            raise OSError("%s: sector %d is not blank after its erase" % (label, sector))
    return [count, erased]


def run():
    begun_ms = time.ticks_ms()
    silence()
    set_mark()
    first = seed_sectors(partition("nvs"))
    result = {"seed_was_there": bool(first), "nvs": erase("nvs", first)}
    result["journal"] = erase("journal")
    try:
        vfs.umount("/")
    except OSError:
        pass  # it was not mounted
    result["vfs"] = erase("vfs", last=root_sectors(partition("vfs")))
    result["ms"] = time.ticks_diff(time.ticks_ms(), begun_ms)
    return result


BLANK = b"\xff" * SECTOR_BYTES
try:
    result = run()
except Exception as error:  # noqa: BLE001  (whatever it is, the bench wants to know)
    result = {"error": type(error).__name__, "text": str(error)}
print("varde-bench:", json.dumps(result))

"""A stand-in for MicroPython's download: a flash image that tools and boot ROM take for one.

As `ESP32_GENERIC_S3-*.bin` of MicroPython, it begins at offset 0x0: bootloader, partition table at
0x8000 (MicroPython's `partitions-16MiB-ota.csv`), application at 0x10000 with ESP-IDF's
description. The code in it is none: a virtual board starts the real interpreter of this machine
instead. "stand-in" is in its project name, so that nobody flashes it on a real board unawares.
"""

import hashlib

from varde_simulator import flash_image
from varde_simulator.flash_image import Partition
from varde_simulator.usb import app_image

PROJECT = "micropython stand-in"
# An interpreter that is no good says so in its project's name, and the board plays it.
CRASHES, HANGS = ENDS = ("crashes", "hangs")
APPLICATION_OFFSET = 0x10000
# Enough to need many blocks; a real one has about 1.7 MB, of which a tool compresses a third away.
APPLICATION_BYTES = 96 * 1024

BOOTLOADER_ADDRESS = 0x3FCE2810
APPLICATION_ADDRESS = 0x3C000020
ENTRY = 0x40375000
BOOTLOADER_ENTRY = 0x403C98D0


def partitions() -> list[Partition]:
    """MicroPython's own table for 16 MB with two slots."""
    return [
        Partition("nvs", flash_image.TYPE_DATA, 0x02, 0x9000, 0x4000),
        Partition("otadata", flash_image.TYPE_DATA, 0x00, 0xD000, 0x2000),
        Partition("phy_init", flash_image.TYPE_DATA, 0x01, 0xF000, 0x1000),
        Partition("ota_0", flash_image.TYPE_APP, 0x10, 0x10000, 0x270000),
        Partition("ota_1", flash_image.TYPE_APP, 0x11, 0x280000, 0x270000),
        Partition("vfs", flash_image.TYPE_DATA, 0x81, 0x4F0000, 0xB10000),
    ]


def application(version: str, size: int = APPLICATION_BYTES, ends: str = "") -> bytes:
    """The application image alone, of about `size` bytes. `version` as "1.25.0"; `ends`: CRASHES
    at every start, or HANGS until the bootloader's watchdog bites."""
    description = app_image.describe(f"{PROJECT}, {ends}" if ends else PROJECT, version)
    body = description + _filler(version, max(0, size - len(description)))
    return app_image.encode([(APPLICATION_ADDRESS, body)], ENTRY)


def build(version: str, size: int = APPLICATION_BYTES) -> bytes:
    """The whole image, for offset 0x0; `version` of the interpreter, `size` of the application."""
    bootloader = app_image.encode(
        [(BOOTLOADER_ADDRESS, _filler("bootloader", 4096))], BOOTLOADER_ENTRY
    )
    table = flash_image.encode_table(partitions())
    head = bootloader.ljust(flash_image.TABLE_OFFSET, flash_image.ERASED) + table
    return head.ljust(APPLICATION_OFFSET, flash_image.ERASED) + application(version, size)


def _filler(seed: str, size: int) -> bytes:
    """Bytes that compress as code does, by about a third; a multiple of 4."""
    text = f"This is no code: a virtual board runs MicroPython itself ({seed}). ".encode()
    unlike = b"".join(
        hashlib.sha256(f"{seed} {number}".encode()).digest() + text[:20]
        for number in range(size // 52 + 1)
    )
    return unlike[: size // 4 * 4]

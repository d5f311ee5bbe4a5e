"""The two interpreter slots, ota_0 and ota_1, and the bootloader's choice. Loaded when needed.

`arm` makes the bootloader start a slot once: ESP-IDF marks it NEW, at its start PENDING_VERIFY,
and at the start after that ABORTED, unless `mark_valid` came between (ESP-IDF,
bootloader_utility.c; MicroPython is built with CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE). A table
with one interpreter only has no slots: `running` is None then, and the rest raises OSError.
"""

import esp32

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Optional

_OTA_0 = const(0x10)  # the subtype


def running() -> "Optional[int]":
    """Return the slot that runs, 0 or 1; None if there are no slots."""
    number: int = esp32.Partition(esp32.Partition.RUNNING).info()[1] - _OTA_0
    return number if number in (0, 1) else None


def slot(number: int) -> "Any":
    """Return a slot as esp32.Partition: blocks of 4096 bytes."""
    found = esp32.Partition.find(esp32.Partition.TYPE_APP, subtype=_OTA_0 + number)
    if not found:
        raise OSError("interpreter_slots: no ota_%d; flash Varde's partition table" % number)
    return found[0]


def inactive() -> "Any":
    """Return the slot that does not run: free for what is fetched."""
    number = running()
    if number is None:
        raise OSError("interpreter_slots: one interpreter only; flash Varde's partition table")
    return slot(1 - number)


def arm(number: int) -> None:
    """Let the next start be from this slot; OSError if it holds no whole image."""
    slot(number).set_boot()


def mark_valid() -> None:
    """Keep the slot that runs; writes nothing if that is said already."""
    esp32.Partition.mark_app_valid_cancel_rollback()

"""How much heap there is to work with.

The ESP32 has two: MicroPython's, and ESP-IDF's, from which the Bluetooth and WiFi stacks take
theirs. Where the second runs out a stack aborts, which no Python code can catch
(KristianP26/ble-scale-sync, docs/guide/esp32-proxy.md), so a connection is only begun with room.
"""

import gc

import esp32

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any

# Below this it is worth a collection to know how much of it is garbage.
_PLENTY_BYTES = const(32_768)
# The largest piece that a reading's way into the journal takes.
_PIECE_BYTES = const(2048)


def spare_bytes() -> int:
    """Return the free bytes of the scarcer heap; 0 if the one is free in small pieces only."""
    free_bytes: int = gc.mem_free()  # type: ignore[attr-defined]
    if free_bytes < _PLENTY_BYTES:
        gc.collect()
        free_bytes = gc.mem_free()  # type: ignore[attr-defined]
    if not _has_piece():
        gc.collect()
        if not _has_piece():
            return 0
    return min(free_bytes, _stack_spare_bytes(free_bytes))


def _has_piece() -> bool:
    try:
        bytearray(_PIECE_BYTES)
    except MemoryError:
        return False
    return True


def _stack_spare_bytes(otherwise: int) -> int:
    """The largest free block of ESP-IDF's heap, where there is one."""
    ask: "Any" = getattr(esp32, "idf_heap_info", None)
    if ask is None:
        return otherwise
    return int(max([region[2] for region in ask(esp32.HEAP_DATA)]))

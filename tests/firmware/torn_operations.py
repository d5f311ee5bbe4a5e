"""Every way in which a power cut can leave one write or one erase of NOR flash.

An operation turns the bytes `old` into `wanted`. A cut leaves each bit that should change changed
or not; which ones, depends on the chip. By class: nothing, all, up to and from the borders of the
format's fields, and single bits at these borders. By byte: up to and from every byte.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SPRINKLES = 8  # seeds of bits here and there, besides the orderly shapes
HEADER_BORDERS = (0, 1, 2, 4, 8, 12, 16, 18, 20)
FRAME_BORDERS = (0, 1, 2, 4, 6, 7, 10)  # head, crc, the data with a session copy's number


class Operation(NamedTuple):
    """kind: "program" or "erase"; the bytes at `offset` are `old` and should become `wanted`."""

    kind: str
    offset: int
    old: bytes
    wanted: bytes

    def __str__(self) -> str:
        return f"{self.kind} of {len(self.old)} bytes at {self.offset}"


def _borders(operation: Operation) -> list[int]:
    size = len(operation.wanted)
    ends = (size // 2, size - 2, size - 1, size)  # the mark is the last byte of a settled frame
    at = {*HEADER_BORDERS, *FRAME_BORDERS, *ends}
    return sorted(n for n in at if 0 <= n <= size)


def _up_to(operation: Operation, ends: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    for end in ends:
        yield f"the first {end} bytes", operation.wanted[:end] + operation.old[end:]


def _from(operation: Operation, starts: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    for start in starts:
        yield f"from byte {start} on", operation.old[:start] + operation.wanted[start:]


def _bits(operation: Operation, at: int, masks: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    """Byte `at` half done: behind it nothing is, or everything but it."""
    old, wanted = operation.old, operation.wanted
    for mask in masks:
        half = bytes([old[at] ^ ((old[at] ^ wanted[at]) & mask)])
        yield f"up to bits {mask:02x} of byte {at}", wanted[:at] + half + old[at + 1 :]
        yield f"all, of byte {at} bits {mask:02x}", wanted[:at] + half + wanted[at + 1 :]


def _sprinkled(operation: Operation, seeds: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    size = len(operation.wanted)
    old, wanted = (int.from_bytes(n, "big") for n in (operation.old, operation.wanted))
    for seed in seeds:
        chance = random.Random(seed)
        mask = chance.getrandbits(8 * size)
        for _ in range(seed % 4):  # fewer and fewer bits
            mask &= chance.getrandbits(8 * size)
        mask = ~mask if seed % 2 else mask
        yield f"sprinkled {seed}", (old ^ ((old ^ wanted) & mask)).to_bytes(size, "big")


def _different(shapes: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    seen = set()
    for name, left in shapes:
        if left not in seen:
            seen.add(left)
            yield name, left


SINGLE_BITS = [1 << n for n in range(8)] + [0xFF ^ 1 << n for n in range(8)]


def _all_by_few(operation: Operation) -> Iterator[tuple[str, bytes]]:
    size = len(operation.wanted)
    yield from _up_to(operation, sorted({0, 2, 6, size - 1, size} & set(range(size + 1))))
    yield from _from(operation, [min(6, size - 1)])
    yield from _bits(operation, 0, [0x5A])
    yield from _bits(operation, size - 1, [0x0F, 0xE7])
    yield from _sprinkled(operation, [1])


def _all_by_class(operation: Operation) -> Iterator[tuple[str, bytes]]:
    borders = _borders(operation)
    yield from _up_to(operation, borders)
    yield from _from(operation, borders)
    for at in borders[:-1]:
        yield from _bits(operation, at, [0x01, 0x5A, 0x0F, 0xFE])
    yield from _sprinkled(operation, range(SPRINKLES))


def _all_by_byte(operation: Operation) -> Iterator[tuple[str, bytes]]:
    size = len(operation.wanted)
    yield from _up_to(operation, range(size + 1))
    yield from _from(operation, range(size + 1))
    borders = set(_borders(operation)[:-1])
    for at in range(size):
        some = [0x5A >> at % 2] if operation.kind == "program" else []
        yield from _bits(operation, at, SINGLE_BITS if at in borders else some)
    yield from _sprinkled(operation, range(8 * SPRINKLES))


def by_few(operation: Operation) -> Iterator[tuple[str, bytes]]:
    """(name, bytes left) for some ten shapes: enough where cuts multiply."""
    return _different(_all_by_few(operation))


def by_class(operation: Operation) -> Iterator[tuple[str, bytes]]:
    """(name, bytes left) at the borders of all fields, whole bytes and bits of them."""
    return _different(_all_by_class(operation))


def by_byte(operation: Operation) -> Iterator[tuple[str, bytes]]:
    """(name, bytes left) at every byte; at the borders of fields every single bit."""
    return _different(_all_by_byte(operation))

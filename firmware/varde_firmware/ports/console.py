"""The serial console of a locked hub: what comes in, and what a signed request may do there.

NVS, namespace `varde`:

    open    i32  1: the next start leaves the board at its prompt (boot.py)
    opened  i32  by which key it was asked to, until an application has journaled it
"""

import asyncio
import os
import select
import sys
import time

import esp32
import machine

from varde_protocols._compat import TYPE_CHECKING, const

from . import identity_store

if TYPE_CHECKING:
    from typing import Any, Generator, List, Optional

_READ_BYTES = const(256)  # the ESP32 keeps 260 for us
_FLUSH_MS = const(200)  # the answer is to leave before the chip starts again


class Console:
    """See `ports.Console`."""

    def __init__(self) -> None:
        self._stream: "Any" = sys.stdin.buffer
        self._poll = select.poll()
        self._poll.register(self._stream, select.POLLIN)
        self._nvs = esp32.NVS(identity_store.NAMESPACE)
        self.random_bytes = os.urandom

    def read(self, wait_ms: int) -> "Optional[bytes]":
        """Return what comes, waiting for the first byte; None if the line has ended."""
        found = bytearray()
        while len(found) < _READ_BYTES and self._poll.poll(0 if found else wait_ms):
            byte = self._stream.read(1)
            if not byte:
                return None
            found += byte
        return bytes(found)

    def readable(self) -> "Generator[Any, None, None]":
        """Await that something has come."""
        yield asyncio.core._io_queue.queue_read(self._stream)  # type: ignore[attr-defined]

    def service_keys(self) -> "List[bytes]":
        """Return who may open; raises OSError or WireError if the trust cannot be read."""
        from varde_protocols import trust  # noqa: PLC0415  (seldom needed)

        from . import document_files  # noqa: PLC0415

        return document_files.trust().keys(trust.ROLE_SERVICE)

    def opened(self) -> int:
        """Return which key has opened the hub and was not journaled, 0 for none."""
        try:
            return int(self._nvs.get_i32("opened"))
        except OSError:
            return 0

    def forget_opened(self) -> None:
        self._set("opened", 0)

    def open(self, mark: int) -> None:
        """Let the next start end at the prompt, and remember by which key; durable on return."""
        self._set("opened", mark)
        self._set("open", 1)

    def _set(self, key: str, number: int) -> None:
        self._nvs.set_i32(key, number)
        self._nvs.commit()

    def restart(self) -> None:
        time.sleep_ms(_FLUSH_MS)  # type: ignore[attr-defined]
        machine.reset()

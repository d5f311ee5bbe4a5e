"""Indications a server has under way: one a connection, each ended by its confirmation.

At PDU level and not by Bumble's awaitable, so that "confirmed" is known inside the PDU callback: a
confirmation followed at once by a disconnect is a confirmation.
"""

import asyncio
import struct
from collections.abc import Callable

from varde_simulator.air.att_client import (
    HANDLE_VALUE_INDICATION,
    STATUS_NOT_CONNECTED,
    STATUS_TIMEOUT,
    TRANSACTION_TIMEOUT_S,
)

STATUS_CONFIRMED = 0
Done = Callable[[int], None]


class Indications:
    """`send(connection handle, value handle, data, done)`; `done(status)` exactly once."""

    def __init__(self, send_att: Callable[[int, bytes], None]) -> None:
        self._send_att = send_att
        self._open: dict[int, tuple[Done, asyncio.TimerHandle]] = {}

    def is_open(self, handle: int) -> bool:
        return handle in self._open

    def send(self, handle: int, value_handle: int, data: bytes, done: Done) -> None:
        assert handle not in self._open, "the one before is not confirmed yet"
        loop = asyncio.get_running_loop()
        timer = loop.call_later(TRANSACTION_TIMEOUT_S, self._end, handle, STATUS_TIMEOUT)
        self._open[handle] = (done, timer)
        self._send_att(handle, struct.pack("<BH", HANDLE_VALUE_INDICATION, value_handle) + data)

    def on_confirmation(self, handle: int) -> None:
        self._end(handle, STATUS_CONFIRMED)

    def on_disconnection(self, handle: int) -> None:
        self._end(handle, STATUS_NOT_CONNECTED)

    def _end(self, handle: int, status: int) -> None:
        done, timer = self._open.pop(handle, (None, None))
        if done is not None and timer is not None:
            timer.cancel()
            done(status)

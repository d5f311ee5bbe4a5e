"""One connection of the simulated laptop: GATT procedures, one after the other.

A procedure is asked of the world by an op and reported by events: results, then a "done" with a
status. Statuses are NimBLE's; they become the errors that bleak raises.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bleak.exc import BleakError, BleakGATTProtocolError

from varde_simulator.air.att_client import (
    STATUS_ATT,
    STATUS_NOT_CONNECTED,
    STATUS_TIMEOUT,
)

if TYPE_CHECKING:
    from varde_simulator.bleak_backend.laptop_radio import LaptopRadio

DEFAULT_MTU = 23
# Above the world's own 30 s for one ATT transaction: its status says more than our time-out.
PROCEDURE_TIMEOUT_S = 60.0
# A server may refuse to talk about the MTU, which the world does not report.
_MTU_TIMEOUT_S = 3.0
_DISCONNECT_TIMEOUT_S = 10.0

_IRQ_NOTIFY, _IRQ_INDICATE = 18, 19
_IRQ_MTU_EXCHANGED = 21
_IRQ_ENCRYPTION_UPDATE, _IRQ_PASSKEY_ACTION = 28, 31
_SERVICES = ("gattc_discover_services", 9, 10)
_CHARACTERISTICS = ("gattc_discover_characteristics", 11, 12)
_DESCRIPTORS = ("gattc_discover_descriptors", 13, 14)
_READ = ("gattc_read", 15, 16)
_WRITE = ("gattc_write", 0, 17)

_WITHOUT_RESPONSE, _WITH_RESPONSE = 0, 1

OnValue = Callable[[bytearray], None]


class Connection:
    """Made by the radio. `on_end()` is called once, whoever ended it."""

    def __init__(self, radio: LaptopRadio, handle: int) -> None:
        self.mtu = DEFAULT_MTU
        self.is_open = True
        self.is_encrypted = False
        self._level = (False, False, False)  # encrypted, authenticated, bonded
        self.on_end: Callable[[], None] = lambda: None
        self.on_value: dict[int, OnValue] = {}  # by value handle
        self.on_passkey: Callable[[int, int], None] = lambda _action, _number: None
        self._radio = radio
        self._handle = handle
        self._procedure = asyncio.Lock()
        self._results: list[list[Any]] = []
        self._result_irq = self._done_irq = 0
        self._done: asyncio.Future[int] | None = None
        self._mtu_agreed: asyncio.Future[None] | None = None
        self._secured: asyncio.Future[tuple[bool, bool, bool]] | None = None
        self._ended = asyncio.Event()

    # Procedures

    async def services(self, uuid: bytes | None = None) -> list[tuple[int, int, bytes]]:
        """Start handle, end handle and UUID of each primary service, or those of `uuid`."""
        return [(start, end, found) for start, end, found in await self._run(_SERVICES, uuid)]

    async def characteristics(self, start: int, end: int) -> list[tuple[int, int, int, bytes]]:
        """End handle, value handle, properties and UUID of each characteristic."""
        async with self._radio.discovering:
            found = await self._run(_CHARACTERISTICS, start, end, None)
        return [(last, value, properties, uuid) for last, value, properties, uuid in found]

    async def descriptors(self, value_handle: int, end: int) -> list[tuple[int, bytes]]:
        """Handle and UUID of each descriptor behind a value."""
        return [(at, uuid) for at, uuid in await self._run(_DESCRIPTORS, value_handle, end)]

    async def read(self, value_handle: int) -> bytearray:
        """The value, up to MTU - 1 bytes of it. Raises BleakGATTProtocolError, BleakError."""
        results = await self._run(_READ, value_handle)
        return bytearray(results[0][-1] if results else b"")

    async def write(self, value_handle: int, data: bytes) -> None:
        """With response. Raises BleakGATTProtocolError, BleakError."""
        if len(data) > self.mtu - 3:
            raise BleakError(f"{len(data)} bytes: a write holds {self.mtu - 3} here (MTU - 3)")
        await self._run(_WRITE, value_handle, data, _WITH_RESPONSE)

    async def write_command(self, value_handle: int, data: bytes) -> None:
        """Without response."""
        await self._call("gattc_write", value_handle, data, _WITHOUT_RESPONSE)

    async def exchange_mtu(self) -> None:
        """As operating systems do by themselves; a server that refuses stays at 23."""
        self._mtu_agreed = asyncio.get_running_loop().create_future()
        await self._call("gattc_exchange_mtu")
        await asyncio.wait([self._mtu_agreed], timeout=_MTU_TIMEOUT_S)

    async def secure(self) -> tuple[bool, bool, bool]:
        """Pairs, or encrypts with the bond there is: (encrypted, authenticated, bonded).
        Raises BleakError if the connection ends over it. A sensor may have asked for security
        first: then it is under way, or done."""
        if self.is_encrypted:
            return self._level
        self._secured = asyncio.get_running_loop().create_future()
        try:
            try:
                await self._call("pair")
            except BleakError as error:
                if not _is_under_way(error):
                    raise
            return await self._secured
        finally:
            self._secured = None

    async def give_passkey(self, action: int, passkey: int) -> None:
        await self._call("passkey", action, passkey)

    async def disconnect(self) -> None:
        """Hangs up and waits for the end."""
        if self.is_open:
            try:
                await self._call("disconnect")
            except BleakError:
                return  # it ends by itself
            await asyncio.wait(
                [asyncio.ensure_future(self._ended.wait())], timeout=_DISCONNECT_TIMEOUT_S
            )

    async def _run(self, procedure: tuple[str, int, int], *args: object) -> list[list[Any]]:
        op, result_irq, done_irq = procedure
        async with self._procedure:
            self._results, self._result_irq, self._done_irq = [], result_irq, done_irq
            self._done = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(PROCEDURE_TIMEOUT_S):
                    await self._call(op, *args)
                    status = await self._done
            finally:
                self._done = None
        if status:
            raise _error_of(status)
        return self._results

    async def _call(self, op: str, *args: object) -> None:
        if not self.is_open:
            raise BleakError("Not connected")
        try:
            await self._radio.call(op, self._handle, *args)
        except (OSError, ValueError) as error:
            gone = isinstance(error, OSError) and error.errno in (errno.ENOTCONN, errno.ENODEV)
            raise BleakError("Not connected" if gone else f"{op}: {error}") from error

    # Events

    def on_event(self, number: int, args: list[Any]) -> None:
        """An event of this connection. It returns when the program's callback has: what the
        world confirms an indication by."""
        if number in (_IRQ_NOTIFY, _IRQ_INDICATE):
            on_value = self.on_value.get(args[0])
            if on_value is not None:
                on_value(bytearray(args[1]))
        elif number == _IRQ_MTU_EXCHANGED:
            self.mtu = args[0]
            _settle(self._mtu_agreed, None)
        elif number == _IRQ_ENCRYPTION_UPDATE:
            self._level = (bool(args[0]), bool(args[1]), bool(args[2]))
            self.is_encrypted = self._level[0]
            _settle(self._secured, self._level)
        elif number == _IRQ_PASSKEY_ACTION:
            self.on_passkey(args[0], args[1])
        elif number == self._done_irq:
            _settle(self._done, args[-1])
        elif number == self._result_irq and self._done is not None:
            self._results.append(args)

    def ended(self) -> None:
        """Called by the radio, once."""
        self.is_open = self.is_encrypted = False
        for waiting in (self._done, self._secured):
            if waiting is not None and not waiting.done():
                waiting.set_exception(BleakError("disconnected"))
        self._ended.set()
        self.on_end()


def _is_under_way(error: BleakError) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EALREADY


def _settle(waiting: asyncio.Future[Any] | None, result: object) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(result)


def _error_of(status: int) -> BleakError:
    if status >= STATUS_ATT:
        return BleakGATTProtocolError(status - STATUS_ATT)
    words = {STATUS_NOT_CONNECTED: "disconnected", STATUS_TIMEOUT: "the sensor does not answer"}
    return BleakError(words.get(status, f"GATT status {status}"))

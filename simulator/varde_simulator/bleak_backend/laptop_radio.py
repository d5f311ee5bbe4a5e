"""The Bluetooth adapter of a simulated laptop: what all scanners and clients of a program share.

It is one node of the world (`VARDE_NODE`, or "laptop"), on the air while somebody uses it. Its
name decides its address, so a sensor knows it again; bonds are in a file (`bond_file`).
"""

from __future__ import annotations

import asyncio
import errno
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakError,
)

from varde_simulator.bleak_backend import channel_client
from varde_simulator.bleak_backend.bond_file import BondFile
from varde_simulator.bleak_backend.connection import Connection

PATH_VARIABLE = "VARDE_AIR"
NODE_VARIABLE = "VARDE_NODE"
DEFAULT_NODE = "laptop"

# All the time on one channel after the other, as operating systems do while a program asks.
_SCAN_US = 30_000
# The largest attribute value (512 bytes) and its header, which operating systems ask for.
_MTU_WISH = 517
_CANCEL_TIMEOUT_S = 2.0  # a chip gives up within a connection interval
_NO_CONNECTION = 0xFFFF

# An adapter with a person at a keyboard: a sensor with a display shows digits to be typed.
_KEYBOARD = 2
_SECURITY = {"bond": 1, "mitm": 0, "le_secure": 1, "io": _KEYBOARD}
_PEER_KEY, _OWN_IRK = 2, 10  # kinds of secrets
_IRK_BYTES = 16

_IRQ_SCAN_DONE = 6
_IRQ_CONNECTED = 7
_IRQ_DISCONNECTED = 8
_IRQ_GET_SECRET = 29
_IRQ_SET_SECRET = 30
_SCAN_RESULT = "ble.scan_result"

Report = Callable[[int, bytes, int, int, bytes], None]
"""address type, address (most significant byte first), report type, RSSI in dBm, data"""

_radios: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, LaptopRadio]]


class LaptopRadio:
    """`await acquire(path)` gives the one of this loop and path; `await release()` when done."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.address = bytes(6)
        self.bonds = BondFile(Path(path + ".bonds"))
        self.discovering = asyncio.Lock()  # the chip's host discovers for one connection at a time
        self._users = 0
        self._opening = asyncio.Lock()
        self._channel: channel_client.ChannelClient | None = None
        self._reports: dict[object, tuple[Report, bool]] = {}
        self._scanning: bool | None = None  # as it was asked of the world: None off, else active
        self._scan_lock = asyncio.Lock()
        self._connecting = asyncio.Lock()
        self._connected: asyncio.Future[int | None] | None = None
        self._connections: dict[int, Connection] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def call(self, op: str, *args: object) -> Any:
        """An op of the world's radio. Raises OSError or ValueError, as the world says."""
        if self._channel is None:
            raise OSError(errno.ENODEV, "the world has gone")
        return await self._channel.call("ble." + op, *args)

    # Users

    async def open(self) -> None:
        """One more user. Raises BleakBluetoothNotAvailableError."""
        async with self._opening:
            if self._channel is None or not self._channel.is_open:
                await self._join()
            self._users += 1

    async def release(self) -> None:
        """One user less; nobody's radio is off."""
        self._users -= 1
        if self._users == 0 and self._channel is not None:
            channel, self._channel = self._channel, None
            channel.leave()
            await asyncio.sleep(0)  # the transport closes in the loop's next turn

    async def _join(self) -> None:
        node = os.environ.get(NODE_VARIABLE) or DEFAULT_NODE
        try:
            self._channel = await channel_client.join(
                self.path, node, self._on_event, self._on_gone
            )
            await self.call("active", True)
            await self.call("set_mtu", _MTU_WISH)
            _, self.address = await self.call("mac")
            await self._load_bonds()
        except (OSError, ValueError) as error:
            if self._channel is not None:
                self._channel.leave()
                self._channel = None
            why = getattr(error, "strerror", None) or error
            text = f"no simulated radio at {self.path}: {why}"
            reason = BleakBluetoothNotAvailableReason.NO_BLUETOOTH
            raise BleakBluetoothNotAvailableError(text, reason) from error

    async def _load_bonds(self) -> None:
        """As a stack does that starts: its own identity first, then the peers'."""
        for name, value in _SECURITY.items():
            await self.call("security", name, value)
        irk = self.bonds.get(self.address, _OWN_IRK, 0, b"irk")
        if irk is None:
            irk = os.urandom(_IRK_BYTES)
            self.bonds.put(self.address, _OWN_IRK, b"irk", irk)
        await self.call("own_irk", irk)
        index = 0
        while (secret := self.bonds.get(self.address, _PEER_KEY, index, None)) is not None:
            await self.call("peer_secret", secret)
            index += 1

    # Scanning

    async def start_scan(self, token: object, report: Report, active: bool) -> None:
        """`report` gets what is heard until `stop_scan(token)`."""
        self._reports[token] = (report, active)
        await self._adjust_scan()

    async def stop_scan(self, token: object) -> None:
        self._reports.pop(token, None)
        await self._adjust_scan()

    async def _adjust_scan(self) -> None:
        """Brings the one scan of the chip in line with what all scanners want together."""
        async with self._scan_lock:
            wanted = any(active for _, active in self._reports.values()) if self._reports else None
            if wanted == self._scanning or self._connecting.locked():
                return
            if self._scanning is not None:
                self._scanning = None
                await self._try("scan_stop")
            if wanted is not None:
                self._scanning = wanted
                await self._try("scan", 0, _SCAN_US, _SCAN_US, wanted)

    async def _try(self, op: str, *args: object) -> None:
        try:
            await self.call(op, *args)
        except OSError as error:
            raise BleakError(f"the radio refuses {op}: {error}") from error

    # Connecting

    async def connect(self, address_type: int, address: bytes, timeout_s: float) -> Connection:
        """Raises TimeoutError if it is not heard in time, BleakError if it fails otherwise."""
        async with self._connecting:
            self._connected = asyncio.get_running_loop().create_future()
            self._scanning = None  # a chip that initiates does not scan
            try:
                await self._try("connect", address_type, address, round(timeout_s * 1000), 0, 0)
                handle = await self._connected
            except asyncio.CancelledError:
                await self._cancel_connect()
                raise
            finally:
                self._connected = None
                self._start(self._resume_scan())
        if handle is None:
            raise TimeoutError("not heard in time")
        return self._connections[handle]

    async def _cancel_connect(self) -> None:
        """The chip has given up, or connected and hangs up, when this returns."""
        self._connected = asyncio.get_running_loop().create_future()
        try:
            await self.call("connect_cancel")
            handle = await asyncio.wait_for(self._connected, _CANCEL_TIMEOUT_S)
        except (OSError, TimeoutError):
            return
        if handle is not None:
            await self._drop(handle)

    async def _resume_scan(self) -> None:
        async with self._connecting:
            pass
        if self._channel is not None:
            await self._adjust_scan()

    # Events

    def _on_event(self, name: str, args: list[Any]) -> object:
        """What is returned goes to the world where it asked."""
        if name == _SCAN_RESULT:
            for report, _ in list(self._reports.values()):
                report(*args)
        elif name == "ble.irq":
            number, *rest = args
            if number == _IRQ_GET_SECRET:
                return self.bonds.get(self.address, *rest)
            if number == _IRQ_SET_SECRET:
                return self.bonds.put(self.address, *rest)
            if number in (_IRQ_CONNECTED, _IRQ_DISCONNECTED):
                self._on_connection_event(number, *rest)
            elif number != _IRQ_SCAN_DONE and rest and rest[0] in self._connections:
                self._connections[rest[0]].on_event(number, rest[1:])
        return None

    def _on_connection_event(self, number: int, handle: int, *_peer: object) -> None:
        if number == _IRQ_CONNECTED:
            self._connections[handle] = Connection(self, handle)
            if not self._connect_ended(handle):
                self._start(self._drop(handle))  # given up meanwhile
        elif handle == _NO_CONNECTION:
            self._connect_ended(None)
        else:
            connection = self._connections.pop(handle, None)
            if connection is not None:
                connection.ended()

    def _connect_ended(self, handle: int | None) -> bool:
        """Tells who waits for a connection; False if nobody does."""
        if self._connected is None or self._connected.done():
            return False
        self._connected.set_result(handle)
        return True

    async def _drop(self, handle: int) -> None:
        try:
            await self.call("disconnect", handle)
        except OSError:
            return

    def _on_gone(self) -> None:
        self._channel = None
        self._scanning = None
        if self._connected is not None and not self._connected.done():
            self._connected.set_exception(BleakError("the simulated radio has gone"))
        connections, self._connections = self._connections, {}
        for connection in connections.values():
            connection.ended()

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_radios = weakref.WeakKeyDictionary()


async def acquire(path: str | None) -> LaptopRadio:
    """The radio of this loop in the world at `path` (else VARDE_AIR), for one more user."""
    chosen = path or os.environ.get(PATH_VARIABLE)
    if not chosen:
        text = f"no world is named: give its socket, or set {PATH_VARIABLE}"
        raise BleakBluetoothNotAvailableError(text, BleakBluetoothNotAvailableReason.NO_BLUETOOTH)
    radios = _radios.setdefault(asyncio.get_running_loop(), {})
    radio = radios.setdefault(chosen, LaptopRadio(chosen))
    await radio.open()
    return radio

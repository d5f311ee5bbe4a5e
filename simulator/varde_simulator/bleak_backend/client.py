"""bleak's client on a simulated laptop.

It behaves as an operating system does: the MTU is exchanged and the services are discovered at
connecting, a bonded sensor is encrypted first, notifications win over indications where there are
both, an indication is confirmed when the program's callback has returned.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import bleak
from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError
from bleak.uuids import normalize_uuid_16

from varde_simulator.bleak_backend import advertising, laptop_radio
from varde_simulator.bleak_backend.connection import DEFAULT_MTU, Connection
from varde_simulator.bleak_backend.laptop_radio import LaptopRadio
from varde_simulator.bleak_backend.scanner import VirtualScanner

_CCCD = normalize_uuid_16(0x2902)
_OFF, _NOTIFY, _INDICATE = b"\0\0", b"\1\0", b"\2\0"
_HEADER_BYTES = 3  # of a write, within the MTU

Passkey = int | Callable[[], int | Awaitable[int]]


class VirtualClient(BaseBleakClient):
    """Give it to `bleak.BleakClient` as `backend`; the world is `path`, else VARDE_AIR's.

    `passkey`, here or in `pair`, is the six digits that the sensor shows, or a function that asks
    for them once they are wanted. Without it, a sensor that shows digits cannot be paired.
    """

    path: ClassVar[str | None] = None

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        services: set[str] | None = None,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        passkey: Passkey | None = None,
        **_other_platforms: Any,
    ) -> None:
        super().__init__(
            address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout
        )
        device = address_or_ble_device
        self._device = device if isinstance(device, BLEDevice) else None
        self._wanted_services = services
        self._passkey = passkey
        self._radio: LaptopRadio | None = None
        self._connection: Connection | None = None
        self._person: _Person | None = None
        self._releasing: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        named = self._device.name if self._device is not None else None
        return named or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        return self._connection.mtu if self._connection is not None else DEFAULT_MTU

    @property
    def is_connected(self) -> bool:
        return self._connection is not None and self._connection.is_open

    @property
    def _address(self) -> bytes:
        return bytes.fromhex(self.address.replace(":", ""))

    # Connecting

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        """Raises BleakDeviceNotFoundError, TimeoutError, BleakError."""
        if self.is_connected:
            raise BleakError("Client is already connected")
        timeout_s = kwargs.get("timeout", self._timeout)
        if self._releasing is not None:
            await self._releasing
        self._radio = await laptop_radio.acquire(self.path)
        try:
            device = self._device or await self._find(timeout_s)
            async with asyncio.timeout(timeout_s):
                await self._connect(device, pair, timeout_s)
        except BaseException:
            await self.disconnect()
            raise

    async def _connect(self, device: BLEDevice, pair: bool, timeout_s: float) -> None:
        assert self._radio is not None
        address_type = device.details["address_type"]
        self._connection = await self._radio.connect(address_type, self._address, timeout_s)
        self._connection.on_end = self._on_end
        self._person = _Person(self._connection, self._passkey)
        await self._connection.exchange_mtu()
        if self._radio.bonds.holds(self._radio.address, self._address):
            await self._encrypt()
        elif pair:
            await self.pair()
        self.services = await self._discover(self._connection)

    async def _find(self, timeout_s: float) -> BLEDevice:
        kind = type("PathScanner", (VirtualScanner,), {"path": self.path})
        device = await bleak.BleakScanner.find_device_by_address(
            self.address, timeout_s, backend=kind
        )
        if device is None:
            text = f"Device with address {self.address} was not found."
            raise BleakDeviceNotFoundError(self.address, text)
        return device

    def _on_end(self) -> None:
        self._connection = None
        self.services = None
        if self._radio is not None:
            self._releasing = asyncio.ensure_future(self._radio.release())
            self._radio = None
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        """Nothing if there is no connection."""
        if self._connection is not None:
            await self._connection.disconnect()
        if self._radio is not None:  # the connection never came to be
            radio, self._radio = self._radio, None
            await radio.release()
        if self._releasing is not None:
            releasing, self._releasing = self._releasing, None
            await releasing

    # Pairing

    async def pair(self, *_args: Any, passkey: Passkey | None = None, **_kwargs: Any) -> None:
        """Raises BleakError if the sensor refuses."""
        connection, person = self._need_connection(), self._person
        assert person is not None
        person.is_wanted(self._passkey if passkey is None else passkey)
        try:
            encrypted, _authenticated, bonded = await connection.secure()
        finally:
            person.leave()
            if person.error is not None:
                raise person.error
        if not encrypted:
            raise BleakError("Pairing failed: rejected by the peer")
        if not bonded:
            raise BleakError("Pairing failed: the peer keeps no bond")

    async def unpair(self) -> None:
        """Forgets the bond, and ends the connection that it protects."""
        radio = await laptop_radio.acquire(self.path)
        try:
            radio.bonds.forget(radio.address, self._address)
        finally:
            await self.disconnect()
            await radio.release()

    async def _encrypt(self) -> None:
        encrypted, _, _ = await self._need_connection().secure()
        if not encrypted:
            raise BleakError("the sensor has forgotten the bond (PIN or Key Missing)")

    # Values

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, **_kwargs: Any
    ) -> bytearray:
        return await self._need_connection().read(characteristic.handle)

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, **_kwargs: Any
    ) -> bytearray:
        return await self._need_connection().read(descriptor.handle)

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        connection = self._need_connection()
        if response:
            await connection.write(characteristic.handle, bytes(data))
        else:
            await connection.write_command(characteristic.handle, bytes(data))

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        await self._need_connection().write(descriptor.handle, bytes(data))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_kwargs: Any
    ) -> None:
        connection = self._need_connection()
        if characteristic.handle in connection.on_value:
            raise BleakError("Characteristic notifications already started")
        properties = characteristic.properties
        if "notify" not in properties and "indicate" not in properties:
            raise BleakError("this characteristic neither notifies nor indicates")
        connection.on_value[characteristic.handle] = callback  # first: values follow at once
        try:
            await self._subscribe(characteristic, _NOTIFY if "notify" in properties else _INDICATE)
        except BaseException:
            connection.on_value.pop(characteristic.handle, None)
            raise

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        connection = self._need_connection()
        await self._subscribe(characteristic, _OFF)
        connection.on_value.pop(characteristic.handle, None)

    async def _subscribe(self, characteristic: BleakGATTCharacteristic, bits: bytes) -> None:
        descriptor = characteristic.get_descriptor(_CCCD)
        if descriptor is None:
            raise BleakError("this characteristic cannot be subscribed to (it has no CCCD)")
        await self._need_connection().write(descriptor.handle, bits)

    # Services

    async def _discover(self, connection: Connection) -> BleakGATTServiceCollection:
        """All services, or those that the program named: some sensors stand no more."""
        found: list[tuple[int, int, bytes]] = []
        if self._wanted_services is None:
            found = await connection.services()
        else:
            for uuid in sorted(self._wanted_services):
                found += await connection.services(advertising.uuid_bytes(uuid))
        collection = BleakGATTServiceCollection()
        for start, end, raw in sorted(found):
            service = BleakGATTService(None, start, advertising.uuid_text(raw))
            collection.add_service(service)
            await self._add_characteristics(connection, collection, service, start, end)
        return collection

    async def _add_characteristics(
        self,
        connection: Connection,
        collection: BleakGATTServiceCollection,
        service: BleakGATTService,
        start: int,
        end: int,
    ) -> None:
        for last, value_handle, properties, raw in await connection.characteristics(start, end):
            characteristic = BleakGATTCharacteristic(
                None,
                value_handle,
                advertising.uuid_text(raw),
                sorted(gatt_char_props_to_strs(properties)),
                lambda: connection.mtu - _HEADER_BYTES,
                service,
            )
            collection.add_characteristic(characteristic)
            if last > value_handle:
                for handle, kind in await connection.descriptors(value_handle, last):
                    uuid = advertising.uuid_text(kind)
                    descriptor = BleakGATTDescriptor(None, handle, uuid, characteristic)
                    collection.add_descriptor(descriptor)

    def _need_connection(self) -> Connection:
        if self._connection is None or not self._connection.is_open:
            raise BleakError("Not connected")
        return self._connection


class _Person:
    """Types the digits that a sensor shows; `error` is what went wrong with who was asked. A
    sensor that asks for security itself may want them before the program has said to pair."""

    def __init__(self, connection: Connection, source: Passkey | None) -> None:
        self.error: Exception | None = None
        self._connection = connection
        self._source = source
        self._is_waited_for = False
        self._asked_for = 0  # the action, while nobody could be asked
        self._typing: asyncio.Task[None] | None = None
        connection.on_passkey = self._on_passkey

    def is_wanted(self, source: Passkey | None) -> None:
        """The program pairs now; without a source nobody will type."""
        self._source, self._is_waited_for = source, True
        if self._asked_for:
            self._on_passkey(self._asked_for, 0)

    def leave(self) -> None:
        """The pairing is over."""
        if self._typing is not None:
            self._typing.cancel()

    def _on_passkey(self, action: int, _number: int) -> None:
        if self._source is None and not self._is_waited_for:
            self._asked_for = action
        else:
            self._asked_for = 0
            self._typing = asyncio.ensure_future(self._type(action))

    async def _type(self, action: int) -> None:
        try:
            asked = self._source() if callable(self._source) else self._source
            number = await asked if inspect.isawaitable(asked) else asked
        except Exception as error:  # noqa: BLE001  raised again where the pairing is waited for
            self.error, number = error, None
        with contextlib.suppress(BleakError):  # too late: the pairing has ended
            if number is None:  # as somebody who walks away
                await self._connection.disconnect()
            else:
                await self._connection.give_passkey(action, number)

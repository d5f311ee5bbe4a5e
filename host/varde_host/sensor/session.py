"""One connection to a sensor through bleak, spoken in numbers and with errors of our own.

bleak's errors become `errors.WorldFailed` here and nowhere else (`translated`).
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import bleak
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from varde_host import errors
from varde_protocols import assigned

from .heard import number_of
from .radio import Radio

# A sensor that was heard answers within a second or two; a weak signal takes several tries.
CONNECT_TIMEOUT_S = 30.0
# Above ATT's own 30 s for one transaction, which the operating system keeps.
OPERATION_TIMEOUT_S = 35.0
# What some operating systems make of hanging up: never worth waiting for.
DISCONNECT_TIMEOUT_S = 10.0

# A scanner does not say that its radio has gone; the next one does.
SCAN_TURN_S = 60.0

# ATT errors: insufficient authentication, authorization, key size, encryption.
_WANTS_PAIRING = {0x05, 0x08, 0x0C, 0x0F}
_SOME_FIELDS_IGNORED = 0x80  # Current Time Service 1.1, 1.6: success enough
_MAX_REASON_CHARACTERS = 120


@contextlib.contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn what bleak raises into errors that say what to do."""
    try:
        yield
    except BleakBluetoothNotAvailableError as error:
        raise errors.WorldFailed("radio-missing", where, reason=clean(error.args[0])) from error
    except BleakDeviceNotFoundError as error:
        raise errors.WorldFailed("sensor-not-heard", where) from error
    except BleakGATTProtocolError as error:
        if error.code in _WANTS_PAIRING:
            raise errors.WorldFailed("sensor-wants-pairing", where) from error
        raise errors.WorldFailed("sensor-refused", where, att=f"0x{error.code:02X}") from error
    except TimeoutError as error:
        raise errors.WorldFailed("sensor-silent", where) from error
    except BleakError as error:
        words = str(error).lower()
        if "key missing" in words:
            raise errors.WorldFailed("bond-lost", where) from error
        if "disconnected" in words or "not connected" in words:
            raise errors.WorldFailed("sensor-left", where) from error
        raise errors.WorldFailed("radio-failed", where, reason=clean(error)) from error
    except OSError as error:  # no D-Bus, no Bluetooth service on it
        reason = clean(error.strerror or error)
        raise errors.WorldFailed("radio-missing", where, reason=reason) from error


def clean(error: object) -> str:
    """Return the words of an operating system, cut and on one line."""
    words = " ".join(str(error).split()) or type(error).__name__
    return "".join(c if c.isprintable() else "?" for c in words)[:_MAX_REASON_CHARACTERS]


def uuid_text(number: int) -> str:
    """Return a number's UUID as bleak writes it."""
    raw = bytes(reversed(assigned.raw(number)))
    if len(raw) == 2:
        return f"0000{raw.hex()}-0000-1000-8000-00805f9b34fb"
    return str(uuid.UUID(bytes=raw))


async def find(radio: Radio, address: str, wait_s: float | None) -> BLEDevice:
    """Return the sensor once it is heard; WorldFailed `sensor-not-heard` if it is not in time.

    `wait_s` None waits for ever.
    """
    waited_s = 0.0
    while wait_s is None or waited_s < wait_s:
        turn_s = SCAN_TURN_S if wait_s is None else min(SCAN_TURN_S, wait_s - waited_s)
        with translated(address):
            device = await bleak.BleakScanner.find_device_by_address(
                address, turn_s, **backend(radio.scanner)
            )
        if device is not None:
            return device
        waited_s += turn_s
    raise errors.WorldFailed("sensor-not-heard", address)


@contextlib.asynccontextmanager
async def connected(
    radio: Radio, device: BLEDevice, services: Sequence[int] | None = None
) -> AsyncIterator[Session]:
    """Connect, and hang up at the end whatever happens. `services`: the only ones to ask for."""
    session = Session(device.address)
    client = bleak.BleakClient(
        device,
        session.on_disconnect,
        None if services is None else [uuid_text(number) for number in services],
        timeout=CONNECT_TIMEOUT_S,
        **backend(radio.client),
    )
    session.client = client
    try:
        with translated(device.address):
            await client.connect()
        yield session
        await session.unsubscribe()
    finally:
        with contextlib.suppress(BleakError, TimeoutError, OSError, EOFError):
            async with asyncio.timeout(DISCONNECT_TIMEOUT_S):
                await client.disconnect()


def backend(kind: type | None) -> dict[str, Any]:
    """Return the argument that gives bleak a radio of another kind."""
    return {} if kind is None else {"backend": kind}


class Session:
    """Made by `connected`. `left` is set when the connection has ended, whoever ended it."""

    client: bleak.BleakClient

    def __init__(self, address: str) -> None:
        self.address = address
        self.left = asyncio.Event()
        self._subscribed: list[BleakGATTCharacteristic] = []

    def on_disconnect(self, _client: bleak.BleakClient) -> None:
        """Called by bleak."""
        self.left.set()

    @property
    def services(self) -> list[int]:
        """The numbers of the services there are, 0 for one that has none."""
        return [number_of(service.uuid) for service in self.client.services]

    def find(self, number: int, service: int | None = None) -> BleakGATTCharacteristic | None:
        """Return the characteristic of that number, in that service or in any."""
        for inner in self.client.services:
            if service is None or number_of(inner.uuid) == service:
                for characteristic in inner.characteristics:
                    if number_of(characteristic.uuid) == number:
                        return characteristic
        return None

    async def read(self, characteristic: BleakGATTCharacteristic) -> bytes:
        """Return its value."""
        with translated(self.address):
            async with asyncio.timeout(OPERATION_TIMEOUT_S):
                return bytes(await self.client.read_gatt_char(characteristic))

    async def try_read(self, number: int) -> bytes | None:
        """Return the value, None if it is not there or the sensor does not let it be read."""
        characteristic = self.find(number)
        if characteristic is None or "read" not in characteristic.properties:
            return None
        try:
            return await self.read(characteristic)
        except errors.WorldFailed as error:
            if error.code == "sensor-refused":
                return None
            raise

    async def write(self, characteristic: BleakGATTCharacteristic, data: bytes) -> None:
        """Write with response."""
        with translated(self.address):
            async with asyncio.timeout(OPERATION_TIMEOUT_S):
                await self.client.write_gatt_char(characteristic, data, response=True)

    async def write_time(self, characteristic: BleakGATTCharacteristic, data: bytes) -> None:
        """Write a clock; "some fields ignored" is success, the read-back tells how much of one."""
        try:
            await self.write(characteristic, data)
        except errors.WorldFailed as error:
            if error.fields.get("att") != f"0x{_SOME_FIELDS_IGNORED:02X}":
                raise

    async def subscribe(
        self, characteristic: BleakGATTCharacteristic, on_value: Callable[[bytes], None]
    ) -> None:
        """`on_value` gets each value; an indication is confirmed after it has returned where the
        operating system lets a program decide that, and before where not."""
        with translated(self.address):
            async with asyncio.timeout(OPERATION_TIMEOUT_S):
                await self.client.start_notify(
                    characteristic, lambda _characteristic, data: on_value(bytes(data))
                )
        self._subscribed.append(characteristic)

    async def unsubscribe(self) -> None:
        """End all subscriptions that the sensor would otherwise keep with the bond."""
        with contextlib.suppress(BleakError, TimeoutError, OSError, EOFError):
            async with asyncio.timeout(DISCONNECT_TIMEOUT_S):
                while self._subscribed and not self.left.is_set():
                    await self.client.stop_notify(self._subscribed.pop())

"""A bond with a sensor, made by the operating system.

bleak pairs while it connects, before it asks for services: newer sensors hang up on anything that
comes before. Who types the digits differs: a radio of an entry point gets our question with
`passkey`; on Linux it comes from BlueZ to `bluez_agent`; Windows and macOS have their own dialogs.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import bleak
from bleak.backends.device import BLEDevice
from bleak.exc import BleakBluetoothNotAvailableError, BleakDeviceNotFoundError, BleakError

from varde_host import errors

from . import models
from .heard import number_of
from .radio import Radio
from .session import DISCONNECT_TIMEOUT_S, backend, clean, translated

# A person reads six digits off a display and types them; SMP itself gives up after 30 s of
# silence (Core 5.4, Vol 3, Part H, 3.4), each step anew.
PAIRING_TIMEOUT_S = 90.0
MAX_PASSKEY = 999_999

AskPasskey = Callable[[], Awaitable[int]]


@dataclass(frozen=True)
class Bond:
    """`made` is None where the operating system makes it later by itself (macOS); `services` are
    the numbers of the sensor's services, as seen when it was made."""

    made: bool | None
    services: list[int]


async def pair(radio: Radio, device: BLEDevice, ask: AskPasskey, again: bool) -> Bond:
    """Pair; `again` forgets an older bond first.

    Raises InputRefused `sensor-in-transfer-mode`, WorldFailed `pairing-refused`, `pairing-silent`,
    what `ask` raises, and what `translated` does.
    """
    if models.is_in_pairing_mode(device.name or "") is False:
        raise errors.InputRefused("sensor-in-transfer-mode", device.address)
    options: dict[str, Any] = {**backend(radio.client), "timeout": PAIRING_TIMEOUT_S}
    question = _Question(ask)
    if radio.client is not None:
        options["passkey"] = question.ask
    if again:
        await _forget(device, options)
    client = bleak.BleakClient(device, pair=True, **options)
    try:
        with _translated(device.address):
            async with _agent(radio, question.ask):
                await client.connect()
            services = [number_of(service.uuid) for service in client.services]
    except errors.WorldFailed:
        if question.error is not None:  # that is why
            raise question.error from None
        raise
    finally:
        with contextlib.suppress(BleakError, TimeoutError, OSError, EOFError):
            async with asyncio.timeout(DISCONNECT_TIMEOUT_S):
                await client.disconnect()
    pairs_later = radio.client is None and sys.platform == "darwin"
    return Bond(None if pairs_later else True, services)


class _Question:
    """Asks for the passkey, and keeps what went wrong: on its way through an operating system an
    error becomes a refused pairing."""

    def __init__(self, ask: AskPasskey) -> None:
        self._ask = ask
        self.error: errors.HostError | None = None

    async def ask(self) -> int:
        try:
            return await self._ask()
        except errors.HostError as error:
            self.error = error
            raise


def _agent(radio: Radio, ask: AskPasskey) -> contextlib.AbstractAsyncContextManager[None]:
    if radio.client is None and sys.platform == "linux":
        from . import bluez_agent  # noqa: PLC0415 its library is there with BlueZ only

        return bluez_agent.answering(ask)
    return contextlib.nullcontext()


async def _forget(device: BLEDevice, options: dict[str, Any]) -> None:
    client = bleak.BleakClient(device, **options)
    with contextlib.suppress(BleakDeviceNotFoundError), translated(device.address):
        try:
            await client.unpair()
        except NotImplementedError:
            raise errors.InputRefused("pairing-by-system", device.address) from None


@contextlib.contextmanager
def _translated(address: str) -> Any:
    """As `session.translated`, but what is not known better is a refusal to pair."""
    try:
        yield
    except (BleakBluetoothNotAvailableError, BleakDeviceNotFoundError, OSError) as error:
        if isinstance(error, TimeoutError):
            raise errors.WorldFailed("pairing-silent", address) from error
        with translated(address):
            raise
    except BleakError as error:
        if "key missing" in str(error).lower():
            raise errors.WorldFailed("bond-lost", address) from error
        raise errors.WorldFailed("pairing-refused", address, reason=clean(error)) from error

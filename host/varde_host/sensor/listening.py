"""What is in the air: a scan for a while, or one sensor's advertisements as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import bleak
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from .heard import Heard, heard, together
from .radio import Radio
from .session import SCAN_TURN_S, backend, translated

# The place of an error that concerns the radio itself.
RADIO = "bluetooth"


async def scan(radio: Radio, seconds: float) -> list[Heard]:
    """Return who was heard in that time, the strongest first."""
    found: dict[str, Heard] = {}

    def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
        one = _heard(device, data)
        before = found.get(device.address)
        found[device.address] = one if before is None else together(before, one)

    with translated(RADIO):
        async with bleak.BleakScanner(on_advertisement, **backend(radio.scanner)):
            await asyncio.sleep(seconds)
    return sorted(found.values(), key=lambda one: (-one.rssi_dbm, one.address))


async def adverts(
    radio: Radio,
    address: str,
    emit: Callable[[int, bytes], None],
    first_s: float | None,
    quiet_s: float | None,
) -> int:
    """Give `emit` each reading that a sensor advertises, once; return how many there were.

    Ends when nothing came for `first_s`, or nothing new for `quiet_s` after the last; None: never.
    Raises what `emit` raised.
    """
    told = _Readings(address, emit)
    while True:
        with translated(RADIO):
            async with bleak.BleakScanner(told.on_advertisement, **backend(radio.scanner)):
                while await told.has_more((quiet_s if told.seen else first_s) or SCAN_TURN_S):
                    pass
        if told.failure is not None:
            raise told.failure
        if (quiet_s if told.seen else first_s) is not None:
            return len(told.seen)


class _Readings:
    """What one sensor advertises; `failure` is what `emit` raised, as who calls
    `on_advertisement` would only log it."""

    def __init__(self, address: str, emit: Callable[[int, bytes], None]) -> None:
        self.seen: set[tuple[int, bytes]] = set()
        self.failure: Exception | None = None
        self._address = address.upper()
        self._emit = emit
        self._news = asyncio.Event()

    def on_advertisement(self, device: BLEDevice, data: AdvertisementData) -> None:
        if device.address.upper() != self._address:
            return
        for advert in _heard(device, data).adverts:
            if advert not in self.seen:
                self.seen.add(advert)
                self._news.set()
                self._print(advert)

    def _print(self, advert: tuple[int, bytes]) -> None:
        try:
            self._emit(*advert)
        except Exception as error:  # noqa: BLE001  raised where somebody waits
            self.failure = error

    async def has_more(self, limit_s: float) -> bool:
        """Wait for a new reading; False if there was none in time, or it could not be given."""
        try:
            async with asyncio.timeout(limit_s):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return self.failure is None


def _heard(device: BLEDevice, data: AdvertisementData) -> Heard:
    return heard(
        device.address,
        data.local_name or device.name,
        data.rssi,
        data.service_uuids,
        data.manufacturer_data,
        data.service_data,
    )

"""What is in the air: a scan for a while, or one sensor's advertisements as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import bleak
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from .heard import Heard, heard, together
from .radio import Radio
from .session import backend, translated

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
    """
    seen: set[tuple[int, bytes]] = set()
    news = asyncio.Event()

    def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
        if device.address.upper() == address.upper():
            for advert in _heard(device, data).adverts:
                if advert not in seen:
                    seen.add(advert)
                    emit(*advert)
                    news.set()

    with translated(RADIO):
        async with bleak.BleakScanner(on_advertisement, **backend(radio.scanner)):
            try:
                while True:
                    async with asyncio.timeout(quiet_s if seen else first_s):
                        await news.wait()
                    news.clear()
            except TimeoutError:
                return len(seen)


def _heard(device: BLEDevice, data: AdvertisementData) -> Heard:
    return heard(
        device.address,
        data.local_name or device.name,
        data.rssi,
        data.service_uuids,
        data.manufacturer_data,
        data.service_data,
    )

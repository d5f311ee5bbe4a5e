"""bleak's scanner on a simulated laptop."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from bleak.backends.scanner import AdvertisementDataCallback, BaseBleakScanner

from varde_simulator.bleak_backend import laptop_radio
from varde_simulator.bleak_backend.advertising import Heard
from varde_simulator.bleak_backend.laptop_radio import LaptopRadio


def address_text(address: bytes) -> str:
    """An address as bleak writes it on Linux and Windows."""
    return address.hex(":").upper()


class VirtualScanner(BaseBleakScanner):
    """Give it to `bleak.BleakScanner` as `backend`; the world is `path`, else VARDE_AIR's.

    The key in `seen_devices` is the address; `details` of a device has `address_type`.
    """

    path: ClassVar[str | None] = None

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: Literal["active", "passive"],
        **_other_platforms: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._is_active = scanning_mode == "active"
        self._radio: LaptopRadio | None = None
        self._heard: dict[tuple[int, bytes], Heard] = {}

    async def start(self) -> None:
        """Raises BleakBluetoothNotAvailableError if there is no world."""
        self.seen_devices = {}
        self._heard.clear()
        self._radio = await laptop_radio.acquire(self.path)
        await self._radio.start_scan(self, self._on_report, self._is_active)

    async def stop(self) -> None:
        radio, self._radio = self._radio, None
        if radio is not None:
            try:
                await radio.stop_scan(self)
            finally:
                await radio.release()

    def _on_report(
        self, address_type: int, address: bytes, report_type: int, rssi_dbm: int, data: bytes
    ) -> None:
        heard = self._heard.setdefault((address_type, address), Heard())
        found = heard.take(report_type, data, rssi_dbm)
        if self.is_allowed_uuid(found.service_uuids):
            text = address_text(address)
            details = {"address_type": address_type}
            device = self.create_or_update_device(text, text, found.local_name, details, found)
            self.call_detection_callbacks(device, found)

"""The scanner of a hub's radio."""

import asyncio
import errno
from typing import TYPE_CHECKING, Any

from bumble import hci

from varde_simulator.air.channel import SCAN_RESULT
from varde_simulator.air.station import Station, address_bytes

if TYPE_CHECKING:
    from varde_simulator.air.radio import Radio

IRQ_SCAN_DONE = 6

SCAN_UNIT_US = 625
SCAN_MIN, SCAN_MAX = 4, 0x4000  # Core 5.4, Vol 4, Part E, 7.8.10; NimBLE clamps to it

_HCI_STATUS = 0x200  # where NimBLE puts a controller's status (BLE_HS_HCI_ERR)


def refused(status: int) -> OSError:
    """The controller's refusal as a hub sees it: a code without an errno comes negative."""
    return OSError(-(_HCI_STATUS + status))


class RadioScanner:
    """Registers `ble.scan` and `ble.scan_stop` on the radio's channel."""

    def __init__(self, radio: "Radio") -> None:
        self._radio = radio
        self._is_scanning = False
        self._timer: asyncio.TimerHandle | None = None
        self.results = 0  # reported to the hub, over all scans
        radio.channel.handle("ble.scan", self.scan)
        radio.channel.handle("ble.scan_stop", self.scan_stop)

    async def scan(
        self, duration_ms: int, interval_us: int, window_us: int, is_active: bool
    ) -> None:
        station = self._radio.need_station()
        if self._is_scanning:
            raise OSError(errno.EALREADY)
        if self._radio.is_connecting:
            raise OSError(errno.EBUSY)
        interval = min(max(interval_us // SCAN_UNIT_US, SCAN_MIN), SCAN_MAX)
        window = min(max(window_us // SCAN_UNIT_US, SCAN_MIN), SCAN_MAX)
        if window > interval:
            raise OSError(errno.EINVAL)
        self._is_scanning = True
        status = await station.command(
            hci.HCI_LE_Set_Scan_Parameters_Command(
                le_scan_type=int(is_active),
                le_scan_interval=interval,
                le_scan_window=window,
                own_address_type=hci.OwnAddressType.PUBLIC,
                scanning_filter_policy=0,
            )
        )
        status = status or await _enable(station, True)
        if status != hci.HCI_SUCCESS:
            self.forget()
            raise refused(status)
        if duration_ms > 0:
            self._timer = asyncio.get_running_loop().call_later(duration_ms / 1000, self.end)

    def scan_stop(self) -> None:
        self._radio.need_station()
        self.end()

    def end(self) -> None:
        """Reports SCAN_DONE if there was a scan; what the host still holds is not reported."""
        if self._is_scanning:
            self.forget()
            self._radio.report(IRQ_SCAN_DONE)
            if self._radio.station is not None:
                self._radio.start_task(_enable(self._radio.station, False))

    def forget(self) -> None:
        self._is_scanning = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def on_report(self, report: Any) -> None:
        """An advertising report of the controller."""
        if self._is_scanning:
            self.results += 1
            self._radio.channel.event(
                SCAN_RESULT,
                int(report.address.address_type),
                address_bytes(report.address),
                int(report.event_type),
                report.rssi,
                report.data,
            )


async def _enable(station: Station, enable: bool) -> int:
    return await station.command(
        hci.HCI_LE_Set_Scan_Enable_Command(le_scan_enable=int(enable), filter_duplicates=0)
    )

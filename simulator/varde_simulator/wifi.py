"""WiFi as a hub's `network.WLAN` sees it: access points that come and go, a station that follows.

The station behaves as ESP-IDF's with endless reconnects, MicroPython's default: once asked to
connect it keeps trying, says CONNECTING meanwhile, and joins when the access point is there.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

IDLE = 1000
CONNECTING = 1001
GOT_IP = 1010
WRONG_PASSWORD = 202

# Scan, association, WPA2 handshake and DHCP together take one to four seconds on an ESP32.
JOIN_S = 2.5
ESP_ERR_WIFI_NOT_STARTED = -0x3002
NO_RSSI = 0
WPA2 = 3
OPEN = 0

ADDRESS = ("192.168.4.23", "255.255.255.0", "192.168.4.1", "192.168.4.1")
UNASSIGNED = ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")  # noqa: S104  what WLAN shows, no socket


@dataclass
class AccessPoint:
    """One network in the air. An empty password is an open one."""

    ssid: str
    password: str
    rssi_dbm: int = -58
    is_up: bool = True


class VirtualWifi:
    """One hub's station. `on_change(is_connected)` tells who carries its bytes."""

    def __init__(
        self, access_points: list[AccessPoint], on_change: Callable[[bool], None]
    ) -> None:
        self.access_points = access_points
        self._on_change = on_change
        self._is_active = False
        self._wanted: tuple[str, str] | None = None
        self._joined: AccessPoint | None = None
        self._refused = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_connected(self) -> bool:
        """The station has an address."""
        return self._joined is not None

    def power_off(self) -> None:
        """The chip has lost its power or was reset."""
        self._is_active = False
        self.disconnect()

    def access_points_changed(self) -> None:
        """Something about `access_points` is different now."""
        if self._joined is not None and not self._joined.is_up:
            self._leave()
        self._try()

    # What WLAN's methods ask

    def active(self, wanted: bool | None) -> bool:
        """Switches the station; None only asks."""
        if wanted is not None and wanted != self._is_active:
            self._is_active = wanted
            if not wanted:
                self.disconnect()
        return self._is_active

    def connect(self, ssid: str | None, password: str) -> None:
        """Tries until told otherwise; without ssid, the network of the last time."""
        if not self._is_active:
            raise OSError(ESP_ERR_WIFI_NOT_STARTED)
        if ssid is not None:
            if self._joined is not None and self._wanted != (ssid, password):
                self._leave()
            self._wanted = (ssid, password)
        self._refused = False
        self._try()

    def disconnect(self) -> None:
        """Leaves and stops trying."""
        self._wanted = None
        self._refused = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._joined is not None:
            self._leave()

    def status(self) -> int:
        """A STAT_ code of MicroPython's ESP32 port."""
        if self._joined is not None:
            return GOT_IP
        if self._refused:
            return WRONG_PASSWORD
        return CONNECTING if self._wanted is not None else IDLE

    def scan(self) -> list[object]:
        """Rows as WLAN.scan gives them."""
        return [
            [ap.ssid.encode(), bytes([2, 0, 0, 0, 0, index]), 6, ap.rssi_dbm,
             WPA2 if ap.password else OPEN, False]
            for index, ap in enumerate(self.access_points) if ap.is_up
        ]  # fmt: skip

    def rssi_dbm(self) -> int:
        """Of the access point joined."""
        return self._joined.rssi_dbm if self._joined is not None else NO_RSSI

    def ifconfig(self) -> list[object]:
        """(address, mask, gateway, DNS)"""
        return list(ADDRESS if self._joined is not None else UNASSIGNED)

    # Joining and leaving

    def _try(self) -> None:
        if self._wanted is None or self._joined is not None or self._timer is not None:
            return
        if self._find() is not None:
            self._timer = asyncio.get_running_loop().call_later(JOIN_S, self._join)

    def _find(self) -> AccessPoint | None:
        assert self._wanted is not None
        for access_point in self.access_points:
            if access_point.is_up and access_point.ssid == self._wanted[0]:
                return access_point
        return None

    def _join(self) -> None:
        self._timer = None
        if self._wanted is None:
            return
        access_point = self._find()
        if access_point is None:
            return
        if access_point.password != self._wanted[1]:
            self._refused = True
            return
        self._joined = access_point
        self._on_change(True)

    def _leave(self) -> None:
        self._joined = None
        self._on_change(False)

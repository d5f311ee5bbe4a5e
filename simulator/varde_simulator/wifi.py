"""WiFi as a hub's `network.WLAN` sees it: access points that come and go, a station that follows.

The station behaves as ESP-IDF's with endless reconnects, MicroPython's default: once asked to
connect it keeps trying, and joins when the access point is there. What `status()` says meanwhile
is that of MicroPython 1.25 (ports/esp32/network_wlan.c): the last reason for which it was
disconnected, where that is one the port passes on, else CONNECTING. The reason stays when another
network is asked for, until that one gives its own.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

IDLE = 1000
CONNECTING = 1001
GOT_IP = 1010

# Reasons of ESP-IDF's esp_wifi_types.h; 201 and 202 are also what status() says.
ASSOC_LEAVE = 8
HANDSHAKE_TIMEOUT_4WAY = 15
BEACON_TIMEOUT = 200
NO_AP_FOUND = 201
WRONG_PASSWORD = 202
CONNECTION_FAIL = 205

# Scan, association, WPA2 handshake and DHCP together take one to four seconds on an ESP32.
JOIN_S = 2.5
# A wrong password ends the first try with reason 15 and the next with 205 (micropython issue
# 11625), which status() shows as 202.
RETRY_S = 2.4
SCAN_S = 2.4
ESP_ERR_WIFI_NOT_STARTED = -0x3002
ESP_ERR_WIFI_NOT_CONNECT = -0x300F
WPA2 = 3
OPEN = 0

# How an access point misbehaves. docs/simulator.md says what each does.
FAULTS = (
    "wrong-password", "hidden", "not-found", "no-dhcp", "captive-portal", "no-internet", "roaming",
    "weak",
)  # fmt: skip
ROAM_S = 2.0
ROAMS_EVERY_S = (60.0, 900.0)
WEAK_AWAY_S = (5.0, 40.0)
WEAK_EVERY_S = (30.0, 600.0)
WEAK_BYTES_PER_S = 4_000
WEAK_DBM = -89
NO_DHCP, CAPTIVE_PORTAL, NO_INTERNET, ROAMING, WEAK = FAULTS[3:]

ADDRESS = ("192.168.4.23", "255.255.255.0", "192.168.4.1", "192.168.4.1")
UNASSIGNED = ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")  # noqa: S104  what WLAN shows, no socket


@dataclass
class AccessPoint:
    """One network in the air. An empty password is an open one; `fault` is one of FAULTS or none.
    After a change somebody calls `access_points_changed` of who may hear it."""

    ssid: str
    password: str
    rssi_dbm: int = -58
    is_up: bool = True
    fault: str = ""

    @property
    def is_heard(self) -> bool:
        """A station can join it."""
        return self.is_up and self.fault != "not-found"

    @property
    def seen_dbm(self) -> int:
        """As a station measures it."""
        return min(self.rssi_dbm, WEAK_DBM) if self.fault == WEAK else self.rssi_dbm

    def takes(self, password: str) -> bool:
        """Whether this is its password."""
        return password == self.password and self.fault != "wrong-password"


class VirtualWifi:
    """One hub's station. `on_change(is_connected)` tells who carries its bytes; `joined` is the
    access point whose bytes they are, and `comes_back` whether it is only gone for a moment."""

    def __init__(
        self,
        access_points: list[AccessPoint],
        on_change: Callable[[bool], None],
        seed: int = 0,
    ) -> None:
        self.access_points = access_points
        self.comes_back = False
        self._on_change = on_change
        self._dice = random.Random(f"wifi {seed}")  # noqa: S311  replayable, not secret
        self._is_active = False
        self._wanted: tuple[str, str] | None = None
        self._joined: AccessPoint | None = None
        self._has_address = False
        self._reason = 0
        self._timer: asyncio.TimerHandle | None = None
        self._shaking: asyncio.TimerHandle | None = None  # the next drop of a poor network

    @property
    def is_connected(self) -> bool:
        """The station has an address."""
        return self._has_address

    @property
    def joined(self) -> AccessPoint | None:
        """What it is associated with, address or not."""
        return self._joined

    def power_off(self) -> None:
        """The chip has lost its power or was reset."""
        self._is_active = False
        self.disconnect()
        self._reason = 0

    def access_points_changed(self) -> None:
        """Something about `access_points` is different now."""
        joined = self._joined
        if joined is not None:
            if not joined.is_heard or (joined.fault == NO_DHCP and self._has_address):
                self._leave(BEACON_TIMEOUT)
            elif not joined.takes(self._password):
                self._leave(HANDSHAKE_TIMEOUT_4WAY)
            elif joined.fault != NO_DHCP and not self._has_address:
                self._got_address()
            elif self._has_address:
                self._on_change(True)  # its bytes may go another way now
            self._shake()
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
                self._leave(ASSOC_LEAVE)
            self._wanted = (ssid, password)
        self._stop_timer()
        self._try()

    def disconnect(self) -> None:
        """Leaves and stops trying."""
        self._wanted = None
        self._stop_timer()
        if self._joined is not None:
            self._leave(ASSOC_LEAVE)

    def status(self) -> int:
        """A STAT_ code of MicroPython's ESP32 port."""
        if self._has_address:
            return GOT_IP
        if self._reason == NO_AP_FOUND:
            return NO_AP_FOUND
        if self._reason in (WRONG_PASSWORD, CONNECTION_FAIL):
            return WRONG_PASSWORD
        if self._reason == ASSOC_LEAVE:
            return IDLE
        if self._wanted is not None:
            return CONNECTING
        return self._reason or IDLE

    def scan(self) -> list[object]:
        """Rows as WLAN.scan gives them; a hidden network has no name there, and the last field
        is False whatever it is."""
        return [
            [b"" if ap.fault == "hidden" else ap.ssid.encode(), bytes([2, 0, 0, 0, 0, index]), 6,
             ap.seen_dbm, WPA2 if ap.password else OPEN, False]
            for index, ap in enumerate(self.access_points) if ap.is_heard
        ]  # fmt: skip

    def rssi_dbm(self) -> int:
        """Of the access point joined; without one, OSError as on the chip."""
        if self._joined is None:
            raise OSError(ESP_ERR_WIFI_NOT_CONNECT)
        return self._joined.seen_dbm

    def ifconfig(self) -> list[object]:
        """(address, mask, gateway, DNS)"""
        return list(ADDRESS if self._has_address else UNASSIGNED)

    # Joining and leaving

    @property
    def _password(self) -> str:
        return self._wanted[1] if self._wanted is not None else ""

    def _try(self) -> None:
        if self._wanted is None or self._joined is not None or self._timer is not None:
            return
        if self._find() is not None:
            self._later(JOIN_S, self._join)
        elif self._reason != NO_AP_FOUND:
            self._later(SCAN_S, self._not_found)

    def _find(self) -> AccessPoint | None:
        assert self._wanted is not None
        for access_point in self.access_points:
            if access_point.is_heard and access_point.ssid == self._wanted[0]:
                return access_point
        return None

    def _join(self) -> None:
        self._timer = None
        if self._wanted is None:
            return
        access_point = self._find()
        if access_point is None:
            self._not_found()
            return
        if not access_point.takes(self._wanted[1]):
            # It goes on trying, and says the same each time; nobody counts these.
            is_second = self._reason in (HANDSHAKE_TIMEOUT_4WAY, CONNECTION_FAIL)
            self._reason = CONNECTION_FAIL if is_second else HANDSHAKE_TIMEOUT_4WAY
            if not is_second:
                self._later(RETRY_S, self._join)
            return
        self._joined = access_point
        if access_point.fault != NO_DHCP:
            self._got_address()
        self._shake()

    def _got_address(self) -> None:
        self._has_address = True
        self._reason = 0
        self.comes_back = False
        self._on_change(True)

    def _not_found(self) -> None:
        self._timer = None
        if self._wanted is not None and self._find() is None:
            self._reason = NO_AP_FOUND
        else:
            self._try()

    def _leave(self, reason: int, comes_back: bool = False) -> None:
        self._joined = None
        self._reason = reason
        if self._shaking is not None:
            self._shaking.cancel()
            self._shaking = None
        if self._has_address:
            self._has_address = False
            self.comes_back = comes_back
            self._on_change(False)

    # Networks that come and go by themselves

    def _shake(self) -> None:
        joined = self._joined
        fault = joined.fault if joined is not None else ""
        every_s = {ROAMING: ROAMS_EVERY_S, WEAK: WEAK_EVERY_S}.get(fault)
        if every_s is None and self._shaking is not None:
            self._shaking.cancel()
            self._shaking = None
        elif every_s is not None and self._shaking is None:
            loop = asyncio.get_running_loop()
            self._shaking = loop.call_later(self._dice.uniform(*every_s), self._drop)

    def _drop(self) -> None:
        self._shaking = None
        if self._joined is None:
            return
        is_roaming = self._joined.fault == ROAMING
        away_s = ROAM_S if is_roaming else self._dice.uniform(*WEAK_AWAY_S)
        self._leave(BEACON_TIMEOUT, comes_back=is_roaming)
        self._later(away_s, self._join)

    # Timers

    def _later(self, delay_s: float, act: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay_s, act)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

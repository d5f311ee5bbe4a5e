"""The WiFi station: `network.WLAN` behind the interface `ports.Wifi`."""

import network

from varde_protocols import records

# Reasons of IEEE 802.11 and of ESP-IDF (esp_wifi_types.h), as `status` passes them on. A wrong
# password shows as a handshake that times out, or is refused.
_PASSWORD_REASONS = (15, 202, 204)


class Wifi:
    """One station interface."""

    def __init__(self) -> None:
        self._station = network.WLAN(network.STA_IF)

    def switch_on(self) -> None:
        """Start the radio, without joining anything."""
        self._station.active(True)

    def join(self, ssid: str, password: str) -> None:
        """Start to join; `is_joined` says when. May raise OSError."""
        self._station.active(True)
        if password:
            self._station.connect(ssid, password)
        else:
            self._station.connect(ssid)

    def leave(self) -> None:
        """Drop the network, or stop trying. Switching off also clears a stuck radio."""
        try:
            self._station.disconnect()
        except OSError:
            pass  # it was not connected
        self._station.active(False)

    def why_not(self) -> int:
        """Return why there is no address, as records.WIFI_...; after it call `leave`.

        While the station tries again without end, as it does here, `status` says CONNECTING
        whatever happened; once it was told to stop, the last reason (network_wlan.c).
        """
        if self.signal_dbm():
            return int(records.WIFI_NO_ADDRESS)
        reason = self._station.status()
        if reason == network.STAT_CONNECTING:
            try:
                self._station.disconnect()
            except OSError:
                pass
            reason = self._station.status()
        if reason in _PASSWORD_REASONS:
            return int(records.WIFI_WRONG_PASSWORD)
        return int(records.WIFI_NOT_FOUND)

    def signal_dbm(self) -> int:
        """Return the strength of the access point that has let us in, 0 if none has."""
        try:
            return int(self._station.status("rssi"))
        except OSError:
            return 0

    def is_joined(self) -> bool:
        """True while there is an address."""
        return bool(self._station.isconnected())

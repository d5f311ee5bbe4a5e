"""The WiFi station: `network.WLAN` behind the interface `ports.Wifi`."""

import network


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

    def is_joined(self) -> bool:
        """True while there is an address."""
        return bool(self._station.isconnected())

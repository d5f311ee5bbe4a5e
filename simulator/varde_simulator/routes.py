"""Which interface a hub's new sockets use: lwIP's default route, as it is on the ESP32.

Each interface that gets an address makes itself the default; PPP does so already when it begins
to connect (`pppapi_set_default` in MicroPython's ports/esp32/network_ppp.c). Nobody chooses anew
when the default's interface goes down, and with a PPP that is freed the default is gone: WiFi has
to join again before there is a way out (micropython issue 6541, esp-idf issue 11472). Open
connections stay on the interface that they began on.
"""

from varde_simulator.network import NAME_UNKNOWN, HubNetwork

# How long getaddrinfo blocks when no name server answers: lwIP asks four times (DNS_MAX_RETRIES),
# after one, one, two and three seconds of its timer.
LOOKUP_MS = 7000


class Routes:
    """One hub's interfaces."""

    def __init__(self) -> None:
        self.default: HubNetwork | None = None

    def reset(self) -> None:
        """The chip starts anew."""
        self.default = None

    def choose(self, link: HubNetwork) -> None:
        """It has an address now, or is a PPP that begins to connect."""
        self.default = link

    def forget(self, link: HubNetwork) -> None:
        """A PPP was freed."""
        if self.default is link:
            self.default = None

    def resolve(self, host: str, port: int) -> list[object]:
        """[address, port, 0], or [errno, None, how long that takes in ms]."""
        link = self.default
        try:
            if link is None:
                raise OSError(NAME_UNKNOWN)  # noqa: TRY301  as the interface itself says it
            return [*link.resolve(host, port), 0]
        except OSError as error:
            silent = link is not None and link.is_up and not link.flows
            return [error.args[0], None, LOOKUP_MS if silent else 0]

"""A station on a real Bluetooth adapter, or on whatever else speaks HCI behind a Bumble transport.

The same host as on the virtual air, but its chip is opened by name (`usb:0`, `hci-socket:0`,
`serial:/dev/ttyACM0,1000000`, `tcp-client:127.0.0.1:9001`, ...) and packets travel as bytes.

One adapter carries one station. A chip with several advertising sets could announce more, but all
of them would lead to the one GATT server and the one bond store of the host: two sensors that a
hub can tell apart need two adapters.
"""

import asyncio
import errno
import logging
import random
from collections.abc import Coroutine
from typing import Any

from bumble import core, hci, transport

from varde_simulator.air.link import Air
from varde_simulator.air.station import Station
from varde_simulator.air.station_host import StationHost

# What fails there is raised as well; and when an adapter is pulled out, much does.
logging.getLogger("bumble.host").setLevel(logging.CRITICAL)

# A reset takes some milliseconds; a dongle that loads its firmware first takes two seconds or so.
ANSWER_S = 10.0
CLOSE_S = 2.0

_NO_PUBLIC_ADDRESS = (bytes(6), b"\xff" * 6)
_HELD = "something holds it, likely bluetoothd: `systemctl stop bluetooth`, then try again"
_HINTS = {
    errno.EACCES: "run it as root, or let your user at the device (docs/sensors.md says how)",
    errno.EPERM: "run it as root, or let your user at the device (docs/sensors.md says how)",
    errno.EBUSY: _HELD,
    errno.ENODEV: "no such adapter; `hciconfig` or `lsusb` shows which there are",
    errno.ENOENT: "nothing there; check the path",
    errno.ECONNREFUSED: "nobody listens there; start the other end first",
    errno.EADDRINUSE: "somebody listens there already; choose another port or path",
    errno.EAFNOSUPPORT: "this kernel has no Bluetooth sockets; take `usb:0`",
}

# Parts of the name or the text of errors that come without a number.
_USB_ERRORS = {
    "USBErrorAccess": f"permission denied; {_HINTS[errno.EACCES]}",
    "USBErrorBusy": f"busy; {_HELD}",
    "USBErrorOther": "no USB bus to be seen; in a container, pass it in",
    "NoBackend": "no libusb here; install it, or take `usb:` instead of `pyusb:`",
    "not found": _HINTS[errno.ENODEV],
}


class AdapterError(Exception):
    """The adapter cannot be opened or does not answer: what, where, what to do."""


class Adapter:
    """An opened HCI transport. `close()` it when its station has stopped."""

    def __init__(self, spec: str, opened: Any) -> None:
        self.spec = spec
        self.source, self.sink = opened.source, opened.sink
        self._transport = opened

    @property
    def lost(self) -> "asyncio.Future[None]":
        """Done when the other end is gone: unplugged, or its process ended."""
        future: asyncio.Future[None] = self.source.terminated
        return future

    async def close(self) -> None:
        await asyncio.wait_for(self._transport.close(), CLOSE_S)

    def new_station(self, air: Air, name: str, address: hci.Address) -> "AdapterStation":
        """As `Station(...)`, for those who are given a maker of stations; `air` is not used."""
        return AdapterStation(self, air, name, address)


async def open_adapter(spec: str) -> Adapter:
    """Opens a Bumble transport by its name. Raises AdapterError."""
    try:
        return Adapter(spec, await asyncio.wait_for(transport.open_transport(spec), ANSWER_S))
    except transport.TransportSpecError as error:
        raise AdapterError(
            f"{spec}: no such kind of transport; known are usb:N, hci-socket:N, "
            "serial:DEVICE,SPEED, tcp-client:HOST:PORT, unix:PATH and Bumble's others"
        ) from error
    except Exception as error:  # every transport has errors of its own family
        raise AdapterError(f"{spec}: cannot be opened: {_reason(error)}") from error


class AdapterStation(Station):
    """A station whose chip is `adapter`. Its address is the adapter's own where it is to be public
    and the adapter has one, else the static random one of its name."""

    def __init__(self, adapter: Adapter, _air: Air, name: str, address: hci.Address) -> None:
        self.adapter = adapter
        self._is_off = False
        self._tasks: set[asyncio.Task[Any]] = set()
        nowhere = Air()
        nowhere.random = random.SystemRandom()  # keys for real radio are nobody's to replay
        super().__init__(nowhere, name, address)

    def _host_on_chip(self, _name: str) -> Any:
        return StationHost(self.adapter.source, self.adapter.sink)

    @property
    def is_advertising(self) -> bool:
        return bool(self.device.is_advertising)

    async def start(self) -> None:
        """Resets the chip and asks what it can do. Raises AdapterError."""
        spec = self.adapter.spec
        try:
            await asyncio.wait_for(super().start(), ANSWER_S)
        except TimeoutError:
            raise AdapterError(
                f"{spec}: opened, but it does not answer HCI commands; check speed and wiring, "
                "or that the other end runs"
            ) from None
        except (hci.HCI_Error, core.BaseBumbleError) as error:
            raise AdapterError(f"{spec}: refuses to start: {error}") from error
        if self.is_public:
            self._take_public_address()

    def _take_public_address(self) -> None:
        own = self.device.public_address
        if own is None or bytes(own) in _NO_PUBLIC_ADDRESS:
            self.is_public = False
            self.address = self.device.random_address
        else:
            self.address = hci.Address(bytes(own), hci.Address.PUBLIC_DEVICE_ADDRESS)

    def power_off(self) -> None:
        """A reset ends connections without a word to the peer (Core 5.4, Vol 4, Part E, 7.3.2):
        it sees its supervision time run out, as if the battery were out."""
        if not self._is_off and not self.adapter.lost.done():
            self._start(self.command(hci.HCI_Reset_Command()))
        self._is_off = True
        self.host.emit("flush")

    def go_silent(self) -> None:
        self.power_off()

    def come_back(self) -> None:
        if not self.adapter.lost.done():
            self._is_off = False
            self._start(self.device.power_on())

    async def stop(self) -> None:
        """Says goodbye first, if the adapter is still there."""
        if not self.adapter.lost.done():
            await super().stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_S)

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _reason(error: BaseException) -> str:
    """What went wrong in a few words, and what to do."""
    name = type(error).__name__
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWER_S:.0f} s"
    if isinstance(error, ImportError):
        return f"{error}; `pip install` the package it names"
    if isinstance(error, OSError) and error.errno is not None:
        return "; ".join(filter(None, (error.strerror or name, _HINTS.get(error.errno))))
    for part, advice in _USB_ERRORS.items():
        if part in name or part in str(error):
            return advice
    return f"{error or name}; check the form of the name after the colon"

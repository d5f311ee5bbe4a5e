"""A 4G modem on a UART, its pins, and PPP over it.

What `network.PPP` asks for on the ESP32 (micropython issues): a new object for each call, as one
that was closed freezes the board when it is used again (15157, 4766); the carrier is not dropped
before PPP has let go (16887); and an object that lwIP may still hold is not collected (11419):
closing gives up after 4 s, lwIP after 12, so the last one is kept until there is another.
"""

import asyncio

import machine
import network

from varde_protocols._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Any, Dict

_UART = const(1)  # 0 is the console
# Half a second at 115,200 baud; an exchange's answer comes while the loop signs.
_RECEIVE_BYTES = const(4096)
# PPP's own task reads in a loop: without a wait in the driver it would take all of a core.
_PPP_READ_MS = const(100)
_GUARD_MS = const(1_100)  # V.250: a second of silence before and after +++
_DISCONNECT_MS = const(5_000)
_LOOK_MS = const(100)
_KEY = const(1)  # as modem_words: 1 power key, 2 reset
_RESET = const(2)


class Modem:
    """See `ports.ModemPort`."""

    def __init__(self, pins: "Dict[str, int]") -> None:
        self._pins = pins
        self._uart: "Any" = None
        self._ppp: "Any" = None
        self._last_ppp: "Any" = None

    def open(self) -> None:
        """Open the UART; DTR low keeps the modem from sleeping."""
        pins = self._pins
        machine.Pin(pins["dtr"], machine.Pin.OUT, value=0)
        self._uart = machine.UART(
            _UART, pins["baud"], tx=pins["tx"], rx=pins["rx"], rxbuf=_RECEIVE_BYTES
        )

    def close(self) -> None:
        """Close the UART."""
        if self._uart is not None:
            self._uart.deinit()
            self._uart = None

    def read(self) -> bytes:
        """Return what has come, without waiting."""
        return (self._uart.read() if self._uart is not None else None) or b""

    def write(self, data: bytes) -> None:
        if self._uart is not None:
            self._uart.write(data)

    async def press(self, pin: int, hold_ms: int) -> None:
        """Hold a pin for so long; with none of them only wait."""
        name = {_KEY: "power_key", _RESET: "reset"}.get(pin)
        line = None
        if name is not None:
            pressed = self._pins[name + "_level"]
            line = machine.Pin(self._pins[name], machine.Pin.OUT, value=1 - pressed)
            line.value(pressed)
        await asyncio.sleep_ms(hold_ms)  # type: ignore[attr-defined]
        if line is not None:
            line.value(1 - pressed)

    async def escape(self) -> None:
        """Have the modem hear commands in a call."""
        await asyncio.sleep_ms(_GUARD_MS)  # type: ignore[attr-defined]
        self.write(b"+++")
        await asyncio.sleep_ms(_GUARD_MS)  # type: ignore[attr-defined]

    def start_ppp(self, user: str, password: str, by_chap: bool) -> None:
        """Begin; `is_connected` says when there is an address."""
        self._uart.init(timeout=_PPP_READ_MS)
        self._ppp = network.PPP(self._uart)
        self._last_ppp = self._ppp
        self._ppp.active(True)
        ppp = self._ppp
        if not user:
            ppp.connect()
        elif hasattr(ppp, "AUTH_PAP"):
            mode = ppp.AUTH_CHAP if by_chap else ppp.AUTH_PAP
            ppp.connect(authmode=mode, username=user, password=password)
        else:  # from MicroPython 1.26 on
            mode = ppp.SEC_CHAP if by_chap else ppp.SEC_PAP
            ppp.connect(security=mode, user=user, key=password)

    def is_connected(self) -> bool:
        """True while PPP has an address."""
        return self._ppp is not None and bool(self._ppp.isconnected())

    async def stop_ppp(self) -> None:
        """Close PPP; without an answer of the modem it blocks for 4 to 8 s (issue 4708)."""
        ppp, self._ppp = self._ppp, None
        if ppp is None:
            return
        try:
            if hasattr(ppp, "disconnect"):  # from MicroPython 1.26 on, and does not block
                ppp.disconnect()
                for _ in range(_DISCONNECT_MS // _LOOK_MS):
                    if not ppp.isconnected():
                        break
                    await asyncio.sleep_ms(_LOOK_MS)  # type: ignore[attr-defined]
            await asyncio.sleep_ms(0)  # type: ignore[attr-defined]  # feed the dog first
            ppp.active(False)
        except OSError as error:
            print("varde: ppp:", error)
        self._uart.init(timeout=0)

"""The board's buzzer, and what of reminders survives. Loaded if there are reminders.

As in `boards/<name>.py`, `BUZZER` is (pin, frequency in Hz) of a piezo that wants a tone, None on
a board without one. NVS, namespace `varde`: `remind`, the blob of core/reminders.py.
"""

import esp32
import machine

from varde_protocols._compat import TYPE_CHECKING, const

from . import identity_store

if TYPE_CHECKING:
    from typing import Any, Callable

_BLOB_BYTES = const(32)
_HALF = const(32_768)  # of 65,536: a square wave


class Signals:
    """See `ports.Signals`."""

    def __init__(self, board_name: str) -> None:
        pins = __import__("boards." + board_name, None, None, ("BUZZER",))
        self._buzzer = pins.BUZZER
        self._nvs = esp32.NVS(identity_store.NAMESPACE)

    def tone(self) -> "Callable[[], None]":
        """Begin a tone, and return what ends it."""
        if self._buzzer is None:
            return _nothing
        pin, frequency_hz = self._buzzer
        made: "Any" = machine.PWM(machine.Pin(pin), freq=frequency_hz, duty_u16=_HALF)
        return made.deinit  # type: ignore[no-any-return]

    def kept(self) -> bytes:
        """Return what was kept last, b"" if nothing was."""
        blob = bytearray(_BLOB_BYTES)
        try:
            return bytes(blob[: self._nvs.get_blob("remind", blob)])
        except OSError:
            return b""

    def keep(self, blob: bytes) -> None:
        self._nvs.set_blob("remind", blob)
        self._nvs.commit()


def _nothing() -> None:
    """A board without a buzzer."""

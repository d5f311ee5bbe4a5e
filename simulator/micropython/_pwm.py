"""`machine.PWM` as on the ESP32: the world hears what hangs on the pin."""

import _air


class PWM:
    def __init__(self, dest, *, freq=1000, duty_u16=None):
        self._pin = dest._id
        self._hz = freq
        self._duty = 32768 if duty_u16 is None else duty_u16
        self._tell()

    def _tell(self):
        _air.post("board.tone", self._pin, self._hz, self._duty)

    def freq(self, hz=None):
        if hz is None:
            return self._hz
        self._hz = hz
        self._tell()
        return None

    def duty_u16(self, duty=None):
        if duty is None:
            return self._duty
        self._duty = duty
        self._tell()
        return None

    def deinit(self):
        self._duty = 0
        self._tell()

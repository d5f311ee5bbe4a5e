"""On the path of a story's programs: pyserial's RFC 2217 client looks again sooner.

It looks for the answer to a setting every 50 ms (`serial/rfc2217.py`), esptool makes four settings
a command, and a run has eighty commands: 17 s of sleep in each, of which no story is about any.
What is said on the wire stays as it is. `tests/simulator/test_usb_*.py` run the tools without.
"""

import time
import types

LOOK_S = 0.002


class _Time(types.ModuleType):
    """`time`, but nobody sleeps longer than a look."""

    def __getattr__(self, name: str) -> object:
        return getattr(time, name)

    @staticmethod
    def sleep(seconds: float) -> None:
        time.sleep(min(seconds, LOOK_S))


try:
    from serial import rfc2217
except ImportError:  # a program that has no business with ports
    pass
else:
    rfc2217.time = _Time("time")

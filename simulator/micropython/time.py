"""`time` of the ESP32: epoch 2000-01-01, the clock is the board's RTC, waits are virtual."""

import _clock
import utime as native
from _clock import sleep_ms, ticks_add, ticks_diff, ticks_ms, ticks_us  # noqa: F401

# 2000-01-01 in Unix seconds; a program run without a world keeps the interpreter's own epoch.
EPOCH_S = 946684800 if _clock.has_world() else 0
_SHORT_US = 2000  # below this a wait is a busy one, as on the chip

rtc_base_us = 0  # the RTC at virtual 0, in microseconds since 2000; machine.RTC moves it

ticks_cpu = ticks_us


def sleep(duration_s):
    sleep_ms(int(duration_s * 1000))


def sleep_us(duration_us):
    if duration_us < _SHORT_US:
        native.sleep_us(duration_us)
    else:
        sleep_ms(duration_us // 1000)


def rtc_us():
    """Microseconds since 2000 as the RTC shows them."""
    return _clock.now_us() + rtc_base_us


def time():
    return rtc_us() // 1000000


def time_ns():
    return rtc_us() * 1000


def gmtime(seconds=None):
    return native.gmtime((time() if seconds is None else seconds) + EPOCH_S)[:8]


localtime = gmtime  # the ESP32 port knows no time zone


def mktime(fields):
    year, month, day, hour, minute, second = fields[:6]
    days_s = days(year, month, day) * 86400
    return days_s + hour * 3600 + minute * 60 + second + 946684800 - EPOCH_S


def days(year, month, day):
    """Days from 2000-01-01 (H. Hinnant's days_from_civil, in the proleptic Gregorian calendar)."""
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 730425

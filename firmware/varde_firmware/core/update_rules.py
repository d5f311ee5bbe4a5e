"""Whether an update may go on now, and why not; when to look again; whether to begin at all.

Readings come first: while a sensor is connected or a record waits for its acknowledgement nothing
of an update moves. The rest is what the site has said in the assignment (window, allowance) and
in the config (data budget), and what the battery says.
"""

from varde_protocols import update_words as words
from varde_protocols._compat import TYPE_CHECKING, const

from . import local_time, update_record

if TYPE_CHECKING:
    from typing import List, Optional

    from .update_record import Record

MINUTE_MS = const(60_000)
HOUR_MS = const(3_600_000)
# A lithium cell with a fifth of its charge: an hour of radio, and a trial's restarts.
LOW_BATTERY_MV = const(3600)
# What HTTP, TLS and IP add to a block, in sixteenths (docs/update.md).
_AIR_SIXTEENTHS = const(19)
# After a failure of the source: 2, 4 ... 60 min, for some 20 hours without a block more.
BACKOFF_FIRST_MS = const(120_000)
BACKOFF_MOST_MS = HOUR_MS
MOST_TRIES = const(24)
# What waits is sent, together with what comes within the next seconds.
UNSENT_MS = const(5_000)
MEASURING_MS = const(300_000)
LOW_BATTERY_MS = const(1_800_000)
OVER_BUDGET_MS = const(21_600_000)


def why_not(is_measuring: bool, pending: int, battery_mv: "Optional[int]",
            until_window_min: "Optional[int]") -> int:  # fmt: skip
    """Return the reason why not to go on, words.NONE if there is none.

    `battery_mv` is None where nobody measures it, `until_window_min` is 0 while the window is open
    or there is none, and None if the hub does not know the time.
    """
    if is_measuring or pending:
        return int(words.READINGS_FIRST)
    if battery_mv is not None and battery_mv < LOW_BATTERY_MV:
        return int(words.LOW_BATTERY)
    return int(words.NONE if until_window_min == 0 else words.OUTSIDE_WINDOW)


def is_affordable(fetched_bytes: int, is_spent: bool, allowance_kib: "Optional[int]") -> bool:
    """True if the modem may bring a component so far.

    All of it counts against the allowance, whichever link it came over: so no count needs keeping.
    """
    on_air_bytes = fetched_bytes * _AIR_SIXTEENTHS // 16
    return not is_spent and (allowance_kib is None or on_air_bytes <= allowance_kib * 1024)


def look_again_ms(reason: int, pending: int, until_window_min: "Optional[int]") -> int:
    """Return after how long to look again, if this is why an update does not go on."""
    if reason == words.READINGS_FIRST:
        return int(UNSENT_MS if pending else MEASURING_MS)
    if reason == words.OUTSIDE_WINDOW:
        return int((until_window_min or 60) * MINUTE_MS)
    return int(LOW_BATTERY_MS if reason == words.LOW_BATTERY else OVER_BUDGET_MS)


def minutes_until(window: "Optional[List[int]]", minute: "Optional[int]") -> "Optional[int]":
    """Return how long until the window opens, 0 while it is open or if there is none, None if the
    local minute of the day is not known."""
    if window is None:
        return 0
    if minute is None:
        return None
    if local_time.is_in(window, minute):
        return 0
    return int((window[0] - minute) % local_time.DAY_MINUTES)


def backoff_ms(tries: int) -> int:
    """Return how long to wait after so many failures in a row, at least 1."""
    return int(min(BACKOFF_FIRST_MS << min(tries - 1, 8), BACKOFF_MOST_MS))


def is_given_up(record: "Record", tries: int) -> bool:
    """True if what has come back from so many trials shall not be tried again.

    A second trial makes sense where the world may have been to blame: no exchange was
    acknowledged; or an interpreter, which a power cut alone takes back.
    """
    if not tries:
        return False
    may_repeat = record.reason == words.NO_EXCHANGE or record.parts & update_record.INTERPRETER
    return bool(tries > 1 or record.state != words.RETURNED or not may_repeat)

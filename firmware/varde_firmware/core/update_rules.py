"""Whether an update may go on now, and why not; when to look again; whether to begin at all.

Readings come first: while a sensor is connected or a record waits for its acknowledgement nothing
of an update moves. The rest is what the site has said in the assignment (window, allowance) and
in the config (data budget), and what the battery says.
"""

from varde_firmware.core import local_time
from varde_protocols import update_words as words
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

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
# Zero: when the next exchange has been acknowledged.
_LOOK_AGAIN_MS = {
    words.NONE: 0,
    words.READINGS_FIRST: 5 * MINUTE_MS,
    words.LOW_BATTERY: HOUR_MS // 2,
    words.OVER_BUDGET: 6 * HOUR_MS,
    words.UNREACHABLE: 0,
}


class Conditions(Value):
    """How the hub is. `battery_mv` is None where nobody measures it; `minute` is the local one of
    the day, None if the time is not known; `is_spent`: the month's budget is, and this is 4G."""

    FIELDS = ("is_measuring", "pending", "battery_mv", "minute", "is_spent", "is_modem")
    is_measuring: bool
    pending: int
    battery_mv: "Optional[int]"
    minute: "Optional[int]"
    is_spent: bool
    is_modem: bool


class Terms(Value):
    """What the assignment grants: `window` [from, to] in local minutes of the day, `to` exclusive,
    or None; KiB over the modem or None."""

    FIELDS = ("window", "allowance_kib")
    window: "Optional[List[int]]"
    allowance_kib: "Optional[int]"


def why_not(now: Conditions, terms: Terms, fetched_bytes: int = -1) -> int:
    """Return the reason why not to go on, words.NONE if there is none.

    `fetched_bytes`: what the next block makes of the component, or -1 if nothing is fetched. All
    of it counts against the allowance, whichever link it came over: so no count needs keeping.
    """
    if now.is_measuring or now.pending:
        return int(words.READINGS_FIRST)
    if now.battery_mv is not None and now.battery_mv < LOW_BATTERY_MV:
        return int(words.LOW_BATTERY)
    if terms.window is not None and minutes_until(terms.window, now.minute) != 0:
        return int(words.OUTSIDE_WINDOW)
    if fetched_bytes >= 0 and now.is_modem:
        most_kib = terms.allowance_kib
        on_air_bytes = fetched_bytes * _AIR_SIXTEENTHS // 16
        if now.is_spent or (most_kib is not None and on_air_bytes > most_kib * 1024):
            return int(words.OVER_BUDGET)
    return int(words.NONE)


def minutes_until(window: "List[int]", minute: "Optional[int]") -> "Optional[int]":
    """Return how long until the window opens, 0 while it is open, None if we do not know."""
    if minute is None:
        return None
    if local_time.is_in(window, minute):
        return 0
    return int((window[0] - minute) % local_time.DAY_MINUTES)


def look_again_ms(reason: int, until_window_min: "Optional[int]") -> int:
    """Return after how long to look again, if this is why an update does not go on."""
    if reason == words.OUTSIDE_WINDOW and until_window_min is not None:
        return until_window_min * MINUTE_MS
    return int(_LOOK_AGAIN_MS.get(reason, HOUR_MS))


def backoff_ms(tries: int) -> int:
    """Return how long to wait after so many failures in a row, at least 1."""
    return int(min(BACKOFF_FIRST_MS << min(tries - 1, 8), BACKOFF_MOST_MS))


def is_given_up(record: "Record", number: int) -> bool:
    """True if this assignment was refused, or has come back from its trial for good."""
    tries = record.tries_of_assignment(number)
    return bool(tries and not _may_repeat(record, tries))


def is_release_given_up(record: "Record", number: int) -> bool:
    """True if this release has come back from its trial for good."""
    tries = record.tries_of_release(number)
    return bool(tries and not _may_repeat(record, tries))


def _may_repeat(record: "Record", tries: int) -> bool:
    """A second trial makes sense where the world may have been to blame: no exchange was
    acknowledged; or an interpreter, which a power cut alone takes back."""
    if tries > 1 or record.state != words.RETURNED:
        return False
    return bool(record.reason == words.NO_EXCHANGE or record.parts & 4)

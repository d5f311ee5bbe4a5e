"""The words of an update on the wire: what was to change, how far it got, and why no further.

FACT_UPDATE of a report is [what, number, state, reason, blocks held, blocks in all, tries]; the
events 25 to 27 have what, reason and number in their detail (`detail`). `number` is that of the
assignment for CONFIG, of the release for APPLICATION and INTERPRETER. docs/formats.md has all
reasons with what to do.
"""

from ._compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from typing import Tuple

# What.
CONFIG = const(1)
APPLICATION = const(2)
INTERPRETER = const(3)

# State.
FETCHING = const(1)
STAGED = const(2)
TRIAL = const(3)
CONFIRMED = const(4)
RETURNED = const(5)
WAITING = const(6)
REFUSED = const(7)

# Reason.
NONE = const(0)
SIGNATURE = const(1)
ROLLBACK = const(2)  # its number is not above what is in force
FLOOR = const(3)  # of the releases that this hub may still run
OTHER_HUB = const(4)
OTHER_SITE = const(5)
WRONG_HASH = const(6)
NO_START = const(7)  # it does not start, or dies early
SELF_TEST = const(8)
NO_EXCHANGE = const(9)  # none was acknowledged while it was on trial
NO_ROOM = const(10)
LOW_BATTERY = const(11)
OUTSIDE_WINDOW = const(12)
OVER_BUDGET = const(13)
READINGS_FIRST = const(14)  # a measurement is on, or readings are unsent
UNREACHABLE = const(15)  # the source of its blocks
TRIAL_EXPIRED = const(16)
WRONG_TARGET = const(17)
UNKNOWN_KEY = const(18)
MALFORMED = const(19)

_WHAT_SHIFT = const(40)
_REASON_SHIFT = const(32)  # numbers have 32 bits (assignment.MAX_NUMBER)


def detail(what: int, reason: int, number: int) -> int:
    """Return the detail of the events UPDATE_REFUSED, UPDATE_RETURNED and UPDATE_CONFIRMED."""
    return what << _WHAT_SHIFT | reason << _REASON_SHIFT | number


def of_detail(detail: int) -> "Tuple[int, int, int]":
    """Return (what, reason, number) of such a detail; whatever a hub wrote has an answer."""
    reason = detail >> _REASON_SHIFT & 0xFF
    return detail >> _WHAT_SHIFT, reason, detail & (1 << _REASON_SHIFT) - 1

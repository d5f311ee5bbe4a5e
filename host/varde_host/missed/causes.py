"""Why a measurement is not here: codes, each with its cause, its owner and a deadline.

A cause is one of `benefit.counting.CAUSES` (R13), or None where none of the six can be known: then
the code says what is known. Owners are functions of the service (R71). A code that is not in this
table cannot be told of (R16, R31). The texts of a code are `missed.code.CODE.what` and `.now`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from varde_host.inventory import who

HOUR_MS: Final = 3_600_000

NOT_MEASURED: Final = "not-measured"
NO_POWER: Final = "no-power"
NO_NETWORK: Final = "no-network"
HUB_BATTERY: Final = "hub-battery"
SENSOR_BATTERY: Final = "sensor-battery"
RECEIVER: Final = "receiver"
PAUSE: Final = "pause"
HUB_OFF: Final = "hub-off"
"""It was off, and whether its battery ran empty nobody saw: it had said nothing for long."""
SENSOR_LOST: Final = "sensor-lost"
"""The hub ran, and the sensor does not let it in any more."""
SILENT: Final = "silent"
"""Nothing was heard since: power or network, nobody can know before the hub is back."""
ON_ITS_WAY: Final = "on-its-way"
"""Later records are here, and some from before are not yet."""
PERHAPS_OFF: Final = "perhaps-off"
PERHAPS_MADE: Final = "perhaps-made"
LOST: Final = "lost"
"""Records of that time will never come."""


class Rule(NamedTuple):
    """`owner` sees to it within `hours` of when it is told; `cause` is None: none of the six."""

    cause: str | None
    owner: str
    hours: int


# Somebody may be without what the service rests on: a day. A collector that is down concerns all
# homes: four hours. What nobody has to do anything about has no hours.
RULES: Final[Mapping[str, Rule]] = {
    NOT_MEASURED: Rule("not-measured", who.FOLLOW_UP, 24),
    NO_POWER: Rule("no-power", who.FOLLOW_UP, 24),
    NO_NETWORK: Rule("no-network", who.IT, 48),
    HUB_BATTERY: Rule("battery", who.FOLLOW_UP, 24),
    SENSOR_BATTERY: Rule("battery", who.FOLLOW_UP, 24),
    RECEIVER: Rule("receiver", who.IT, 4),
    PAUSE: Rule("pause", who.FOLLOW_UP, 0),
    HUB_OFF: Rule(None, who.FOLLOW_UP, 24),
    SENSOR_LOST: Rule(None, who.TECHNICIAN, 48),
    SILENT: Rule(None, who.FOLLOW_UP, 24),
    ON_ITS_WAY: Rule(None, who.IT, 48),
    PERHAPS_OFF: Rule(None, who.FOLLOW_UP, 24),
    PERHAPS_MADE: Rule(None, who.FOLLOW_UP, 24),
    LOST: Rule(None, who.IT, 24),
}


def of(code: str) -> Rule:
    """Return a code's rule; KeyError for a code that nobody owns is a bug of ours."""
    return RULES[code]

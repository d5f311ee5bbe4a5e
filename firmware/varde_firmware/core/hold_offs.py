"""How long a sensor is left alone after a session, by what came of it.

After a good one it may still advertise for a minute though it has nothing more to say: how long is
a matter of the model. After a miss it is tried again at once, then later and later.
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import sensor_words as words

if TYPE_CHECKING:
    from typing import Dict, List, Optional, Sequence

# Most sensors are gone or silent ten seconds after the transfer; new values wait in the others.
HOLD_OFF_DONE_MS = const(10_000)
# The link broke or was never made: the sensor may be in its last seconds, so do not wait.
HOLD_OFF_LOST_MS = const(500)
# Then again longer, each time: connecting stops the scan, so a sensor at the edge of our reach, or
# somebody who bears its address, must not keep the hub from hearing the others.
HOLD_OFF_MOST_MS = const(60_000)
# The hub has no heap for a session: each try costs a collection.
NO_HEAP = "no-heap"
MISSES = (words.NO_CONNECTION, words.LOST, words.TIMED_OUT, words.PAIRING_FAILED, NO_HEAP)
# A sensor waits to be paired for a minute after its button was held. A try with the old key and
# one to pair anew must fit in, whenever it began.
HOLD_OFF_PAIRING_MOST_MS = const(40_000)
# It is not what the configuration says, or refuses: asking again every second helps nobody.
HOLD_OFF_WRONG_MS = const(60_000)
# Subscribed, but nothing came: it has nothing, or the link broke just then.
HOLD_OFF_SILENT_MS = const(5_000)
HOLD_OFF_MS = {
    NO_HEAP: HOLD_OFF_SILENT_MS,
    words.DONE: HOLD_OFF_DONE_MS,
    words.NO_VALUES: HOLD_OFF_SILENT_MS,
    words.NO_CONNECTION: HOLD_OFF_LOST_MS,
    words.NO_SERVICE: HOLD_OFF_WRONG_MS,
    words.NO_CHARACTERISTIC: HOLD_OFF_WRONG_MS,
    words.NO_SWITCH: HOLD_OFF_WRONG_MS,
    words.REFUSED: HOLD_OFF_WRONG_MS,
    words.BOND_LOST: HOLD_OFF_LOST_MS,  # pair anew at once: its button may be held just now
    words.PAIRING_FAILED: HOLD_OFF_DONE_MS,
    words.LOST: HOLD_OFF_LOST_MS,
    words.TIMED_OUT: HOLD_OFF_DONE_MS,
    words.STOPPED: HOLD_OFF_DONE_MS,
    words.RADIO_DEAF: HOLD_OFF_LOST_MS,
    words.RADIO_FAILED: HOLD_OFF_LOST_MS,
}


class HoldOffs:
    """Until when each sensor, by index, is left alone."""

    def __init__(self, done_hold_off_ms: "Sequence[int]" = ()) -> None:
        """`done_hold_off_ms`: for each sensor, the time after a good session."""
        self._done_ms = done_hold_off_ms
        self._until_ms: "Dict[int, int]" = {}
        self._misses: "Dict[int, int]" = {}  # sensor: sessions in a row that came to nothing

    def __contains__(self, index: int) -> bool:
        return index in self._until_ms

    def begin(self, index: int, outcome: str, now_ms: int) -> None:
        """Its session is over."""
        self._until_ms[index] = now_ms + self._hold_ms(index, outcome)

    def _hold_ms(self, index: int, outcome: str) -> int:
        hold_ms: int = HOLD_OFF_MS.get(outcome, HOLD_OFF_WRONG_MS)
        if outcome == words.BOND_LOST:
            return hold_ms  # the other half of a try to pair
        if outcome not in MISSES:
            self._misses[index] = 0
            if outcome == words.DONE and self._done_ms:
                return self._done_ms[index]
            return hold_ms
        misses = self._misses.get(index, 0)
        self._misses[index] = misses + 1
        most_ms = HOLD_OFF_PAIRING_MOST_MS if outcome == words.PAIRING_FAILED else HOLD_OFF_MOST_MS
        return min(hold_ms << min(misses, 7), most_ms)

    def next_ms(self) -> "Optional[int]":
        """Return when the next of them is over, None if there is none."""
        return min(self._until_ms.values()) if self._until_ms else None

    def release(self, now_ms: int) -> "List[int]":
        """Return the sensors whose time is over, and forget it."""
        over = [index for index, until_ms in self._until_ms.items() if now_ms >= until_ms]
        for index in over:
            del self._until_ms[index]
        return over

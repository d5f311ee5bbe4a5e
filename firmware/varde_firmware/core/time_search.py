"""Which time to judge a certificate by when nobody says what time it is. Loaded when needed.

A hub whose clock is wrong, and for which no time server answers or only a wrong one, finds the
collector's certificate not yet valid, or expired, and would be locked out for good. So it looks
for a time at which the certificate holds: first the last one known for sure, then ever later, and
between what is too early and what is too late by halves. Chain and name are verified all the
while. At the time that is found the hub does not deliver: it asks what time it is, and believes
the collector's signature (decision 0019).
"""

from varde_protocols._compat import TYPE_CHECKING, const

from . import hub_clock

if TYPE_CHECKING:
    from typing import Optional

_FIRST_STEP_MS = const(86_400_000)
# A certificate that is valid for less than this is not found.
_FINEST_MS = const(3_600_000)


class TimeSearch:
    """`utc_ms` is what to try."""

    def __init__(self, floor_ms: int) -> None:
        """`floor_ms`: the last time known for sure, 0 if there is none."""
        in_bounds = min(max(floor_ms, hub_clock.EARLIEST_UTC_MS), hub_clock.LATEST_UTC_MS)
        self.utc_ms: int = in_bounds
        self._early_ms = 0  # was too early; 0: nothing was
        self._late_ms = 0  # was too late; 0: nothing was
        self._step_ms: int = _FIRST_STEP_MS

    def refused(self, is_early: bool) -> "Optional[int]":
        """It is too early, or too late; return the next time to try, or None."""
        if is_early:
            self._early_ms = self.utc_ms
        else:
            self._late_ms = self.utc_ms
            # Should the time that was known for sure be wrong, it is before.
            self._early_ms = self._early_ms or hub_clock.EARLIEST_UTC_MS
        if not self._late_ms:
            self.utc_ms += self._step_ms
            self._step_ms *= 2
            if self.utc_ms > hub_clock.LATEST_UTC_MS:
                return None
        else:
            if self._late_ms - self._early_ms < _FINEST_MS:
                return None
            self.utc_ms = (self._early_ms + self._late_ms) // 2
        return self.utc_ms

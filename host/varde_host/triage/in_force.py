"""When triage was on, and which limits stood for which loan: worked out from the log. Pure.

The log is only ever added to. So what stood at a moment is the same whoever asks and whenever,
and a reading that comes late is judged as it would have been in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from varde_host.triage.limits import Limit

ENABLED: Final = "enabled"
DISABLED: Final = "disabled"
LIMITS: Final = "limits"
DEEDS: Final = (ENABLED, DISABLED, LIMITS)


@dataclass(frozen=True, slots=True)
class Deed:
    """A line of the log: what was done, when (Unix ms) and by whom (function and short id).

    `limits` are all that stand for `loan` from then on.
    """

    at_ms: int
    what: str
    function: str
    person: str
    loan: str | None = None
    limits: tuple[Limit, ...] = ()


class InForce:
    """Asks a log, which is in its order, what stood."""

    def __init__(self, log: Iterable[Deed]) -> None:
        self._log: Sequence[Deed] = list(log)
        self._of_loan: dict[str, list[Deed]] = {}
        for deed in self._log:
            if deed.what == LIMITS and deed.loan is not None:
                self._of_loan.setdefault(deed.loan, []).append(deed)

    @property
    def is_on(self) -> bool:
        """Tell if triage is on now."""
        newest = self.newest_switch
        return newest is not None and newest.what == ENABLED

    @property
    def newest_switch(self) -> Deed | None:
        """Return who switched it last, None if nobody ever did."""
        return next((each for each in reversed(self._log) if each.what != LIMITS), None)

    @property
    def was_ever_on(self) -> bool:
        """Tell if any value can have a colour."""
        return any(each.what == ENABLED for each in self._log)

    def newest(self) -> dict[str, Deed]:
        """Return by loan what stands now; without those of which all limits were taken away."""
        found = {loan: deeds[-1] for loan, deeds in self._of_loan.items()}
        return {loan: deed for loan, deed in sorted(found.items()) if deed.limits}

    def at(self, loan: str, earliest_ms: int | None, latest_ms: int | None) -> tuple[Limit, ...]:
        """Return what stood for a loan at the earliest moment of something, if triage was on.

        Where that is unknown it is what stood at the latest; without a time nothing gets a colour.
        """
        if earliest_ms is None:
            earliest_ms = latest_ms
        if earliest_ms is None or not self._was_on(earliest_ms):
            return ()
        standing: tuple[Limit, ...] = ()
        for deed in self._of_loan.get(loan, ()):
            if deed.at_ms > earliest_ms:
                break
            standing = deed.limits
        return standing

    def _was_on(self, moment_ms: int) -> bool:
        is_on = False
        for deed in self._log:
            if deed.at_ms > moment_ms:
                break
            if deed.what != LIMITS:
                is_on = deed.what == ENABLED
        return is_on

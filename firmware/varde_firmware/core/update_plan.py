"""What comes next in an update, step by step.

A plan is for one sitting: the time between two exchanges in which an update goes on. It begins
where the record and the flash say that the hub is, and is thrown away; what it has done stands.

    TRUST       ask for the trust after ours, and for those after it
    ASSIGNMENT  ask for the newest assignment
    RELEASE     have the release that it names, and hold it against this hub
    BLOCKS      have every block of its components
    INSTALL     put the application into the slot not in force
    TRIAL       begin the trial, which is a restart
    RESTART     start with the new trust
    OVER        for this sitting; `deadline_ms` says when to sit again, None for never

A step says DONE, or NOTHING: there is nothing to be done, or nothing newer. Whatever keeps it
from that is a `Stop`: hindered (look again), failed (later and later, at last refused), refused.
"""

from varde_firmware.core import update_rules
from varde_protocols import update_words as words
from varde_protocols._compat import TYPE_CHECKING
from varde_protocols.value import Value

from . import decider

if TYPE_CHECKING:
    from typing import Optional

    from .decider import Outcome

TRUST = "trust"
ASSIGNMENT = "assignment"
RELEASE = "release"
BLOCKS = "blocks"
INSTALL = "install"
TRIAL = "trial"
RESTART = "restart"
OVER = "over"

HINDERED = 0
FAILED = 1
REFUSED = 2


class Stop(Exception):  # noqa: N818  (no error: whatever keeps a step from its end)
    """Why a step came to no end: a reason of update_words, and HINDERED, FAILED or REFUSED.

    `again_ms`: when to look again, if the reason does not say it by itself.
    """

    def __init__(self, reason: int, kind: int, again_ms: int = -1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.again_ms = again_ms


class Done(Value):
    """The step is done."""


class Nothing(Value):
    """There was nothing to do."""


class Stopped(Value):
    """The step raised this."""

    FIELDS = ("stop",)
    stop: Stop


_NEXT = {
    (TRUST, Done): RESTART,
    (TRUST, Nothing): ASSIGNMENT,
    (ASSIGNMENT, Done): RELEASE,
    (RELEASE, Done): BLOCKS,
    (RELEASE, Nothing): TRIAL,  # the config alone, or all is staged
    (BLOCKS, Done): INSTALL,
    (INSTALL, Done): TRIAL,
    (TRIAL, Done): OVER,
    (RESTART, Done): OVER,
}


class UpdatePlan(decider.Decider):
    """One sitting. `tries` counts failures in a row, over sittings; `reason` is why the sitting
    is over, `is_refused` that there shall be no other for this number."""

    def __init__(self, state: str, tries: int) -> None:
        super().__init__(state)
        self.tries = tries
        self.reason: int = words.NONE
        self.is_refused = False

    def _move_for(self, kind: type) -> "Optional[str]":
        """Any step may be stopped; else it is the table's word."""
        if kind is Stopped and self.state != OVER:
            return "_stopped"
        return "_next" if (self.state, kind) in _NEXT else None

    def _next(self, event: Value, _now_ms: int) -> "Outcome":
        return _NEXT[(self.state, type(event))], None, []

    def _stopped(self, event: Stopped, now_ms: int) -> "Outcome":
        stop = event.stop
        self.reason = stop.reason
        again_ms = stop.again_ms
        if stop.kind == FAILED:
            self.tries += 1
            again_ms = update_rules.backoff_ms(self.tries)
        elif again_ms < 0:
            again_ms = update_rules.look_again_ms(stop.reason, None)
        if stop.kind == REFUSED or self.tries >= update_rules.MOST_TRIES:
            self.is_refused = True
            return OVER, None, []
        return OVER, now_ms + again_ms, []

    def progressed(self) -> None:
        """A block more is held: failures begin anew."""
        self.tries = 0

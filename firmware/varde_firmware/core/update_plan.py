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

A step says True: done, or False: there was nothing to do, or nothing newer. Whatever keeps it from
that is a `Stop`: hindered (look again), failed (later and later, at last refused), or refused.
"""

from varde_protocols import update_words as words
from varde_protocols._compat import TYPE_CHECKING, const

from . import update_rules

if TYPE_CHECKING:
    from typing import Optional, Union

TRUST = "trust"
ASSIGNMENT = "assignment"
RELEASE = "release"
BLOCKS = "blocks"
INSTALL = "install"
TRIAL = "trial"
RESTART = "restart"
OVER = ""

HINDERED = const(0)
FAILED = const(1)
REFUSED = const(2)


class Stop(Exception):  # noqa: N818  (no error: whatever keeps a step from its end)
    """Why a step came to no end: a reason of update_words, and HINDERED, FAILED or REFUSED.

    `again_ms`: when to look again, if it was hindered.
    """

    def __init__(self, reason: int, kind: int, again_ms: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.again_ms = again_ms


# An absent entry is an illegal move: KeyError, and nothing has changed.
MOVES = {
    (TRUST, True): RESTART,
    (TRUST, False): ASSIGNMENT,
    (ASSIGNMENT, True): RELEASE,
    (RELEASE, True): BLOCKS,
    (RELEASE, False): TRIAL,  # the config alone, or all is staged
    (BLOCKS, True): INSTALL,
    (INSTALL, True): TRIAL,
    (TRIAL, True): OVER,
    (RESTART, True): OVER,
}


class UpdatePlan:
    """One sitting. `tries` counts failures in a row, over sittings; `reason` is why the sitting
    is over, `is_refused` that there shall be no other for this number."""

    def __init__(self, state: str, tries: int) -> None:
        self.state = state
        self.tries = tries
        self.deadline_ms: "Optional[int]" = None
        self.reason: int = words.NONE
        self.is_refused = False

    def handle(self, came: "Union[bool, Stop]", now_ms: int) -> None:
        """Take what became of the step."""
        if not isinstance(came, Stop):
            self.state = MOVES[(self.state, came)]
            return
        self.state = OVER
        self.reason = came.reason
        again_ms = came.again_ms
        if came.kind == FAILED:
            self.tries += 1
            again_ms = update_rules.backoff_ms(self.tries)
        self.is_refused = came.kind == REFUSED or self.tries >= update_rules.MOST_TRIES
        if not self.is_refused:
            self.deadline_ms = now_ms + again_ms

    def progressed(self) -> None:
        """A block more is held: failures begin anew."""
        self.tries = 0

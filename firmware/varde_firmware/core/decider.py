"""The one way a core on the hub decides: a table of moves.

A decider has a `state`, a table `MOVES` from (state, event type) to the name of a method, and a
`deadline_ms` at which it wants `Expired` (None: never). The method gets (event, now_ms) and
returns (next state, next deadline_ms, actions); `handle` alone changes the state, so the table is
the whole truth about what is legal. An absent entry is an illegal move: it raises, and nothing
has changed.

`now_ms` is the hub's uptime in milliseconds, an ever-growing integer.
"""

from varde_protocols._compat import TYPE_CHECKING
from varde_protocols.value import Value

if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    Moves = Dict[Tuple[str, type], str]
    Outcome = Tuple[str, Optional[int], List["Value"]]


class IllegalMoveError(Exception):
    """An event that has no meaning in this state: a fault of our own."""


class Expired(Value):
    """The decider's deadline has passed."""


class Decider:
    """A state, its table and its deadline; subclasses bring the table and its methods."""

    MOVES: "Moves" = {}

    def __init__(self, state: str) -> None:
        self.state = state
        self.deadline_ms: "Optional[int]" = None

    def handle(self, event: "Value", now_ms: int) -> "List[Value]":
        """Make the move for `event` and return what to do. Raises IllegalMoveError."""
        name = self._move_for(type(event))
        if name is None:
            raise IllegalMoveError("%s in state %s" % (type(event).__name__, self.state))
        move: "Any" = getattr(self, name)
        self.state, self.deadline_ms, actions = move(event, now_ms)
        return actions  # type: ignore[no-any-return]

    def _move_for(self, kind: type) -> "Optional[str]":
        """Return the move of this state; a table of many alike states says it once for all."""
        return self.MOVES.get((self.state, kind))

    def is_due(self, now_ms: int) -> bool:
        """True if `Expired` should be handed in now."""
        return self.deadline_ms is not None and now_ms >= self.deadline_ms

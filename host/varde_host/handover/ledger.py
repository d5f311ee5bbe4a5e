"""What to do about a measurement, by what was said of it before: the decision, without any shell.

1. Nothing was said: *create*.
2. All that matters is as it was: *nothing*. That a time is known better than it was said is no
   reason to send it again; each boot of a hub would amend all of its readings.
3. Something that matters is otherwise (`_changes`): *amend*.
4. The same bytes are read otherwise than before: *hold*. A decoder was changed, and whether that
   is a mending is for people to see first (`varde receiver redecode`).
5. It is another loan's: *move*. What was said is withdrawn, and said anew of the other; who was
   told of the wrong person must be told so, which no amendment of the subject does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

CREATE: Final = "create"
NOTHING: Final = "nothing"
AMEND: Final = "amend"
HOLD: Final = "hold"
MOVE: Final = "move"

# Why: what changed.
FIRST: Final = "first"
VALUE: Final = "value"
TIME: Final = "time"
MARKS: Final = "marks"
VERIFICATION: Final = "verification"
LOAN: Final = "loan"
WITHDRAWN: Final = "withdrawn"
DECODER: Final = "decoder"

WIDER_MS: Final = 60_000
"""By how much a time may be less sure than was said before that is said. The next look at a
sensor's clock widens what was said by its drift since the one before: 17 s a day."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one Observation says, or said. Times are Unix ms, both None for one without a time.

    `content` is as `content.of` gives it, `source` the sensor's own bytes in hex or the entry;
    `standing` is the verification's state and level.
    """

    content: Mapping[str, str]
    source: str
    earliest_ms: int | None = None
    latest_ms: int | None = None
    marks: tuple[str, ...] = ()
    standing: str = ""
    loan: str | None = None
    is_withdrawn: bool = False
    is_entered: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it for the outbox, where it is sealed."""
        return {
            "content": dict(self.content),
            "source": self.source,
            "earliest_ms": self.earliest_ms,
            "latest_ms": self.latest_ms,
            "marks": list(self.marks),
            "standing": self.standing,
            "loan": self.loan,
            "is_withdrawn": self.is_withdrawn,
            "is_entered": self.is_entered,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Said:
        """Return what was kept."""
        return cls(**{**kept, "marks": tuple(kept["marks"])})


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and why."""

    do: str
    why: tuple[str, ...] = field(default=())


def decide(before: Said | None, now: Said, *, is_redecoding: bool = False) -> Decision:
    """Return what to do about what is to be said `now`."""
    if before is None:
        return Decision(NOTHING) if now.is_withdrawn else Decision(CREATE, (FIRST,))
    if before.loan != now.loan:
        return Decision(MOVE, (LOAN,))
    changed = _changes(before, now)
    if not changed:
        return Decision(NOTHING)
    if VALUE in changed and _is_read_otherwise(before, now) and not is_redecoding:
        return Decision(HOLD, (DECODER,))
    return Decision(AMEND, changed)


def _changes(before: Said, now: Said) -> tuple[str, ...]:
    """Return what of all that matters is otherwise than it was said."""
    if before.is_withdrawn or now.is_withdrawn:
        return (WITHDRAWN,) if before.is_withdrawn != now.is_withdrawn else ()
    found = {
        VALUE: before.content != now.content,
        TIME: _is_other_time(before, now),
        MARKS: set(before.marks) != set(now.marks),
        VERIFICATION: before.standing != now.standing,
    }
    return tuple(name for name, is_other in found.items() if is_other)


def _is_read_otherwise(before: Said, now: Said) -> bool:
    return before.source == now.source and not now.is_entered


def _is_other_time(before: Said, now: Said) -> bool:
    """Tell if a time is new, gone, outside what was said, or much less sure."""
    if before.earliest_ms is None or before.latest_ms is None:
        return now.earliest_ms is not None
    if now.earliest_ms is None or now.latest_ms is None:
        return True
    middle_ms = (now.earliest_ms + now.latest_ms) // 2
    if not before.earliest_ms <= middle_ms <= before.latest_ms:
        return True
    spare_ms = WIDER_MS + before.latest_ms - before.earliest_ms
    return (
        now.earliest_ms < before.earliest_ms - spare_ms
        or now.latest_ms > before.latest_ms + spare_ms
    )

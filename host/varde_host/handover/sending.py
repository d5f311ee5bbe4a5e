"""What a target is sent, and what it says: the border between the outbox and the senders.

A sender may be killed at any moment and is then given the same item again, byte for byte. So what
it sends under an identifier and version must be one thing at the target, however often it comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

CREATE: Final = "create"
AMEND: Final = "amend"
MESSAGE: Final = "message"

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One Observation with what it refers to, or one message.

    `identifier` is the first of the first resource, as `system|value`, and never changes;
    `version` counts from 1. `resources` begins with what it is about; the subject is the loan,
    which the sender replaces at the very last step. `made_ms` is Unix ms, the same however often
    it is sent.
    """

    identifier: str
    version: int
    change: str
    resources: Sequence[Resource]
    subject_loan: str | None
    made_ms: int = 0


@dataclass(frozen=True, slots=True)
class Delivered:
    """The target has it, now or since before; `remote` is what it calls it."""

    remote: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The target will not have it, in these words: cleaned, cut, without a value or a person."""

    words: str


@dataclass(frozen=True, slots=True)
class Later:
    """The target could not; it is to be asked after `after_s` at the soonest."""

    after_s: float
    why: str


Sent = Delivered | Refused | Later


class Sender(Protocol):
    """One target's."""

    def send(self, items: Sequence[Outgoing]) -> Sequence[Sent]:
        """Return what became of each, in order. Raises nothing that passes by itself."""


@runtime_checkable
class Settling(Protocol):
    """A sender that keeps notes of its own until the ledger has what it said."""

    def settle(self, items: Sequence[Outgoing]) -> None:
        """The ledger has what was said of these."""

    def tidy(self) -> None:
        """Nothing is under way at this target."""

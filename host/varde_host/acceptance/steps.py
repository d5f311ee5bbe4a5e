"""The steps of a kit's acceptance: names, order, and what each must come to.

The names stand in signed records and in the inventory, so a name is never used for something
else. Texts of the catalogues are named after them: `text_key` says what a step is, `lack_key` why
a kit is not handed out without it.

The order is one of needs. What is done at the hub's prompt comes first, so that a locked hub is
opened as seldom as may be. Then the hub runs, and what it signs is read at the collector:
`storage` makes it send, and the steps behind it judge what came. `lock` is last, because every
step before it may have left a way in.
"""

from __future__ import annotations

from typing import Final

IDENTITY: Final = "identity"
"""The hub's own id is that of the inventory, its key that of the registry."""
SIGNALS: Final = "signals"
"""Light, sound and button, as a person saw, heard and pressed them."""
RADIO: Final = "radio"
"""Each link that the hub has reached the collector, and was answered."""
CONFIG: Final = "config"
"""What runs is the config that was signed and published for this hub, by its own signed word."""
ROLLBACK: Final = "rollback"
"""No trial is under way, and what takes an update back is in its place."""
SENSORS: Final = "sensors"
"""The kit holds what its profile says, and is not empty; a reading of each sensor has come."""
STORAGE: Final = "storage"
"""20 of 20 test readings at the collector, with one power cut and one network cut."""
CLOCK: Final = "clock"
"""The hub's clock within 2 s of the bench's, each sensor's within 60 s, both read back."""
BATTERY: Final = "battery"
"""The hub's and each sensor's battery, in their own signed words."""
COVERAGE: Final = "coverage"
"""WiFi, 4G and each sensor's radio where the test was done, and how soon readings came."""
LOCK: Final = "lock"
"""Every way in tried from outside, while the hub runs and through a start."""

STEPS: Final = (
    IDENTITY, SIGNALS, RADIO, CONFIG, ROLLBACK, SENSORS, STORAGE, CLOCK, BATTERY, COVERAGE, LOCK,
)  # fmt: skip

MAY_NOT_APPLY: Final = frozenset({BATTERY})
"""Steps that a kit can do without, where its hub has no battery and no sensor tells of one. All
others must have passed: `not-applicable` there is as good as failed."""

PASSED: Final = "passed"
FAILED: Final = "failed"
NOT_DONE: Final = "not-done"
NOT_APPLICABLE: Final = "not-applicable"
OUTCOMES: Final = (PASSED, FAILED, NOT_DONE, NOT_APPLICABLE)

PREFIX: Final = "accept-"
"""Before a step's name in the inventory's progress, where the bench's own steps stand, too."""
RECORD: Final = "record"
"""Beside the steps: that an acceptance is over, by which record."""
ROOM: Final = "room-"
"""Before a room's name there: coverage where the kit is used (`rooms`)."""


def text_key(name: str) -> str:
    """Return the message that says what a step is."""
    return f"accept.step.{name}"


def lack_key(name: str) -> str:
    """Return the message that says why a kit without it is not handed out."""
    return f"accept.lack.{name}"


def is_good(name: str, outcome: str | None) -> bool:
    """Tell if a step with this outcome (None: it is not in the record) lets a kit go out."""
    return outcome == PASSED or (outcome == NOT_APPLICABLE and name in MAY_NOT_APPLY)

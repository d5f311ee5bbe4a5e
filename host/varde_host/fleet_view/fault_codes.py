"""What can be wrong with a fleet: whose task each is, and within how many hours.

No fault without an owner and a deadline (R16, R31, R71): a code that is not in this table cannot
be made (`found`). Owners are functions of the service, never persons. The texts of a code are
`fleet-page.fault.CODE.what` and `.now`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from varde_host import messages
from varde_host.inventory import who

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

BAD: Final = "bad"
NOTE: Final = "note"


class Rule(NamedTuple):
    """`owner` sees to it, within `hours` from when it began; `outcome` is BAD or NOTE."""

    owner: str
    hours: int
    outcome: str = NOTE


# Somebody is not reached, or something may be lost: a day. What only gets worse slowly: three
# days. What stands for months without harm: a week.
_A_DAY, _TWO_DAYS, _THREE_DAYS, _A_WEEK = 24, 48, 72, 168

RULES: Final[Mapping[str, Rule]] = {
    # a hub, by its silence
    "silent": Rule(who.FOLLOW_UP, _A_DAY, BAD),
    "homeless": Rule(who.IT, _A_WEEK),
    "never": Rule(who.IT, _A_DAY, BAD),
    # by its newest report
    "battery-low": Rule(who.FOLLOW_UP, _A_DAY, BAD),
    "clock": Rule(who.IT, _THREE_DAYS),
    "pending": Rule(who.IT, _TWO_DAYS),
    "damage": Rule(who.IT, _THREE_DAYS),
    "crashes": Rule(who.IT, _THREE_DAYS),
    "budget": Rule(who.IT, _A_WEEK),
    "sensor-battery": Rule(who.FOLLOW_UP, _THREE_DAYS),
    "strange": Rule(who.IT, _A_WEEK),
    # by its events and gaps
    "lost": Rule(who.IT, _A_DAY, BAD),
    "bond-lost": Rule(who.TECHNICIAN, _TWO_DAYS, BAD),
    "pairing-failed": Rule(who.TECHNICIAN, _TWO_DAYS),
    "sensor-refused": Rule(who.TECHNICIAN, _TWO_DAYS, BAD),
    "sensor-clock": Rule(who.TECHNICIAN, _THREE_DAYS),
    "heap-low": Rule(who.IT, _THREE_DAYS),
    "server-refused": Rule(who.IT, _A_DAY, BAD),
    "service-refused": Rule(who.IT, _A_DAY, BAD),
    "wifi": Rule(who.IT, _THREE_DAYS),
    "modem": Rule(who.IT, _THREE_DAYS),
    "reserve": Rule(who.IT, _A_WEEK),
    # by what was published for it, and what the collector refused
    "config": Rule(who.IT, _THREE_DAYS, BAD),
    "trust": Rule(who.IT, _A_WEEK),
    "refused": Rule(who.IT, _THREE_DAYS),
    "stranger": Rule(who.IT, _A_DAY),
    # rollouts
    "rollout-held": Rule(who.IT, _A_DAY, BAD),
    "rollout-behind": Rule(who.IT, _A_DAY),
    "rollout-waits": Rule(who.IT, _A_DAY),
    "rollout-stopped": Rule(who.IT, _THREE_DAYS, BAD),
    "rollout-damaged": Rule(who.IT, _A_DAY, BAD),
    # stock; a date is its own deadline, and a deviation has its own owner
    "deviation": Rule(who.TECHNICIAN, _A_WEEK, BAD),
    "level-below": Rule(who.TECHNICIAN, 0, BAD),
    "level-warn": Rule(who.TECHNICIAN, _A_WEEK),
    "date-calibrated_until": Rule(who.CALIBRATION, 0),
    "date-lease_end": Rule(who.OWNER, 0),
    "date-warranty_end": Rule(who.OWNER, 0),
    "date-expires_on": Rule(who.TECHNICIAN, 0),
    "date-verified_until": Rule(who.TECHNICIAN, 0),
}


@dataclass(frozen=True, slots=True)
class Said:
    """Texts by their keys, said in the language of whoever asks at last: what is found wrong is
    kept for all who look."""

    keys: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(messages.text(key) for key in self.keys)


@dataclass(frozen=True, slots=True)
class Volts:
    """A voltage, with the decimal mark of the language in use."""

    millivolts: int

    def __str__(self) -> str:
        said = f"{self.millivolts / 1000:.2f} V"
        return said if messages.speaker.language == "en" else said.replace(".", ",")


@dataclass(frozen=True, slots=True)
class Listed:
    """Values that are said one after the other."""

    values: tuple[object, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `subject` is a hub's id, a kit's, a thing's, a rollout's name or a
    profile; `since_ms` when it began at the latest, `due_ms` when it shall be seen to."""

    code: str
    subject: str
    owner: str
    outcome: str
    since_ms: int
    due_ms: int
    hub_id: str | None = None
    kit_id: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """What is wrong, in the language in use."""
        return messages.text(f"fleet-page.fault.{self.code}.what", **self.fields)

    @property
    def now(self) -> str:
        """What to do now."""
        return messages.text(f"fleet-page.fault.{self.code}.now", **self.fields)

    def is_late(self, now_ms: int) -> bool:
        """Tell if its deadline has passed."""
        return now_ms > self.due_ms

    def as_json(self, now_ms: int) -> dict[str, Any]:
        """For programs."""
        return {
            "code": self.code, "subject": self.subject, "owner": self.owner,
            "outcome": self.outcome, "since_ms": self.since_ms, "due_ms": self.due_ms,
            "is_late": self.is_late(now_ms), "hub": self.hub_id, "kit": self.kit_id,
            "what": self.what, "now": self.now,
        }  # fmt: skip


def found(
    code: str,
    subject: str,
    since_ms: int,
    *,
    owner: str = "",
    due_ms: int | None = None,
    hub_id: str | None = None,
    kit_id: str | None = None,
    **fields: Any,
) -> Fault:
    """Return a fault of the table; KeyError for a code that nobody owns is a bug of ours."""
    rule = RULES[code]
    whose = owner if owner in who.FUNCTIONS else rule.owner
    due_ms = since_ms + rule.hours * HOUR_MS if due_ms is None else due_ms
    return Fault(code, subject, whose, rule.outcome, since_ms, due_ms, hub_id, kit_id, fields)


def order(faults: list[Fault]) -> list[Fault]:
    """Return them with those first whose deadline comes first; of one day the worse first."""
    return sorted(
        faults,
        key=lambda each: (each.due_ms // DAY_MS, each.outcome != BAD, each.due_ms, each.subject),
    )

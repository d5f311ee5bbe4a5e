"""What the indicators are made of: plain values, read from the two databases, and nothing opened.

Ids are in here so that a figure can tell how many kits are behind it. They end here: no figure
has one. All moments are Unix ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from varde_host.inventory.hub_identities import Presence

TYPES = (
    "blood-pressure", "weight", "oxygen", "temperature", "glucose", "heart-rate", "other",
)  # fmt: skip
ANY_TYPE = "any"
"""Of a reminder for whatever sensor is used."""
KINDS = ("cuff", "scale", "oximeter", "thermometer", "other")


class Loan(NamedTuple):
    """A kit that was out, or is (`until_ms` None), with the hubs in it by their ids then."""

    loan_id: str
    from_ms: int
    until_ms: int | None
    hubs: tuple[Presence, ...]


class Fault(NamedTuple):
    """A deviation; `subject` is the kit or thing that it is about."""

    subject: str
    opened_ms: int
    closed_ms: int | None


class Readied(NamedTuple):
    """A kit was made ready; `returned_ms` is when it came back before, None if it is new."""

    kit_id: str
    at_ms: int
    returned_ms: int | None


class Step(NamedTuple):
    """A step of the bench, by the chip it was done on."""

    chip_id: str
    at_ms: int
    hands_ms: int
    machine_ms: int


class Found(NamedTuple):
    """How a thing was found that had been out on loan; `kind` is one of KINDS."""

    item_id: str
    at_ms: int
    kind: str
    is_good: bool


class Reading(NamedTuple):
    """One measurement, by what stands beside its sealed value; `utc_ms` None if it has no time.

    `earliest_ms` and `latest_ms` bound when it was made, as far as anything does.
    """

    type: str
    received_ms: int
    utc_ms: int | None
    uncertainty_ms: int | None
    earliest_ms: int | None
    latest_ms: int


class Running(NamedTuple):
    """A hub ran, from a start to the last that was heard of it."""

    from_ms: int
    until_ms: int


class Reminder(NamedTuple):
    """`weekdays` as bits (1 Monday to 64 Sunday), `minute` of the local day; `slot` of the sensor,
    0 for any."""

    minute: int
    weekdays: int
    type: str
    slot: int = 0


class Plan(NamedTuple):
    """What a hub was told to remind of, from when to when; `reminders` None if nobody knows."""

    from_ms: int
    until_ms: int | None
    standard: int
    rule: int
    reminders: tuple[Reminder, ...] | None


@dataclass(frozen=True, slots=True)
class HubFacts:
    """What a collector has of one hub. `unreadable` records are not under the hub's signature."""

    readings: tuple[Reading, ...] = ()
    running: tuple[Running, ...] = ()
    plans: tuple[Plan, ...] = ()
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it; `hubs` by id in hexadecimal."""

    now_ms: int
    loans: tuple[Loan, ...]
    faults: tuple[Fault, ...]
    readied: tuple[Readied, ...]
    steps: tuple[Step, ...]
    found: tuple[Found, ...]
    hubs: Mapping[str, HubFacts]

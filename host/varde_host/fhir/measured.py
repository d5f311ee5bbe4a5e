"""What is handed on: one measurement with all that is known of it. The way into this package.

It comes from a reading that was opened (`receiver.opening.Row`) or from what somebody typed off a
paper form; `loan_facts.stream` puts it together with the loan and the thing that measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from varde_host.receiver import sensor_clock, timeline, verification_of

# What a mark says of a measurement beside its value (docs/fhir.md, *Marks*).
PRIVATE: Final = "privately-owned"
MANUAL: Final = "manual-entry"
DEVICE_CHANGED: Final = "device-changed"
"""The first of another thing of its kind in this loan."""
SCALE_SWAPPED: Final = "scale-swapped"
"""The same of a scale: a trend goes over two instruments."""
MAY_REPEAT: Final = "may-repeat"
NO_LOAN: Final = "of-no-loan"
TEST: Final = "test"
MARKS: Final = (PRIVATE, MANUAL, DEVICE_CHANGED, SCALE_SWAPPED, MAY_REPEAT, NO_LOAN, TEST)

OXIMETER: Final = "oximeter"
CUFF: Final = "cuff"
SCALE: Final = "scale"
THERMOMETER: Final = "thermometer"
GLUCOSE: Final = "glucose"
OTHER: Final = "other"


@dataclass(frozen=True, slots=True)
class Thing:
    """What measured. None where nobody told; `address` is "public/A1:..." or "random/A1:...".

    `model` is the driver's name in the hub's config, "" for one by the specification; `name` and
    `maker` are the inventory's. `cuff_size` is the inventory's word for it (S, M, L, XL ...).
    """

    kind: str
    address: str | None = None
    model: str = ""
    item_id: str | None = None
    name: str | None = None
    maker: str | None = None
    serial: str | None = None
    udi: str | None = None
    lot: str | None = None
    firmware: str | None = None
    cuff_size: str | None = None
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class Entered:
    """Typed by the follow-up service from paper: by whom (function and short id), and when.

    `is_withdrawn`: it was in error, and is handed on as that (status `entered-in-error`).
    """

    entry_id: str
    function: str
    person: str
    at_ms: int
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement. `fields` are as `gatt.decode` gives them; empty with an `error`.

    `hub_id` and `seq` are those of the reading (its last part), None for what was `entered`.
    `stamp` is the sensor's own text of when, `claim` what that is in UTC, `when` the hub's time.
    `value_hex` is what the sensor sent. `loan_id` is random; None for what no loan covers.
    """

    characteristic: int
    fields: Mapping[str, object]
    thing: Thing
    loan_id: str | None
    hub_id: bytes | None = None
    seq: int | None = None
    slot: int | None = None
    value_hex: str = ""
    when: timeline.Instant | None = None
    stamp: str | None = None
    claim: sensor_clock.Claim | None = None
    standing: verification_of.Standing | None = None
    error: str | None = None
    marks: tuple[str, ...] = ()
    entered: Entered | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    """What a mark has to say, by its name: the thing before, the number repeated."""

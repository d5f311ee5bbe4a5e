"""`varde receiver check`: test readings through the whole handover, to the test end of a target.

Each kind of thing that the target gets is said by one reading with known bytes, marked as a test
all the way (`meta.security` HTEST, subject the device). Nothing of it comes into the store or the
ledger. What must hold is asked of the target itself: that it takes them, and that the same again
changes nothing. Timings are for whoever compares one day with another.
"""

from __future__ import annotations

import os
import time as uptime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from varde_host.fhir import measured, of, style
from varde_host.handover import sending, targets, wanting
from varde_host.receiver import timeline
from varde_protocols import gatt

PASSED: Final = "passed"
FAILED: Final = "failed"

MAKE: Final = "make"
SEND: Final = "send"
SEND_AGAIN: Final = "send-again"
AMEND: Final = "amend"
OTHER: Final = "not the same resource: no conditional create or update"
STEPS: Final = (MAKE, SEND, SEND_AGAIN, AMEND)


class Sample(NamedTuple):
    """A value as a sensor sends it."""

    thing: str
    characteristic: int
    value: bytes


# Test values that nobody measured: 97 % and 72/min, 120/80 (93) mmHg, 80.5 kg, 36.6 degrees
# Celsius, 5.5 mmol/L.
SAMPLES: Final = (
    Sample(measured.OXIMETER, 0x2A5E, bytes.fromhex("0061004800")),
    Sample(measured.CUFF, 0x2A35, bytes.fromhex("00780050005d00")),
    Sample(measured.SCALE, 0x2A9D, bytes.fromhex("00e43e")),
    Sample(measured.THERMOMETER, 0x2A1C, bytes.fromhex("006e0100ff")),
    Sample(measured.GLUCOSE, 0x2A18, bytes.fromhex("0601 00 e907 01 01 00 00 00 37c0 f1")),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: how many resources, how long, and what was wrong (no value in it)."""

    name: str
    outcome: str
    resources: int
    took_ms: int
    words: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {
            "step": self.name, "outcome": self.outcome, "resources": self.resources,
            "took_ms": self.took_ms, "words": self.words,
        }  # fmt: skip


def check(
    target: targets.Target,
    chosen: style.Style,
    sender: sending.Sender,
    now_ms: int,
    uptime_s: Callable[[], float] = uptime.monotonic,
) -> list[Step]:
    """Send test readings to the target's test end; return what came of each step."""
    steps: list[Step] = []
    began_s = uptime_s()
    items = outgoing(target, chosen, now_ms)
    took_ms = round((uptime_s() - began_s) * 1000)
    steps.append(Step(MAKE, PASSED if items else FAILED, len(items), took_ms))
    if not items:
        return steps
    amended = [_amended(each) for each in items]
    first: Sequence[sending.Sent] = ()
    for name, some in ((SEND, items), (SEND_AGAIN, items), (AMEND, amended)):
        began_s = uptime_s()
        results = sender.send(some)
        took_ms = round((uptime_s() - began_s) * 1000)
        first = first or results
        is_one = name == SEND_AGAIN or target.kind == targets.REST
        words = _wrong(results) or (_is_other(first, results) if is_one else "")
        steps.append(Step(name, FAILED if words else PASSED, len(some), took_ms, words))
        if words:
            break
    return steps


def outgoing(target: targets.Target, chosen: style.Style, now_ms: int) -> list[sending.Outgoing]:
    """Return the test readings of this moment as they are sent; new ones each time."""
    hub = os.urandom(8)
    items = []
    for number, sample in enumerate(SAMPLES, 1):
        if target.things is not None and sample.thing not in target.things:
            continue
        made = of.of(_measured(sample, hub, number, now_ms), chosen)
        items += [
            sending.Outgoing(
                wanting.identifier(each), 1, sending.CREATE, [each, *made.around], None, now_ms
            )
            for each in made.observations
        ]
    return items


def _measured(sample: Sample, hub: bytes, number: int, now_ms: int) -> measured.Measured:
    return measured.Measured(
        characteristic=sample.characteristic,
        fields=gatt.decode(sample.characteristic, sample.value),
        thing=measured.Thing(sample.thing, address=f"random/C0:00:00:00:00:{number:02X}"),
        loan_id=None,
        hub_id=hub,
        seq=number,
        slot=number,
        value_hex=sample.value.hex(),
        when=timeline.Instant(now_ms, 1000, None, None),
        marks=(measured.TEST,),
    )


def _amended(item: sending.Outgoing) -> sending.Outgoing:
    first, *others = item.resources
    resources = [{**first, "status": wanting.AMENDED}, *others]
    return sending.Outgoing(item.identifier, 2, sending.AMEND, resources, None, item.made_ms)


def _wrong(results: Sequence[sending.Sent]) -> str:
    for each in results:
        if isinstance(each, sending.Refused):
            return each.words
        if isinstance(each, sending.Later):
            return each.why
    return ""


def _is_other(first: Sequence[sending.Sent], now: Sequence[sending.Sent]) -> str:
    """Say so if a target made another thing of the same: it does not know the condition."""
    for before, after in zip(first, now, strict=True):
        known = [each.remote for each in (before, after) if isinstance(each, sending.Delivered)]
        if all(known) and len(set(known)) > 1:
            return OTHER
    return ""

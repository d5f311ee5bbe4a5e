"""Emptying a sensor between two users: what each model lets a program do, and what it does not.

A technician must not see readings, so nothing that comes is shown: it is counted and dropped. A
memory is called empty only when the sensor has said so, or has had nothing to give when asked a
second time. Where no command is documented nothing is tried: there are sensors that inflate a
cuff on some, and one that is reset by another has lost its calibration for us.

Sources by model: docs/return.md and docs/sensors.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import models, session, timing, transfer
from .radio import Radio

BY_RECORD_ACCESS = "by-record-access"
"""0x2A52: delete all, then a count of 0 is read back (PLXS 1.0.1, GLS 1.0.1, 3.3)."""
BY_TAKING = "by-taking"
"""A reading is gone once it has been received; a second connection brings nothing."""
KEEPS_NOTHING = "keeps-nothing"
"""There is no memory that anybody knows of."""
BY_HAND = "by-hand"
"""Only with its own buttons, its batteries or its maker's app."""
UNKNOWN = "unknown"
"""Tried by record access, else by taking; the second connection tells."""

NO_BOND = "no-bond"
NEXT_PAIRING = "next-pairing"
"""It knows one host: the next one takes the old one's place. Without the hub's key, which is
wiped, the old bond opens nothing."""
BATTERIES = "batteries"
"""Goes when its batteries have been out (complaint ble-scale-sync #229)."""


@dataclass(frozen=True)
class Clearing:
    """What is done for one model. `by_hand` are keys below `clear-by-hand` of what a person does,
    in this order; `has_users` if it keeps profiles with consent codes (UDS)."""

    readings: str
    bond: str
    by_hand: tuple[str, ...] = ()
    has_users: bool = False

    @property
    def needs_radio(self) -> bool:
        """Something is asked of the sensor itself."""
        return self.readings in (BY_RECORD_ACCESS, BY_TAKING, UNKNOWN)


BY_SPECIFICATION = Clearing(UNKNOWN, NEXT_PAIRING, ("batteries",))

CLEARINGS: dict[str, Clearing] = {
    "and-ua651": Clearing(BY_TAKING, NEXT_PAIRING, ("batteries",)),
    "and-uc352": Clearing(BY_TAKING, NEXT_PAIRING, ("batteries",)),
    "nonin-3230": Clearing(KEEPS_NOTHING, NEXT_PAIRING, ("batteries",)),
    "masimo-mightysat": Clearing(KEEPS_NOTHING, NO_BOND),
    "omron-evolv": Clearing(BY_RECORD_ACCESS, NEXT_PAIRING),
    "beurer-bm": Clearing(BY_HAND, NEXT_PAIRING, ("memory-buttons", "batteries")),
    "beurer-bf": Clearing(BY_HAND, BATTERIES, ("batteries", "users-gone"), has_users=True),
    "xiaomi-scale": Clearing(BY_HAND, NO_BOND, ("maker-app",)),
    "viatom-o2ring": Clearing(BY_HAND, NO_BOND, ("maker-app",)),
    "berrymed-bm1000": Clearing(KEEPS_NOTHING, NO_BOND),
    "jumper-500f": Clearing(KEEPS_NOTHING, NO_BOND),
}  # fmt: skip


def of(model: str) -> Clearing:
    """Return what is done for a model of a hub's config; "" and one without rules of its own are
    treated by the specification."""
    return CLEARINGS.get(model, BY_SPECIFICATION)


def covers_all_models() -> bool:
    """Tell if each model with rules of its own is in the table."""
    return set(CLEARINGS) == set(models.MODELS)


@dataclass(frozen=True)
class Cleared:
    """What became of a sensor's memory. `stored` is what it said it had, or what came (None: it
    was not asked); `is_empty` is what was seen afterwards, None if nobody looked."""

    how: str
    stored: int | None
    is_empty: bool | None


async def clear(
    radio: Radio,
    address: str,
    model: str,
    now: timing.Now,
    wait_s: float,
    ask_again: Callable[[], None],
) -> Cleared:
    """Empty a sensor's memory as its model lets us; `ask_again` is called before the second
    connection, when somebody has to wake the sensor once more.

    Raises what `session` and `transfer` raise; then nothing is known of the memory.
    """
    plan = of(model)
    if not plan.needs_radio:
        return Cleared(plan.readings, None, True if plan.readings == KEEPS_NOTHING else None)
    first = await _once(radio, address, model, now, wait_s)
    if first.complete:
        return Cleared(BY_RECORD_ACCESS, first.stored, True)
    if not first.values:
        return Cleared(BY_TAKING, 0, True)
    ask_again()
    second = await _once(radio, address, model, now, wait_s)
    return Cleared(BY_TAKING, first.values, second.values == 0)


async def _once(
    radio: Radio, address: str, model: str, now: timing.Now, wait_s: float
) -> transfer.Outcome:
    known = models.MODELS.get(model)
    device = await session.find(radio, address, wait_s)
    services = None if known is None else known.reading
    async with session.connected(radio, device, services) as open_session:
        return await transfer.Transfer(open_session, known, _drop).clear(now)


def _drop(_service: int, _characteristic: int, _value: bytes) -> None:
    """A reading is the user's: it is let go unseen."""

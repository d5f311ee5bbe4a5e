"""The sensors of a kit that came back: emptied by radio where the model lets us, else by hand.

Which sensors there are says the hub's own config, taken down before the wipe. What was done
to each stands in the evidence in one of three words, as on paper: `done`, `by-hand` (a person has
said that it is done), `not-done`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from varde_host import errors
from varde_host.bench.work import Evidence, Work
from varde_host.paper.wipe_sheet import BY_HAND, DONE, NOT_DONE
from varde_host.sensor import clearing
from varde_host.sensor.radio import Radio
from varde_protocols import assignment
from varde_protocols.errors import WireError

WAIT_S = 60.0
YES = ("", "j", "ja", "y", "yes")
"""Enter is yes, as everywhere at the bench."""


@dataclass(frozen=True)
class Plan:
    """`radio` None: nothing is asked of sensors by radio. `asks` False: nobody is there to say
    what was done by hand, so nothing was. `may_skip`: go on with a sensor that is not empty; the
    record says so, and the kit is not called wiped."""

    radio: Radio | None = None
    asks: bool = False
    may_skip: bool = False
    wait_s: float = WAIT_S


def of_assignment(data: bytes | None) -> list[dict[str, Any]]:
    """Return slot, model, name and address of each sensor of a hub; nothing secret.

    An assignment that cannot be read has none: then the inventory says what is in the kit.
    """
    try:
        sensors = [] if data is None else assignment.unverified(data).config.sensors
    except WireError:
        return []
    return [
        {
            "slot": one.slot,
            "model": one.model,
            "name": one.name_prefix or "",
            "address": "" if one.address is None else one.address[1:].hex(":").upper(),
        }
        for one in sensors
    ]


def undone(rows: Sequence[Evidence]) -> str:
    """Return the slots whose sensors nobody has emptied, "" for none."""
    return ", ".join(str(row["slot"]) for row in rows if row["outcome"] == NOT_DONE)


async def clear(work: Work, rows: Sequence[Evidence], plan: Plan) -> list[Evidence]:
    """Empty each of them, one at a time, and return what became of each."""
    return [await _clear_one(work, row, plan) for row in rows]


async def _clear_one(work: Work, row: Evidence, plan: Plan) -> Evidence:
    rule = clearing.of(row["model"])
    told = {key: row[key] for key in ("slot", "model", "name")}
    done: Evidence = {"how": rule.readings, "stored": None, "empty": None, "fault": ""}
    if rule.readings == clearing.KEEPS_NOTHING:
        done["empty"] = True
    elif rule.needs_radio and plan.radio is not None and row["address"]:
        done |= await _by_radio(work, row, plan.radio, plan.wait_s)
    outcome = DONE if done["empty"] else NOT_DONE
    hands = list(rule.by_hand)
    if plan.asks and (hands or not done["empty"]):
        key = hands[0] if hands else "memory-buttons"
        said = await work.ask(f"clear-by-hand.{key}", **told)
        if said.lower() in YES:
            outcome = DONE if done["empty"] else BY_HAND
            hands = []
    return {**told, **done, "outcome": outcome, "bond": rule.bond, "left_by_hand": hands}


async def _by_radio(work: Work, row: Evidence, radio: Radio, wait_s: float) -> Evidence:
    """Ask the sensor itself; that it does not answer is an answer, and ends nothing."""

    def ask_again() -> None:
        work.tell("person", question="clear.again")

    def now() -> dt.datetime:
        utc_ms = work.bench.utc_ms()
        return dt.datetime.fromtimestamp(utc_ms / 1000, dt.UTC).astimezone()

    try:
        cleared = await clearing.clear(radio, row["address"], row["model"], now, wait_s, ask_again)
    except errors.HostError as error:
        return {"fault": error.code}
    return {"how": cleared.how, "stored": cleared.stored, "empty": bool(cleared.is_empty)}

"""A bench that signs: a site of its own, good verifications, and acceptances of kits.

One fixture for all that asks for a kit that may go out: what it signs is what a bench signs,
opened and judged again each time, and a test spoils what it is about.
"""

from __future__ import annotations

import atexit
import dataclasses
import datetime as dt
import functools
import random
import shutil
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from host import verification_cases as cases
from varde_host.acceptance import steps
from varde_host.bench_record import form, signing
from varde_host.inventory import measuring_models, models, words
from varde_host.inventory.items import Item
from varde_host.inventory.who import Who
from varde_host.site import certificates, creation, files
from varde_host.verification import evaluation, judgement, measured, procedure

HUB_ID = "00112233aabbccdd"
CHIP_ID = "7cdfa1000102"
PLACE = "Benk 1"
YEAR_DAYS = 365
_draw = random.Random(8).randrange


@functools.cache
def site() -> files.Site:
    """A site with its keys, made once for all tests of a process."""
    folder = Path(tempfile.mkdtemp(prefix="varde-signed-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return creation.create(
        folder / "site", "Eksempel kommune", ["c.test"], certificates.Validity()
    )


def procedure_for(item: Item) -> str:
    """The best that the model's kind has, but for what needs a certificate."""
    needs = measuring_models.procedures(measuring_models.BUILT_IN, item.kind, item.model)
    assert needs, item.model
    return needs[0]


def seen(item: Item, day: str, name: str | None = None) -> measured.Measured:
    """A run of a procedure over a thing in which everything is right."""
    used = procedure.shipped()[name or procedure_for(item)]
    like = cases.DEVICES.get(used.id, measured.Device("x", used.kind, resolution=Decimal(1)))
    device = dataclasses.replace(
        like, item_id=item.item_id, model=item.model, serial=item.serial, udi=item.udi,
        size=item.size or like.size, first_use=_before(day, 30),
    )  # fmt: skip
    references = tuple(
        dataclasses.replace(each, calibrated_on=_before(day, 100), due=_before(day, -YEAR_DAYS))
        for each in cases.REFERENCES.get(used.id, ())
    )
    run = cases.run(used, device)
    return measured.Measured(used.name, device, day, run, references=references)


def failing(what: measured.Measured) -> measured.Measured:
    """The same with its first point five units off, or with a no where nothing is measured."""
    first = next((point for point in what.as_found.points if point.nominal), None)
    if first is None:
        answers = [dataclasses.replace(each, yes=False) for each in what.as_found.answers]
        return cases.with_run(what, answers=tuple(answers))
    return cases.off(what, first.check, str(first.nominal), "5")


def verification(
    what: measured.Measured,
    now_ms: int,
    by: Who,
    *,
    kit: str | None = None,
    days: int = YEAR_DAYS,
) -> form.Signed:
    """A signed verification of what was seen."""
    used = procedure.shipped()[what.procedure.id]
    judged = evaluation.evaluate(used, what)
    until = _before(what.measured_on, -days) if judged.may_hand_out else None
    body = {
        "measured": what.as_json(),
        "judgement": judged.as_json(),
        "valid_until": until,
        "kit": kit,
    }
    return sign(form.VERIFICATION, body, now_ms, by)


def acceptance(
    kit: str,
    items: dict[str, str | None],
    now_ms: int,
    by: Who,
    *,
    valid_until: str,
    hub: str | None = None,
    chip: str | None = None,
    **outcomes: str | None,
) -> form.Signed:
    """A signed acceptance; `outcomes` are of steps that did not pass, None for one left out."""
    rows = [
        {"step": name, "outcome": outcomes.get(name, steps.PASSED), "code": None, "facts": {},
         "at_ms": now_ms}
        for name in steps.STEPS
        if outcomes.get(name, "") is not None
    ]  # fmt: skip
    done = {row["step"]: row["outcome"] for row in rows}
    is_good = all(steps.is_good(name, done.get(name)) for name in steps.STEPS)
    body = {
        "kit": kit, "hub": hub or HUB_ID, "chip": chip or CHIP_ID, "steps": rows,
        "items": [{"item": item, "verification": sha256} for item, sha256 in items.items()],
        "outcome": steps.PASSED if is_good else steps.FAILED,
        "valid_until": valid_until if is_good else None,
    }  # fmt: skip
    return sign(form.ACCEPTANCE, body, now_ms, by)


def sign(kind: str, body: dict[str, Any], now_ms: int, by: Who) -> form.Signed:
    """A record of that moment."""
    return signing.sign(
        site(), kind, body, by=by, began_ms=now_ms, ended_ms=now_ms, place=PLACE, random=_draw
    )


def is_good(signed: form.Signed) -> bool:
    """Whether a verification lets its thing go out."""
    return judgement.from_json(signed.content["judgement"]).may_hand_out


def needs_one(item: Item) -> bool:
    """Whether a thing has a verification of its own."""
    return item.kind in (models.SENSOR, models.CUFF)


def day_before(day: str) -> str:
    """The day before a day."""
    return _before(day, 1)


def _before(day: str, days: int) -> str:
    return (dt.date.fromisoformat(day) - dt.timedelta(days=days)).isoformat()


def today(now_ms: int) -> str:
    """The UTC day."""
    return words.day(now_ms)

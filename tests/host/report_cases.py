"""Records to make reports of: good and bad, of each kind, signed by the test's own bench."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal

from host import signed_bench
from host import verification_cases as cases
from varde_host.acceptance import steps
from varde_host.bench_record import form
from varde_host.inventory.who import Who
from varde_host.reporting import files, slip
from varde_host.site import keys
from varde_host.verification import measured

NOW_MS = int(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC).timestamp() * 1000)
BY = Who("kalibreringsansvarlig", "k2")
KIT, CUFF, SCALE, OXIMETER, HUB = "PJRN2F", "7NM4CP", "7R4KEX", "5XN197", "76VJM9"
TESTER = measured.ReferenceUsed("REF9", "oximeter-tester", model="index-2", serial="41")
LEVELS = [
    {"what": "wifi", "slot": 0, "value": -58, "limit": -70, "colour": "green"},
    {"what": "4g", "slot": 0, "value": -93, "limit": -90, "colour": "amber"},
    {"what": "ble", "slot": 1, "value": -88, "limit": -80, "colour": "red"},
    {"what": "ble", "slot": 2, "value": None, "limit": -80, "colour": "unknown"},
    {"what": "in-time", "slot": 0, "value": 100, "limit": 95, "colour": "green"},
]


def named(seen: measured.Measured, item: str, **facts: str) -> measured.Measured:
    """The same of a thing with an id."""
    return dataclasses.replace(
        seen, device=dataclasses.replace(seen.device, item_id=item, **facts)
    )


def cuff(error: str = "1.2") -> measured.Measured:
    """A cuff whose error grows up to `error` at 250 mmHg."""
    seen = named(
        cases.good("cuff-static"), CUFF, serial="5150800123", maker="A&D", size="22-32 cm"
    )
    points = tuple(
        dataclasses.replace(
            point, indication=point.nominal + (Decimal(error) * point.nominal / 250),
            ble=point.nominal, display=point.nominal,
        )
        for point in seen.as_found.points
    )  # fmt: skip
    return cases.with_run(seen, points=points)


def scale() -> measured.Measured:
    """A scale whose display is coarser than what it sends."""
    seen = named(cases.good("scale-r76"), SCALE, model="and-uc352")
    points = tuple(
        dataclasses.replace(
            point, indication=point.nominal + Decimal("0.015"),
            ble=point.nominal + Decimal("0.015"), display=point.nominal.quantize(Decimal("0.1")),
        )
        for point in seen.as_found.points
    )  # fmt: skip
    return cases.with_run(seen, points=points)


def oximeter() -> measured.Measured:
    """An oximeter on a tester and on a finger."""
    seen = named(cases.good("oximeter-functional"), OXIMETER, model="nonin-3230")
    return dataclasses.replace(seen, references=(*seen.references, TESTER))


def changed() -> measured.Measured:
    """A cuff that was off, and good with another cuff on it."""
    return dataclasses.replace(cuff("4.8"), as_left=cuff().as_found, change="ny mansjett")


def verification(seen: measured.Measured, kit: str | None = KIT) -> form.Signed:
    """A signed verification."""
    return signed_bench.verification(seen, NOW_MS, BY, kit=kit)


def things() -> tuple[form.Signed, ...]:
    """The verifications of a kit's sensors."""
    return tuple(map(verification, (cuff(), scale(), oximeter())))


def acceptance(of: tuple[form.Signed, ...], *, fails: bool = False) -> form.Signed:
    """A signed acceptance of a kit with these things; its storage test fails if asked."""
    rows = [
        {"step": name, "outcome": steps.PASSED, "code": None, "facts": {}, "at_ms": NOW_MS}
        for name in steps.STEPS
    ]
    for row in rows:
        if row["step"] == steps.STORAGE and fails:
            row |= {"outcome": steps.FAILED, "code": "lag-01", "facts": {"lost": 2, "count": 20}}
        elif row["step"] == steps.STORAGE:
            row["facts"] = STORAGE
        elif row["step"] == steps.COVERAGE:
            row["facts"] = {"place": "Benk 1", "levels": LEVELS}
    body = {
        "kit": KIT, "hub": signed_bench.HUB_ID, "chip": signed_bench.CHIP_ID, "steps": rows,
        "items": items(of), "outcome": steps.FAILED if fails else steps.PASSED,
        "valid_until": None if fails else "2027-05-21",
    }  # fmt: skip
    return signed_bench.sign(form.ACCEPTANCE, body, NOW_MS, BY)


STORAGE = {
    "count": 20, "held": 20, "arrived": 20, "lost": 0, "altered": 0, "twice": 0, "late": 0,
    "longest_ms": 63000, "cuts": ["network", "pulled"], "journal_sha256": "ab" * 32,
    "times": [[n, NOW_MS + 2000 * n, NOW_MS + 2000 * n + 1500 + 6000 * abs(n - 10) % 63000]
              for n in range(1, 21)],
    "cut_times": [[NOW_MS + 20000, "network"], [NOW_MS + 41000, "pulled"]],
}  # fmt: skip


def items(of: tuple[form.Signed, ...]) -> list[dict[str, str | None]]:
    """The kit's things: the hub, which has no verification, and these."""
    return [
        {"item": HUB, "verification": None},
        *({"item": one.subject, "verification": one.sha256} for one in of),
    ]


def handout(of: tuple[form.Signed, ...], accepted: form.Signed) -> form.Signed:
    """A signed handout."""
    body = {
        "kit": KIT, "loan": "0042113399001177", "items": items(of), "instructed": True,
        "config": [{"setting": "contents", "before": CUFF, "now": f"{CUFF}, {SCALE}"}],
        "acceptance": accepted.sha256, "coverage": [{"room": "Soverommet", "levels": LEVELS}],
    }  # fmt: skip
    return signed_bench.sign(form.HANDOUT, body, NOW_MS, BY)


def sources(signed: form.Signed, beside: tuple[form.Signed, ...] = ()) -> files.Sources:
    """What its report is made of."""
    signer = signed_bench.site().signer(keys.SERVICE)
    return files.Sources(signed, slip.text(slip.of(signed), signer), beside)

"""How far off is still good: OIML R 76 for scales, R 111 for weights, and the procedure's limits.

OIML R 76-1:2006, 3.5.1, table 6: the limits at verification, by load in steps of e. In service
they are twice that (3.5.2). OIML R 111-1:2004, table 1: the limits of weights by class. Where the
table does not reach, the last row holds: a scale is not tested above its Max, and a weight that is
no nominal value of the table is judged as the worst of those of a kilogram and more.
"""

from __future__ import annotations

from decimal import Decimal

from varde_host.verification import measured, procedure

CLASS_III = "III"
CLASS_IIII = "IIII"

_HALF_E, _ONE_E, _ONE_AND_A_HALF_E = Decimal("0.5"), Decimal(1), Decimal("1.5")

SCALE_STEPS: dict[str, tuple[tuple[int, Decimal], ...]] = {
    CLASS_III: ((500, _HALF_E), (2000, _ONE_E), (10_000, _ONE_AND_A_HALF_E)),
    CLASS_IIII: ((50, _HALF_E), (200, _ONE_E), (1000, _ONE_AND_A_HALF_E)),
}
"""Loads up to and with so many e, and the limit there in e."""

_NOMINAL_KG = tuple(Decimal(text) for text in ("20", "10", "5", "2", "1", "0.5", "0.2", "0.1"))
_LIMITS_MG = {
    "M1": (1000, 500, 250, 100, 50, 25, 10, 5),
    "M2": (3000, 1600, 800, 300, 160, 80, 30, 16),
    "M3": (10_000, 5000, 2500, 1000, 500, 250, 100, 50),
}
_MG_PER_KG = Decimal(1_000_000)

WEIGHTS: dict[str, dict[Decimal, Decimal]] = {
    name: {nominal: limit / _MG_PER_KG for nominal, limit in zip(_NOMINAL_KG, limits, strict=True)}
    for name, limits in _LIMITS_MG.items()
}
"""Limit in kg by class and nominal value in kg."""


def scale_mpe(load: Decimal, e: Decimal, scale_class: str) -> Decimal | None:
    """Return R 76's limit at verification for `load`; None for a class that is not known."""
    steps = SCALE_STEPS.get(scale_class)
    if steps is None:
        return None
    in_e = abs(load) / e
    return next((part * e for most, part in steps if in_e <= most), steps[-1][1] * e)


def weights_mpe(
    load: Decimal, pieces: tuple[Decimal, ...], weights_class: str | None
) -> Decimal | None:
    """Return how far weights of a class may be off, in kg, added linearly over the pieces.

    Without pieces, or where they are not the load, the worst part that the class allows of any
    piece from a kilogram on; None for a class that is not known.
    """
    table = WEIGHTS.get(weights_class or "")
    if table is None:
        return None
    worst = max(limit / nominal for nominal, limit in table.items() if nominal >= 1)
    if sum(pieces) != load:
        return abs(load) * worst
    return sum((table.get(piece, abs(piece) * worst) for piece in pieces), Decimal(0))


def mpe(limit: procedure.Limit, device: measured.Device, nominal: Decimal) -> Decimal | None:
    """Return the limit at `nominal` for this device; None where the device lacks what it needs."""
    if limit.rule == procedure.SCALE:
        return _of_scale(limit, device, nominal)
    of = {
        procedure.FIXED: Decimal(1),
        procedure.SCALE_STEP: device.e or device.d,
        procedure.RESOLUTION: device.d or device.resolution,
    }[limit.rule]
    return None if of is None or limit.value is None else limit.value * of


def _of_scale(limit: procedure.Limit, device: measured.Device, nominal: Decimal) -> Decimal | None:
    """By class; else as the maker prints, else the procedure's steps, never better than d."""
    if device.scale_class is not None:
        if device.e is None:
            return None
        of_class = scale_mpe(nominal, device.e, device.scale_class)
        return None if of_class is None else of_class * (limit.factor or 1)
    stated = device.maker_mpe
    if stated is None:
        fits = (step for step in limit.steps if step.up_to is None or abs(nominal) <= step.up_to)
        step = next(fits, None)
        stated = None if step is None else step.limit
    return None if stated is None else max(stated, device.d or stated)
